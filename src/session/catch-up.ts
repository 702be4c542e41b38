/**
 * Brings the archive up to date with WhatsApp Web: first what arrived while the server was not connected,
 * then the history backwards, newest chats first. One per engine, ends with it. If it is killed, the next one
 * continues.
 */
import { type Clock, createDeferred } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ChatKind } from '../model/chat.ts'
import { afterEnd, afterFailure, NOT_READ } from '../model/history.ts'
import type { Jid } from '../model/ids.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import type { SyncProgress } from '../model/status.ts'
import type { ChatRow } from '../store/chats.ts'
import { firstPositionOf, timeOf } from '../store/position.ts'
import { isOfTheArchive } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createHistory, type HistoryBudget } from './history.ts'
import { createHistoryPages, PAGE, type Page, pause } from './history-pages.ts'
import type { Inbox } from './inbox.ts'
import type { Keeping } from './keeping.ts'
import type { Recorded } from './record-messages.ts'
import { createRetries } from './retries.ts'

export type CatchUp = {
  /** Checks all chats now, or once more after the current round. Returns at once. */
  run(): void
  /** Resolves once the archive is up to date for the first time, or a try to read WhatsApp Web has failed. Never fails. */
  settled: Promise<unknown>
  /** True once every chat and everybody that WhatsApp Web lists are in the archive. */
  isListed(): boolean
  progress(): SyncProgress
  /** Reads the history of the chats for which it is due. Returns at once. */
  more(): void
  /**
   * Reads a chat for which WhatsApp Web has messages without events, back to `from` at least (Unix seconds).
   * Returns at once.
   */
  look(chat: number, from?: number): void
  /**
   * Loads older messages of this chat, or of its newest gap; waits for its turn. Errors as
   * `Engine.readMessages`.
   */
  loadEarlier(chat: number, count: number): Promise<{ added: number; complete: boolean }>
  /**
   * The same for a read that lacks messages: never asks the phone, and joins a loading that is on its way. Null if there is nothing to
   * ask for now. Resolves with true if messages were added. Never fails: a chat that cannot be read is read again later.
   */
  fill(chat: number, count: number): Promise<boolean> | null
  stop(): void
}

/** The parts of the engine that catching up uses. */
export type ReadEngine = Pick<Engine, 'readChats' | 'readContacts' | 'readMessages' | 'askPhone'>

export type CatchUpOptions = {
  engine: ReadEngine
  store: Store
  inbox: Inbox
  keeping: Keeping
  budget: HistoryBudget
  /** Unix seconds: nothing was missing up to this time; null: never complete. */
  knownUntil: () => number | null
  clock: Clock
  log: Log
  /** Called when nothing older than this moment is missing, apart from recorded gaps. */
  onCaughtUp: () => void
  /** Called when the archive could not be written. */
  onFailed: (error: AppError) => void
}

/** Kinds of chats that WhatsApp Web always lists, by the list that has them: each loads by itself. */
const LISTS: readonly (readonly ChatKind[])[] = [['direct', 'group'], ['channel']]
/** A late message can be older than one that arrived before it; this overlap is read again. */
const OVERLAP_S = 600
/**
 * A message can be deleted for everyone for about two days (WhatsApp Help Center: 60 hours): younger ones are
 * read again.
 */
