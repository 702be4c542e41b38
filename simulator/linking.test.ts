/** How a page gets linked, step by step, as WhatsApp Web's own modules do it (captured bundles of 2026). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { newestBuildWithSerialized } from './builds.ts'
import { type LibraryClient, makeProfileFolder, startClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import type { Simulator } from './simulator.ts'
import { collectUnhandled, type Unhandled } from './unhandled.ts'

const phone = '15550001000'
let simulator: Simulator
let library: LibraryClient
let profiles: ReturnType<typeof makeProfileFolder>
let unhandled: Unhandled

/** A client whose page shows a QR. */
async function open(qrTtlMs?: number): Promise<void> {
  simulator = await openSimulator({
    dataDir: null,
    build: newestBuildWithSerialized.name,
    ...(qrTtlMs === undefined ? {} : { qrTtlMs }),
  })
  library = startClient(simulator, profiles.path)
  await library.event('qr')
  await library.initialized
  await inPage(
    `window.states = []; require('WAWebSocketModel').Socket.on('change:state', (_, s) => states.push(s))`,
  )
}

const inPage = async (code: string): Promise<unknown> => library.client.pupPage?.evaluate(code)
const states = (): Promise<unknown> => inPage('window.states')
const count = (): number => library.count('qr')

beforeEach(() => {
  profiles = makeProfileFolder()
  unhandled = collectUnhandled()
})
afterEach(async () => {
  await library.stop()
  await simulator.close()
  await profiles.remove()
  unhandled.stop()
})

describe('the socket', () => {
  it('passes OPENING and PAIRING whenever it connects, linked or not (WALC#34)', async () => {
    await open()
    await library.client.resetState()
    await expect.poll(states).toEqual(['OPENING', 'PAIRING', 'UNPAIRED'])
    await inPage('states.length = 0')
    await simulator.world.scan()
    await library.event('ready')
    expect(await states()).toEqual(['OPENING', 'PAIRING', 'CONNECTED'])
    await inPage('states.length = 0')
    await library.client.resetState()
    await expect.poll(states).toEqual(['OPENING', 'PAIRING', 'CONNECTED'])
  })

  it('connects anew for refreshQR, which is no command any more (wwebjs#22449)', async () => {
    await open()
    const { qr } = simulator.world.state().linking
    await expect(inPage(`require('WAWebCmd').Cmd.refreshQR()`)).rejects.toThrow('not a function')
    await inPage(`require('WAWebLaunchSocketUtils').refreshQR()`)
    await expect.poll(states).toEqual(['OPENING', 'PAIRING', 'UNPAIRED'])
    await library.event('qr', (text) => text === simulator.world.state().linking.qr)
    expect(simulator.world.state().linking.qr).not.toBe(qr)
  })
})

describe('while a pairing code waits', () => {
  it('refs go on, without a secret; then they run out, and the code links all the same', async () => {
    // Six refs must not run out before the code is there.
    await open(1_000)
    const code = await library.client.requestPairingCode(phone)
    expect(await inPage(`require('WAWebUserPrefsMultiDevice').getADVSecretKey()`)).toBeNull()
    expect(simulator.world.state().linking.qr).toBeNull()
    const before = count()
    expect(await library.event<string>('qr', (qr) => qr.includes(',null,'))).toMatch(/^2@/)
    await expect.poll(() => library.client.getState()).toBe('UNPAIRED_IDLE')
    expect(count()).toBeGreaterThan(before)
    await simulator.world.typePairingCode({ code })
    await library.event('ready')
  })

  it('qr_idle: UNPAIRED_IDLE comes in that mode too', async () => {
    await open()
    await library.client.requestPairingCode(phone)
    await simulator.world.setFault({ name: 'qr_idle', value: true })
    await expect.poll(states).toEqual(['UNPAIRED_IDLE'])
    expect(simulator.world.state().linking.pairingCode).not.toBeNull()
  })

  it('a lost connection ends the code', async () => {
    await open()
    const code = await library.client.requestPairingCode(phone)
    await library.client.resetState()
    await expect.poll(states).toEqual(['OPENING', 'PAIRING', 'UNPAIRED'])
    await expect(simulator.world.typePairingCode({ code })).rejects.toThrow('expired')
  })

  it('cancelPairingCode ends the code and brings a QR that counts', async () => {
    await open()
    const code = await library.client.requestPairingCode(phone)
    await library.client.cancelPairingCode()
    await library.event('qr', (text) => text === simulator.world.state().linking.qr)
    await expect(simulator.world.typePairingCode({ code })).rejects.toThrow('expired')
    await simulator.world.scan()
    await library.event('ready')
  })

  it('a refused request leaves the page without a QR that counts, and no second code comes unprepared', async () => {
    await open()
    const shown = simulator.world.state().linking.qr ?? ''
    await simulator.world.setFault({ name: 'pairing_rate_limited', value: true })
    await expect(library.client.requestPairingCode(phone)).rejects.toThrow()
    await expect(simulator.world.scan({ qr: shown })).rejects.toThrow('expired')
    await simulator.world.clearFaults()
    await library.client.requestPairingCode(phone)
    const again = inPage(`require('WAWebAltDeviceLinkingApi').startAltLinkingFlow('${phone}', true)`)
    await expect(again).rejects.toThrow('Invariant Violation')
  })
})

it('lookups take wids, not strings', async () => {
  await open()
  await simulator.world.scan()
  await library.event('ready')
  const lookup = inPage(`require('WAWebQueryExistsJob').queryWidExists('15550001101@c.us')`)
  await expect(lookup).rejects.toThrow('isLid is not a function')
  const chat = inPage(`require('WAWebFindChatAction').findOrCreateLatestChat('15550001101@c.us')`)
  await expect(chat).rejects.toThrow('equals is not a function')
})
