/** Catching up on a WhatsApp Web in the test's hand, for what no double does at the right moment. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { historyOf } from '../../test/history-of.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock, type TestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import type { HistoryPage } from '../engine/engine.ts'
import { AppError } from '../errors.ts'
import { createLog } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import { KEEP_ALL } from '../model/keeping.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import { openStore, type Store } from '../store/store.ts'
import { type CatchUp, createCatchUp, type ReadEngine } from './catch-up.ts'
import type { Inbox } from './inbox.ts'
import { createKeeping } from './keeping.ts'

const AMARA = toJid('15551110000@c.us')
const OTHER = toJid('15552220000@c.us')
const T = 1_700_000_000
const DAY = 86_400

let dir: string
let store: Store
let inbox: Inbox
let clock: TestClock
let catchUp: CatchUp
/** What WhatsApp Web has. */
let web: Map<Jid, SeenMessage[]>
let knownUntil: number | null
let questions: number
/** What goes wrong with the next reads of a chat. */
let fails: Map<Jid, number>
/** Chats whose newest message WhatsApp Web does not have in memory. */
let blank: Set<Jid>
/** Chats of which WhatsApp Web does not know the time. */
let timeless: Set<Jid>
/** Chats that WhatsApp Web lists, but whose data cannot be read. */
let unreadable: Set<Jid>
/** Chats that WhatsApp Web deleted after it listed them. */
let missing: Set<Jid>
/** What precedes the oldest message of a chat, as WhatsApp Web says: nothing, if not set. */
let says: Map<Jid, HistoryPage['before']>
/** Chats of which the phone was asked for more. */
let asked: Jid[]
/** Called during each read of a chat. */
let meanwhile: (chat: Jid) => void

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-catch-'))
  store = openStore(join(dir, 'a.db'))
  clock = createTestClock()
  web = new Map()
  fails = new Map()
  blank = new Set()
  timeless = new Set()
  unreadable = new Set()
  missing = new Set()
  says = new Map()
  asked = []
  meanwhile = () => {}
  knownUntil = null
  questions = 0
})
afterEach(() => {
  catchUp.stop()
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

function message(chat: Jid, bareId: string, sentAt: number, fromMe = false): SeenMessage {
  return seenMessage({ chat, bareId, body: bareId, sentAt, fromMe })
}

const names = (prefix: string, count: number) => Array.from({ length: count }, (_, n) => `${prefix}${n}`)

/** These messages are in the chat on WhatsApp Web, a minute apart, the first at `from`. */
function fill(chat: Jid, ids: string[], from: number): void {
  const list = ids.map((id, n) => message(chat, id, from + n * 60))
  web.set(chat, [...(web.get(chat) ?? []), ...list])
}

function chatRow(id: Jid): SeenChat {
  const last = web.get(id)?.at(-1) ?? null
  return {
    id,
    name: null,
    unreadCount: 0,
    timestamp: timeless.has(id) ? 0 : (last?.sentAt ?? 0),
    archived: false,
    pinnedAt: 0,
    mutedUntil: 0,
    isReadOnly: false,
    last: blank.has(id) ? null : last,
    members: null,
  }
}

const engine: ReadEngine = {
  async askPhone(chat) {
    asked.push(chat)
    return true
  },
  async *readContacts() {},
  async *readChats() {
    const ids = [...web.keys()]
    yield {
      chats: ids.filter((id) => !unreadable.has(id)).map(chatRow),
      unread: ids.filter((id) => unreadable.has(id)),
    }
  },
  async readMessages(chat, options) {
    questions += 1
    // The answer is on its way.
    const page = historyOf(web.get(chat) ?? [], options)
    meanwhile(chat)
    const left = fails.get(chat) ?? 0
    if (left > 0) {
      fails.set(chat, left - 1)
      throw new AppError('whatsapp_timeout')
    }
    if (missing.has(chat)) throw new AppError('chat_not_found')
    const before = says.has(chat) ? (says.get(chat) ?? null) : 'none'
    return { ...page, before }
  },
}

/** A new connection: everything is looked through, until nothing is left to do. */
async function connect(budget: { perChat?: number } = {}, rules = KEEP_ALL): Promise<void> {
  catchUp?.stop()
  const keeping = createKeeping(store, rules, clock)
  inbox = createTestInbox(store, clock, {
    keeping,
    own: [toJid('15550001000@c.us')],
    onLost: () => {},
    onUnheard: (chat, from) => catchUp.checkChat(chat, from),
    onMore: () => catchUp.more(),
  })
  catchUp = createCatchUp({
    engine,
    store,
    inbox,
    keeping,
    budget: { perChat: 1000, days: 36_500, total: 1_000_000, pauseMs: 0, ...budget },
    knownUntil: () => knownUntil,
    clock,
    log: createLog({ level: 'silent' }),
    onCaughtUp: () => {
      knownUntil = Math.floor(clock.now() / 1000)
      return true
    },
    onFailed: () => {},
  })
  catchUp.run()
  await settled()
}

async function settled(): Promise<void> {
  await expect
    .poll(
      () => {
        clock.advance(1_000)
        return catchUp.progress().phase
      },
      { interval: 1 },
    )
    .toBe('done')
}

function rows(chat: Jid): string[] {
  return store.db
    .query<{ bare_id: string }>('SELECT bare_id FROM messages WHERE chat = ? ORDER BY id')
    .all(inbox.where.findChat(chat) ?? -1)
    .map(({ bare_id }) => bare_id)
}
const told = () => store.events.after(0, 100_000).filter(({ kind }) => kind === 'message.received').length
const gaps = () => store.gaps.all().length

/** The clock of the archive stands at this time, in seconds. */
function at(seconds: number): void {
  clock.advance(seconds * 1000 - clock.now())
}

describe('a chat that holds less than is known', () => {
  it('has a gap, which stays as long as WhatsApp Web cannot fill it', async () => {
    at(T)
    fill(AMARA, names('M', 20), T - 100 * DAY)
    await connect()
    at(T + 100 * DAY)
    // Linked anew: WhatsApp gives the device a part of the history only.
    web.set(AMARA, [])
    fill(AMARA, names('N', 5), T + 99 * DAY)
    await connect()
    expect(rows(AMARA)).toEqual([...names('M', 20), ...names('N', 5)])
    expect(gaps()).toBe(1)
    await connect()
    expect(gaps()).toBe(1)
    // The phone gives more, later.
    web.set(AMARA, [])
    fill(AMARA, names('M', 20), T - 100 * DAY)
    fill(AMARA, names('B', 70), T + 10 * DAY)
    fill(AMARA, names('N', 5), T + 99 * DAY)
    await connect()
    expect(gaps()).toBe(0)
    expect(rows(AMARA)).toEqual([...names('M', 20), ...names('B', 70), ...names('N', 5)])
  })
})

describe('a chat whose newest message is not in memory', () => {
  it('is read, and what is old in it is no news', async () => {
    at(T)
    fill(AMARA, names('M', 3_000), T - 100 * DAY)
    blank.add(AMARA)
    await connect()
    blank.clear()
    at(T + DAY)
    fill(AMARA, ['NEW'], T + DAY - 60)
    await connect()
    expect([told(), gaps()]).toEqual([1, 0])
  })
})

it('a chat of which neither a time nor a last message is known is read', async () => {
  at(T)
  fill(AMARA, ['A'], T - DAY)
  await connect()
  fill(AMARA, ['B'], T + 60)
  blank.add(AMARA)
  timeless.add(AMARA)
  at(T + 3_600)
  await connect()
  expect(rows(AMARA)).toEqual(['A', 'B'])
  expect([told(), gaps()]).toEqual([1, 0])
})

it.each(['read', 'live'])(
  'a message that is dated ahead hides nothing of what is missed afterwards: %s',
  async (how) => {
    at(T)
    const ahead = message(AMARA, 'AHEAD', T + 10 * DAY)
    fill(AMARA, ['A'], T - DAY)
    if (how === 'read') web.get(AMARA)?.push(ahead)
    await connect()
    inbox.take({ type: 'message', message: ahead })
    inbox.flush()
    const missed = names('N', 400).map((id, n) => message(AMARA, id, T + 600 + n))
    web.set(AMARA, [message(AMARA, 'A', T - DAY), ...missed, ahead])
    at(T + 7_200)
    const before = told()
    await connect()
    expect(rows(AMARA)).toEqual(['A', ...names('N', 400), 'AHEAD'])
    expect([told() - before, gaps()]).toEqual([400, 0])
  },
)

describe('a chat that cannot be read', () => {
  const later = async (seconds: number) => {
    for (let gone = 0; gone < seconds; gone += 1) {
      clock.advance(1_000)
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  it('costs only itself: the others are up to date, it is named, and it alone is read again', async () => {
    at(T)
    const others = names('1555', 49).map((digits) => toJid(`${digits}000000@c.us`))
    for (const chat of [...others, AMARA]) fill(chat, ['M'], T - DAY)
    await connect()
    at(T + DAY)
    for (const chat of [...others, AMARA]) fill(chat, ['N'], T + DAY / 2)
    fails.set(AMARA, 7)
    const from = questions
    await connect()
    expect(knownUntil).toBeGreaterThan(T + DAY - 60)
    expect(catchUp.progress().failed_chats).toEqual([AMARA])
    const row = store.chats.get(inbox.where.findChat(AMARA) ?? 0)
    expect(row).toMatchObject({ history: 'failed', history_reason: 'whatsapp_timeout' })
    await later(3_600)
    expect(catchUp.progress().failed_chats).toEqual([])
    expect(rows(AMARA)).toEqual(['M', 'N'])
    expect(told()).toBe(50)
    // Twice each, since older messages were asked for as well, and seven failures.
    expect(questions - from).toBeLessThanOrEqual(2 * 50 + 7)
  })

  it('is read by the next connection, and its messages count as late', async () => {
    at(T)
    fill(AMARA, ['M'], T - DAY)
    fill(OTHER, ['O'], T - DAY)
    await connect()
    at(T + DAY)
    fill(AMARA, names('N', 120), T + DAY / 2)
    fails.set(AMARA, 3)
    await connect()
    expect(rows(AMARA)).toEqual(['M'])
    at(T + 2 * DAY)
    fails.clear()
    await connect()
    expect(rows(AMARA)).toEqual(['M', ...names('N', 120)])
    expect(told()).toBe(120)
  })

  it.each([5, 12])(
    'costs only itself where %i of them stand one after the other: the others are read in the round that follows',
    async (count) => {
      at(T)
      const chats = names('1555', 20).map((digits) => toJid(`${digits}000000@c.us`))
      for (const chat of chats) fill(chat, ['M'], T - DAY)
      await connect()
      at(T + DAY)
      for (const [n, chat] of chats.entries()) fill(chat, ['N'], T + DAY / 2 - n)
      const bad = chats.slice(5, 5 + count)
      for (const chat of bad) fails.set(chat, Infinity)
      await connect()
      const good = chats.filter((chat) => !bad.includes(chat))
      expect(good.filter((chat) => !rows(chat).includes('N'))).toEqual([])
      expect(knownUntil).toBeGreaterThan(T + DAY - 60)
      expect(catchUp.progress().failed_chats.toSorted()).toEqual(bad.toSorted())
      // Each once in ten minutes at last, however many rounds there were.
      await later(3_600)
      const from = questions
      await later(3_600)
      expect(questions - from).toBeLessThanOrEqual(7 * count)
      fails.clear()
      await later(700)
      expect(catchUp.progress().failed_chats).toEqual([])
      expect(chats.filter((chat) => !rows(chat).includes('N'))).toEqual([])
    },
    120_000,
  )

  it('is not alone where none can be read: the archive does not count as up to date', async () => {
    at(T)
    const chats = names('1555', 12).map((digits) => toJid(`${digits}000000@c.us`))
    for (const chat of chats) fill(chat, ['M'], T - DAY)
    await connect()
    at(T + DAY)
    const known = knownUntil
    for (const chat of chats) {
      fill(chat, ['N'], T + DAY / 2)
      fails.set(chat, Infinity)
    }
    catchUp.run()
    await later(1_800)
    expect(knownUntil).toBe(known)
    fails.clear()
    await later(700)
    expect(knownUntil).toBeGreaterThan(T + DAY)
    expect(chats.filter((chat) => !rows(chat).includes('N'))).toEqual([])
  })
})

describe('older messages that WhatsApp Web does not have yet', () => {
  const all = names('M', 300)
  const stateOf = () => store.chats.get(inbox.where.findChat(AMARA) ?? 0)
  /** WhatsApp Web has the newest three of 300. */
  async function begin(before: HistoryPage['before']): Promise<void> {
    at(T)
    fill(AMARA, all, T - DAY)
    const has = web.get(AMARA) ?? []
    says.set(AMARA, before)
    web.set(AMARA, has.slice(-3))
    await connect()
    expect(rows(AMARA)).toHaveLength(3)
    web.set(AMARA, has)
  }
  const minutes = async (count: number) => {
    for (let gone = 0; gone < count * 12; gone += 1) {
      clock.advance(5_000)
      await new Promise((resolve) => setTimeout(resolve))
    }
  }

  it('are read when they are there: one empty loading is not the beginning of a chat', async () => {
    await begin(null)
    expect(stateOf()).toMatchObject({ history: 'more', history_reason: 'nothing_came' })
    await expect
      .poll(
        () => {
          clock.advance(1_000)
          return rows(AMARA)
        },
        { interval: 1 },
      )
      .toEqual(all)
    expect(stateOf()?.history).toBe('more')
    await minutes(60)
    expect(stateOf()).toMatchObject({ history: 'all', history_next_at: null })
  })

  it('are read to their end although one reading fails', async () => {
    await begin('ask')
    says.set(AMARA, 'none')
    fails.set(AMARA, 1)
    clock.advance(1)
    inbox.take({ type: 'history_came', chat: AMARA })
    inbox.flush()
    await expect
      .poll(
        () => {
          clock.advance(50)
          return rows(AMARA)
        },
        { interval: 1 },
      )
      .toEqual(all)
  })

  it('are read at once when WhatsApp Web says that they came', async () => {
    await begin('ask')
    says.set(AMARA, 'none')
    inbox.take({ type: 'history_came', chat: AMARA })
    inbox.flush()
    await expect.poll(() => rows(AMARA), { interval: 1 }).toEqual(all)
    await expect.poll(() => stateOf()?.history, { interval: 1 }).toBe('all')
  })

  it.each(['ask', 'phone'] as const)(
    'are asked for on the phone, once, only where it can be: %s',
    async (before) => {
      await begin(before)
      expect(stateOf()).toMatchObject({ history: 'on_phone' })
      web.set(AMARA, (web.get(AMARA) ?? []).slice(-3))
      for (let times = 0; times < 3; times += 1) {
        const answer = await catchUp.loadEarlier(inbox.where.findChat(AMARA) ?? 0, 50)
        expect(answer).toEqual({ added: 0, complete: false })
      }
      expect(asked).toEqual(before === 'ask' ? [AMARA] : [])
      await minutes(30)
      expect(asked).toHaveLength(before === 'ask' ? 1 : 0)
    },
  )
})

describe('two chats of one person', () => {
  const LID = toJid('900000000000007@lid')
  /** At the nth read of the chat by LID, WhatsApp says that it is the same person. */
  function meetAt(read: number): void {
    let reads = 0
    meanwhile = (chat) => {
      if (chat !== LID) return
      reads += 1
      if (reads !== read) return
      const both = [...(web.get(AMARA) ?? []), ...(web.get(LID) ?? [])]
      web = new Map([[AMARA, both.sort((one, other) => one.sentAt - other.sentAt)]])
      inbox.take({ type: 'identity', phone: AMARA, lid: LID })
      inbox.flush()
    }
  }
  const all = names('M', 300).flatMap((name, n) => [name, `L${n}`])

  it('are read from their newest message again if they meet while one of them is read', async () => {
    at(T)
    fill(AMARA, names('M', 300), T - DAY)
    fill(LID, names('L', 300), T - DAY + 30)
    meetAt(4)
    await connect()
    expect(rows(AMARA)).toEqual(all)
  })

  it('have no gap if they meet while what came in the meantime is read', async () => {
    at(T - 2 * DAY)
    fill(AMARA, ['A'], T - 2 * DAY - 120)
    fill(LID, ['B'], T - 2 * DAY - 60)
    await connect()
    at(T)
    fill(AMARA, names('M', 300), T - DAY)
    fill(LID, names('L', 300), T - DAY + 30)
    meetAt(5)
    await connect({ perChat: 0 })
    expect(rows(AMARA)).toEqual(['A', 'B', ...all])
  })
})

describe('a gap', () => {
  it('is recorded once, also where older messages are asked for while it is found', async () => {
    at(T)
    fill(AMARA, names('M', 5), T - 10 * DAY)
    await connect()
    at(T + DAY)
    fill(AMARA, names('N', 2_200), T - 2 * DAY)
    let isAsked = false
    meanwhile = () => {
      if (isAsked) return
      isAsked = true
      void catchUp.loadEarlier(inbox.where.findChat(AMARA) ?? 0, 1)
    }
    await connect()
    const found = store.events.after(0, 100_000).filter(({ kind }) => kind === 'gap.found')
    expect(found).toHaveLength(1)
    expect(rows(AMARA)).toEqual([...names('M', 5), ...names('N', 2_200)])
  })

  it('is filled whatever the budget for history, with an event', async () => {
    at(T)
    fill(AMARA, names('M', 20), T - 100 * DAY)
    await connect()
    at(T + 100 * DAY)
    fill(AMARA, names('N', 2_500), T + 10 * DAY)
    await connect({ perChat: 10 })
    expect(gaps()).toBe(0)
    expect([rows(AMARA).length, told()]).toEqual([2_520, 2_500])
  })
})

describe('a gap that WhatsApp Web cannot fill', () => {
  it('is asked for again after a while, not by each read', async () => {
    at(T)
    fill(AMARA, names('M', 5), T - DAY)
    await connect()
    // Cleared on the phone.
    at(T + DAY)
    web.set(AMARA, [])
    fill(AMARA, ['NEW'], T + DAY - 60)
    await connect()
    const chat = inbox.where.findChat(AMARA) ?? 0
    expect(gaps()).toBe(1)
    clock.advance(6_000)
    const from = questions
    for (let reads = 0; reads < 10; reads += 1) await catchUp.fill(chat, 1)
    expect(questions - from).toBeLessThanOrEqual(2)
    const asked = questions
    clock.advance(16_000)
    await catchUp.fill(chat, 1)
    expect(questions).toBeGreaterThan(asked)
  })

  it('is none where the settings keep no more', async () => {
    const week = { ...KEEP_ALL, days: 7 }
    at(T)
    fill(AMARA, ['OLD', 'MID'], T - 60)
    await connect({}, week)
    // The next deletion is not due yet.
    at(T + 7 * DAY + 1_800)
    fill(AMARA, names('N', 3), T + 7 * DAY)
    await connect({}, week)
    expect([rows(AMARA), gaps()]).toEqual([['OLD', 'MID', ...names('N', 3)], 0])
  })
})

describe('an own message that has the time of a wrong clock', () => {
  const own = (sentAt: number) => message(AMARA, 'OWN', sentAt, true)
  const send = (sentAt: number) => {
    inbox.take({ type: 'message', message: own(sentAt) })
    inbox.flush()
  }

  it('hides nothing of the history where the clock was behind', async () => {
    at(T)
    const before = names('H', 400).map((id, n) => message(AMARA, id, T - 2 * DAY + n * 400))
    web.set(AMARA, before)
    await connect({ perChat: 0 })
    send(T - DAY)
    web.set(AMARA, [...before, own(T + 1)])
    inbox.invalidateSync()
    const chat = inbox.where.findChat(AMARA) ?? 0
    for (let pages = 0; pages < 30; pages += 1) if ((await catchUp.loadEarlier(chat, 20)).complete) break
    expect(rows(AMARA).filter((id) => id !== 'OWN')).toEqual(names('H', 400))
    expect(gaps()).toBe(0)
  })

  it('hides nothing that was missed where the clock was ahead', async () => {
    at(T + 1_200)
    fill(AMARA, ['M'], T - DAY / 2)
    await connect()
    send(T + 1_200)
    const missed = names('N', 500).map((id, n) => message(AMARA, id, T + 60 + n))
    web.set(AMARA, [...(web.get(AMARA) ?? []), own(T), ...missed])
    at(T + 4 * DAY)
    knownUntil = T + 1_200
    await connect()
    expect(rows(AMARA).filter((id) => id !== 'OWN')).toEqual(['M', ...names('N', 500)])
    expect([told(), gaps()]).toEqual([500, 0])
  })

  it('is not read again and again once others wrote later', async () => {
    at(T)
    fill(AMARA, ['M'], T - 10 * DAY)
    await connect()
    web.get(AMARA)?.push(own(T))
    send(T)
    inbox.take({ type: 'message', message: message(OTHER, 'O', T + 60) })
    fill(OTHER, ['O'], T + 60)
    at(T + 4 * DAY)
    await connect()
    at(T + 8 * DAY)
    const from = questions
    await connect()
    expect(questions - from).toBe(0)
  })
})

describe('loading earlier messages', () => {
  it('ends where WhatsApp Web goes in circles', async () => {
    at(T)
    const second = names('S', 300).map((id) => message(AMARA, id, T - DAY))
    web.set(AMARA, [...second, message(AMARA, 'LAST', T - 60)])
    await connect({ perChat: 100 })
    // The oldest that we have is gone there; the others of its second are more than one page.
    const oldest = rows(AMARA)[0]
    web.set(
      AMARA,
      (web.get(AMARA) ?? []).filter(({ bareId }) => bareId !== oldest),
    )
    const from = questions
    const { added } = await catchUp.loadEarlier(inbox.where.findChat(AMARA) ?? 0, 1)
    expect(added).toBeGreaterThanOrEqual(0)
    expect(questions - from).toBeLessThan(10)
  })
})

describe('a message that was lost on its way into the archive', () => {
  it.each(['before', 'while'])(
    'is late, not history, where older ones are asked for %s it is lost',
    async (when) => {
      at(T)
      // Within the minute in which the clocks of server and device may differ.
      const known = names('M', 5).map((id, n) => message(AMARA, id, T - DAY + n * 10))
      web.set(AMARA, known)
      await connect()
      const lose = () => {
        // Of the second of the newest one.
        web.set(AMARA, [...known, message(AMARA, 'LOST', T - DAY + 40)])
        inbox.invalidateSync()
      }
      if (when === 'before') lose()
      else {
        web.set(AMARA, [...known, message(AMARA, 'LOST', T - DAY + 40)])
        let reads = 0
        meanwhile = () => {
          reads += 1
          if (reads === 1) lose()
        }
      }
      await catchUp.loadEarlier(inbox.where.findChat(AMARA) ?? 0, 1)
      catchUp.run()
      await settled()
      expect(rows(AMARA)).toContain('LOST')
      expect(told()).toBe(1)
    },
  )
})

describe('a message of the newest second', () => {
  it('is no history where older ones are asked for before WhatsApp Web reports it', async () => {
    at(T)
    const known = names('M', 5).map((id, n) => message(AMARA, id, T - DAY + n * 10))
    web.set(AMARA, known)
    await connect()
    const fresh = message(AMARA, 'FRESH', T - DAY + 40)
    web.set(AMARA, [...known, fresh])
    await catchUp.loadEarlier(inbox.where.findChat(AMARA) ?? 0, 1)
    inbox.take({ type: 'message', message: fresh })
    inbox.flush()
    expect(rows(AMARA)).toContain('FRESH')
    expect(told()).toBe(1)
  })
})

describe('a message without an event', () => {
  it('is found within ten minutes, also if nothing is said of its chat', async () => {
    at(T)
    fill(AMARA, ['A'], T - DAY)
    fill(OTHER, ['O'], T - DAY)
    await connect()
    for (const id of ['B', 'C']) {
      web.get(AMARA)?.push(message(AMARA, id, Math.floor(clock.now() / 1000)))
      const from = questions
      clock.advance(600_000)
      await expect.poll(() => rows(AMARA).at(-1)).toBe(id)
      await settled()
      expect(questions - from).toBe(1)
    }
    expect([rows(AMARA), told(), gaps()]).toEqual([['A', 'B', 'C'], 2, 0])
  })

  it('is read, also where the first try fails', async () => {
    at(T)
    fill(AMARA, names('M', 3), T - DAY)
    fill(OTHER, names('O', 3), T - DAY)
    await connect()
    fill(AMARA, ['SILENT'], T - 30)
    fails.set(AMARA, 1)
    inbox.take({ type: 'chats', chats: [chatRow(AMARA)] })
    inbox.flush()
    await expect
      .poll(
        () => {
          clock.advance(10_000)
          return rows(AMARA)
        },
        { interval: 1 },
      )
      .toEqual([...names('M', 3), 'SILENT'])
    expect(told()).toBe(1)
  })

  it('is reported, also where the history of a new chat is read before the chat is checked', async () => {
    at(T)
    fill(AMARA, names('M', 3), T - DAY)
    await connect()
    // Of a new chat, the disk takes the first message and not the second.
    fill(OTHER, ['FIRST', 'LOST'], T)
    inbox.take({ type: 'message', message: message(OTHER, 'FIRST', T) })
    inbox.flush()
    catchUp.more()
    await expect.poll(() => rows(OTHER), { interval: 1 }).toEqual(['FIRST', 'LOST'])
    expect(told()).toBe(2)
  })

  it('is read however many newer ones the chat has', async () => {
    at(T)
    const begin = T - 20 * DAY
    fill(AMARA, names('M', 400), begin)
    await connect()
    const silent = message(AMARA, 'SILENT', begin + 100 * 60 - 30)
    web.get(AMARA)?.splice(100, 0, silent)
    inbox.take({ type: 'stored', message: silent })
    inbox.flush()
    const all = names('M', 400)
    await expect.poll(() => rows(AMARA), { interval: 1 }).toEqual(all.toSpliced(100, 0, 'SILENT'))
  })

  it('is read where thousands of newer ones are known', async () => {
    at(T)
    const begin = T - 40 * DAY
    fill(AMARA, names('M', 2_500), begin)
    await connect({ perChat: 10_000 })
    const silent = message(AMARA, 'SILENT', begin + 100 * 60 - 30)
    web.get(AMARA)?.splice(100, 0, silent)
    inbox.take({ type: 'stored', message: silent })
    inbox.flush()
    const all = names('M', 2_500)
    await expect.poll(() => rows(AMARA), { interval: 1 }).toEqual(all.toSpliced(100, 0, 'SILENT'))
    await expect.poll(gaps, { interval: 1 }).toBe(0)
    expect(told()).toBe(1)
  })

  it('is not read again and again in a chat that WhatsApp Web no longer has', async () => {
    at(T)
    fill(AMARA, names('M', 3), T - DAY)
    await connect()
    fill(AMARA, ['SILENT'], T - 30)
    missing.add(AMARA)
    const from = questions
    inbox.take({ type: 'chats', chats: [chatRow(AMARA)] })
    inbox.flush()
    await expect.poll(() => questions, { interval: 1 }).toBe(from + 1)
    for (let turns = 0; turns < 20; turns += 1) {
      await new Promise((resolve) => setImmediate(resolve))
      clock.advance(30_000)
    }
    expect(questions).toBe(from + 1)
  })
})

describe('a chat that is no longer listed', () => {
  it('was deleted on the phone; a list that lacks most is not believed', async () => {
    at(T)
    const others = names('1555', 9).map((digits) => toJid(`${digits}000000@c.us`))
    for (const chat of [AMARA, ...others]) fill(chat, ['M'], T - DAY)
    await connect()
    web.delete(AMARA)
    await connect()
    const removed = () => store.chats.all().filter(({ removed_at }) => removed_at !== null).length
    expect(removed()).toBe(1)
    for (const chat of others.slice(2)) web.delete(chat)
    await connect()
    expect(removed()).toBe(1)
  })

  it('is not taken for deleted if its data cannot be read, and is read all the same', async () => {
    at(T)
    for (const chat of [AMARA, OTHER, toJid('15553330000@c.us')]) fill(chat, ['M'], T - DAY)
    await connect()
    unreadable.add(AMARA)
    fill(AMARA, ['NEW'], T)
    at(T + 120)
    await connect()
    expect(store.chats.all().filter(({ removed_at }) => removed_at !== null)).toEqual([])
    expect(rows(AMARA)).toEqual(['M', 'NEW'])
  })

  it('is not taken for deleted because its list is not loaded: channels have one of their own', async () => {
    at(T)
    const channels = [toJid('1@newsletter'), toJid('2@newsletter'), toJid('3@newsletter')]
    const others = names('1555', 9).map((digits) => toJid(`${digits}000000@c.us`))
    for (const chat of [...channels, ...others]) fill(chat, ['M'], T - DAY)
    await connect()
    const posts = channels.map((chat) => web.get(chat) ?? [])
    for (const chat of channels) web.delete(chat)
    await connect()
    const removed = () => store.chats.all().filter(({ removed_at }) => removed_at !== null).length
    expect(removed()).toBe(0)
    for (const [n, chat] of channels.slice(1).entries()) web.set(chat, posts[n + 1] ?? [])
    await connect()
    expect(removed()).toBe(1)
  })
})
