/** Writes messages into the archive: only what is new, each change with its event. */
import type { EventKind } from '../model/events.ts'
import { chatKindOf, type Jid, STATUS } from '../model/ids.ts'
import type { OwnVote, SeenMessage, SeenReaction, SeenVote } from '../model/seen.ts'
import type { IsOurs } from '../store/acquaintance.ts'
import { digitsOf } from '../store/identify.ts'
import { type MessageDetails, type MessageRow, numberOf } from '../store/message-row.ts'
import { ME, NOBODY } from '../store/people.ts'
import { firstPositionOf, timeOf } from '../store/position.ts'
import { detailsOf as storedDetails } from '../store/render.ts'
import type { Store } from '../store/store.ts'
import { createEarlyReports } from './early-reports.ts'
import type { IdentityResolver } from './identity-resolver.ts'
import type { Keeping } from './keeping.ts'
import {
  contentIn,
  type Known,
  marksOf,
  toDetails,
  toExpiry,
  toJson,
  toMarks,
  withKnownMedia,
} from './message-details.ts'
import { eventOfNotice } from './notice-event.ts'
import { placesFor } from './places.ts'
import { createFamiliarRecorder } from './record-familiar.ts'
import { createReactionRecorder, type Log } from './record-reactions.ts'

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
): MessageRecorder {
  const { messages, raws, changes, chats, events, people } = store

  const log: Log = (kind, row, data = null) => {
    events.append({ at_ms: now(), kind, chat: row.chat, message: row.id, data })
  }

  const reactions = createReactionRecorder(store, where, log, now)
  const early = createEarlyReports(now)
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

  const detailsOf = (
    seen: SeenMessage,
    expiresAt = seen.expiresAt,
    marks = marksOf(seen, {}),
    known: Known = {},
  ): string | null => toJson(toDetails(seen, where.senderId, { expiresAt, marks, known }))

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
      details: detailsOf(seen),
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
      if (said !== null) log(said.kind, row, { ...said.data, sender })
      return
    }
    if (!isNotice) chats.noteMessage(chat, place, seen.sentAt)
    if (!isNotice && sender === ME) noteFamiliar(chat, seen)
    if (origin !== 'history') {
      log(kindOf(seen), row, origin === 'late' ? { late: true } : null)
    }
    for (const reaction of seen.reactions ?? []) reactions.set(row, reaction, false)
    for (const vote of seen.votes ?? []) setVote(row, vote, false)
    early.writeFor(seen.bareId)
  }

  /** @param body as stored */
  function setRaw(message: number, { raw, source }: SeenMessage, body: string): void {
    if (raw !== null) raws.setModel(message, raw, body)
    if (source !== null) raws.setSource(message, source)
  }

  /** True for a placeholder that cannot be read (yet): stored data is better. */
  const isUnread = ({ type }: { type: string }) => type === 'ciphertext' || type === 'unknown'

  /** A chat's last message is no notice. */
  function restand(row: MessageRow, change: Partial<MessageRow> & Pick<MessageRow, 'standing'>): void {
    messages.update({ ...row, ...change })
    const notice = numberOf('notice')
    if ((row.standing === notice) !== (change.standing === notice)) chats.refreshLast(row.chat)
  }

  /** Updates a stored message with what has changed. */
  function update(row: MessageRow, seen: SeenMessage, origin: Origin): void {
    const { type, body } = row
    const keep = (what: 'edited' | 'revoked', untilMs: number) =>
      changes.addRevision(row.id, { what, type, body, untilMs })
    // The newest state wins; a deleted message stays deleted, even if an older copy arrives.
    if (row.type !== 'revoked') {
      const known = storedDetails(row)
      // A deleted message no longer carries its expiry, and its earlier text must disappear with it.
      const expiresAt = seen.isKept ? null : (seen.expiresAt ?? known.expires_at ?? null)
      const { mentions: _, ...lasting } = known
      // An edit may take mentions out of the text.
      const isEdit = isNewerText(row, seen, origin)
      const details = detailsOf(seen, expiresAt, marksOf({}, known), isEdit ? lasting : known)
      if (seen.type === 'revoked') {
        const revision = keep('revoked', now())
        restand(row, {
          type: 'revoked',
          body: '',
          has_media: 0,
          revoked_at_ms: now(),
          details: toJson(toExpiry(expiresAt)),
          standing: numberOf('message'),
        })
        raws.drop([row.id])
        log('message.revoked', row, { revision })
      } else if (isUnread(row) && !isUnread(seen)) {
        const has_media = Number(seen.hasMedia)
        const standing = numberOf(seen.standing)
        restand(row, { type: seen.type, body: seen.body, has_media, details, standing })
        setRaw(row.id, seen, seen.body)
        log('message.decrypted', row)
      } else if (isEdit) {
        const editedAt = seen.editedAt ?? now()
        const revision = keep('edited', editedAt)
        messages.update({ ...row, type: seen.type, body: seen.body, edited_at_ms: editedAt, details })
        setRaw(row.id, seen, seen.body)
        log('message.edited', row, { revision })
      } else if (seen.type === row.type && seen.hasMedia && row.has_media === 0) {
        // Own media, first seen before the upload.
        messages.update({ ...row, has_media: 1, body: seen.body, details })
        setRaw(row.id, seen, seen.body)
      } else if (!isUnread(seen) && isOtherContent(row, known, seen)) {
        // A kind that one version knew stays known.
        const standing = seen.standing === 'unknown' ? row.standing : numberOf(seen.standing)
        const kept = bodyOf(row, seen)
        restand(row, { body: kept, details, standing })
        setRaw(row.id, seen, kept)
      } else if (expiresAt !== (known.expires_at ?? null)) {
        // A member kept the message in the chat, or no longer keeps it.
        const { expires_at: _, ...others } = known
        messages.update({ ...row, details: toJson({ ...others, ...toExpiry(expiresAt) }) })
      }
    }
    setMarks(row, seen)
    if (seen.fromMe) setAck(row, seen.ack)
    if (seen.reactions !== null) reactions.setAll(row, seen.reactions)
    for (const vote of seen.votes ?? []) setVote(row, vote)
  }

  /** A place that moves, an event that is cancelled, and what an earlier version did not store or know. */
  function isOtherContent(
    row: MessageRow,
    known: MessageDetails,
    { type, standing, content, raw }: SeenMessage,
  ): boolean {
    if (type !== row.type) return false
    if (standing !== 'unknown' && row.standing === numberOf('unknown')) return true
    if (raw !== null && !raws.hasModel(row.id)) return true
    return JSON.stringify(contentIn(known)) !== JSON.stringify(withKnownMedia(known, content))
  }

  /** Updates star and pin, which other devices change too. A deleted message has none. */
  function setMarks(before: MessageRow, seen: SeenMessage): void {
    const known = marksOf({}, storedDetails(before))
    const { starred, pinnedUntil } = marksOf(seen, storedDetails(before))
    if (starred === known.starred && pinnedUntil === known.pinnedUntil) return
    const row = messages.get(before.id)
    if (row === undefined || row.type === 'revoked') return
    const { starred: _, pinned_until: __, ...others } = storedDetails(row)
    messages.update({ ...row, details: toJson({ ...others, ...toMarks({ starred, pinnedUntil }) }) })
    if (starred !== known.starred) log('message.starred', row, { starred })
    if (pinnedUntil !== known.pinnedUntil) log('message.pinned', row, { pinned_until: pinnedUntil })
  }

  function isNewerText(row: MessageRow, seen: SeenMessage, origin: Origin): boolean {
    if (isUnread(seen) || seen.body === row.body) return false
    if (seen.editedAt === null && !EDITED.has(row.type)) return false
    if (Number(seen.hasMedia) !== row.has_media) return false
    if (seen.editedAt !== null) return seen.editedAt > (row.edited_at_ms ?? 0)
    if (row.edited_at_ms === null) return true
    // This build sends no edit time: accept a live text that the message did not have before.
    const before = origin === 'live' ? changes.textsBefore(row.id) : []
    return before.length > 0 && !before.includes(seen.body)
  }

  /** An ack never decreases, except to -1: failed. */
  function setAck(row: MessageRow, ack: number): void {
    if (row.sender !== ME || row.ack === ack || (ack >= 0 && ack < row.ack) || (ack < 0 && row.ack > 0))
      return
    messages.setAck(row.id, ack)
    log('message.ack', row, { ack })
  }

  /** A vote is the whole choice of a person, and the newest one counts; one that was taken back stays, as an empty choice. */
  function setVote(row: { id: number; chat: number }, vote: SeenVote | OwnVote, tell = true): void {
    const { voter, options, at } = vote
    const from = voter === null ? ME : where.senderId(voter, at / 1000)
    const known = changes.votes(row.id).find((one) => one.voter === from)
    // Times of WhatsApp's devices are compared with each other only: our clock may differ.
    const at_ms = at ?? known?.at_ms ?? 0
    const choice = options === null ? null : JSON.stringify([...options].sort())
    // What was read once is not lost to another copy of the vote that cannot be read.
    const isLost = choice === null && known?.choice != null && known.at_ms === at_ms
    if (isLost || (known !== undefined && known.at_ms > at_ms)) return
    changes.setVote({ message: row.id, voter: from, choice, at_ms })
    const before = known === undefined ? '[]' : known.choice
    if (tell && before !== choice) log('poll.voted', row, { sender: from, options })
  }

  /** The message of this sender (null: this account) in a chat; an address may have been another person's when it was sent. */
  function findSent(jid: Jid, bareId: string, sender: Jid | null): MessageRow[] {
    const chat = where.findChats(jid).find((one) => messages.findAll(bareId, one).length > 0)
    if (chat === undefined) return []
    const person = where.personOf(chat)
    const senders = sender === null ? [ME] : person === null ? where.senderIds(sender) : [person]
    return messages.findAll(bareId, chat).filter((row) => senders.includes(row.sender))
  }

  /** Writes a report about a message, now or once the message is here. */
  function report(chat: Jid, bareId: string, sender: Jid | null, write: (row: MessageRow) => void): void {
    const writeAll = () => {
      const rows = findSent(chat, bareId, sender)
      rows.forEach(write)
      return rows.length > 0
    }
    if (!writeAll()) early.keep(bareId, writeAll)
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
    const placeAt = (index: number) => {
      const one = stretch[index]
      return one === undefined ? before : (known.get(one.name)?.id ?? null)
    }
    const later = (place: number | null, left: number | null) =>
      place !== null && place > (left ?? -1) ? place : null
    const within = (place: number | null, second: number) =>
      place !== null && timeOf(place) === second ? place : null

    let added = 0
    let old = 0
    let oldest: number | null = null
    let newest: number | null = null
    let lowest: number | null = null
    for (let index = 0; index < stretch.length; ) {
      const one = stretch[index]
      if (one === undefined) break
      const row = known.get(one.name)
      if (row) {
        update(row, one.message, originOf(one.message))
        const place = within(row.id, one.second) ?? firstPositionOf(one.second)
        oldest = Math.min(oldest ?? place, place)
        newest = Math.max(newest ?? 0, place)
        lowest = Math.min(lowest ?? row.id, row.id)
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
        oldest = Math.min(oldest ?? place, place)
        newest = Math.max(newest ?? 0, place)
        lowest = Math.min(lowest ?? place, place)
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
    ack: (chat, bareId, ack) => report(chat, bareId, null, (row) => setAck(row, ack)),
    reaction: (chat, bareId, messageSender, reaction) =>
      report(chat, bareId, messageSender, (row) => reactions.set(row, reaction)),
    vote: (chat, bareId, pollSender, vote) => report(chat, bareId, pollSender, (row) => setVote(row, vote)),
  }
}

/** Only texts and captions are edited. Other texts differ where an earlier version stored something else. */
const EDITED = new Set(['chat', 'image', 'video', 'gif', 'document'])

const bodyOf = (row: MessageRow, seen: SeenMessage) => (EDITED.has(row.type) ? row.body : seen.body)

/** The event of a new message. */
function kindOf({ chat, fromMe }: SeenMessage): EventKind {
  if (!fromMe) return 'message.received'
  return chat === STATUS ? 'status_update.posted' : 'message.sent'
}
