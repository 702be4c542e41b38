/** The session on an engine in the test's hand, for what no real browser does at the right moment. */
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createDeferred } from '../clock.ts'
import type { EngineEvent } from '../engine/engine.ts'
import { AppError } from '../errors.ts'
import { createLog } from '../log.ts'
import { phoneNumberInput, toJid } from '../model/ids.ts'
import { KEEP_ALL } from '../model/keeping.ts'
import { MEDIA_ON_DEMAND } from '../model/media-rules.ts'
import { createOwnIds } from '../own-ids.ts'
import { startReadThreads } from '../store/reads.ts'
import { connect } from '../store/sqlite.ts'
import { createArchive } from './archive.ts'
import { openAuthDir } from './auth-dir.ts'
import { createSession } from './session.ts'

/** Messages of the log. */
const logged: string[] = []
const log = createLog({ level: 'info', write: (line) => logged.push(JSON.parse(line).msg) })
const READY: EngineEvent = {
  type: 'ready',
  account: { wid: '15550001000@c.us', pushname: null, platform: null },
  lid: null,
  whatsappWebVersion: '2.3000.0',
}
const PHONE = phoneNumberInput.parse('15550001000')
const MESSAGE = seenMessage({ chat: toJid('15551234567@c.us'), bareId: '3EB0AA', body: 'hello' })
const CRASHED: EngineEvent = { type: 'ended', end: 'crashed', detail: 'The browser ended.' }

type Opened = {
  emit: (event: EngineEvent) => void
  letClose: () => void
  letLogout: () => void
  giveCode: () => void
  /** From now on, requests for a code wait until `giveCode` again. */
  holdCode: () => void
  /** From now on, requests for a code fail so. */
  refuseCode: (error: Error) => void
}

const folders: string[] = []
afterEach(() => {
  for (const dir of folders.splice(0)) rmSync(dir, { recursive: true, force: true })
})

/** A session whose engines do what the test says. `holdClose`: their browsers stay until `letClose`. */
async function open({
  headless = true,
  holdClose = false,
  holdLogout = false,
  holdCode = false,
  dir = temp(),
} = {}) {
  const clock = createTestClock()
  const authDir = await openAuthDir(dir, log)
  const engines: Opened[] = []
  const memory: { bytes: number | null; idleSince: number | null } = { bytes: 100, idleSince: 0 }
  /** What WhatsApp answers to the next questions; true after these. */
  const answers: (boolean | null)[] = []
  /** What was asked of the engines, in order. */
  const steps: string[] = []
  const budget = { perChat: 0, days: 0, total: 0, pauseMs: 0 }
  const archive = createArchive({
    authDir,
    secret: null,
    ownIds: createOwnIds('test'),
    budget,
    keep: KEEP_ALL,
    media: MEDIA_ON_DEMAND,
    eventsDays: 30,
    threads: startReadThreads(60_000),
    readers: new Set(),
    clock,
    log,
    hash: () => '',
  })
  const session = createSession({
    authDir,
    clock,
    log,
    headless,
    memory: { softBytes: 1_000, hardBytes: 2_000 },
    chromeExecutable: '/chrome',
    archive,
    async openEngine({ emit }) {
      const gone = createDeferred<true>()
      if (!holdClose) gone.resolve(true)
      const told = createDeferred<true>()
      if (!holdLogout) told.resolve(true)
      let code = createDeferred<string>()
      const giveCode = () => code.resolve('ABCD1234')
      if (!holdCode) giveCode()
      let isConnected = false
      engines.push({
        emit(event) {
          if (event.type === 'ready') isConnected = true
          if (event.type === 'connection') isConnected = event.connected
          emit(event)
        },
        letClose: () => gone.resolve(true),
        letLogout: () => told.resolve(true),
        giveCode,
        holdCode() {
          code = createDeferred<string>()
        },
        refuseCode(error) {
          code = createDeferred<string>()
          code.promise = code.promise.then(() => Promise.reject(error))
          giveCode()
          code.promise.catch(() => {})
        },
      })
      const step = async <T>(name: string, answer: T): Promise<T> => {
        steps.push(name)
        return answer
      }
      return {
        connected: () => isConnected,
        requestPairingCode: () => {
          steps.push('code')
          return code.promise
        },
        showQr: () => step('showQr', undefined),
        findNumber: () => step('findNumber', null),
        send: () => Promise.reject(new Error('not in this test')),
        act: async () => null,
        perform: () => Promise.reject(new Error('no task here')),
        readReceipts: async () => ({ people: [], waiting: 0 }),
        readVotes: async () => [],
        async *readChats() {},
        async *readContacts() {},
        readMessages: async () => ({ messages: [], end: true, before: 'none' as const, next: null }),
        askPhone: async () => false,
        memory: {
          browserBytes: async () => memory.bytes,
          releaseHistory: () => step('letGo', 3),
          idleSince: () => memory.idleSince,
        },
        fetchMedia: () => Promise.reject(new Error('not in this test')),
        readThumbnail: async () => null,
        probe: () => step('probe', { responding: true, connected: true }),
        roundTrip: () => step('roundTrip', answers.shift() ?? true),
        logout: () => {
          steps.push('logout')
          return told.promise
        },
        close: async () => {
          await step('close', undefined)
          await gone.promise
        },
      }
    },
  })
  const engine = (index: number): Opened => {
    const found = engines[index]
    if (found === undefined) throw new Error(`engine ${index} was not opened`)
    return found
  }
  const opened = (count: number) => expect.poll(() => engines.length).toBe(count)
  return {
    session,
    clock,
    authDir,
    engine,
    opened,
    steps,
    answers,
    memory,
    archive,
    dir,
    profile: join(dir, 'session-default'),
    state: () => session.status().state,
    /** Started by a person; the first engine is open. */
    async start() {
      void session.start()
      await opened(1)
    },
    async link() {
      void session.start()
      await opened(1)
      engine(0).emit({ type: 'authenticated' })
      engine(0).emit(READY)
    },
  }
}

