/**
 * Converts WhatsApp Web's data to our types. Pure; addresses stay as WhatsApp sent them, texts are cleaned
 * for storage.
 */
import { createHash } from 'node:crypto'
import type { ChatKind } from '../../model/chat.ts'
import { chatKindOf, type Jid, type KeyParts, parseMessageKey, toJid } from '../../model/ids.ts'
import { CHANGE_TYPES, standingOf } from '../../model/message-types.ts'
import type { SeenChat, SeenContact, SeenMessage, SeenReaction, SeenVote } from '../../model/seen.ts'
import { cleanText, cutText, isVisible } from '../../model/text.ts'
import { FIRST_SECOND, LAST_SECOND, toUnixMs, toUnixSeconds } from '../../model/times.ts'
import { bodyOf, contentOf, peopleOf, previewOf, sourceOf } from './content.ts'
import type {
  ChatRow,
  ContactRow,
  RawKey,
  RawMessage,
  RawReaction,
  RawWid,
  ReactionRow,
  VoteRow,
} from './raw.ts'

/** Characters of a quoted message that its reply includes. */
const QUOTE_LENGTH = 1_000

/**
 * The type of a message that cannot be read; also WhatsApp Web's own word for messages that it does not
 * support.
 */
const UNKNOWN = 'unknown'

/** Entries of these types are reported with the message that they change. */
const CHANGES = new Set(CHANGE_TYPES)

/**
 * Converts a message in its current state; null for entries that only change another message, and for one whose key cannot be
 * read, which means an unknown build ({@link keyOf}). `reactions`: all of them, null if they were not read.
 * `seenAt`: Unix seconds, replaces an invalid time. Throws a TypeError for fields of the wrong type. A
 * message deleted for everyone has the key of the deletion on WhatsApp Web (WAWebRevoke.getMsgKeyAfterRevoke)
 * and names its own in `protocolMessageKey`; here it keeps its own.
 */
export function toSeenMessage(
  raw: RawMessage,
  reactions: readonly ReactionRow[] | null,
  seenAt: number,
): SeenMessage | null {
  const key = originalKeyOf(raw)
  const { type } = raw
  if (key === null || type === undefined || isChange(raw)) return null
  if (typeof type !== 'string') throw new TypeError('the type of a message is not text')
  const standing = raw.isNotification === true ? 'notice' : standingOf(type)
  const isNotice = standing === 'notice'
  return {
    chat: key.chat,
    bareId: key.bareId,
    fromMe: key.fromMe,
    sender: senderOf(raw, key),
    senderName: key.fromMe ? null : nameOf(raw.notifyName),
    type,
    // The text of a notice is part of its content.
    body: isNotice ? '' : bodyOf(raw),
    sentAt: toUnixSeconds(raw.t, seenAt),
    ack: toWhole(raw.ack, 0),
    hasMedia: Boolean(raw.directPath),
    standing,
    content: contentOf(raw, isNotice),
    source: sourceOf(raw),
    ...previewOf(raw),
    raw: null,
    quoted: quotedOf(raw),
    mentions: (isNotice ? peopleOf(raw) : (raw.mentionedJidList ?? [])).flatMap(
      (wid) => toJidOrNone(wid) ?? [],
    ),
    forwarded: raw.isForwarded === true || (raw.forwardingScore ?? 0) > 0,
    editedAt: raw.latestEditSenderTimestampMs
      ? toUnixMs(raw.latestEditSenderTimestampMs, seenAt * 1_000)
      : null,
    ...(raw.kicState === 'KEPT' ? { expiresAt: null, isKept: true as const } : { expiresAt: expiryOf(raw) }),
    ...(raw.star === undefined ? {} : { starred: raw.star }),
    ...(raw.pinnedUntil === undefined ? {} : { pinnedUntil: toPin(raw.pinnedUntil) }),
    reactions: reactions === null ? null : reactions.map((row) => toSeenReaction(row, seenAt)),
  }
}

/** True for an entry that reports a change of another message: it is not a message itself. */
export function isChange({ type }: Pick<RawMessage, 'type'>): boolean {
  return type !== undefined && CHANGES.has(type)
}

/**
 * The placeholder of a message that cannot be read: its id, chat and time. Null if its key cannot be read
 * either.
 */
export function toPlaceholder(raw: RawMessage, seenAt: number): SeenMessage | null {
  const key = keyOf(raw.id)
  if (key === null) return null
  const { fromMe } = key
  return {
    chat: key.chat,
    bareId: key.bareId,
    fromMe,
    sender: senderOf(raw, key),
    senderName: null,
    type: UNKNOWN,
    body: '',
    sentAt: toUnixSeconds(raw.t, seenAt),
    ack: fromMe ? toWhole(raw.ack, 0) : 0,
    hasMedia: false,
    standing: 'unknown',
    content: {},
    source: null,
    raw: null,
    quoted: null,
    mentions: [],
    forwarded: false,
    editedAt: null,
    expiresAt: expiryOf(raw),
    reactions: null,
  }
}

