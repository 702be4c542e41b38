/**
 * Brings the archive up to what WhatsApp Web has: first what came while nobody listened, then history backwards, the
 * newest chats first. One per engine; ends with it. Killed anywhere, the next one goes on where this one was.
 */
import type { Clock } from '../clock.ts'
import type { Engine, HistoryPage } from '../engine/engine.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { ChatKind } from '../model/chat.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import type { SyncProgress } from '../model/status.ts'
import type { ChatRow } from '../store/chats.ts'
import { firstIn, timeOf } from '../store/position.ts'
import { isOfTheArchive } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createHistory, type HistoryBudget } from './history.ts'
import { createHistoryPages, PAGE, pause } from './history-pages.ts'
import type { Inbox } from './inbox.ts'
import type { Keeping } from './keeping.ts'
import type { Recorded } from './record-messages.ts'

export type CatchUp = {
  /** Look through everything now, or once more when the present round is over. Returns at once. */
  run(): void
  progress(): SyncProgress
  /**
   * WhatsApp Web has messages in this chat of which no event came: read them, back to `from` at least (Unix seconds).
   * Returns at once.
   */
  look(chat: number, from?: number): void
  /** Older messages of this chat, or those of its newest gap; waits for its turn. Errors as `Engine.readMessages`. */
  loadEarlier(chat: number, count: number): Promise<{ added: number; complete: boolean }>
  stop(): void
}

export type CatchUpOptions = {
  engine: Engine
  store: Store
  inbox: Inbox
  keeping: Keeping
  budget: HistoryBudget
  /** Unix seconds of the last moment at which nothing was missing; null: never. */
  knownUntil: () => number | null
  clock: Clock
  log: Log
  /** Nothing that came before this moment is missing now (but for what is a recorded gap). */
  onCaughtUp: () => void
  /** The archive could not be written. */
  onFailed: (error: AppError) => void
}

/** Kinds of chats that WhatsApp Web always lists. */
const LISTED: ReadonlySet<ChatKind> = new Set(['direct', 'group', 'channel'])
/** Messages that come late can be older than what came before them; so far back is read again. */
const OVERLAP_S = 600
/** A message can be deleted for everyone for about two days (WhatsApp Help Center: 60 hours): what is younger is read again. */
const CHANGEABLE_S = 60 * 3600
/** No further than this is looked back for changes alone. */
const RECHECK_MESSAGES = 200
/** A gap larger than this in one chat is recorded, and filled with the history. */
const MAX_GAP = 2_000
const TRIES = 3
const RETRY_MS = 5_000
const MAX_RETRY_MS = 60_000
const LOG_EVERY_MS = 10_000