function temp(): string {
  const dir = mkdtempSync(join(tmpdir(), 'wma-session-'))
  folders.push(dir)
  return dir
}

/** Long enough for everything that waits for nothing. */
function overwrite(file: string, text: string, position: number): void {
  const fd = openSync(file, 'r+')
  writeSync(fd, text, position)
  closeSync(fd)
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 20))

describe('a link', () => {
  it('is remembered as soon as the phone has confirmed it: remembers a link that never was ready', async () => {
    const { session, start, engine } = await open()
    await start()
    engine(0).emit({ type: 'authenticated' })
    expect(session.status()).toMatchObject({ state: 'authenticated', linked: true })
    engine(0).emit(CRASHED)
    expect(session.status()).toMatchObject({ state: 'disconnected', reconnect: { attempt: 1 } })
  })

  it('that is found unlinked at the start is forgotten, and no QR is shown', async () => {
    const { session, authDir, opened, engine } = await open()
    authDir.save({ linked_at: 'x', wid: null })
    session.resume()
    await opened(1)
    engine(0).emit({ type: 'qr', qr: '2@x' })
    expect(session.status()).toMatchObject({
      state: 'stopped',
      reason: 'logged_out',
      linked: false,
      has_qr: false,
    })
  })

  it('that shows a QR keeps its profile aside until another link succeeds', async () => {
    const { session, authDir, opened, engine } = await open()
    authDir.save({ linked_at: 'x', wid: null })
    writeFileSync(join(authDir.profile, 'cookies'), '')
    const aside = join(`${authDir.profile}.unlinked`, 'cookies')
    session.resume()
    await opened(1)
    engine(0).emit({ type: 'qr', qr: '2@x' })
    await expect.poll(() => existsSync(aside)).toBe(true)
    expect(existsSync(join(authDir.profile, 'cookies'))).toBe(false)
    void session.start()
    await opened(2)
    engine(1).emit({ type: 'authenticated' })
    expect(existsSync(aside)).toBe(true)
    engine(1).emit(READY)
    await expect.poll(() => existsSync(aside)).toBe(false)
  })

  it('that shows a QR on a full disk is not forgotten', async () => {
    const { session, authDir, opened, engine, clock } = await open()
    authDir.save({ linked_at: 'x', wid: null })
    const { freeBytes } = authDir
    expect(freeBytes()).toBeGreaterThan(1_000_000)
    authDir.freeBytes = () => 1_000_000
    session.resume()
    await opened(1)
    engine(0).emit({ type: 'qr', qr: '2@x' })
    expect(session.status()).toMatchObject({
      state: 'disconnected',
      reason: 'start_failed',
      linked: true,
      last_error: expect.stringContaining('full'),
    })
    authDir.freeBytes = freeBytes
    clock.advance(70_000)
    await opened(2)
    engine(1).emit({ type: 'authenticated' })
    engine(1).emit(READY)
    expect(session.status().state).toBe('ready')
  })

  it('is in the event log, and failed attempts once', async () => {
    const { archive, clock, link, opened, engine, session } = await open()
    await link()
    for (const index of [0, 1, 2, 3]) {
      engine(index).emit(CRASHED)
      clock.advance(70_000)
      await opened(index + 2)
    }
    engine(4).emit({ type: 'authenticated' })
    engine(4).emit(READY)
    archive.flush()
    const { events } = await archive.events.open({ after: '0', kinds: ['session.changed'] }).next(50)
    const told = events.map(({ chat, message, data }) => [chat, message, ...Object.values(data)])
    const ready = ['ready', null]
    const lost = ['disconnected', 'crashed']
    const states = [ready, lost, ['starting', null], lost, ready]
    expect(told).toEqual(states.map((state) => [null, null, ...state]))
    await session.close()
  })

  it('counts as well again after five minutes', async () => {
    const { session, clock, link, opened, engine } = await open()
    await link()
    for (const index of [0, 1]) {
      engine(index).emit(CRASHED)
      expect(session.status().reconnect).toMatchObject({ attempt: index + 1 })
      clock.advance(3_000)
      await opened(index + 2)
      engine(index + 1).emit({ type: 'authenticated' })
      engine(index + 1).emit(READY)
    }
    clock.advance(5 * 60_000)
    engine(2).emit(CRASHED)
    expect(session.status().reconnect).toMatchObject({ attempt: 1 })
  })
})

