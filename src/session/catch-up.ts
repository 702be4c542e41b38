/**
 * Brings the archive up to date with WhatsApp Web: first what arrived while the server was not connected,
 * then the history backwards, newest chats first. One per engine, ends with it. If it is killed, the next one
 * continues.
 */
import { type Clock, createDeferred } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import type { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { NOT_READ } from '../model/history.ts'
import type { Jid } from '../model/ids.ts'
import type { SyncProgress } from '../model/status.ts'
import type { ChatRow } from '../store/chats.ts'
import { isOfTheArchive } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createGlances } from './glances.ts'
import { createHistory, type HistoryBudget } from './history.ts'
import { createHistoryPages, pause } from './history-pages.ts'
import type { Inbox } from './inbox.ts'
import type { Keeping } from './keeping.ts'
import { createNewMessages } from './new-messages.ts'
import { createQueues } from './queues.ts'
import { createRetries } from './retries.ts'
import { removeUnlisted } from './unlisted-chats.ts'

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
  checkChat(chat: number, from?: number): void
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
  /**
   * Called when everything older than this moment has been read, apart from recorded gaps. Returns false if the archive could not be
   * written: then it is not up to date.
   */
  onCaughtUp: () => boolean
  /** Called when the archive could not be written. */
  onFailed: (error: AppError) => void
}

