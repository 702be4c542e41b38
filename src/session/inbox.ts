/** The only writer of the archive: whatever brought it, everything that WhatsApp and the session report comes through here. */
import type { Clock } from '../clock.ts'
import type { EngineEvent } from '../engine/engine.ts'
import type { AppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { isGroup, type Jid } from '../model/ids.ts'
import type { SeenChat, SeenMessage } from '../model/seen.ts'
import type { Reason, SessionState } from '../model/status.ts'
import type { ChatRow } from '../store/chats.ts'
import type { GapRow } from '../store/gaps.ts'
import { timeOf } from '../store/position.ts'
import { isOfTheArchive } from '../store/sqlite.ts'
import type { Store } from '../store/store.ts'
import type { Keeping } from './keeping.ts'
import { type ChatRecorder, createChatRecorder } from './record-chats.ts'
import {
  createMessageRecorder,
  type MessageRecorder,
  type OriginOf,
  type Recorded,
} from './record-messages.ts'
import { createWhereabouts, type Whereabouts } from './whereabouts.ts'

export type InboxEvent =
  | Extract<
      EngineEvent,
      { type: 'message' | 'stored' | 'ack' | 'reaction' | 'chats' | 'chat_removed' | 'contacts' | 'identity' }
    >
  /** The session entered this state. */
  | { type: 'session'; state: SessionState; reason: Reason | null }

/** More than this many events are written in one go only if they came at once, so that nothing else waits long. */
const BATCH = 200

export type Inbox = {
  /**
   * Take what was reported. It is written with everything else of the same moment, in one transaction and in
   * order. Never throws: where it cannot be written, {@link Inbox.onLost} tells, and catching up brings it back.
   */
  take(event: InboxEvent): void
  /** Write now what was taken. Never throws. */
  flush(): void
  /** All of `work` in one transaction; what was taken before is written first. Throws as {@link Inbox.recordStretch}. */
  together<T>(work: () => T): T
  /** Write what is said of a chat; the chat as it is then, null where its address is no chat's. Throws likewise. */
  recordChat(seen: SeenChat): ChatRow | null
  /**
   * Write a stretch of a chat that was read, see `MessageRecorder.record`; what was taken before is written first.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`
   */
  recordStretch(chat: number, seen: SeenMessage[], originOf: OriginOf, before: number | null): Recorded
  /** Messages after `after` (null: from the beginning) and before `before` are missing. Throws as above. */
  recordGap(chat: number, after: number | null, before: number): void
  /** From `before` on nothing of the gap is missing any more; null: nothing at all. Throws as above. */
  narrowGap(gap: GapRow, before: number | null): void
  /** The beginning of what WhatsApp Web has of this chat is here. Throws as above. */
  setHistoryComplete(chat: number): void
  /** To be taken before a chat is looked through, see {@link Inbox.setCaughtUp}. */
  look(): Look
  /**
   * Everything of this chat that WhatsApp has is here, up to this position. With a look, what comes live from now on
   * keeps it so, unless something may have been missed since the look began. Throws as above.
   */
  setCaughtUp(chat: number, look: Look | null, upTo: number): void
  /** Something may have been missed: no chat counts as caught up until it was looked through anew. */
  doubt(): void
  where: Whereabouts
}

/** Names the time between two doubts. */
export type Look = { doubts: number }

export type InboxOptions = {
  store: Store
  keeping: Keeping
  /** This account's addresses. */
  own: () => ReadonlySet<Jid>
  clock: Clock
  log: Log
  /** Makes the short word under which a chat may stand in the log. */
  hash: (jid: string) => string
  /** Something that was taken could not be written, and is lost until it is read again. */
  onLost: (error: AppError) => void
  /**
   * This chat may have messages of which no event came, the oldest from this time on (Unix seconds; left out: not known).
   * It does not count as caught up any more.
   */
  onUnheard: (chat: number, from?: number) => void
}

export function createInbox(options: InboxOptions): Inbox {
  const { store, keeping, own, clock, log, hash, onLost, onUnheard } = options
  const now = () => clock.now()
  const where = createWhereabouts(store, own)
  const messages: MessageRecorder = createMessageRecorder(store, where, keeping, now)
  const chats: ChatRecorder = createChatRecorder(store, where, now)
  const taken: InboxEvent[] = []
  let scheduled: NodeJS.Immediate | null = null
  let doubts = 0
  const caughtUp = new Set<number>()

  function write(event: InboxEvent): void {
    switch (event.type) {
      case 'message': {
        const { message } = event
        const chat = where.chatId(message.chat)
        if (chat === null) return
        const { added, newest } = messages.record(chat, [message], () => 'live')
        if (newest !== null && caughtUp.has(chat)) store.chats.setCaughtUp(chat, newest)
        if (added > 0) tell(message)
        return
      }
      case 'ack':
      case 'reaction': {
        const chat = where.findChat(event.chat)
        if (chat === null) return
        if (event.type === 'ack') return messages.ack(chat, event.bareId, event.ack)
        return messages.reaction(chat, event.bareId, event.messageSender, event.reaction)
      }
      case 'chats':
        for (const one of event.chats) {
          const chat = chats.chat(one)
          if (chat === null) continue
          // Its message would have been reported before: it came without an event, as after a lost connection.
          const isKnown = one.last === null || isHere(chat, one.last)
          if (!isKnown || store.chats.get(chat)?.caught_up_to === null) lookAgain(chat)
        }
        return
      case 'stored': {
        const { message } = event
        const chat = where.chatId(message.chat)
        if (chat !== null && !isHere(chat, message) && !isHistory(chat, message))
          lookAgain(chat, message.sentAt)
        return
      }
      case 'chat_removed':
        return chats.removed(event.chat)
      case 'contacts':
        for (const one of event.contacts) lookAgain(chats.contact(one))
        return
      case 'identity':
        return lookAgain(chats.identity(event.phone, event.lid))
      case 'session': {
        const { state, reason } = event
        const data = { state, reason }
        return store.events.append({ at_ms: now(), kind: 'session.changed', chat: null, message: null, data })
      }
    }
  }

  /** Is the message in the archive, or one that is not to be kept? */
  function isHere(chat: number, message: SeenMessage): boolean {
    return store.messages.findAll(message.bareId, chat).length > 0 || !keeping.bounds(chat).keeps(message)
  }

  /** Is the message older than all that was loaded of the chat so far? The history brings it, within its budget. */
  function isHistory(chat: number, { sentAt }: SeenMessage): boolean {
    const oldest = store.messages.oldest(chat)?.id
    return oldest !== undefined && sentAt < timeOf(oldest) && store.chats.get(chat)?.history_complete === 0
  }

  /** All in one transaction; where one of them cannot be written for what it is, the others are all the same. */
  function writeAll(batch: InboxEvent[]): void {
    try {
      store.transaction(() => batch.forEach(write))
    } catch (error) {
      if (isOfTheArchive(error)) return lose(error)
      for (const event of batch) {
        try {
          store.transaction(() => write(event))
        } catch (cause) {
          if (isOfTheArchive(cause)) return lose(cause)
          log.error({ err: cause, event: event.type }, 'an event could not be written')
          // Whatever it was, the chat is not complete with what comes after it.
          if (event.type === 'message') caughtUp.delete(where.findChat(event.message.chat) ?? -1)
        }
      }
    }
  }

  function doubt(): void {
    doubts += 1
    caughtUp.clear()
  }

  function lose(error: AppError): void {
    doubt()
    onLost(error)
  }

  function lookAgain(chat: number | null, from?: number): void {
    if (chat === null) return
    caughtUp.delete(chat)
    onUnheard(chat, from)
  }

  function flush(): void {
    if (scheduled !== null) clearImmediate(scheduled)
    scheduled = null
    const batch = taken.splice(0, BATCH)
    if (batch.length === 0) return
    writeAll(batch)
    if (taken.length > 0) scheduled = setImmediate(flush)
  }

  function flushAll(): void {
    while (taken.length > 0) flush()
  }

  function together<T>(work: () => T): T {
    flushAll()
    return store.transaction(work)
  }

  return {
    where,
    take(event) {
      taken.push(event)
      scheduled ??= setImmediate(flush)
    },
    flush: flushAll,
    together,
    recordChat(seen) {
      const id = together(() => chats.chat(seen))
      return id === null ? null : (store.chats.get(id) ?? null)
    },
    recordStretch(chat, seen, originOf, before) {
      return together(() => messages.record(store.chats.currentId(chat), seen, originOf, before))
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
    setHistoryComplete(chat) {
      together(() => store.chats.setHistoryComplete(store.chats.currentId(chat)))
    },
    look: () => ({ doubts }),
    setCaughtUp(chat, look, upTo) {
      const id = store.chats.currentId(chat)
      together(() => store.chats.setCaughtUp(id, upTo))
      if (look?.doubts === doubts) caughtUp.add(id)
    },
    doubt,
  }

  function tell({ chat, fromMe, type }: SeenMessage): void {
    const facts = { chat: hash(chat), group: isGroup(chat), type }
    log.info(facts, fromMe ? 'message.sent' : 'message.received')
  }
}
