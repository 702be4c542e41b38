/** Faults that end a session or show at the next start: the documented symptoms in the real, unpatched library. */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { newestBuildWithSerialized } from './builds.ts'
import { type LibraryClient, makeProfileFolder, startClient, startLinkedClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import type { Simulator } from './simulator.ts'
import { collectUnhandled, type Unhandled } from './unhandled.ts'

let simulator: Simulator
let library: LibraryClient
let profiles: ReturnType<typeof makeProfileFolder>

const open = async (): Promise<void> => {
  profiles = makeProfileFolder()
  simulator = await openSimulator({ dataDir: null, build: newestBuildWithSerialized.name })
  library = await startLinkedClient(simulator, profiles.path)
}
const close = async (): Promise<void> => {
  await library.kill()
  await simulator.close()
  await profiles.remove()
}
const fault = async (name: string, value: unknown = true): Promise<void> =>
  simulator.world.setFault({ name, value })
const quiet = (ms = 500): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

describe('states that end a session (F15)', () => {
  /** The library closes its browser while it still injects. */
  let unhandled: Unhandled
  beforeEach(async () => {
    await open()
    unhandled = collectUnhandled()
  })
  afterEach(async () => {
    await close()
    unhandled.stop()
  })

  it.each([
    ['conflict', true, 'CONFLICT'],
    ['unpaired_without_navigation', true, 'UNPAIRED'],
    ['state', 'TOS_BLOCK', 'TOS_BLOCK'],
    ['state', { value: 'DEPRECATED_VERSION' }, 'DEPRECATED_VERSION'],
  ])(
    'F15 %s %o: disconnected with %s, the browser closes, the profile stays',
    async (name, value, reason) => {
      await fault(name, value)
      expect(await library.event('disconnected')).toBe(reason)
      await expect.poll(() => library.client.pupBrowser?.connected).toBe(false)
      expect(existsSync(join(profiles.path, 'session-default'))).toBe(true)
    },
  )

  it('F15 conflict with again: each new connection is thrown out too', async () => {
    await fault('conflict', { again: true })
    await library.event('disconnected')
    const { client } = library
    // The next browser has the same profile.
    const browser = client.pupBrowser?.process()
    await expect.poll(() => browser?.exitCode ?? browser?.signalCode ?? null).not.toBeNull()
    library = startClient(simulator, profiles.path)
    await library.initialized
    await expect.poll(() => library.client.getState().catch(() => 'CONFLICT')).toBe('CONFLICT')
    await expect.poll(() => simulator.world.state().devices[0]?.online).toBe(false)
  })
})

describe('starts with a saved link', () => {
  beforeAll(open)
  afterAll(close)
  afterEach(() => simulator.world.clearFaults())

  it('F9a sync_before_attach: CONNECTED, and neither authenticated nor ready', async () => {
    await library.stop()
    await fault('sync_before_attach')
    library = startClient(simulator, profiles.path)
    expect(await library.initialized).toBe('resolved')
    await quiet()
    expect(library.events.map(({ name }) => name)).toEqual([])
    expect(await library.client.getState()).toBe('CONNECTED')
  })

  it('F9 sync_never: the same, for another reason', async () => {
    await library.stop()
    await fault('sync_never')
    library = startClient(simulator, profiles.path)
    expect(await library.initialized).toBe('resolved')
    await quiet()
    expect(library.count('authenticated')).toBe(0)
    expect(await library.client.getState()).toBe('CONNECTED')
  })

  it('F9c module_missing: authenticated, then silence', async () => {
    await library.stop()
    await fault('module_missing', 'WAWebSyncGatingUtils')
    library = startClient(simulator, profiles.path)
    await library.event('authenticated')
    await quiet()
    expect(library.count('ready')).toBe(0)
    expect(await library.client.getState()).toBe('CONNECTED')
  })

  it('F10 extra_iframe at the load: ready comes all the same', async () => {
    await library.stop()
    const unhandled = collectUnhandled()
    await fault('extra_iframe')
    library = startClient(simulator, profiles.path)
    await library.event('ready')
    await expect.poll(() => library.client.pupPage?.frames().length).toBe(3)
    // It may still inject.
    await library.stop()
    unhandled.stop()
  })

  it('removed while down: initialize() rejects "Execution context was destroyed"; the next start shows a QR', async () => {
    await library.stop()
    await simulator.world.unlink()
    library = startClient(simulator, profiles.path)
    const result = await library.initialized
    expect(result === 'resolved' ? result : String(result.rejected)).toContain(
      'Execution context was destroyed',
    )
    expect(library.count('disconnected')).toBe(0)
    await library.kill()
    library = startClient(simulator, profiles.path)
    await library.event('qr')
    await simulator.world.scan()
    await library.event('ready')
  })

  it('F13 a link whose half is lost is no link: QR again', async () => {
    await library.client.pupPage?.evaluate('localStorage.clear()')
    await library.stop()
    library = startClient(simulator, profiles.path)
    await library.event('qr')
  })

  it('another account linked later in the same profile has its own chats', async () => {
    await simulator.world.scan()
    await library.event('ready')
    await library.client.logout()
    simulator.world.switchAccount({ phone: '15550009000', pushname: 'Kim Other' })
    library = await startLinkedClient(simulator, profiles.path)
    expect(library.client.info).toMatchObject({ pushname: 'Kim Other', wid: { user: '15550009000' } })
    const ids = (await library.client.getChats()).map((chat) => chat.id._serialized)
    expect(ids).toContain('15550002001@c.us')
    expect(ids).not.toContain('15550001101@c.us')
  })
})