describe('a WhatsApp that does not answer', () => {
  const HALF = 30_000
  const TEN = 10 * 60_000

  /** A linked session that WhatsApp answered once, and how to let half minutes pass. */
  async function answered(first: boolean | null = true) {
    const opened = await open()
    await opened.link()
    opened.answers.push(first)
    const halves = async (count: number) => {
      for (let i = 0; i < count; i += 1) {
        opened.clock.advance(HALF)
        await settle()
      }
    }
    await halves(1)
    return { ...opened, halves }
  }
  const asked = (steps: string[]) => steps.filter((step) => step === 'roundTrip').length

  it('is asked half a minute after `ready`, and every ten minutes', async () => {
    const { session, steps, clock, halves } = await answered()
    expect(asked(steps)).toBe(1)
    expect(session.answeredAt()).toBeGreaterThan(clock.now() - 5_000)
    await halves(18)
    expect(asked(steps)).toBe(1)
    await halves(3)
    expect(asked(steps)).toBe(2)
  })

  it('is asked again after half a minute, and then the browser is restarted', async () => {
    const { session, answers, clock, halves, opened } = await answered()
    answers.push(false, false)
    clock.advance(TEN)
    await settle()
    expect(session.status().state).toBe('ready')
    await halves(1)
    expect(session.status()).toMatchObject({ state: 'disconnected', reason: 'not_responding' })
    expect(session.status().last_error).toContain('does not answer')
    await halves(1)
    await opened(2)
  })

  it('is believed again after one answer', async () => {
    const { state, answers, clock, halves } = await answered()
    answers.push(false, true, false, true)
    for (let i = 0; i < 2; i += 1) {
      clock.advance(TEN)
      await settle()
      await halves(1)
    }
    expect(state()).toBe('ready')
  })

  it.each([false, null])(
    'and never did (%s) costs no restart: this build may not be able to ask',
    async (none) => {
      const { state, answers, clock } = await answered(none)
      for (let i = 0; i < 8; i += 1) {
        answers.push(none)
        clock.advance(TEN)
        await settle()
      }
      expect(state()).toBe('ready')
    },
  )

  it('restarts the browser once an hour at most', async () => {
    const { state, answers, clock, halves, opened, engine } = await answered()
    answers.push(false, false)
    clock.advance(TEN)
    await settle()
    await halves(2)
    await opened(2)
    engine(1).emit({ type: 'authenticated' })
    engine(1).emit(READY)
    await halves(1)
    answers.push(false, false, false)
    clock.advance(TEN)
    await settle()
    await halves(2)
    expect(state()).toBe('ready')
  })

  it('to three messages in a row is restarted, though it answers questions', async () => {
    const { session, state, engine } = await answered()
    const ack: EngineEvent = { type: 'ack', chat: toJid('15551234567@c.us'), bareId: '3EB0AA', ack: 1 }
    for (const step of ['unacked', 'unacked', ack, 'unacked', 'unacked'] as const) {
      if (step === 'unacked') session.unacked()
      else engine(0).emit(step)
      await settle()
      expect(state()).toBe('ready')
    }
    session.unacked()
    expect(session.status()).toMatchObject({ state: 'disconnected', reason: 'not_responding' })
  })

  it('while the network is away is not asked twice, nor restarted for it', async () => {
    const { state, answers, engine, halves, clock } = await answered()
    answers.push(false, false)
    clock.advance(TEN - HALF)
    engine(0).emit({ type: 'connection', connected: false })
    await settle()
    engine(0).emit({ type: 'connection', connected: true })
    expect(state()).toBe('ready')
    await halves(0)
  })
})