const CHANGEABLE_S = 60 * 3600
/** The most messages of one chat that are read again only to find changes. */
const RECHECK_MESSAGES = 200
/** If more messages than this are missing in one chat, a gap is recorded and filled with the history. */
const MAX_GAP = 2_000
/** If so many chats in a row cannot be read, and could be before, WhatsApp Web cannot be read. */
const ALL_FAIL = 5
const RETRY_MS = 5_000
const MAX_RETRY_MS = 60_000
/** The least time between two rounds of asking for older messages. */
const WAKE_MS = 1_000
const LOG_EVERY_MS = 10_000

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { engine, store, inbox, keeping, budget, clock, log } = options
  const pages = createHistoryPages(engine, store, keeping, clock, budget.pauseMs)
  const history = createHistory({
    ...options,
    pages,
    async closeGap(chat) {
      await closing.get(chat)
      if (!inbox.isCaughtUp(chat)) await closeGap(chat)
    },
    isStopped: () => stopped,
    onAdded: (count) => report({ messages: progress.messages + count }),
  })
  const settled = createDeferred<void>()
  let isListed = false
  let stopped = false
  let again = false
  let running = false
  let lastLogged = 0
  /** Unix seconds: nothing was missing up to this time, as of this round; null: never complete. */
  let since: number | null = null
  /** Chats to read, each back to this time at least. */
  const unheard = new Map<number, number>()
  const retries = createRetries(clock, lookAt)
  /** Chats whose gap is being closed: one reading per chat at a time, or a gap would be recorded twice. Never rejects. */
  const closing = new Map<number, Promise<void>>()
  /** Loadings for clients: one per chat at a time. */
  const loading = new Map<number, Promise<boolean>>()
  /** Older messages of some chats are due to be asked for again. */
  let isDue = false
  let cancelWake: (() => void) | undefined
  let progress: Omit<SyncProgress, 'failed_chats'> = {
    phase: 'waiting',
    chats_done: 0,
    chats_total: 0,
    messages: 0,
  }

  function report(change: Partial<SyncProgress>): void {
    progress = { ...progress, ...change }
    if (clock.now() - lastLogged < LOG_EVERY_MS) return
    lastLogged = clock.now()
    log.info({ ...progress }, 'catching up')
  }

  async function rounds(): Promise<void> {
    running = true
    for (let tries = 1; (again || isDue || unheard.size > 0) && !stopped; ) {
      const isRound = again
      again = false
      try {
        if (isRound) await round()
        await readUnheard()
        if (isDue && !again) await readHistory()
        tries = 1
      } catch (error) {
        if (stopped) break
        if (isOfTheArchive(error)) {
          options.onFailed(error)
          break
        }
        settled.resolve()
        log.warn({ err: error, tries }, 'WhatsApp Web could not be read; the archive is not up to date')
        await pause(clock, Math.min(RETRY_MS * tries, MAX_RETRY_MS))
        tries += 1
        again = true
      }
    }
    running = false
    settled.resolve()
    if (stopped) return
    report({ phase: progress.phase === 'history' || progress.phase === 'done' ? 'done' : 'waiting' })
    wakeLater()
  }

  /** WhatsApp Web receives older messages by itself, without an event. */
  function wakeLater(): void {
    cancelWake?.()
    const at = store.chats.nextHistoryAt()
    if (at === null) return
    cancelWake = clock.after(Math.max(at * 1000 - clock.now(), WAKE_MS), readDue)
  }

  function readDue(): void {
    isDue = true
    if (!running && !stopped) void rounds()
  }

  async function readHistory(): Promise<void> {
    isDue = false
    // The status chat is never read by itself (page-rows.ts).
    const readable = store.chats
      .all()
      .filter(({ id, kind, removed_at }) => kind !== 'status' && removed_at === null && !retries.has(id))
    const { wanted, load } = history.plan(readable)
    report({ phase: 'history', chats_done: 0, chats_total: wanted.length })
    await each(wanted, (chat) => load(chat, () => stopped || again))
    // Those that are over the budget are not due again.
    const now = Math.floor(clock.now() / 1000)
    for (const { id, history_next_at } of store.chats.all())
      if (history_next_at !== null && history_next_at <= now && !retries.has(id))
        inbox.setHistory(id, NOT_READ)
  }

  /** Unix seconds: nothing is missing up to this time; null: never complete. Clocks differ, and a dead browser is noticed late. */
  function completeUntil(): number | null {
    const noted = options.knownUntil()
    return noted === null ? null : noted - OVERLAP_S
  }

  async function round(): Promise<void> {
    since = completeUntil()
    report({ phase: 'chats', chats_done: 0, chats_total: 0 })
    const look = inbox.look()
    const listed = new Set<number>()
    const queued = new Set<number>()
    for await (const seen of engine.readChats()) {
      // Of the people, only these: thousands of others would delay the chats.
      await readPeople(seen.map(({ id }) => id))
      if (stopped) return
      // One transaction per piece: with one per entry, a list of thousands would wait for the disk thousands
      // of times.
      inbox.together(() => {
        for (const one of seen) {
          const chat = inbox.recordChat(one)
          if (chat === null) continue
          listed.add(chat.id)
          const upTo = upToDateUntil(chat, one)
          if (upTo === null) queued.add(chat.id)
          else inbox.setCaughtUp(chat.id, look, upTo)
        }
      })
    }
    await readPeople()
    if (stopped) return
    inbox.flush()
    isListed = true
    const chats = store.chats.all()
    const [isThere, isToRead] = [present(listed), present(queued)]
    removeUnlisted(chats, isThere)
    const queue = chats.filter(({ id }) => isToRead.has(id))
    report({ phase: 'catching_up', chats_total: queue.length })
    const readable = await each(queue, (chat) => closeGap(chat.id))
    if (stopped || again) return
    if (!readable && !(await canRead(chats.filter(({ id }) => isThere.has(id) && !isToRead.has(id)))))
      throw new Error('none of the chats could be read')
    if (stopped || again) return
    options.onCaughtUp()
    settled.resolve()
    const failed = retries.chats().length
    log.info(
      { chats: listed.size, messages: progress.messages, failed },
      failed === 0
        ? 'the archive is up to date'
        : 'the archive is up to date, apart from chats that could not be read',
    )
    await readHistory()
  }

  async function readPeople(at?: readonly Jid[]): Promise<void> {
    for await (const contacts of engine.readContacts(at)) {
      if (stopped) return
      inbox.take({ type: 'contacts', contacts })
    }
  }

  /** Two of them can have become one since they were listed. */
  function present(chats: ReadonlySet<number>): ReadonlySet<number> {
    return new Set([...chats].map(store.chats.currentId))
  }

  /**
   * Returns the position up to which the chat is complete if nothing new arrived and nothing can have changed
   * since the last check; else null. For a chat that is new here it stores how far the chat is known.
   */
  function upToDateUntil(chat: ChatRow, { last, timestamp }: SeenChat): number | null {
    const upTo = chat.caught_up_to
    // Everything is older than the archive stores: there is nothing to read.
    if (last !== null && last.sentAt < keeping.bounds(chat.id).from)
      return upTo ?? firstPositionOf(last.sentAt)
    if (upTo === null) {
      const known = since === null ? null : firstPositionOf(since)
      const newest = last === null ? null : record(chat.id, [last], null, known).newest
      // At the very first connection nothing can be missing: what is older is history.
      if (known === null) return newest
      // Later, a chat that is new here had no messages up to the last check, or it would have been listed.
      inbox.setCaughtUp(chat.id, null, known)
      return null
    }
    // Only its time is known, and another message of the same second may have arrived since.
    if (last === null) return timestamp <= timeOf(upTo) && since !== null && timestamp < since ? upTo : null
    const its = inbox.where.chatId(last.chat, last.sentAt) ?? chat.id
    const isKnown = store.messages.findAll(last.bareId, its).some(({ id }) => id <= upTo)
    return isKnown && since !== null && last.sentAt <= since - CHANGEABLE_S ? upTo : null
  }

  /**
   * Records chats that were deleted on the phone. Ignores a list that lacks more than half of the known
   * chats: it may not be loaded yet.
   */
  function removeUnlisted(chats: ChatRow[], listed: ReadonlySet<number>): void {
    // A chat whose number is another person's now is listed as the chat with that person.
    const isOthers = ({ person }: ChatRow) => person !== null && store.people.hasLostPhone(person)
    for (const kinds of LISTS) {
      const present = chats.filter(
        (chat) => kinds.includes(chat.kind) && chat.removed_at === null && !isOthers(chat),
      )
      const gone = present.filter(({ id }) => !listed.has(id))
      if (gone.length * 2 > present.length) continue
      for (const { id } of gone) {
        const chat = store.chats.addressOf(id)
        if (chat !== null) inbox.take({ type: 'chat_removed', chat })
      }
    }
  }

  /** @param upTo the position up to which nothing was missing; new messages after it count as late */
  function record(chat: number, seen: SeenMessage[], before: number | null, upTo: number | null): Recorded {
    const isLate = ({ sentAt }: SeenMessage) => upTo !== null && sentAt >= timeOf(upTo) - OVERLAP_S
    const recorded = inbox.recordStretch(chat, seen, (one) => (isLate(one) ? 'late' : 'history'), before)
    report({ messages: progress.messages + recorded.added })
    return recorded
  }

  async function closeGap(chat: number, from?: number): Promise<void> {
    const mine = (closing.get(chat) ?? Promise.resolve()).then(() => readBack(chat, from))
    const settled = mine
      .catch(() => {})
      .finally(() => {
        if (closing.get(chat) === settled) closing.delete(chat)
      })
    closing.set(chat, settled)
    return mine
  }

  /**
   * Reads back to the last known message and to `from`, then further while messages may have changed since.
   */
  async function readBack(chat: number, from = Infinity): Promise<void> {
    const look = inbox.look()
    const merge = inbox.mergeOf(chat)
    const startedAt = Math.floor(clock.now() / 1000)
    // A chat that was never checked was empty when the whole archive last was complete, which may be later than the round.
    const complete = completeUntil()
    const upTo =
      store.chats.get(store.chats.currentId(chat))?.caught_up_to ??
      (complete === null ? null : firstPositionOf(complete))
    /** The last message of the time when nothing was missing; null: there was none. */
    const known = upTo === null ? null : store.messages.lastUpTo(store.chats.currentId(chat), upTo)
    let isMet = known === null
    let added = 0
    let before: number | null = null
    const walk = pages.walk(chat, null)
    for (let walked = 0; ; ) {
      const newest: number = store.messages.newest(store.chats.currentId(chat))?.id ?? -1
      const page: Page = await walk.read(PAGE)
      if (stopped) return
      if (inbox.mergeOf(chat) !== merge) return lookAt(store.chats.currentId(chat), from)
      // What came live in the meantime follows what was read.
      const next: number | null = before ?? store.messages.nextIn(store.chats.currentId(chat), newest)
      const { oldest, lowest, added: count }: Recorded = record(chat, page.messages, next, upTo)
      walked += page.messages.length
      before = oldest ?? before
      const [first] = page.messages
      if (known !== null && lowest !== null && lowest <= known) isMet = true
      added += count
      if (page.end || first === undefined) {
        const row = store.chats.get(store.chats.currentId(chat)) ?? NOT_READ
        inbox.setHistory(chat, afterEnd(row, page.before, added, Math.floor(clock.now() / 1000)))
        if (page.before === 'not_kept') isMet = true
        // WhatsApp Web has no more messages, but the last known one was not among them.
        if (!isMet && before !== null) inbox.recordGap(chat, known, before)
        break
      }
      // In a chat that was never checked, everything else is history.
      if (upTo === null) break
      const isPast = first.sentAt < Math.min(timeOf(upTo) - OVERLAP_S, from)
      const isChecked = since === null || first.sentAt < since - CHANGEABLE_S || walked >= RECHECK_MESSAGES
      if (isPast && isChecked) break
      if (walked >= MAX_GAP) {
        if (isPast || before === null) break
        // What is known already has no gap: it is where this reading was to end.
        const end = firstPositionOf(Math.min(timeOf(upTo) - OVERLAP_S, from)) - 1
        inbox.recordGap(
          chat,
          isMet ? store.messages.lastUpTo(store.chats.currentId(chat), end) : known,
          before,
        )
        isDue = true
        break
      }
    }
    if (before !== null) inbox.setHistoryFrom(chat, before)
    const row = store.chats.get(store.chats.currentId(chat))
    if (row?.history === 'failed') {
      inbox.setHistory(chat, NOT_READ)
      isDue = true
    }
    const last_message = row?.last_message ?? null
    inbox.setCaughtUp(chat, look, last_message ?? firstPositionOf(startedAt))
  }

  /** Reads chats with unreported messages before the history. */
  async function readUnheard(): Promise<void> {
    for (const [chat, from] of unheard) {
      if (stopped) return
      unheard.delete(chat)
      await attempt(chat, () => closeGap(chat, from), from)
    }
  }

  function lookAt(chat: number, from = Infinity): void {
    if (stopped) return
    unheard.set(chat, Math.min(unheard.get(chat) ?? Infinity, from))
    if (!running) void rounds()
  }

  /**
   * Reads one chat. If that fails, the chat alone is read again later, back to `from` at least. Returns false
   * then. Throws what concerns all chats.
   */
  async function attempt(chat: number, work: () => Promise<unknown>, from?: number): Promise<boolean> {
    try {
      await work()
      const missed = retries.done(chat)
      if (missed < (from ?? Infinity)) lookAt(chat, missed)
      return true
    } catch (error) {
      if (stopped) return false
      if (isOfTheArchive(error) || isCode(error, 'not_connected')) throw error
      // Deleted after it was listed.
      if (isCode(error, 'chat_not_found')) {
        retries.done(chat)
        return true
      }
      const { tries, wait } = retries.failed(chat, from)
      const code = error instanceof AppError ? error.code : 'whatsapp_error'
      const facts = afterFailure({ history_tries: tries - 1 }, code, Math.floor(clock.now() / 1000))
      inbox.setHistory(chat, { ...facts, history_next_at: Math.ceil((clock.now() + wait) / 1000) })
      log.warn({ err: error, tries }, 'a chat could not be read; it is read again later')
      return false
    }
  }

  /** Runs the work once no other loading of this chat does. */
  function afterOthers<T extends { added: number }>(chat: number, work: () => Promise<T>): Promise<T> {
    const mine = (loading.get(chat) ?? Promise.resolve()).then(work)
    const settled = mine
      .then(({ added }) => added > 0)
      .catch(() => false)
      .finally(() => {
        if (loading.get(chat) === settled) loading.delete(chat)
      })
    loading.set(chat, settled)
    return mine
  }

  function fill(listed: number, count: number): Promise<boolean> | null {
    const chat = store.chats.currentId(listed)
    const known = loading.get(chat)
    if (known !== undefined) return known
    const row = store.chats.get(chat)
    const isDue = (row?.history_next_at ?? 0) <= Math.floor(clock.now() / 1000)
    if (row === undefined || stopped || !isDue || row.kind === 'status' || row.removed_at !== null)
      return null
    if (row.history === 'all' && !history.hasGap(chat)) return null
    void afterOthers(chat, async () => {
      let added = 0
      await attempt(chat, async () => {
        added = (await history.loadEarlier(chat, count, { asksPhone: false })).added
      })
      return { added }
    }).catch((error) => log.debug({ err: error }, 'a read could not be completed'))
    return loading.get(chat) ?? null
  }

  /**
   * Reads each chat in turn, those last that could not be read before. Returns false if many chats were to be read and none could
   * be. Throws where many others in a row cannot be: they are known then.
   */
  async function each(chats: ChatRow[], work: (chat: ChatRow) => Promise<unknown>): Promise<boolean> {
    const isBad = new Set(retries.chats())
    let [inARow, read] = [0, 0]
    for (const chat of [...chats].sort((one, other) => +isBad.has(one.id) - +isBad.has(other.id))) {
      await readUnheard()
      if (stopped || again) return true
      const isRead = await attempt(chat.id, () => work(chat))
      read += Number(isRead)
      inARow = isRead || isBad.has(chat.id) ? 0 : inARow + 1
      if (inARow === ALL_FAIL) throw new Error(`${inARow} chats in a row could not be read`)
      report({ chats_done: progress.chats_done + 1 })
    }
    return read > 0 || chats.length < ALL_FAIL
  }

  /** True if one of these chats, of which nothing is missing, can be read. */
  async function canRead(chats: ChatRow[]): Promise<boolean> {
    for (const { id } of chats.slice(0, ALL_FAIL)) if (await attempt(id, () => closeGap(id))) return true
    return false
  }

  return {
    run() {
      again = true
      if (!running && !stopped) void rounds()
    },
    settled: settled.promise,
    isListed: () => isListed,
    look: lookAt,
    more: readDue,
    progress: () => ({
      ...progress,
      failed_chats: retries
        .chats()
        .flatMap((chat) => store.chats.addressOf(store.chats.currentId(chat)) ?? []),
    }),
    loadEarlier: (chat, count) =>
      afterOthers(store.chats.currentId(chat), () => history.loadEarlier(chat, count, { asksPhone: true })),
    fill,
    stop() {
      stopped = true
      settled.resolve()
      retries.stop()
      cancelWake?.()
    },
  }
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof AppError && error.code === code
}