/** The message that a library event is about; null if its key cannot be read. */
export function originalKeyOf(raw: Pick<RawMessage, 'id' | 'type' | 'protocolMessageKey'>): KeyParts | null {
  const original = raw.type === 'revoked' && raw.protocolMessageKey ? keyOf(raw.protocolMessageKey) : null
  return original ?? keyOf(raw.id)
}

/** The parts of a key of any build: read from its fields, or from its text if it is a string. */
export function keyOf(key: RawKey): KeyParts | null {
  const parts = typeof key === 'string' ? parseMessageKey(key) : partsOf(key)
  return parts === null ? null : { ...parts, bareId: toBareId(parts.bareId) }
}

function partsOf(key: Exclude<RawKey, string>): KeyParts | null {
  const chat = toJidOrNone(key?.remote)
  if (chat === null || typeof key.id !== 'string' || key.id === '') return null
  return {
    fromMe: key.fromMe === true,
    chat,
    bareId: key.id,
    participant: toJidOrNone(key.participant),
  }
}

/**
 * A message's own id. The sending program chooses it (WhatsApp's own use upper-case hexadecimal digits), so
 * it may be any text, including one that imitates ours: an id that is not a plain word becomes a digest,
 * always the same.
 */
function toBareId(text: string): string {
  if (/^[A-Za-z0-9.:-]{1,64}$/.test(text)) return text
  return `odd.${createHash('sha256').update(text).digest('hex').slice(0, 32)}`
}

/** The reaction of a library event; null if a key cannot be read. `messageSender` null: this account. */
export function toReaction(
  raw: RawReaction,
  seenAt: number,
): { chat: Jid; bareId: string; messageSender: Jid | null; reaction: SeenReaction } | null {
  const message = keyOf(raw.msgId)
  const own = keyOf(raw.id)
  const sender = toJidOrNone(raw.senderId) ?? own?.participant ?? null
  if (message === null || own === null || (sender === null && !own.fromMe)) return null
  return {
    chat: message.chat,
    bareId: message.bareId,
    messageSender: message.fromMe ? null : (message.participant ?? message.chat),
    reaction: {
      sender: own.fromMe ? null : sender,
      emoji: cleanText(raw.reaction ?? ''),
      at: toUnixMs(raw.timestamp, seenAt * 1_000),
    },
  }
}

/** A vote in a poll; null if a key or the voter cannot be read. `pollSender` null: this account. */
export function toVote(
  { poll, voter, fromMe, options, at }: VoteRow,
  seenAt: number,
): { chat: Jid; bareId: string; pollSender: Jid | null; vote: SeenVote } | null {
  const key = keyOf(poll)
  const from = fromMe ? null : toJidOrNone(voter)
  if (key === null || (from === null && !fromMe)) return null
  return {
    chat: key.chat,
    bareId: key.bareId,
    pollSender: key.fromMe ? null : (key.participant ?? key.chat),
    vote: { voter: from, options: options?.map(cleanText) ?? null, at: toUnixMs(at, seenAt * 1_000) },
  }
}

function toSeenReaction({ key, sender, emoji, at }: ReactionRow, seenAt: number): SeenReaction {
  return {
    sender: keyOf(key)?.fromMe === true ? null : toJid(sender),
    emoji: cleanText(emoji),
    at: toUnixMs(at, seenAt * 1_000),
  }
}

/**
 * Converts a chat of WhatsApp Web's list; null if its address is not a chat's. An admin may write in a group
 * although others may not, which the library's rule (`groupMetadata.announce`) ignores. `last`: its newest
 * message, converted. An invalid time becomes a fixed one: the time of the reading would be a change each time.
 */
export function toSeenChat(row: ChatRow, last: SeenMessage | null): SeenChat | null {
  const id = toJid(row.id)
  const kind = chatKindOf(id)
  if (kind === null) return null
  return {
    id,
    name: kind === 'direct' ? null : nameOf(row.name),
    unreadCount: toWhole(row.unreadCount, 0),
    timestamp: toUnixSeconds(row.t, 0),
    archived: row.archived,
    pinnedAt: row.pin ? toUnixSeconds(row.pin, FIRST_SECOND) : 0,
    mutedUntil: toMuteEnd(row.mute),
    isReadOnly: isReadOnly(row, kind),
    last: last === null || last.standing === 'notice' ? null : inChat(last, id),
    members:
      row.members
        ?.filter(({ isMe }) => !isMe)
        .map((member) => ({ id: toJid(member.id), isAdmin: member.isAdmin })) ?? null,
  }
}

