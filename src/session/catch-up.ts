/**
 * Brings the archive up to what WhatsApp Web has: first what came while nobody listened, then history backwards, the
 * newest chats first. One per engine; ends with it. Killed anywhere, the next one goes on where this one was.
 */
import type { Clock } from '../clock.ts'
import type { Engine, HistoryPage } from '../engine/engine.ts'
import { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import type { SyncProgress } from '../model/status.ts'
import type { ChatRow } from '../store/chats.ts'
import { timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { createHistory, type HistoryBudget } from './history.ts'
import { createHistoryPages, pause } from './history-pages.ts'
import type { Inbox } from './inbox.ts'
import type { Keeping } from './keeping.ts'
import type { Recorded } from './record-messages.ts'

export type CatchUp = {
  /** Look through everything now, or once more when the present round is over. Returns at once. */
  run(): void
  progress(): SyncProgress
  /** WhatsApp Web has a message in this chat that nobody was told of: read it. Returns at once. */
  look(chat: number): void
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

const PAGE = 50
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
    onAdded: (count) => report({ messages: progress.messages + count }),
  })
  let stopped = false
  let again = false
  let running = false
  let lastLogged = 0
  /** Chats of which this round has brought the first message, the one that lists show. */
  const onlyLast = new Set<number>()
  const unheard = new Set<number>()
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

  /** What came silently does not wait for the history. */
  async function readUnheard(): Promise<void> {
    for (const id of unheard) {
      unheard.delete(id)
      const chat = store.chats.get(id)
      if (chat !== undefined && !stopped) await closeGap(chat, options.knownUntil())
    }
  }

  async function round(): Promise<void> {
    const since = options.knownUntil()
    report({ phase: 'chats', chats_done: 0, chats_total: 0 })
    for await (const contacts of engine.readContacts()) {
      if (stopped) return
      inbox.take({ type: 'contacts', contacts })
    }
    const listed = new Set<number>()
    const queued = new Set<number>()
    onlyLast.clear()
    unheard.clear()
    for await (const seen of engine.readChats()) {
      if (stopped) return
      // One transaction for the whole piece: a list of thousands would otherwise wait for the disk thousands of times.
      inbox.together(() => {
        for (const one of seen) {
          const chat = inbox.recordChat(one)
          if (chat === null) continue
          listed.add(chat.id)
          if (isUpToDate(chat, one, since)) inbox.setCaughtUp(chat.id)
          else queued.add(chat.id)
        }
      })
    }
    const chats = store.chats.all().filter(({ id }) => listed.has(id))
    const queue = chats.filter(({ id }) => queued.has(id))
    report({ phase: 'catching_up', chats_total: queue.length })
    await each(queue, (chat) => closeGap(chat, since))
    if (stopped || again) return
    options.onCaughtUp()
    log.info({ chats: chats.length, messages: progress.messages }, 'nothing that came meanwhile is missing')
    // As they are now: their gaps and beginnings have been found meanwhile.
    const { wanted, load } = history.plan(chats.flatMap(({ id }) => store.chats.get(id) ?? []))
    report({ phase: 'history', chats_done: 0, chats_total: wanted.length })
    await each(wanted, (chat) => load(chat, () => stopped || again))
  }

  /** Notes the newest message of a chat that is new here. Has nothing come, and can nothing have changed, since? */
  function isUpToDate(chat: ChatRow, { last, timestamp }: SeenChat, since: number | null): boolean {
    const upTo = chat.caught_up_to
    // What came after the newest message that would be kept is nothing.
    if (last !== null && last.sentAt < keeping.bounds(chat.id).from) return true
    if (upTo === null) {
      const isEmpty = chat.last_message === null
      if (last !== null) record(chat, [last], since, null)
      if (isEmpty) onlyLast.add(chat.id)
      // At the very first connection there is nothing to have missed: what is older is history.
      return since === null && isEmpty
    }
    if (last === null) return timestamp <= (upTo === 0 ? (since ?? 0) : timeOf(upTo))
    const isKnown = store.messages.findAll(last.bareId, chat.id).some(({ id }) => id <= upTo)
    return isKnown && since !== null && last.sentAt <= since - CHANGEABLE_S
  }

  function record(chat: ChatRow, seen: SeenMessage[], since: number | null, before: number | null): Recorded {
    const upTo =
      chat.caught_up_to === null ? since : chat.caught_up_to === 0 ? 0 : timeOf(chat.caught_up_to) - OVERLAP_S
    const isLate = ({ sentAt }: SeenMessage) => upTo !== null && sentAt >= upTo
    const recorded = inbox.recordStretch(chat.id, seen, (one) => (isLate(one) ? 'late' : 'history'), before)
    report({ messages: progress.messages + recorded.added })
    return recorded
  }

  /** Read back until what is known, and further as far as messages may have changed meanwhile. */
  async function closeGap(listed: ChatRow, since: number | null): Promise<void> {
    const chat = store.chats.get(listed.id)
    if (chat === undefined) return
    const upTo = chat.caught_up_to
    // A chat that was never looked at as a whole may have single messages that came live.
    const oldestKnown = () => (onlyLast.has(chat.id) ? null : (store.messages.oldest(chat.id)?.id ?? null))
    const known = upTo === null ? oldestKnown() : upTo
    for (let walked = 0, before: number | null = null; ; ) {
      const page: HistoryPage = await pages.read(chat.id, before, PAGE)
      if (stopped) return
      const recorded = record(chat, page.messages, since, before)
      walked += page.messages.length
      const [first] = page.messages
      if (page.end || first === undefined || recorded.oldest === null) {
        inbox.setHistoryComplete(chat.id)
        break
      }
      const { oldest } = recorded
      // Of a chat that is new here, what is older than our last look is history.
      if (known === null && (since === null || first.sentAt < since)) break
      const isMet = known !== null && known > 0 && first.sentAt < timeOf(known) - OVERLAP_S
      const isChecked = since === null || first.sentAt < since - CHANGEABLE_S || walked >= RECHECK_MESSAGES
      if (isMet && isChecked) break
      if (walked >= MAX_GAP) {
        if (!isMet) inbox.recordGap(chat.id, known || null, oldest)
        break
      }
      before = oldest
    }
    inbox.setCaughtUp(chat.id)
  }

  async function each(chats: ChatRow[], work: (chat: ChatRow) => Promise<unknown>): Promise<void> {
    let left = chats
    for (let round = 1; left.length > 0 && !stopped; round += 1) {
      const failed: ChatRow[] = []
      for (const chat of left) {
        if (stopped || again) return
        try {
          await readUnheard()
          await work(chat)
          report({ chats_done: progress.chats_done + 1 })
        } catch (error) {
          if (isOfTheArchive(error)) throw error
          failed.push(chat)
          log.debug({ err: error }, 'a chat could not be read')
        }
      }
      if (failed.length > 0 && round === TRIES) {
        log.warn({ chats: failed.length }, 'some chats could not be read; the next connection tries again')
        return
      }
      if (failed.length > 0) await pause(clock, RETRY_MS)
      left = failed
    }
  }
  return {
    run() {
      again = true
      if (!running && !stopped) void rounds()
    },
    look(chat) {
      unheard.add(chat)
      if (!running && !stopped) void rounds()
    },
    progress: () => progress,
    loadEarlier: history.loadEarlier,
    stop() {
      stopped = true
    },
  }
}

function isOfTheArchive(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith('archive_')
}