describe('the memory of the browser', () => {
  const WAIT_MS = 30_001
  const QUIET_MS = 5_001

  it('is in the status while the browser is ready', async () => {
    const { session, start, link } = await open()
    await start()
    expect(session.status().memory).toBeNull()
    await link()
    await settle()
    expect(session.status().memory).toEqual({
      level: 'normal',
      browser_bytes: 100,
      node_bytes: expect.any(Number),
      soft_limit_bytes: 1_000,
      hard_limit_bytes: 2_000,
      sampled_at: expect.stringMatching(/Z$/),
    })
    await session.stop()
    expect(session.status().memory).toBeNull()
  })

  it('above the soft limit makes the page let go of what it loaded, and nothing else', async () => {
    const { clock, memory, state, link, steps, session } = await open()
    await link()
    memory.bytes = 1_500
    clock.advance(WAIT_MS)
    await expect.poll(() => steps).toContain('letGo')
    expect([session.status().memory?.level, state()]).toEqual(['soft', 'ready'])
    memory.bytes = 900
    clock.advance(WAIT_MS)
    await expect.poll(() => session.status().memory?.level).toBe('normal')
    expect(state()).toBe('ready')
  })

  it('above the hard limit restarts the browser, once no call has run for a second', async () => {
    const { clock, memory, link, opened, engine, state, session } = await open()
    await link()
    memory.bytes = 3_000
    memory.idleSince = null
    clock.advance(WAIT_MS)
    await expect.poll(() => session.status().memory?.level).toBe('hard')
    for (let turn = 0; turn < 5; turn += 1) {
      clock.advance(QUIET_MS)
      await settle()
    }
    expect(state()).toBe('ready')
    // The call has ended just now.
    memory.idleSince = clock.now() + QUIET_MS - 500
    clock.advance(QUIET_MS)
    await settle()
    expect(state()).toBe('ready')
    // Without a connection the new browser would not load WhatsApp Web.
    engine(0).emit({ type: 'connection', connected: false })
    clock.advance(QUIET_MS)
    await settle()
    expect(state()).toBe('ready')
    engine(0).emit({ type: 'connection', connected: true })
    clock.advance(QUIET_MS)
    await opened(2)
    expect(session.status()).toMatchObject({ state: 'starting', memory: null, reconnect: null })
  })

  it('restarts the browser at most once an hour: its limit may be too low', async () => {
    const { clock, memory, link, opened, engine, session } = await open()
    await link()
    memory.bytes = 3_000
    clock.advance(WAIT_MS)
    await opened(2)
    engine(1).emit({ type: 'authenticated' })
    engine(1).emit(READY)
    for (let turn = 0; turn < 10; turn += 1) {
      clock.advance(60_000)
      await settle()
    }
    expect(session.status()).toMatchObject({ state: 'ready', memory: { level: 'hard' } })
    clock.advance(3_600_000)
    await opened(3)
  })

  it('that the system does not tell has no level', async () => {
    const { clock, memory, link, state, session } = await open()
    memory.bytes = null
    await link()
    clock.advance(WAIT_MS)
    await settle()
    expect([session.status().memory, state()]).toMatchObject([
      { level: 'normal', browser_bytes: null },
      'ready',
    ])
  })
})

describe('a start', () => {
  it('asked for twice opens one engine', async () => {
    const { session, start, opened, engine } = await open()
    await start()
    void session.start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    await session.start()
    await settle()
    await opened(1)
  })

  it('during a trial shows the QR code to the caller', async () => {
    const dir = temp()
    const storage = ['session-default', 'Default', 'IndexedDB', 'https_web.whatsapp.com_0.indexeddb.leveldb']
    mkdirSync(join(dir, ...storage), { recursive: true })
    const { session, opened, engine, state } = await open({ dir })
    session.resume()
    await opened(1)
    void session.start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    expect([state(), session.qr()]).toEqual(['qr', '2@x'])
  })

  it('waits until the browser before it is gone', async () => {
    const { clock, link, engine, opened } = await open({ holdClose: true })
    await link()
    engine(0).emit(CRASHED)
    clock.advance(2_000)
    await settle()
    await opened(1)
    engine(0).letClose()
    await opened(2)
  })
})

describe('a QR code', () => {
  it('is kept while the QR page is open', async () => {
    const { session, clock, start, engine, steps, state } = await open()
    await start()
    const show = (code: string) => {
      engine(0).emit({ type: 'qr', qr: `2@${code}` })
      clock.advance(20_000)
    }
    for (let n = 0; n < 36; n++) {
      show(`${n}`)
      if (n === 24) session.touch()
    }
    engine(0).emit({ type: 'qr_gone' })
    expect([state(), steps]).toEqual(['qr', ['showQr']])
    for (let n = 0; n < 21; n++) show(`again${n}`)
    engine(0).emit({ type: 'qr_gone' })
    expect(session.status()).toMatchObject({ state: 'stopped', reason: 'qr_expired' })
  })

  it('that expires without a word is asked for again, in the same browser', async () => {
    const { session, clock, start, engine, steps } = await open()
    await start()
    engine(0).emit({ type: 'qr', qr: '2@first' })
    clock.advance(60_000)
    engine(0).emit({ type: 'qr', qr: '2@second' })
    clock.advance(19_000)
    expect([session.qr(), steps]).toEqual(['2@second', []])
    // The next one may come a little late.
    let told = 0
    session.onChange(() => {
      told += 1
    })
    clock.advance(2_000)
    expect(session.status()).toMatchObject({ state: 'qr', has_qr: false, pairing: null })
    expect([session.qr(), steps, told]).toEqual([null, [], 1])
    clock.advance(5_000)
    expect([session.qr(), steps]).toEqual([null, ['showQr']])
    engine(0).emit({ type: 'qr', qr: '2@third' })
    expect(session.status()).toMatchObject({ state: 'qr', has_qr: true })
  })
})

