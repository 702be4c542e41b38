/** The only writer of the archive: all reports from WhatsApp and the session pass through here. */
import type { Clock } from '../clock.ts'
import type { EngineEvent } from '../engine/engine.ts'
import type { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import type { OutboxEventKind, StoredItem } from '../model/events.ts'
import { type HistoryFacts, NOT_READ } from '../model/history.ts'
import { isGroup, type Jid } from '../model/ids.ts'
import type { Restriction } from '../model/restriction.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import type { Reason, SessionState } from '../model/status.ts'
import type { OwnIds } from '../own-ids.ts'
import type { ChatRow } from '../store/chats.ts'
import type { GapRow } from '../store/gaps.ts'
import { ME } from '../store/people.ts'
import { lastPositionOf, timeOf } from '../store/position.ts'
import { isOfTheArchive } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import { createIdentityResolver, type IdentityResolver } from './identity-resolver.ts'
import type { Keeping } from './keeping.ts'
import { createCallRecorder } from './record-calls.ts'
import { type ChatRecorder, createChatRecorder } from './record-chats.ts'
import {
  createMessageRecorder,
  type MessageRecorder,
  type OriginOf,
  type Recorded,
} from './record-messages.ts'
import { createPictureRecorder } from './record-pictures.ts'
import { isUnreadable } from './update-message.ts'

export type InboxEvent = OwnEvent | WhatsAppEvent

/** What WhatsApp reports. It can be read again. */
type WhatsAppEvent = Extract<
  EngineEvent,
  {
    type:
      | 'message'
      | 'stored'
      | 'ack'
      | 'reaction'
      | 'vote'
      | 'call'
      | 'picture'
      | 'chats'
      | 'chat_removed'
      | 'history_came'
      | 'contacts'
      | 'identity'
      | 'number'
  }
>

/** What this server reports itself. It can be read nowhere else. */
export type OwnEvent =
  /** The session entered this state. */
  | { type: 'session'; state: SessionState; reason: Reason | null }
  /** An item of the outbox changed. */
  | { type: 'outbox'; kind: OutboxEventKind; chat: Jid; item: StoredItem }
  /** The owner approved a message to this chat. */
  | { type: 'approved'; chat: Jid }
  /** WhatsApp restricts the account, or no longer. */
  | { type: 'restriction'; restriction: Restriction | null }

/** The most events in one transaction, so that other work does not wait long. */
const BATCH = 200
/**
 * A write blocks all other work. The next write waits as long as the last one took, but at most this long, and takes all that has
 * arrived meanwhile.
 */
const MOST_PAUSE_MS = 20
/**
 * This computer's clock is taken to be at most this far ahead of WhatsApp's. In an archive to which only own messages were added, a
 * catch-up reads this much again.
 */
export const MOST_AHEAD_S = 86_400

export type Inbox = {
  /**
   * Queues a report. It is written with all others of the same moment, in one transaction and in order. Never
   * throws: if it cannot be written, {@link InboxOptions.onLost} is called, and the catch-up reads it again.
   */
  take(event: InboxEvent): void
  /** Writes the queue now. Never throws. */
  flush(): void
  /** Runs `work` in one transaction, after writing the queue. Throws as {@link Inbox.recordStretch}. */
  together<T>(work: () => T): T
  /**
   * Writes a chat's data. Returns the chat's row, or null if the address is not a chat's. Throws likewise.
   */
  recordChat(seen: SeenChat): ChatRow | null
  /**
   * Writes consecutive messages of a chat, see `MessageRecorder.record`, after writing the queue.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`
   */
  recordStretch(chat: number, seen: SeenMessage[], originOf: OriginOf, before: number | null): Recorded
  /**
   * Records that messages after `after` (null: from the beginning) and before `before` are missing. Throws as
   * above.
   */
  recordGap(chat: number, after: number | null, before: number): void
  /** Shrinks the gap: nothing from `before` on is missing any more; null: nothing at all. Throws as above. */
  narrowGap(gap: GapRow, before: number | null): void
  /** Records how much of the chat's history is stored. Throws as above. */
  setHistory(chat: number, facts: HistoryFacts): void
  /** Records that all messages from this position on were read. Throws as above. */
  setHistoryFrom(chat: number, position: number): void
  /**
   * Changes when this chat is merged with another one: what was read of one half before says nothing about the whole, which is
   * read again.
   */
  mergeOf(chat: number): number
  /** Call it before a chat is checked, see {@link Inbox.setCaughtUp}. */
  syncPoint(): SyncPoint
  /**
   * Records that this chat is complete up to this position. With `since`, live messages extend the position,
   * unless events may have been missed since then. Throws as above.
   */
  setCaughtUp(chat: number, since: SyncPoint | null, upTo: number): void
  /** True if the chat was checked, and no event about it can have been missed since. */
  isCaughtUp(chat: number): boolean
  /** Events may have been missed: no chat counts as complete until it is checked again. */
  invalidateSync(): void
  where: IdentityResolver
}

/** Identifies the time between two calls of {@link Inbox.invalidateSync}. */
export type SyncPoint = { invalidations: number }

export type InboxOptions = {
  store: Store
  keeping: Keeping
  /** This account's addresses. */
  own: () => ReadonlySet<Jid>
  /** Recognises the messages of this server. Omitted: it has sent nothing. */
  ownIds?: Pick<OwnIds, 'isOurs'>
  clock: Clock
  log: Log
  /** Returns the short hash that stands for a chat in the log. */
  hash: (jid: string) => string
  /**
   * Called when queued events could not be written. What WhatsApp reported is missing until it is read again; `owed`, in order, is
   * what must be taken again once it can be written.
   */
  onLost: (error: AppError, owed: OwnEvent[]) => void
  /**
   * This chat may have messages without events, the oldest from this time on (Unix seconds; omitted: not
   * known). It no longer counts as complete.
   */
  onUnheard: (chat: number, from?: number) => void
  /** The history of some chat is to be read again. */
  onMore: () => void
  /** From this time on (Unix seconds) messages may be missing, 0 if nothing was ever complete; null: none. Omitted: always null. */
  missingSince?: () => number | null
  /** True if previews of media are stored. Omitted: true. */
  keepsPreviews?: boolean
}

const OWN: readonly string[] = ['session', 'outbox', 'approved', 'restriction'] satisfies OwnEvent['type'][]

/** True for an event of this server, which can be read nowhere else. */
export function isOwn(event: InboxEvent): event is OwnEvent {
  return OWN.includes(event.type)
}

export function createInbox(options: InboxOptions): Inbox {
  const { store, keeping, own, clock, log, hash, onLost, onUnheard, onMore } = options
  const { missingSince = () => null, ownIds = { isOurs: () => false }, keepsPreviews = true } = options
  const now = () => clock.now()
  const where = createIdentityResolver(store, own)
  const messages: MessageRecorder = createMessageRecorder(
    store,
    where,
    keeping,
    now,
    ownIds.isOurs,
    keepsPreviews,
  )
  /** The time of the newest message at the last {@link Inbox.invalidateSync} (Unix seconds); null: to be read before the next write. */
  let storedUntil: number | null = null
  const chats: ChatRecorder = createChatRecorder(store, where, now, () => {
    const since = missingSince()
    return since === null || storedUntil === null ? null : { since, storedUntil }
  })
  const calls = createCallRecorder(store, where, now)
  const recordPicture = createPictureRecorder(store, where, own, now)
  /** The time of the newest message that somebody else sent (Unix seconds); null: to be read. */
  let heardUntil: number | null = null
  const taken: InboxEvent[] = []
  let cancelFlush: (() => void) | null = null
  /** The next write begins at this time at the earliest, by `performance.now()`. */
  let nextAt = 0
  let invalidations = 0
  const caughtUp = new Set<number>()
  let merges = 0
  const lastMerge = new Map<number, number>()

  function write(event: InboxEvent): void {
    switch (event.type) {
      case 'message': {
        const { message } = event
        const chat = chatOf(message)
        if (chat === null) {
          const facts = { chat: hash(message.chat), type: message.type }
          return log.warn(facts, "a message was dropped: its address is no chat's address")
        }
        const { added, newest } = messages.record(chat, [message], () => 'live')
        hear(message)
        if (newest !== null && caughtUp.has(chat)) store.chats.setCaughtUp(chat, sureOf(newest))
        if (added > 0) tell(message)
        return
      }
      case 'ack':
        return messages.ack(event.chat, event.bareId, event.ack)
      case 'reaction':
        return messages.reaction(event.chat, event.bareId, event.messageSender, event.reaction)
      case 'vote':
        return messages.vote(event.chat, event.bareId, event.pollSender, event.vote)
      case 'call':
        return calls.record(event.call)
      case 'picture':
        return recordPicture(event)
      case 'chats':
        for (const one of event.chats) {
          const chat = chats.chat(one)
          if (chat === null) continue
          // The message should have been reported first: it came without an event, as after a lost
          // connection.
          const isKnown = one.last === null || isHere(chatOf(one.last) ?? chat, one.last)
          if (!isKnown || store.chats.get(chat)?.caught_up_to === null) markStale(chat)
        }
        return
      case 'stored': {
        const { message } = event
        const chat = chatOf(message)
        if (chat === null) return
        // WhatsApp Web may replace the model of a placeholder by one that can be read.
        if (isPlaceholder(chat, message)) return write({ type: 'message', message })
        if (isHere(chat, message)) return
        if (isHistory(chat, message)) return moreCame(chat)
        return markStale(chat, message.sentAt)
      }
      case 'history_came':
        return moreCame(where.findChat(event.chat))
      case 'chat_removed':
        return chats.removed(event.chat, event.isUnlisted)
      case 'contacts':
        return event.contacts.flatMap(chats.contact).forEach(merged)
      case 'identity':
        return chats.identity(event.phone, event.lid).forEach(merged)
      case 'number':
        if (store.people.aliasOf(event.asked) !== event.phone) store.people.setAlias(event.asked, event.phone)
        return
      case 'outbox': {
        const { kind, item } = event
        const chat = where.findChat(event.chat)
        return store.events.append({ at_ms: now(), kind, chat, message: null, data: { item } })
      }
      case 'approved': {
        const chat = isGroup(event.chat) ? where.findChat(event.chat) : null
        if (chat !== null) store.chats.setFamiliar(chat, true)
        return
      }
      case 'restriction': {
        const { restriction } = event
        const kind = restriction === null ? 'account.unrestricted' : 'account.restricted'
        const data = restriction === null ? {} : { restriction }
        return store.events.append({ at_ms: now(), kind, chat: null, message: null, data })
      }
      case 'session': {
        const { state, reason } = event
        const data = { state, reason }
        return store.events.append({ at_ms: now(), kind: 'session.changed', chat: null, message: null, data })
      }
    }
  }

  function hear({ fromMe, sentAt }: SeenMessage): void {
    heardUntil = fromMe ? heard() : Math.max(heard(), sentAt)
  }

  const heard = () => {
    heardUntil ??= timeOf(store.messages.newestReceived())
    return heardUntil
  }

  /**
   * Returns up to where a chat is certain to be complete if it seems complete up to `position`; never beyond the present. An own
   * message has this computer's time: if that is ahead, messages that WhatsApp receives later stand before it. So an own message
   * counts only up to the newest received one, or {@link MOST_AHEAD_S} before itself.
   */
  function sureOf(position: number): number {
    const present = Math.floor(now() / 1000)
    const sure = Math.min(position, lastPositionOf(present))
    if (store.messages.get(position)?.sender !== ME) return sure
    const until = Math.max(Math.min(heard(), present), timeOf(position) - MOST_AHEAD_S)
    return Math.min(sure, lastPositionOf(until))
  }

  /** By its address at that time: it may be another person's now. */
  const chatOf = ({ chat, sentAt }: SeenMessage) => where.chatId(chat, sentAt)

  /** True if the message is in the archive, or is not to be stored. */
  function isHere(chat: number, message: SeenMessage): boolean {
    return (
      store.messages.findAll(message.bareId, chat).length > 0 || !keeping.bounds(chat).keeps(message, 'read')
    )
  }

  /** True if only a placeholder of this message is stored, and it can be read now. */
  function isPlaceholder(chat: number, message: SeenMessage): boolean {
    return !isUnreadable(message) && store.messages.findAll(message.bareId, chat).some(isUnreadable)
  }

  /**
   * True if the message is older than everything loaded of the chat: the history loads it, within its budget.
   */
  function isHistory(chat: number, { sentAt }: SeenMessage): boolean {
    const row = store.chats.get(chat)
    if (row === undefined || row.history === 'all' || row.history_from === null) return false
    return sentAt < timeOf(row.history_from)
  }

  function transact<T>(work: () => T): T {
    try {
      return store.transaction(() => {
        storedUntil ??= timeOf(store.messages.newestOfAll())
        return work()
      })
    } catch (error) {
      calls.undo()
      throw error
    }
  }

  /** Writes all in one transaction. If one event itself cannot be written, the others still are. */
  function writeAll(batch: InboxEvent[]): void {
    try {
      transact(() => batch.forEach(write))
    } catch (error) {
      if (isOfTheArchive(error)) return lose(error, batch)
      for (const [at, event] of batch.entries()) {
        try {
          transact(() => write(event))
        } catch (cause) {
          if (isOfTheArchive(cause)) return lose(cause, batch.slice(at))
          log.error({ err: cause, event: event.type }, 'an event could not be written')
          // Whatever the message was, the chat is not complete with what follows it.
          if (event.type === 'message') caughtUp.delete(where.findChat(event.message.chat) ?? -1)
        }
      }
    }
  }

  function invalidateSync(): void {
    invalidations += 1
    storedUntil = null
    caughtUp.clear()
  }

  /** Gives the batch up. Own events that are queued behind it are owed too: they must not be written before its own events. */
  function lose(error: AppError, batch: readonly InboxEvent[]): void {
    invalidateSync()
    const rest = taken.splice(0)
    taken.push(...rest.filter((event) => !isOwn(event)))
    onLost(error, [...batch, ...rest].filter(isOwn))
  }

  function markStale(chat: number | null, from?: number): void {
    if (chat === null) return
    caughtUp.delete(chat)
    onUnheard(chat, from)
  }

  /** Messages came from another chat: what was known of either half does not hold for the whole. */
  function merged(chat: number): void {
    merges += 1
    lastMerge.set(chat, merges)
    markStale(chat)
    onMore()
  }

  function schedule(): void {
    const pause = nextAt - performance.now()
    if (pause < 1) {
      const immediate = setImmediate(flush)
      cancelFlush = () => clearImmediate(immediate)
    } else {
      const timer = setTimeout(flush, pause)
      cancelFlush = () => clearTimeout(timer)
    }
  }

  /** The history is read again now, within its budget, unless WhatsApp has said that nothing precedes it. */
  function moreCame(chat: number | null): void {
    const row = chat === null ? undefined : store.chats.get(chat)
    if (row === undefined || (row.history_reason === 'whatsapp' && row.history === 'all')) return
    store.chats.setHistory(row.id, NOT_READ)
    onMore()
  }

  function flush(): void {
    cancelFlush?.()
    cancelFlush = null
    const batch = taken.splice(0, BATCH)
    if (batch.length === 0) return
    const from = performance.now()
    writeAll(batch)
    const until = performance.now()
    nextAt = until + Math.min(until - from, MOST_PAUSE_MS)
    if (taken.length > 0) schedule()
  }

  function flushAll(): void {
    while (taken.length > 0) flush()
  }

  function together<T>(work: () => T): T {
    flushAll()
    return transact(work)
  }

  return {
    where,
    take(event) {
      taken.push(event)
      if (cancelFlush === null) schedule()
    },
    flush: flushAll,
    together,
    recordChat(seen) {
      const id = together(() => chats.chat(seen))
      return id === null ? null : (store.chats.get(id) ?? null)
    },
    recordStretch(chat, seen, originOf, before) {
      return together(() => {
        const id = store.chats.currentId(chat)
        // A number moved to another person: WhatsApp Web has the chats with both people as one.
        const others = new Map<number, SeenMessage[]>()
        const mine = seen.filter((message) => {
          const chatThen = where.knownChat(message.chat, message.sentAt) ?? id
          if (chatThen === id) return true
          others.set(chatThen, [...(others.get(chatThen) ?? []), message])
          return false
        })
        seen.forEach(hear)
        const recorded = messages.record(id, mine, originOf, before)
        for (const [other, theirs] of others) recorded.added += messages.record(other, theirs, originOf).added
        return recorded
      })
    },
    recordGap(chat, after, before) {
      together(() => {
        const id = store.chats.currentId(chat)
        store.gaps.add({ chat: id, after_message: after, before_message: before, found_at_ms: now() })
        store.events.append({ at_ms: now(), kind: 'gap.found', chat: id, message: null, data: null })
      })
    },
    narrowGap(gap, before) {
      together(() => {
        if (before !== null) return store.gaps.shrink(gap.id, before)
        if (!store.gaps.remove(gap.id)) return
        const chat = store.chats.currentId(gap.chat)
        store.events.append({ at_ms: now(), kind: 'gap.filled', chat, message: null, data: null })
      })
    },
    setHistory(chat, facts) {
      together(() => store.chats.setHistory(store.chats.currentId(chat), facts))
    },
    setHistoryFrom(chat, position) {
      together(() => store.chats.setHistoryFrom(store.chats.currentId(chat), position))
    },
    mergeOf: (chat) => lastMerge.get(store.chats.currentId(chat)) ?? 0,
    syncPoint: () => ({ invalidations }),
    setCaughtUp(chat, since, upTo) {
      const id = store.chats.currentId(chat)
      together(() => store.chats.setCaughtUp(id, sureOf(upTo)))
      if (since?.invalidations === invalidations) caughtUp.add(id)
    },
    isCaughtUp: (chat) => caughtUp.has(store.chats.currentId(chat)),
    invalidateSync,
  }

  function tell({ chat, fromMe, type, standing }: SeenMessage): void {
    if (standing === 'notice') return
    const facts = { chat: hash(chat), group: isGroup(chat), type }
    log.info(facts, fromMe ? 'message.sent' : 'message.received')
  }
}