export function createCatchUp(options: CatchUpOptions): CatchUp {
  const { engine, store, inbox, keeping, budget, clock, log } = options
  const pages = createHistoryPages(engine, store, keeping, clock, budget.pauseMs)
  const history = createHistory({
    ...options,
    pages,
    isStopped: () => stopped,
    onAdded: (count) => report({ messages: progress.messages + count }),
  })
  let stopped = false
  let again = false
  let running = false
  let lastLogged = 0
  /** Unix seconds: until then nothing was missing, as of this round; null: there was no such time. */
  let since: number | null = null
  /** Chats to be read, each back to this time at least. */
  const unheard = new Map<number, number>()
  let progress: SyncProgress = { phase: 'waiting', chats_done: 0, chats_total: 0, messages: 0 }

  function report(change: Partial<SyncProgress>): void {
    progress = { ...progress, ...change }
    if (clock.now() - lastLogged < LOG_EVERY_MS) return
    lastLogged = clock.now()
    log.info({ ...progress }, 'catching up')
  }

  async function rounds(): Promise<void> {
    running = true
    for (let tries = 1; (again || unheard.size > 0) && !stopped; ) {
      const isRound = again
      again = false
      try {
        if (isRound) await round()
        await readUnheard()
        tries = 1
      } catch (error) {
        if (stopped) break
        if (isOfTheArchive(error)) {
          options.onFailed(error)
          break
        }
        log.warn({ err: error, tries }, 'WhatsApp Web could not be read; the archive is not up to date')
        await pause(clock, Math.min(RETRY_MS * tries, MAX_RETRY_MS))
        tries += 1
        again = true
      }
    }
    running = false
    if (!stopped)
      report({ phase: progress.phase === 'history' || progress.phase === 'done' ? 'done' : 'waiting' })
  }

  async function round(): Promise<void> {
    // Earlier than noted: clocks differ, and a browser is dead for a moment before anybody notices.
    const noted = options.knownUntil()
    since = noted === null ? null : noted - OVERLAP_S
    report({ phase: 'chats', chats_done: 0, chats_total: 0 })
    for await (const contacts of engine.readContacts()) {
      if (stopped) return
      inbox.take({ type: 'contacts', contacts })
    }
    const look = inbox.look()
    const listed = new Set<number>()
    const queued = new Set<number>()
    for await (const seen of engine.readChats()) {
      if (stopped) return
      // One transaction for the whole piece: a list of thousands would otherwise wait for the disk thousands of times.
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
    const chats = store.chats.all()
    removeUnlisted(chats, listed)
    const queue = chats.filter(({ id }) => queued.has(id))
    report({ phase: 'catching_up', chats_total: queue.length })
    const unread = await each(queue, (chat) => closeGap(chat.id))
    if (stopped || again) return
    if (unread.length === 0) {
      options.onCaughtUp()
      log.info({ chats: listed.size, messages: progress.messages }, 'nothing that came meanwhile is missing')
    }
    // As they are now: their gaps and beginnings have been found meanwhile.
    for (const { id } of unread) listed.delete(id)
    const { wanted, load } = history.plan(store.chats.all().filter(({ id }) => listed.has(id)))
    report({ phase: 'history', chats_done: 0, chats_total: wanted.length })
    await each(wanted, (chat) => load(chat, () => stopped || again))
    if (unread.length > 0 && !stopped) throw new Error(`${unread.length} chats could not be read`)
  }

  /**
   * The position up to which nothing is missing where that is all there is: nothing has come and nothing can have changed
   * since the last look. Else null. Notes of a chat that is new here how far it is known.
   */
  function upToDateUntil(chat: ChatRow, { last, timestamp }: SeenChat): number | null {
    const upTo = chat.caught_up_to
    // All of it is older than what is kept: there is nothing to look for.
    if (last !== null && last.sentAt < keeping.bounds(chat.id).from) return upTo ?? firstIn(last.sentAt)
    if (upTo === null) {
      const known = since === null ? null : firstIn(since)
      const newest = last === null ? null : record(chat.id, [last], null, known).newest
      // At the very first connection there is nothing to have missed: what is older is history.
      if (known === null) return newest
      // Later, nothing of it had come until we last looked, or it would have been listed.
      inbox.setCaughtUp(chat.id, null, known)
      return null
    }
    if (last === null) return timestamp <= timeOf(upTo) ? upTo : null
    const isKnown = store.messages.findAll(last.bareId, chat.id).some(({ id }) => id <= upTo)
    return isKnown && since !== null && last.sentAt <= since - CHANGEABLE_S ? upTo : null
  }

  /** What was deleted on the phone meanwhile. A list that lacks half of what is known is not believed. */
  function removeUnlisted(chats: ChatRow[], listed: ReadonlySet<number>): void {
    const present = chats.filter(({ kind, removed_at }) => LISTED.has(kind) && removed_at === null)
    const gone = present.filter(({ id }) => !listed.has(id))
    if (gone.length * 2 > present.length) return
    for (const { id } of gone) {
      const chat = store.chats.addressOf(id)
      if (chat !== null) inbox.take({ type: 'chat_removed', chat })
    }
  }

  /** @param upTo until where nothing was missing; what is later than this and new here came while nobody listened */
  function record(chat: number, seen: SeenMessage[], before: number | null, upTo: number | null): Recorded {
    const isLate = ({ sentAt }: SeenMessage) => upTo !== null && sentAt >= timeOf(upTo) - OVERLAP_S
    const recorded = inbox.recordStretch(chat, seen, (one) => (isLate(one) ? 'late' : 'history'), before)
    report({ messages: progress.messages + recorded.added })
    return recorded
  }

  /** Read back until what is known and until `from`, and further as far as messages may have changed meanwhile. */
  async function closeGap(chat: number, from = Infinity): Promise<void> {
    const look = inbox.look()
    const startedAt = Math.floor(clock.now() / 1000)
    const upTo =
      store.chats.get(store.chats.currentId(chat))?.caught_up_to ?? (since === null ? null : firstIn(since))
    /** The last message that was there when nothing was missing; null: there was none. */
    const known = upTo === null ? null : store.messages.lastUpTo(store.chats.currentId(chat), upTo)
    let isMet = known === null
    for (let walked = 0, before: number | null = null; ; ) {
      const page: HistoryPage = await pages.read(chat, before, PAGE)
      if (stopped) return
      const { oldest }: Recorded = record(chat, page.messages, before, upTo)
      walked += page.messages.length
      const [first] = page.messages
      if (known !== null && oldest !== null && oldest <= known) isMet = true
      const hasMoved = oldest !== null && (before === null || oldest < before)
      if (page.end || !hasMoved || first === undefined) {
        if (page.end) inbox.setHistoryComplete(chat)
        // WhatsApp Web gives no more, but what we know is not among it.
        if (!isMet && (before ?? oldest) !== null) inbox.recordGap(chat, known, oldest ?? before ?? 0)
        break
      }
      // Of a chat that was never looked at, all else is history.
      if (upTo === null) break
      const isPast = first.sentAt < Math.min(timeOf(upTo) - OVERLAP_S, from)
      const isChecked = since === null || first.sentAt < since - CHANGEABLE_S || walked >= RECHECK_MESSAGES
      if (isPast && isChecked) break
      if (walked >= MAX_GAP) {
        if (!isPast) inbox.recordGap(chat, known, oldest)
        break
      }
      before = oldest
    }
    const { last_message } = store.chats.get(store.chats.currentId(chat)) ?? { last_message: null }
    inbox.setCaughtUp(chat, look, last_message ?? firstIn(startedAt))
  }

  /** What came silently does not wait for the history. A chat that cannot be read now waits for the next look. */
  async function readUnheard(): Promise<void> {
    for (const [chat, from] of unheard) {
      if (stopped) return
      unheard.delete(chat)
      try {
        await closeGap(chat, from)
      } catch (error) {
        if (isOfTheArchive(error)) throw error
        log.warn({ err: error }, 'a chat could not be read; the next look tries again')
        clock.after(MAX_RETRY_MS, () => lookAt(chat, from))
      }
    }
  }

  function lookAt(chat: number, from = Infinity): void {
    if (stopped) return
    unheard.set(chat, Math.min(unheard.get(chat) ?? Infinity, from))
    if (!running) void rounds()
  }

  /** Each in turn, those that fail twice more after a while. Returns those that failed to the end. */
  async function each(chats: ChatRow[], work: (chat: ChatRow) => Promise<unknown>): Promise<ChatRow[]> {
    let left = chats
    for (let round = 1; ; round += 1) {
      const failed: ChatRow[] = []
      for (const chat of left) {
        await readUnheard()
        if (stopped || again) return left
        try {
          await work(chat)
          report({ chats_done: progress.chats_done + 1 })
        } catch (error) {
          if (isOfTheArchive(error)) throw error
          // Deleted since it was listed.
          if (error instanceof AppError && error.code === 'chat_not_found') continue
          failed.push(chat)
          log.debug({ err: error }, 'a chat could not be read')
        }
      }
      left = failed
      if (left.length === 0 || round === TRIES) return left
      await pause(clock, RETRY_MS)
    }
  }

  return {
    run() {
      again = true
      if (!running && !stopped) void rounds()
    },
    look: lookAt,
    progress: () => progress,
    loadEarlier: history.loadEarlier,
    stop() {
      stopped = true
    },
  }
}