describe('a network that stays away', () => {
  const OFFLINE: EngineEvent = {
    type: 'ended',
    end: 'start_failed',
    detail: 'web.whatsapp.com could not be reached (net::ERR_INTERNET_DISCONNECTED)',
  }

  it('is tried every minute or so, however long that takes', async () => {
    const { session, clock, link, opened, engine } = await open()
    await link()
    engine(0).emit(CRASHED)
    for (let n = 1; n <= 14; n += 1) {
      const due = Date.parse(session.status().reconnect?.next_attempt_at ?? '') - clock.now()
      expect(due).toBeLessThan(75_000)
      clock.advance(due + 1)
      await opened(n + 1)
      engine(n).emit(OFFLINE)
    }
    expect(session.status().reconnect?.attempt).toBe(15)
  })
})

describe('a server that stops', () => {
  it('keeps nobody who waits for a start', async () => {
    const { session, opened } = await open()
    const begun = session.start()
    await opened(1)
    const asked = session.requestPairingCode(PHONE)
    await settle()
    session.endWaits()
    for (const answer of [begun, asked]) await expect(answer).rejects.toMatchObject({ code: 'shutting_down' })
  })

  it('opens no browser any more', async () => {
    const { session } = await open()
    session.endWaits()
    for (const ask of [session.start, session.restart, () => session.requestPairingCode(PHONE)])
      await expect(ask()).rejects.toMatchObject({ code: 'shutting_down', retryAfterS: 5 })
    expect(session.status().state).toBe('stopped')
  })

  it('keeps nobody who waits for a pairing code of WhatsApp, and asks for none any more', async () => {
    const { session, start, engine, steps } = await open({ holdCode: true })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    const callers = [session.requestPairingCode(PHONE), session.requestPairingCode(PHONE)]
    const answers = Promise.allSettled(callers)
    await settle()
    session.endWaits()
    for (const answer of await answers)
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'shutting_down' } })
    engine(0).giveCode()
    await settle()
    expect(steps.filter((step) => step === 'code')).toHaveLength(1)
  })
})

describe('a restriction', () => {
  it('ends at its end, also while no browser runs or after another one has started', async () => {
    const { session, clock, link, opened, engine } = await open()
    await link()
    const ends_at = new Date(clock.now() + 60_000).toISOString()
    const restriction: EngineEvent = { type: 'restriction', restriction: { kind: 'quota', ends_at } }
    engine(0).emit(restriction)
    engine(0).emit(CRASHED)
    clock.advance(3_000)
    await opened(2)
    engine(1).emit({ type: 'authenticated' })
    engine(1).emit(READY)
    engine(1).emit(restriction)
    expect(session.status().restriction).toEqual({ kind: 'quota', ends_at })
    await session.stop()
    clock.advance(58_000)
    expect(session.status().restriction).toBeNull()
  })
})

describe('QR codes that stop coming', () => {
  it('are asked for once, however often the page says that it has none', async () => {
    const { clock, start, engine, opened, steps } = await open()
    await start()
    engine(0).emit({ type: 'qr', qr: '2@0' })
    for (let n = 0; n < 5; n++) {
      engine(0).emit({ type: 'qr_gone' })
      clock.advance(5_000)
    }
    expect(steps).toEqual(['showQr'])
    clock.advance(6_000)
    await expect.poll(() => steps).toEqual(['showQr', 'close'])
    clock.advance(3_000)
    await opened(2)
  })

  it('are asked for, then in a new browser, but not for ever: ten minutes after the last look it ends', async () => {
    const { session, clock, start, engine, opened, state } = await open()
    await start()
    let index = 0
    engine(index).emit({ type: 'qr', qr: '2@0' })
    while (state() !== 'stopped') {
      clock.advance(66_000)
      clock.advance(31_000)
      if (state() === 'stopped') break
      clock.advance(73_000)
      index += 1
      expect(index).toBeLessThan(12)
      await opened(index + 1)
      engine(index).emit({ type: 'qr', qr: `2@${index}` })
    }
    expect(session.status()).toMatchObject({ state: 'stopped', reason: 'qr_expired' })
  })
})

