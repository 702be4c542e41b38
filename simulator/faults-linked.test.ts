/** Faults of a linked session that goes on living: each shows the documented symptom in the real, unpatched library. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { newestBuildWithSerialized } from './builds.ts'
import { isPending, type LibraryClient, makeProfileFolder, startLinkedClient } from './library-client.ts'
import { openSimulator } from './open-simulator.ts'
import type { Simulator } from './simulator.ts'
import { collectUnhandled } from './unhandled.ts'

const amara = '15550001101@c.us'
const jurgen = '15550001102@c.us'
let simulator: Simulator
let library: LibraryClient
const profiles = makeProfileFolder()

beforeAll(async () => {
  simulator = await openSimulator({ dataDir: null, build: newestBuildWithSerialized.name })
  library = await startLinkedClient(simulator, profiles.path)
})
afterEach(() => simulator.world.clearFaults())
afterAll(async () => {
  await library.stop()
  await simulator.close()
  await profiles.remove()
})

const fault = async (name: string, value: unknown = true): Promise<void> =>
  await simulator.world.setFault({ name, value })
const send = (to: string, text: string, options: wweb.MessageSendOptions = {}): Promise<wweb.Message> =>
  library.client.sendMessage(to, text, { sendSeen: false, linkPreview: false, ...options })
const taken = (text: string): unknown[] =>
  simulator.world.messages().filter((message) => message.fromMe && message.body === text)

describe('sending', () => {
  it('F19 send_hangs: resolves at ack 0 without waiting, hangs with waitUntilMsgSent', async () => {
    await fault('send_hangs')
    expect((await send(amara, 'hanging')).ack).toBe(0)
    expect(await isPending(send(amara, 'hanging too', { waitUntilMsgSent: true }), 500)).toBe(true)
    expect([...taken('hanging'), ...taken('hanging too')]).toEqual([])
    await fault('send_hangs', { delivered: true })
    expect(await isPending(send(amara, 'taken', { waitUntilMsgSent: true }), 500)).toBe(true)
    expect(taken('taken')).toHaveLength(1)
  })

  it('F19 send_fails: resolves all the same, message_ack says -1, the service has nothing', async () => {
    await fault('send_fails')
    const sent = await send(amara, 'failing', { waitUntilMsgSent: true })
    await library.event('message_ack', ({ id, ack }: wweb.Message) => id.id === sent.id.id && ack === -1)
    expect(taken('failing')).toEqual([])
  })

  it('F19 F21 send_returns_undefined: taken, echoed under the LID, and undefined', async () => {
    await fault('send_returns_undefined')
    expect(await send(amara, 'invisible', { waitUntilMsgSent: true })).toBeUndefined()
    expect(taken('invisible')).toHaveLength(1)
    const echo = await library.event<wweb.Message>('message_create', ({ body }) => body === 'invisible')
    expect(echo.id._serialized).toMatch(/^true_\d+@lid_/)
  })

  it('F19 send_rejects: rejects, no echo', async () => {
    await fault('send_rejects')
    await expect(send(amara, 'rejected')).rejects.toThrow('storage is gone')
    expect(library.events.some(({ args: [m] }) => (m as wweb.Message)?.body === 'rejected')).toBe(false)
  })

  it('F20 seen_throws: every default send throws, one with sendSeen: false works', async () => {
    await fault('seen_throws')
    await expect(library.client.sendMessage(amara, 'seen first')).rejects.toThrow('markedUnread')
    expect((await send(amara, 'unseen')).body).toBe('unseen')
    expect(taken('seen first')).toEqual([])
  })

  it('F21 no_lid: "No LID for user" even after getNumberId', async () => {
    simulator.world.addContact({ phone: '15550001555', pushname: 'Nobody' })
    await fault('no_lid')
    expect(await library.client.getNumberId('15550001555')).toMatchObject({ user: '15550001555' })
    await expect(send('15550001555@c.us', 'hi')).rejects.toThrow('No LID for user')
    expect((await send(amara, 'has a chat')).body).toBe('has a chat')
  })
})

describe('receiving and reading', () => {
  it('F10 F21 delivered_twice: two events for one message, one by phone and one by LID', async () => {
    await fault('delivered_twice')
    const { id } = await simulator.world.write({ from: amara, text: 'twice' })
    const events = (): wweb.Message[] =>
      library.events
        .filter(({ name, args: [m] }) => name === 'message_create' && (m as wweb.Message).id.id === id)
        .map(({ args: [m] }) => m as wweb.Message)
    await expect.poll(() => events().length).toBe(2)
    expect(events().map((message) => message.from.split('@')[1])).toEqual(['c.us', 'lid'])
  })

  it('message_ciphertext, undecryptable: a placeholder first, message_create once it can be read', async () => {
    await fault('undecryptable', { afterMs: 200 })
    const { id } = await simulator.world.write({ from: amara, text: 'late' })
    const placeholder = await library.event<wweb.Message>('message_ciphertext', (m) => m.id.id === id)
    expect(placeholder).toMatchObject({ type: 'ciphertext', body: '' })
    expect((await library.event<wweb.Message>('message_create', (m) => m.id.id === id)).body).toBe('late')
  })

  it('F22 group_metadata: one group that fails rejects getChats, one that never answers hangs it', async () => {
    const [group] = simulator.world.state().groups
    await fault('group_metadata', { mode: 'rejects', id: group?.id })
    await expect(library.client.getChats()).rejects.toThrow('internal-server-error')
    await fault('group_metadata', { mode: 'hangs', id: group?.id })
    expect(await isPending(library.client.getChats(), 500)).toBe(true)
    await fault('group_metadata', { mode: 'slow', delayMs: 200 })
    expect((await library.client.getChats()).length).toBeGreaterThan(5)
  })

  it('F30 module_missing: a missing send module throws on use only', async () => {
    await fault('module_missing', { names: ['WAWebSendMsgChatAction'] })
    await expect(send(amara, 'no module')).rejects.toThrow('WAWebSendMsgChatAction')
    expect(await library.client.getState()).toBe('CONNECTED')
  })

  it('F22 archive, pin, mute and unread reach the service and come back', async () => {
    const { client } = library
    await client.archiveChat(jurgen)
    await client.pinChat(jurgen)
    await client.markChatUnread(jurgen)
    expect(await client.muteChat(jurgen)).toEqual({ isMuted: true, muteExpiration: -1 })
    const chat = await client.getChatById(jurgen)
    expect(chat).toMatchObject({ archived: true, pinned: true, isMuted: true, unreadCount: -1 })
    expect(await client.sendSeen(jurgen)).toBe(true)
    expect(await client.unmuteChat(jurgen)).toMatchObject({ isMuted: false })
    expect((await client.getChatById(jurgen)).unreadCount).toBe(0)
  })
})

describe('the session', () => {
  it('F10 double_synced: authenticated and ready come again', async () => {
    const before = library.count('ready')
    await fault('double_synced', { gapMs: 30, times: 2 })
    await expect.poll(() => library.count('ready')).toBe(before + 2)
  })

  it('F10 extra_iframe: the frame’s navigation injects again, socket listeners double', async () => {
    const inPage = (run: string) => library.client.pupPage?.evaluate(run)
    await inPage(`(() => {
      const { Socket } = window.require('WAWebSocketModel')
      const { on } = Socket
      window.attached = 0
      Socket.on = function (names, ...rest) {
        if (names === 'change:hasSynced') window.attached += 1
        return on.call(this, names, ...rest)
      }
    })()`)
    await fault('extra_iframe')
    await expect.poll(() => inPage('window.attached')).toBe(1)
    const before = library.count('authenticated')
    await fault('double_synced', { gapMs: 50, times: 2 })
    await expect.poll(() => library.count('authenticated') - before).toBe(4)
    const { id } = await simulator.world.write({ from: amara, text: 'once' })
    await library.event<wweb.Message>('message_create', (message) => message.id.id === id)
    const copies = library.events.filter(
      ({ name, args: [m] }) => name === 'message_create' && (m as wweb.Message).id.id === id,
    )
    expect(copies).toHaveLength(1)
  })

  it('F16 offline: TIMEOUT and OPENING in turn, PAIRING on the way back; sends queue, lookups hang, missed messages come silently', async () => {
    const mark = library.events.length
    await fault('offline')
    await library.event('change_state', (state) => state === 'TIMEOUT')
    const queued = send(amara, 'queued', { waitUntilMsgSent: true })
    const lookup = library.client.getNumberId('15550001777')
    expect(await isPending(queued, 300)).toBe(true)
    expect(await isPending(lookup, 100)).toBe(true)
    expect(simulator.world.state().devices[0]?.online).toBe(false)
    const missed = await simulator.world.write({ from: amara, text: 'missed' })
    await fault('offline', false)
    expect((await queued).body).toBe('queued')
    expect(await lookup).toBeNull()
    expect(taken('queued')).toHaveLength(1)
    const delivered = (): boolean[] =>
      simulator.world.messages().flatMap((m) => (m.id === missed.id ? Object.values(m.deliveredTo) : []))
    await expect.poll(delivered).toEqual([true])
    const since = library.events.slice(mark)
    expect(since.some(({ args: [m] }) => (m as wweb.Message)?.body === 'missed')).toBe(false)
    const states = since.filter(({ name }) => name === 'change_state').map(({ args: [state] }) => state)
    expect(new Set(states)).toEqual(new Set(['TIMEOUT', 'OPENING', 'PAIRING', 'CONNECTED']))
    expect(states.slice(-3)).toEqual(['OPENING', 'PAIRING', 'CONNECTED'])
  })

  it('F28 leak_memory: the renderer grows', async () => {
    const browser = library.client.pupBrowser?.process()?.pid ?? 0
    const before = memoryOf(browser)
    await fault('leak_memory', { megabytesPerSecond: 100 })
    await expect.poll(() => memoryOf(browser) - before).toBeGreaterThan(50)
  })

  it('F18 logout_throws, logout_hangs: rejects or hangs; browser and link stay', async () => {
    await fault('logout_throws')
    await expect(library.client.logout()).rejects.toThrow('stream is gone')
    await fault('logout_throws', false)
    await fault('logout_hangs')
    expect(await isPending(library.client.logout(), 500)).toBe(true)
    expect(library.client.pupBrowser?.connected).toBe(true)
    expect(simulator.world.state().devices).toHaveLength(1)
  })

  it('F16 reload while offline: lands on an error page, getState throws', async () => {
    const unhandled = collectUnhandled()
    await fault('offline')
    await library.client.pupPage?.reload({ timeout: 3000 }).catch(() => {})
    const state = (): Promise<string> => library.client.getState().catch(String)
    await expect.poll(state).toContain('window.require is not a function')
    await library.kill()
    await new Promise((resolve) => setTimeout(resolve, 300))
    unhandled.stop()
  })
})

/** Resident memory of a process and all its descendants, in MB; Linux only. */
function memoryOf(root: number): number {
  const parents = new Map<number, number>()
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8')
      parents.set(Number(entry), Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]))
    } catch {
      // gone meanwhile
    }
  }
  const family = new Set([root])
  for (let grown = true; grown; ) {
    grown = false
    for (const [pid, parent] of parents) {
      if (!family.has(parent) || family.has(pid)) continue
      family.add(pid)
      grown = true
    }
  }
  return [...family].reduce((sum, pid) => sum + residentMb(pid), 0)
}

function residentMb(pid: number): number {
  try {
    const line = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
    return Number(line?.[1] ?? 0) / 1024
  } catch {
    return 0
  }
}