/** If so many chats in a row cannot be read, and could be before, WhatsApp Web cannot be read. */
const ALL_FAIL = 5
const RETRY_MS = 5_000
const MAX_RETRY_MS = 60_000
/** The least time between two rounds of asking for older messages. */
const WAKE_MS = 1_000
const LOG_EVERY_MS = 10_000

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { engine, store, inbox, keeping, budget, clock, log } = options
  const isStopped = () => stopped
  const shared = {
    ...options,
    pages: createHistoryPages(engine, store, keeping, clock, budget.pauseMs),
    isStopped,
    onAdded: (count: number) => report({ messages: progress.messages + count }),
  }
  const fresh = createNewMessages({
    ...shared,
    onMerged: checkChat,
    onHistoryDue() {
      isDue = true
    },
  })
  const history = createHistory({ ...shared, readNew: fresh.readIfAny })
  const glances = createGlances(options)
  const settled = createDeferred<void>()
  let isListed = false
  let stopped = false
  let again = false
  let running = false
  let lastLogged = 0
  /** Chats to read, each back to this time at least. */
  const unheard = new Map<number, number>()
  const retries = createRetries({ clock, inbox, log, isStopped, again: checkChat })
  /** Loadings for clients: one per chat at a time. */
  const loading = createQueues<number, { added: number }>()
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

  /** Reads the history again when it is due: WhatsApp Web receives older messages by itself, without an event. */
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

  async function round(): Promise<void> {
    glances.stop()
    fresh.startRound()
    report({ phase: 'chats', chats_done: 0, chats_total: 0 })
    const syncPoint = inbox.syncPoint()
    const listed = new Set<number>()
    const queued = new Set<number>()
    for await (const { chats, unread } of engine.readChats()) {
      // Of the people, only these: thousands of others would delay the chats.
      await readPeople(chats.map(({ id }) => id))
      if (stopped) return
      // One transaction per piece: with one per entry, a list of thousands would wait for the disk thousands
      // of times.
      inbox.together(() => {
        for (const one of chats) {
          const chat = inbox.recordChat(one)
          if (chat === null) continue
          listed.add(chat.id)
          const upTo = fresh.upToDateUntil(chat, one)
          if (upTo === null) queued.add(chat.id)
          else inbox.setCaughtUp(chat.id, syncPoint, upTo)
        }
        // They exist, but WhatsApp Web did not say whether anything came in them.
        for (const chat of unread.flatMap((id) => inbox.where.findChat(id) ?? [])) {
          listed.add(chat)
          queued.add(chat)
        }
      })
      if (unread.length > 0) log.warn({ chats: unread.length }, 'the data of some chats could not be read')
    }
    await readPeople()
    if (stopped) return
    inbox.flush()
    isListed = true
    const chats = store.chats.all()
    const [listedNow, queuedNow] = [present(listed), present(queued)]
    removeUnlisted(store, inbox, chats, listedNow)
    const queue = chats.filter(({ id }) => queuedNow.has(id))
    report({ phase: 'catching_up', chats_total: queue.length })
    const readable = await each(queue, (chat) => fresh.read(chat.id))
    if (stopped || again) return
    if (!readable && !(await canRead(chats.filter(({ id }) => listedNow.has(id) && !queuedNow.has(id)))))
      throw new Error('none of the chats could be read')
    if (stopped || again) return
    const isUpToDate = options.onCaughtUp()
    glances.start()
    settled.resolve()
    const failed = retries.chats().length
    if (isUpToDate)
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

  /** Returns the chats as they are now: two of them may have become one since they were listed. */
  function present(chats: ReadonlySet<number>): ReadonlySet<number> {
    return new Set([...chats].map(store.chats.currentId))
  }

  /** Reads chats with unreported messages before the history. */
  async function readUnheard(): Promise<void> {
    for (const [chat, from] of unheard) {
      if (stopped) return
      unheard.delete(chat)
      await retries.attempt(chat, () => fresh.read(chat, from), from)
    }
  }

  function checkChat(chat: number, from = Infinity): void {
    if (stopped) return
    unheard.set(chat, Math.min(unheard.get(chat) ?? Infinity, from))
    if (!running) void rounds()
  }

  function isToFill(chat: number): boolean {
    const row = store.chats.get(chat)
    if (row === undefined || stopped || row.kind === 'status' || row.removed_at !== null) return false
    if ((row.history_next_at ?? 0) > Math.floor(clock.now() / 1000)) return false
    return row.history !== 'all' || history.hasGap(chat)
  }

  function fill(listed: number, count: number): Promise<boolean> | null {
    const chat = store.chats.currentId(listed)
    if (loading.newest(chat) === undefined) {
      if (!isToFill(chat)) return null
      loading
        .run(chat, async () => {
          let added = 0
          await retries.attempt(chat, async () => {
            added = (await history.loadEarlier(chat, count, { asksPhone: false })).added
          })
          return { added }
        })
        .catch((error) => log.debug({ err: error }, 'a read could not be completed'))
    }
    return loading.newest(chat)?.then((loaded) => (loaded?.added ?? 0) > 0) ?? null
  }

  /**
   * Reads the chats in turn, those that could not be read before as the last. Returns false if there were {@link ALL_FAIL} or more
   * and none could be read. Throws if that many in a row fail that could be read before.
   */
  async function each(chats: ChatRow[], work: (chat: ChatRow) => Promise<unknown>): Promise<boolean> {
    const failed = new Set(retries.chats())
    let [inARow, read] = [0, 0]
    for (const chat of [...chats].sort((one, other) => +failed.has(one.id) - +failed.has(other.id))) {
      await readUnheard()
      if (stopped || again) return true
      const isRead = await retries.attempt(chat.id, () => work(chat))
      read += Number(isRead)
      inARow = isRead || failed.has(chat.id) ? 0 : inARow + 1
      if (inARow === ALL_FAIL) throw new Error(`${inARow} chats in a row could not be read`)
      report({ chats_done: progress.chats_done + 1 })
    }
    return read > 0 || chats.length < ALL_FAIL
  }

  /** True if one of these chats, of which nothing is missing, can be read. */
  async function canRead(chats: ChatRow[]): Promise<boolean> {
    for (const { id } of chats.slice(0, ALL_FAIL))
      if (await retries.attempt(id, () => fresh.read(id))) return true
    return false
  }

  return {
    run() {
      again = true
      if (!running && !stopped) void rounds()
    },
    settled: settled.promise,
    isListed: () => isListed,
    checkChat,
    more: readDue,
    progress: () => ({
      ...progress,
      failed_chats: retries
        .chats()
        .flatMap((chat) => store.chats.addressOf(store.chats.currentId(chat)) ?? []),
    }),
    loadEarlier: (chat, count) =>
      loading.run(store.chats.currentId(chat), () => history.loadEarlier(chat, count, { asksPhone: true })),
    fill,
    stop() {
      stopped = true
      settled.resolve()
      retries.stop()
      cancelWake?.()
      glances.stop()
    },
  }
}