describe('a passkey', () => {
  it.each([
    [true, 61_000],
    [false, 301_000],
  ])('is waited for while somebody can give it (headless: %s)', async (headless, ms) => {
    const { session, clock, start, engine, state } = await open({ headless })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    engine(0).emit({ type: 'passkey_asked' })
    expect(session.status()).toMatchObject({
      has_qr: false,
      pairing: { method: 'passkey' },
      next_step: expect.stringContaining('Confirm the passkey'),
    })
    clock.advance(ms - 2_000)
    expect(state()).toBe('qr')
    clock.advance(2_000)
    expect(session.status()).toMatchObject({ state: 'auth_failure', reason: 'passkey_required' })
  })

  it('is waited for although QR codes still come and then end', async () => {
    const { session, clock, start, engine, steps, state } = await open({ headless: false })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    engine(0).emit({ type: 'passkey_asked' })
    engine(0).emit({ type: 'qr', qr: '2@y' })
    expect(session.status()).toMatchObject({ has_qr: false, pairing: { method: 'passkey' } })
    engine(0).emit({ type: 'qr_gone' })
    clock.advance(299_000)
    expect([session.status().pairing?.method, steps]).toEqual(['passkey', []])
    clock.advance(2_000)
    expect(state()).toBe('auth_failure')
  })

  it('ends with the document that asked for it: QR codes follow', async () => {
    const { session, start, engine, steps } = await open({ headless: false })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    engine(0).emit({ type: 'passkey_asked' })
    engine(0).emit({ type: 'document' })
    expect([session.status().pairing?.method, steps]).toEqual([undefined, ['showQr']])
    engine(0).emit({ type: 'qr', qr: '2@y' })
    expect(session.status()).toMatchObject({ has_qr: true, pairing: { method: 'qr' } })
  })

  it('ends with a request for a pairing code, also for one that fails', async () => {
    const { session, clock, start, engine, steps } = await open({ holdCode: true })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    engine(0).emit({ type: 'passkey_asked' })
    clock.advance(45_000)
    const asked = session.requestPairingCode(PHONE)
    await settle()
    clock.advance(16_000)
    engine(0).giveCode()
    expect(await asked).toMatchObject({ code: 'ABCD1234' })
    engine(0).emit({ type: 'passkey_asked' })
    engine(0).refuseCode(new AppError('pairing_rate_limited'))
    await expect(session.requestPairingCode(PHONE)).rejects.toMatchObject({ code: 'pairing_rate_limited' })
    expect([session.status().pairing?.method, steps.at(-1)]).toEqual([undefined, 'showQr'])
  })

  it('is not waited for any more once a pairing code replaces it', async () => {
    const { session, clock, start, engine } = await open()
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    engine(0).emit({ type: 'passkey_asked' })
    await session.requestPairingCode(PHONE)
    clock.advance(61_000)
    expect(session.status()).toMatchObject({ state: 'qr', pairing: { method: 'code' } })
    clock.advance(120_000)
    engine(0).emit({ type: 'qr', qr: '2@y' })
    expect(session.status()).toMatchObject({ has_qr: true, pairing: { method: 'qr' } })
  })
})

describe('an older engine', () => {
  it('has no say any more', async () => {
    const { session, link, engine, archive } = await open()
    await link()
    const kept = () => {
      archive.flush()
      return archive.view().archive?.messages
    }
    engine(0).emit({ type: 'message', message: MESSAGE })
    expect(kept()).toBe(1)
    engine(0).emit(CRASHED)
    engine(0).emit({ type: 'connection', connected: true })
    engine(0).emit(READY)
    engine(0).emit({ type: 'message', message: { ...MESSAGE, bareId: '3EB0BB' } })
    expect(session.status()).toMatchObject({ state: 'disconnected', connected: false, reason: 'crashed' })
    expect(kept()).toBe(1)
  })
})

it('the status says that the archive file was moved while it is open, and no more once it is back', async () => {
  const { session, link } = await open()
  await link()
  const { file = '' } = session.status().archive ?? {}
  expect(session.status().archive?.problem).toBeNull()
  renameSync(file, `${file}.moved`)
  expect(session.status()).toMatchObject({
    archive: { problem: 'archive_unavailable' },
    next_step: expect.stringMatching(/moved or replaced/),
  })
  writeFileSync(file, 'another')
  expect(session.status().archive?.problem).toBe('archive_unavailable')
  renameSync(`${file}.moved`, file)
  expect(session.status().archive?.problem).toBeNull()
})

it('the status says that the archive file was damaged while it is open', async () => {
  const { session, link } = await open()
  await link()
  const { file = '' } = session.status().archive ?? {}
  writeFileSync(file, Buffer.alloc(64 * 1024, 'x'))
  expect(session.status()).toMatchObject({
    archive: { problem: 'archive_damaged' },
    next_step: expect.stringMatching(/replace it with a backup/),
  })
})

it.each<[string, (file: string) => void]>([
  ['ends too early', (file) => truncateSync(file, 3_000)],
  ['has something else in it', (file) => overwrite(file, 'x'.repeat(200), 2_000)],
])('the status says that the archive file was changed while it is open: it %s', async (_, damage) => {
  const { session, link } = await open()
  await link()
  const { file = '' } = session.status().archive ?? {}
  expect(session.status().archive?.problem).toBeNull()
  damage(file)
  for (let n = 0; n < 2; n += 1) {
    expect(session.status()).toMatchObject({
      archive: { problem: 'archive_damaged' },
      next_step: expect.stringMatching(/Another program changed the archive file/),
    })
  }
})

