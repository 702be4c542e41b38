/** Writes messages into the archive: only what is new, each change with its event. */
import type { EventKind } from '../model/events.ts'
import { chatKindOf, type Jid, STATUS } from '../model/ids.ts'
import type { OwnVote, SeenMessage, SeenReaction, SeenVote } from '../model/seen.ts'
import type { IsOurs } from '../store/acquaintance.ts'
import { digitsOf } from '../store/identify.ts'
import { type MessageRow, numberOf } from '../store/message-row.ts'
import { ME, NOBODY } from '../store/people.ts'
import { firstPositionOf, timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'
import type { Keeping } from './keeping.ts'
import { toDetails, toJson } from './message-details.ts'
import { eventOfNotice } from './notice-event.ts'
import { placesFor } from './places.ts'
import { createFamiliarRecorder } from './record-familiar.ts'
import { createReactionRecorder, type Log } from './record-reactions.ts'
import { createVoteRecorder } from './record-votes.ts'
import { createReports } from './reports.ts'
import { createMessageUpdater } from './update-message.ts'

/**
 * How messages arrived. `live`: reported by WhatsApp. `late`: they arrived while the server was not
 * connected, and the catch-up found them. `history`: they are older than the archive, and share one event.
 */
export type Origin = 'live' | 'late' | 'history'

export type OriginOf = (message: SeenMessage) => Origin

/**
 * The result of recording consecutive messages. `oldest`, `newest`: positions at WhatsApp Web's times; `lowest`: the first position
 * in the archive, where an own message may have another time. Null if there were no messages.
 */
export type Recorded = {
  added: number
  oldest: number | null
  newest: number | null
  lowest: number | null
}

export type MessageRecorder = {
  /**
   * Records consecutive messages of one chat, oldest first, without gaps; writes those that are to be stored.
   * `before`: position of the known message that follows directly. Call within a transaction.
   */
  record(chat: number, seen: SeenMessage[], originOf: OriginOf, before?: number | null): Recorded
  /** `chat`: its address, now or when the message was sent. These three may come before their message. */
  ack(chat: Jid, bareId: string, ack: number): void
  reaction(chat: Jid, bareId: string, messageSender: Jid | null, reaction: SeenReaction): void
  vote(chat: Jid, bareId: string, pollSender: Jid | null, vote: SeenVote | OwnVote): void
}

export function createMessageRecorder(
  store: Store,
  where: IdentityResolver,
  keeping: Keeping,
  now: () => number,
  isOurs: IsOurs,
  keepsPreviews: boolean,
): MessageRecorder {
  const { messages, raws, chats, events, people } = store

  const log: Log = (kind, row, data = null) => {
    events.append({ at_ms: now(), kind, chat: row.chat, message: row.id, data })
  }

  const reactions = createReactionRecorder(store, where, log, now)
  const setVote = createVoteRecorder(store, where, log)
  const updater = createMessageUpdater(store, where, log, setRaw, now)
  const reports = createReports(store, where, now)
  const noteFamiliar = createFamiliarRecorder(store, isOurs)

  /** @param person the person of a direct chat, ME for the chat with oneself; null in other chats */
  function senderOf({ fromMe, sender, senderName, sentAt }: SeenMessage, person: number | null): number {
    // Builds disagree about the direction of notes to oneself.
    if (fromMe || person === ME) return ME
    if (sender === null) return person ?? NOBODY
    const id = person ?? where.senderId(sender, sentAt)
    // The first name seen of an unknown sender; later names come with the contacts.
    if (senderName !== null && people.find(sender)?.pushname === null) people.setPushname(id, senderName)
    return id
  }

  function insert(chat: number, seen: SeenMessage, sender: number, place: number, origin: Origin): void {
    const row: MessageRow = {
      id: place,
      chat,
      bare_id: seen.bareId,
      sender,
      type: seen.type,
      body: seen.body,
      ack: seen.ack,
      has_media: Number(seen.hasMedia),
      edited_at_ms: seen.editedAt,
      revoked_at_ms: seen.type === 'revoked' ? now() : null,
      details: toJson(toDetails(seen, where.senderId)),
      standing: numberOf(seen.standing),
      // In a group, the chat says nothing about a person.
      by_phone: digitsOf(chatKindOf(seen.chat) === 'direct' ? seen.chat : seen.sender),
    }
    messages.insert(row)
    setRaw(place, seen, row.body)
    // A notice is no activity, and what it says has an event of its own, except for a call.
    const isNotice = seen.standing === 'notice'
    if (isNotice && seen.type !== 'call_log') {
      const said = origin === 'history' ? null : eventOfNotice(seen)
      const named = said?.people?.map((one) => where.senderId(one, seen.sentAt)) ?? []
      const about = named.length > 0 ? named : [sender]
      if (said !== null) for (const one of about) log(said.kind, row, { ...said.data, sender: one })
      return
    }
    if (!isNotice) chats.noteMessage(chat, place, seen.sentAt)
    if (!isNotice && sender === ME) noteFamiliar(row, seen.forwarded)
    if (origin !== 'history') {
      log(kindOf(seen), row, origin === 'late' ? { late: true } : null)
    }
    for (const reaction of seen.reactions ?? []) reactions.set(row, reaction, false)
    for (const vote of seen.votes ?? []) setVote(row, vote, false)
    reports.writeFor(seen.bareId)
  }

  /** @param body as stored */
  function setRaw(message: number, { raw, source, preview }: SeenMessage, body: string): void {
    if (raw !== null) raws.setModel(message, raw, body)
    if (source !== null) raws.setSource(message, source)
    if (preview !== undefined && keepsPreviews) raws.setPreview(message, preview)
  }

  function update(row: MessageRow, seen: SeenMessage, origin: Origin): void {
    updater.update(row, seen, origin === 'live')
    if (seen.reactions !== null) reactions.setAll(row, seen.reactions)
    for (const vote of seen.votes ?? []) setVote(row, vote)
  }

  function record(
    chat: number,
    seen: SeenMessage[],
    originOf: OriginOf,
    before: number | null = null,
  ): Recorded {
    const person = where.personOf(chat)
    const { from, keeps } = keeping.bounds(chat)
    const known = new Map<string, MessageRow | null>()
    const stretch = seen
      .filter(({ sentAt }) => sentAt >= from)
      .map((message) => {
        const sender = senderOf(message, person)
        return {
          message,
          sender,
          second: timeOf(firstPositionOf(message.sentAt)),
          name: `${sender} ${message.bareId}`,
        }
      })
      .sort((one, other) => one.second - other.second)
      .filter(({ message, sender, name }) => {
        const isFirst = !known.has(name)
        if (isFirst) known.set(name, messages.find(message.bareId, chat, sender) ?? null)
        // A stored message may have to be deleted under new rules, so it is updated too.
        return (
          isFirst &&
          (known.get(name) !== null || keeps(message, originOf(message) === 'live' ? 'live' : 'read'))
        )
      })
    /** The position of the message at this index, after the last one `before`; null: it has none yet. */
    const placeAt = (index: number) => {
      const one = stretch[index]
      return one === undefined ? before : (known.get(one.name)?.id ?? null)
    }
    /** `place`, if it is behind `left`; else null. */
    const later = (place: number | null, left: number | null) =>
      place !== null && place > (left ?? -1) ? place : null
    /** `place`, if it is in this second; else null. */
    const within = (place: number | null, second: number) =>
      place !== null && timeOf(place) === second ? place : null

    let added = 0
    let old = 0
    let oldest: number | null = null
    let newest: number | null = null
    let lowest: number | null = null
    const include = (place: number, stored: number) => {
      oldest = Math.min(oldest ?? place, place)
      newest = Math.max(newest ?? 0, place)
      lowest = Math.min(lowest ?? stored, stored)
    }
    for (let index = 0; index < stretch.length; ) {
      const one = stretch[index]
      if (one === undefined) break
      const row = known.get(one.name)
      if (row) {
        update(row, one.message, originOf(one.message))
        include(within(row.id, one.second) ?? firstPositionOf(one.second), row.id)
        index += 1
        continue
      }
      let end = index + 1
      while (stretch[end]?.second === one.second && placeAt(end) === null) end += 1
      const left = within(newest, one.second)
      // Messages after the newest one were received live while this page was being read.
      const next = newest === null ? null : messages.nextIn(chat, newest)
      const right = within(later(placeAt(end), left) ?? next, one.second)
      const isLive = originOf(one.message) === 'live'
      const places = placesFor(messages, end - index, one.second, left, right, isLive)
      for (const place of places) {
        const { message, sender } = stretch[index] ?? one
        const origin = originOf(message)
        insert(chat, message, sender, place, origin)
        if (origin === 'history' && message.standing !== 'notice') old += 1
        include(place, place)
        index += 1
        added += 1
      }
    }
    if (old > 0) {
      events.append({ at_ms: now(), kind: 'history.loaded', chat, message: null, data: { count: old } })
    }
    return { added, oldest, newest, lowest }
  }

  return {
    record,
    ack: (chat, bareId, ack) => reports.write(chat, bareId, null, (row) => updater.setAck(row, ack)),
    reaction: (chat, bareId, messageSender, reaction) =>
      reports.write(chat, bareId, messageSender, (row) => reactions.set(row, reaction)),
    vote: (chat, bareId, pollSender, vote) =>
      reports.write(chat, bareId, pollSender, (row) => setVote(row, vote)),
  }
}

/** The event of a new message. */
function kindOf({ chat, fromMe }: SeenMessage): EventKind {
  if (!fromMe) return 'message.received'
  return chat === STATUS ? 'status_update.posted' : 'message.sent'
}