/** Null if only admins may write, and the members are not loaded: whether this account is an admin is then unknown. */
function isReadOnly({ isClosed, announce, isAdmin, members }: ChatRow, kind: ChatKind): boolean | null {
  if (isClosed) return true
  if (!announce || isAdmin) return false
  return kind === 'group' && members === null ? null : true
}

/**
 * The message with the address of its chat. A chat that moved to a LID keeps the phone number in the keys of its earlier messages,
 * and the number may be somebody else's by now.
 */
export function inChat(message: SeenMessage, chat: Jid): SeenMessage {
  return chat.endsWith('@lid') && message.chat.endsWith('@c.us') ? { ...message, chat } : message
}

/** Converts a person; null for groups and other entries of WhatsApp Web's contacts. */
export function toSeenContact(row: ContactRow): SeenContact | null {
  const [phone, lid] = [row.phone, row.lid].map((text) => (text === null ? null : toJid(text)))
  if (!phone?.endsWith('@c.us') && !lid?.endsWith('@lid')) return null
  return {
    phone: phone ?? null,
    lid: lid ?? null,
    name: nameOf(row.name),
    pushname: nameOf(row.pushname),
    inAddressBook: row.inAddressBook,
    isBusiness: row.isBusiness,
    isBlocked: row.isBlocked,
  }
}

/** An invisible name counts as none. */
export function nameOf(text: unknown): string | null {
  return typeof text === 'string' && isVisible(text) ? cleanText(text) : null
}

function toJidOrNone(wid: RawWid | null | undefined): Jid | null {
  const text = typeof wid === 'string' ? wid : wid?._serialized
  return text?.includes('@') ? toJid(text) : null
}

function senderOf(raw: RawMessage, { fromMe, chat, participant }: KeyParts): Jid | null {
  const kind = chatKindOf(chat)
  if (fromMe || kind === 'channel') return null
  if (kind === 'direct') return toJidOrNone(raw.from) ?? chat
  if (kind === 'other') return toJidOrNone(raw.author) ?? participant ?? toJidOrNone(raw.from) ?? chat
  // The author of a deletion may be the admin who deleted it.
  const isDeleted = raw.type === 'revoked' && Boolean(raw.protocolMessageKey)
  return (isDeleted ? participant : null) ?? toJidOrNone(raw.author) ?? participant
}

function quotedOf(raw: RawMessage): SeenMessage['quoted'] {
  if (!raw.quotedMsg || !raw.quotedStanzaID) return null
  const body = cutText(bodyOf(raw.quotedMsg), QUOTE_LENGTH)
  return { bareId: toBareId(raw.quotedStanzaID), sender: toJidOrNone(raw.quotedParticipant), body }
}

/**
 * WAWebMsgGetters.getEphemeralExpirationTimestamp, builds of 2026: a time of its own overrides the duration.
 */
function expiryOf({ expiredTimestamp, ephemeralDuration, t }: RawMessage): number | null {
  // An invalid time must not delete anything.
  if (expiredTimestamp) return toUnixSeconds(expiredTimestamp, null)
  const sentAt = toUnixSeconds(t, null)
  return ephemeralDuration && sentAt !== null ? toUnixSeconds(sentAt + ephemeralDuration, null) : null
}

/** An invalid time is no pin. */
function toPin(until: number | null): number | null {
  return until === null ? null : toUnixSeconds(until, null)
}

/** Below zero means for ever, and so does a time after all valid times. */
function toMuteEnd(time: number): number {
  return time < 0 ? -1 : toUnixSeconds(time, time > LAST_SECOND ? -1 : 0)
}

function toWhole(value: unknown, otherwise: number): number {
  return Number.isSafeInteger(value) ? Number(value) : otherwise
}

/** The meaning of a state of WhatsApp's socket (util/Constants.js WAState). */
export type SocketMeaning =
  | 'connected'
  | 'connecting'
  | 'unpaired'
  | 'pairing'
  | 'idle'
  | 'conflict'
  | 'blocked'

export function toSocketMeaning(state: string): SocketMeaning {
  switch (state) {
    case 'CONNECTED':
      return 'connected'
    case 'UNPAIRED':
      return 'unpaired'
    case 'UNPAIRED_IDLE':
      return 'idle'
    case 'PAIRING':
      return 'pairing'
    case 'CONFLICT':
      return 'conflict'
    case 'TOS_BLOCK':
    case 'SMB_TOS_BLOCK':
    case 'PROXYBLOCK':
    case 'DEPRECATED_VERSION':
      return 'blocked'
    default:
      // OPENING, TIMEOUT, UNLAUNCHED, and any other: in progress.
      return 'connecting'
  }
}