it('an archive that cannot be written while it catches up does not count as up to date until it can', async () => {
  const isSaid = () => logged.includes('the archive is up to date')
  const { session, start, engine, clock } = await open()
  logged.length = 0
  await start()
  engine(0).emit({ type: 'authenticated' })
  engine(0).emit(READY)
  const other = connect(session.status().archive?.file ?? '')
  other.exec('BEGIN IMMEDIATE')
  engine(0).emit({ type: 'message', message: MESSAGE })
  await expect.poll(() => session.status().sync?.phase, { timeout: 20_000 }).toBe('done')
  const archive = () => session.status().archive
  expect(archive()).toMatchObject({ problem: 'archive_unavailable', stale_since: expect.any(String) })
  expect(isSaid()).toBe(false)
  other.exec('ROLLBACK')
  other.close()
  clock.advance(5_000)
  await expect.poll(archive).toMatchObject({ problem: null, stale_since: null })
  await expect.poll(isSaid).toBe(true)
  await session.close()
})

describe('logout', () => {
  it('unlinks on WhatsApp, then closes the browser, then removes the profile', async () => {
    const { session, link, engine, steps, profile, authDir } = await open({ holdClose: true })
    await link()
    writeFileSync(join(profile, 'cookies'), '')
    const told = session.logout()
    await settle()
    expect(steps).toEqual(['logout', 'close'])
    expect(existsSync(join(profile, 'cookies'))).toBe(true)
    engine(0).letClose()
    expect(await told).toBe(true)
    expect(existsSync(join(profile, 'cookies'))).toBe(false)
    expect(authDir.saved()).toBeNull()
  })

  it('ends where the disk refuses to remove the mark, and says what to do', async () => {
    const { session, link, authDir } = await open()
    await link()
    const mark = join(authDir.path, '.whatsapp-mcp-api', 'session.json')
    // No file, so that it is not removed: as on a disk that is read-only, which root does not notice otherwise.
    rmSync(mark)
    mkdirSync(mark)
    expect(await session.logout()).toBe(true)
    expect(session.status()).toMatchObject({
      state: 'stopped',
      linked: false,
      next_step: expect.stringMatching(/^Make .* writable/),
    })
    rmSync(mark, { recursive: true })
    expect(await session.logout()).toBeNull()
    expect(session.status().next_step).not.toMatch(/writable/)
  })

  it('on the phone removes the profile only once the browser is gone', async () => {
    const { link, engine, profile } = await open({ holdClose: true })
    await link()
    writeFileSync(join(profile, 'cookies'), '')
    engine(0).emit({ type: 'ended', end: 'logged_out', detail: 'WhatsApp removed this device.' })
    await settle()
    expect(existsSync(join(profile, 'cookies'))).toBe(true)
    engine(0).letClose()
    await expect.poll(() => existsSync(join(profile, 'cookies'))).toBe(false)
  })
})

describe('while a logout unlinks on WhatsApp', () => {
  it('nothing else begins, and the status says what goes on', async () => {
    const { session, link, engine, authDir } = await open({ holdLogout: true })
    await link()
    const told = session.logout()
    await settle()
    expect(session.status()).toMatchObject({
      connected: false,
      linked: true,
      next_step: expect.stringContaining('logging out'),
    })
    expect(() => session.engine()).toThrow(expect.objectContaining({ code: 'logout_in_progress' }))
    await expect(session.start()).rejects.toMatchObject({ code: 'logout_in_progress' })
    await expect(session.requestPairingCode(PHONE)).rejects.toMatchObject({ code: 'logout_in_progress' })
    engine(0).letLogout()
    expect(await told).toBe(true)
    expect(session.status()).toMatchObject({ state: 'stopped', linked: false, account: null })
    expect(authDir.saved()).toBeNull()
  })

  it('the server ends only after it', async () => {
    const { session, link, engine, authDir, steps } = await open({ holdLogout: true })
    await link()
    void session.logout()
    let isClosed = false
    const closing = session.close().then(() => {
      isClosed = true
    })
    await settle()
    expect(isClosed).toBe(false)
    engine(0).letLogout()
    await closing
    expect(steps).toEqual(['logout', 'close'])
    expect(authDir.saved()).toBeNull()
  })
})

describe('a disk that refuses to keep the mark', () => {
  it('does not keep the session from being ready, or from coming back', async () => {
    const { session, dir, link, engine, state } = await open()
    rmSync(join(dir, '.whatsapp-mcp-api'), { recursive: true })
    writeFileSync(join(dir, '.whatsapp-mcp-api'), 'in the way')
    await link()
    expect([state(), session.status().linked]).toEqual(['ready', true])
    engine(0).emit(CRASHED)
    expect(session.status()).toMatchObject({ state: 'disconnected', reconnect: { attempt: 1 } })
  })
})

