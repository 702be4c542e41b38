/** Reads what is new in one chat: back to the last known message, then further while messages may have changed since. */
import type { Clock } from '../clock.ts'
import { afterEnd, NOT_READ } from '../model/history.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import type { ChatRow } from '../store/chats.ts'
import { firstPositionOf, timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { type HistoryPages, PAGE, type Page } from './history-pages.ts'
import type { Inbox } from './inbox.ts'
import type { Keeping } from './keeping.ts'
import { createQueues } from './queues.ts'
import type { Recorded } from './record-messages.ts'

export type NewMessages = {
  /** A round through all chats begins: fixes the time up to which nothing was missing. */
  startRound(): void
  /**
   * Returns the position up to which the chat is complete if nothing new arrived and nothing can have changed
   * since the last check; else null. For a chat that is new here it stores how far the chat is known.
   */
  upToDateUntil(chat: ChatRow, seen: SeenChat): number | null
  /**
   * Reads a chat back to the last known message and to `from` (Unix seconds). One reading per chat at a time, or a gap would be
   * recorded twice. Errors as `Engine.readMessages`.
   */
  read(chat: number, from?: number): Promise<void>
  /** The same, only if something may be new once the reading that runs has ended. */
  readIfAny(chat: number): Promise<void>
}

export type NewMessagesOptions = {
  pages: HistoryPages
  store: Store
  inbox: Inbox
  keeping: Keeping
  /** Unix seconds: nothing was missing up to this time; null: never complete. */
  knownUntil: () => number | null
  clock: Clock
  isStopped: () => boolean
  onAdded: (count: number) => void
  /** The chat was merged with another while it was read: it is to be read again. */
  onMerged: (chat: number, from: number) => void
  /** The chat has a gap, or history, that can be loaded now. */
  onHistoryDue: () => void
}

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

export function createNewMessages(options: NewMessagesOptions): NewMessages {
  const { pages, store, inbox, keeping, clock, isStopped, onAdded, onMerged, onHistoryDue } = options
  /** Unix seconds: nothing was missing up to this time, as of this round; null: never complete. */
  let since: number | null = null
  const readings = createQueues<number, void>()
  const rowOf = (chat: number) => store.chats.get(store.chats.currentId(chat))

  /** Unix seconds: nothing is missing up to this time; null: never complete. Clocks differ, and a dead browser is noticed late. */
  function completeUntil(): number | null {
    const noted = options.knownUntil()
    return noted === null ? null : noted - OVERLAP_S
  }

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
    // WhatsApp Web gave only a time, 0 if not even that: another message of the same second may have arrived since.
    if (last === null) {
      const isOld = timestamp > 0 && timestamp <= timeOf(upTo) && since !== null && timestamp < since
      return isOld ? upTo : null
    }
    const chatThen = inbox.where.chatId(last.chat, last.sentAt) ?? chat.id
    const isKnown = store.messages.findAll(last.bareId, chatThen).some(({ id }) => id <= upTo)
    return isKnown && since !== null && last.sentAt <= since - CHANGEABLE_S ? upTo : null
  }

  /** @param upTo the position up to which nothing was missing; new messages after it count as late */
  function record(chat: number, seen: SeenMessage[], before: number | null, upTo: number | null): Recorded {
    const isLate = ({ sentAt }: SeenMessage) => upTo !== null && sentAt >= timeOf(upTo) - OVERLAP_S
    const recorded = inbox.recordStretch(chat, seen, (one) => (isLate(one) ? 'late' : 'history'), before)
    onAdded(recorded.added)
    return recorded
  }

  async function readBack(chat: number, from = Infinity): Promise<void> {
    const syncPoint = inbox.syncPoint()
    const merge = inbox.mergeOf(chat)
    const startedAt = Math.floor(clock.now() / 1000)
    // A chat that was never checked was empty when the whole archive last was complete, which may be later than the round.
    const complete = completeUntil()
    const upTo = rowOf(chat)?.caught_up_to ?? (complete === null ? null : firstPositionOf(complete))
    /** The last message of the time when nothing was missing; null: there was none. */
    const known = upTo === null ? null : store.messages.lastUpTo(store.chats.currentId(chat), upTo)
    /** The last known message was reached: nothing is missing in between. */
    let isMet = known === null
    let added = 0
    let before: number | null = null
    const walk = pages.walk(chat, null)
    for (let walked = 0; ; ) {
      const newest: number = store.messages.newest(store.chats.currentId(chat))?.id ?? -1
      const page: Page = await walk.read(PAGE)
      if (isStopped()) return
      if (inbox.mergeOf(chat) !== merge) return onMerged(store.chats.currentId(chat), from)
      // What came live in the meantime follows what was read.
      const next: number | null = before ?? store.messages.nextIn(store.chats.currentId(chat), newest)
      const { oldest, lowest, added: count }: Recorded = record(chat, page.messages, next, upTo)
      walked += page.messages.length
      before = oldest ?? before
      const [first] = page.messages
      if (known !== null && lowest !== null && lowest <= known) isMet = true
      added += count
      if (page.end || first === undefined) {
        const row = rowOf(chat) ?? NOT_READ
        // A complete chat stays so: its end was met before.
        const isComplete = row.history === 'all' && added === 0
        if (!isComplete)
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
        // If the last known message was met, the gap ends where this reading was to end.
        const end = firstPositionOf(Math.min(timeOf(upTo) - OVERLAP_S, from)) - 1
        inbox.recordGap(
          chat,
          isMet ? store.messages.lastUpTo(store.chats.currentId(chat), end) : known,
          before,
        )
        onHistoryDue()
        break
      }
    }
    if (before !== null) inbox.setHistoryFrom(chat, before)
    const row = rowOf(chat)
    if (row?.history === 'failed') {
      inbox.setHistory(chat, NOT_READ)
      onHistoryDue()
    }
    inbox.setCaughtUp(chat, syncPoint, row?.last_message ?? firstPositionOf(startedAt))
  }

  const read = (chat: number, from?: number) => readings.run(chat, () => readBack(chat, from))
  return {
    startRound() {
      since = completeUntil()
    },
    upToDateUntil,
    read,
    async readIfAny(chat) {
      await readings.newest(chat)
      if (!inbox.isCaughtUp(chat)) await read(chat)
    },
  }
}
