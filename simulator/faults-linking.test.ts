/** Faults before and while linking: each shows the documented symptom in the real, unpatched library. */
import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { newestBuildWithSerialized } from './builds.ts'
import { isPending, type LibraryClient, makeProfileFolder, startClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import type { Simulator } from './simulator.ts'
import { collectUnhandled, type Unhandled } from './unhandled.ts'

const build = newestBuildWithSerialized.name
let simulator: Simulator
let library: LibraryClient
let profiles: ReturnType<typeof makeProfileFolder>

beforeAll(async () => {
  simulator = await openSimulator({ dataDir: null, build })
})
afterAll(() => simulator.close())

describe('starts that fail', () => {
  /** Until the browser is gone: what the library injects into a page that reloads is rejected. */
  let unhandled: Unhandled | null = null
  afterEach(async () => {
    await simulator.world.clearFaults()
    await library.kill()
    await profiles.remove()
    unhandled?.stop()
    unhandled = null
  })

  /** Without `authTimeoutMs` the library waits 30 s for the page's version: a busy machine may need some of them. */
  const startWith = async (
    name: string,
    value: unknown = true,
    options: { authTimeoutMs?: number } = {},
  ): Promise<void> => {
    await simulator.world.setFault({ name, value })
    profiles = makeProfileFolder()
    library = startClient(simulator, profiles.path, options)
  }

  it('F6 load_hangs: initialize() never settles', async () => {
    await startWith('load_hangs')
    expect(await isPending(library.initialized, 2500)).toBe(true)
  })

  it('F6 opening_forever: initialize() never settles', async () => {
    await startWith('opening_forever')
    expect(await isPending(library.initialized, 2500)).toBe(true)
    // A busy machine may need longer to load the page.
    await expect.poll(() => library.client.getState()).toBe('OPENING')
  })

  it("F6 version_never: initialize() rejects with the string 'auth timeout'", async () => {
    await startWith('version_never', true, { authTimeoutMs: 1500 })
    expect(await library.initialized).toEqual({ rejected: 'auth timeout' })
  })

  it('F7 load_refused: initialize() rejects with net::ERR_…, the browser stays up', async () => {
    await startWith('load_refused')
    expect(String((await rejected()).rejected)).toContain('net::ERR_')
    expect(library.client.pupBrowser?.connected).toBe(true)
  })

  it('F30 module_missing: a missing core module rejects initialize()', async () => {
    await startWith('module_missing', { name: 'WAWebCmd' })
    expect(String((await rejected()).rejected)).toContain('WhatsApp Web has no module WAWebCmd')
    await expect.poll(() => String(simulator.world.state().refusals.at(-1))).toContain('WAWebCmd')
  })

  it('F11 qr_without_ref: the first QR has no ref in it', async () => {
    await startWith('qr_without_ref')
    expect(await library.event<string>('qr')).toMatch(/^undefined,/)
    expect(await library.event<string>('qr', (qr) => !qr.startsWith('undefined'))).toMatch(/^2@/)
  })

  it('F8 reload_burst: three reloads while the library injects, unhandled rejections or not, it is a race', async () => {
    await startWith('offline', false)
    await library.event('qr')
    await library.initialized
    unhandled = collectUnhandled()
    const page = library.client.pupPage
    let reloads = 0
    let isLoaded = false
    // Not loads: a slow page reloads before it has loaded.
    page?.on('request', (request) => {
      if (!request.isNavigationRequest() || request.frame() !== page?.mainFrame()) return
      reloads += 1
      isLoaded = false
    })
    page?.on('load', () => {
      isLoaded = true
    })
    await simulator.world.setFault({ name: 'reload_burst', value: { times: 3, withinMs: 250 } })
    await expect.poll(() => [reloads, isLoaded]).toEqual([3, true])
    await expect.poll(() => simulator.world.state().linking.qr).not.toBeNull()
    for (const reason of unhandled.reasons) expect(String(reason)).toMatch(/context|detached|Target closed/)
  })

  async function rejected(): Promise<{ rejected: unknown }> {
    const result = await library.initialized
    if (result === 'resolved') throw new Error('initialize() resolved')
    return result
  }
})

describe('a page that shows a QR', () => {
  beforeAll(async () => {
    profiles = makeProfileFolder()
    library = startClient(simulator, profiles.path)
    await library.event('qr')
    await library.initialized
  })
  afterEach(() => simulator.world.clearFaults())
  afterAll(async () => {
    await library.stop()
    await profiles.remove()
  })

  it('F13 scan_refused: the phone says so, the page goes on showing its QR', async () => {
    const { qr } = simulator.world.state().linking
    await simulator.world.setFault({ name: 'scan_refused', value: true })
    await expect(simulator.world.scan()).rejects.toThrow("Couldn't link device")
    expect(simulator.world.state()).toMatchObject({ devices: [], linking: { qr } })
  })

  it('pairing_rate_limited (wwebjs#3763), pairing_refused: requestPairingCode rejects', async () => {
    await simulator.world.setFault({ name: 'pairing_rate_limited', value: true })
    await expect(library.client.requestPairingCode('15550001000')).rejects.toThrow(/^b$/)
    await simulator.world.clearFaults()
    await simulator.world.setFault({ name: 'pairing_refused', value: true })
    await expect(library.client.requestPairingCode('15550001000')).rejects.toThrow(/^b$/)
    const error = await library.client.pupPage?.evaluate(
      `require('WAWebAltDeviceLinkingApi').startAltLinkingFlow('15550001000', true).catch((e) => JSON.stringify(e))`,
    )
    expect(JSON.parse(String(error))).toEqual({
      name: 'CompanionHelloError',
      type: { name: 'IQErrorForbidden', value: { code: 403, text: 'forbidden' } },
    })
    const before = library.count('qr')
    await library.client.cancelPairingCode()
    await expect.poll(() => simulator.world.state().linking.qr).not.toBeNull()
    // The library hears of it later; the next test counts.
    await expect.poll(() => library.count('qr')).toBeGreaterThan(before)
  })

  it('F11 qr_idle: UNPAIRED_IDLE, no further qr until refreshQR', async () => {
    const before = library.count('qr')
    await simulator.world.setFault({ name: 'qr_idle', value: true })
    await expect.poll(() => library.client.getState()).toBe('UNPAIRED_IDLE')
    await new Promise((resolve) => setTimeout(resolve, 300))
    expect(library.count('qr')).toBe(before)
    expect(simulator.world.state().linking.qr).toBeNull()
    await library.client.pupPage?.evaluate(`require('WAWebLaunchSocketUtils').refreshQR()`)
    await expect.poll(() => simulator.world.state().linking.qr).not.toBeNull()
  })

  it('W6 passkey_required: a dead end without an authenticator; one that answers completes it', async () => {
    await simulator.world.setFault({ name: 'passkey_required', value: true })
    await expect(simulator.world.scan()).rejects.toThrow('Continue on your other device')
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(simulator.world.state().devices).toEqual([])
    expect(library.count('authenticated')).toBe(0)
    await library.client.pupPage?.reload()
    await addAuthenticator(library)
    await expect(simulator.world.scan()).rejects.toThrow('Continue on your other device')
    await library.event('ready')
    expect(simulator.world.state().devices).toHaveLength(1)
  })
})

/** An authenticator in the browser that holds a passkey for whatsapp.com and answers by itself. */
async function addAuthenticator({ client }: LibraryClient): Promise<void> {
  const devtools = await client.pupPage?.createCDPSession()
  if (!devtools) throw new Error('no page')
  await devtools.send('WebAuthn.enable')
  const { authenticatorId } = await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
    },
  })
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  await devtools.send('WebAuthn.addCredential', {
    authenticatorId,
    credential: {
      credentialId: randomBytes(16).toString('base64'),
      isResidentCredential: true,
      rpId: 'whatsapp.com',
      privateKey: privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64'),
      userHandle: randomBytes(8).toString('base64'),
      signCount: 1,
    },
  })
}

it('F12 refs that rotate past qrMaxRetries: "Max qrcode retries reached", the browser closes', async () => {
  const quick = await openSimulator({ dataDir: null, build, qrTtlMs: 150 })
  const folder = makeProfileFolder()
  const started = startClient(quick, folder.path, { qrMaxRetries: 2 })
  const unhandled = collectUnhandled()
  expect(await started.event('disconnected')).toBe('Max qrcode retries reached')
  expect(started.count('qr')).toBe(3)
  await expect.poll(() => started.client.pupBrowser?.connected).toBe(false)
  await started.initialized
  unhandled.stop()
  await quick.close()
  await folder.remove()
})