describe('a pairing code', () => {
  it('stays valid while QR codes change, and is replaced with them when it expires', async () => {
    const { session, clock, start, engine, steps } = await open()
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    expect(await session.requestPairingCode(PHONE)).toMatchObject({ code: 'ABCD1234' })
    engine(0).emit({ type: 'qr_gone' })
    engine(0).emit({ type: 'qr', qr: '2@late' })
    clock.advance(170_000)
    expect(session.status()).toMatchObject({ state: 'qr', has_qr: false, pairing: { method: 'code' } })
    expect(steps).toEqual(['code'])
    clock.advance(11_000)
    expect(steps).toEqual(['code', 'showQr'])
    expect(session.status().pairing).toBeNull()
  })

  it('is not asked for once the caller has been answered', async () => {
    const { session, clock, start, engine, steps } = await open({ holdCode: true })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    const callers = [session.requestPairingCode(PHONE), session.requestPairingCode(PHONE)]
    const answers = Promise.allSettled(callers)
    await settle()
    clock.advance(59_000)
    for (const answer of await answers) {
      expect(answer).toMatchObject({ status: 'rejected', reason: { code: 'whatsapp_timeout' } })
    }
    expect(steps).toEqual(['code'])
  })

  it('that arrives after the response is replaced with QR codes at once', async () => {
    const { session, clock, start, engine, steps } = await open({ holdCode: true })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    const answer = session.requestPairingCode(PHONE).catch((error) => error)
    await settle()
    clock.advance(59_000)
    expect(await answer).toMatchObject({ code: 'whatsapp_timeout' })
    engine(0).giveCode()
    await settle()
    expect(steps).toEqual(['code', 'showQr'])
    engine(0).emit({ type: 'qr', qr: '2@y' })
    expect([session.qr(), session.status().pairing?.method]).toEqual(['2@y', 'qr'])
  })

  it('that is on its way is not cancelled by a QR code that ends', async () => {
    const { session, clock, start, engine, steps } = await open({ holdCode: true })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    engine(0).emit({ type: 'qr_gone' })
    const answer = session.requestPairingCode(PHONE)
    await settle()
    // The page was asked for a QR code and sends none.
    clock.advance(31_000)
    engine(0).emit({ type: 'qr', qr: '2@y' })
    engine(0).emit({ type: 'qr_gone' })
    expect([session.status().has_qr, steps]).toEqual([false, ['showQr', 'code']])
    engine(0).giveCode()
    expect(await answer).toMatchObject({ code: 'ABCD1234' })
    clock.advance(31_000)
    expect([session.status().pairing?.method, steps]).toEqual(['code', ['showQr', 'code']])
  })

  it('that is on its way is not cancelled by the end of the previous one', async () => {
    const { session, clock, start, engine, steps } = await open()
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    await session.requestPairingCode(PHONE)
    clock.advance(170_000)
    engine(0).holdCode()
    const answer = session.requestPairingCode(PHONE)
    await settle()
    clock.advance(11_000)
    expect([session.status().pairing, steps]).toEqual([null, ['code', 'code']])
    engine(0).giveCode()
    expect(await answer).toMatchObject({ code: 'ABCD1234' })
    expect([session.status().pairing?.method, steps]).toEqual(['code', ['code', 'code']])
  })

  it('is not needed if a saved session is loading: the caller waits until it is ready', async () => {
    const { session, authDir, opened, engine, steps } = await open()
    authDir.save({ linked_at: 'x', wid: null })
    session.resume()
    await opened(1)
    const answer = session.requestPairingCode(PHONE)
    await settle()
    engine(0).emit({ type: 'authenticated' })
    await settle()
    engine(0).emit(READY)
    expect([await answer, steps]).toEqual([null, []])
  })

  it('is asked for if a saved session turns out to be unlinked, and refused if it stays away', async () => {
    const { session, authDir, opened, engine } = await open()
    authDir.save({ linked_at: 'x', wid: null })
    session.resume()
    await opened(1)
    const refused = session.requestPairingCode(PHONE)
    await settle()
    engine(0).emit(CRASHED)
    await expect(refused).rejects.toMatchObject({ code: 'session_exists' })
    const given = session.requestPairingCode(PHONE)
    await expect(given).rejects.toMatchObject({ code: 'session_exists' })
    void session.start()
    await opened(2)
    const asked = session.requestPairingCode(PHONE)
    await settle()
    engine(1).emit({ type: 'qr', qr: '2@x' })
    await opened(3)
    engine(2).emit({ type: 'qr', qr: '2@y' })
    expect(await asked).toMatchObject({ code: 'ABCD1234' })
  })

  it('that comes after a QR code was scanned is no code any more', async () => {
    const { session, clock, start, engine, state } = await open({ holdCode: true })
    await start()
    engine(0).emit({ type: 'qr', qr: '2@x' })
    const answer = session.requestPairingCode(PHONE)
    await settle()
    engine(0).emit({ type: 'authenticated' })
    engine(0).giveCode()
    expect(await answer).toBeNull()
    engine(0).emit(READY)
    clock.advance(61_000)
    expect([state(), session.status().pairing]).toEqual(['ready', null])
  })
})
