/**
 * What crosses from the page to Node, as plain as it comes. Field names are WhatsApp Web's own (WAWebMsgModel,
 * WAWebChatModel, WAWebContactModel), except in the rows that our in-page code makes. Types only.
 */

/**
 * An address. In events it is JSON and so a string (`Wid.toJSON`); in results of calls an object with its own fields.
 * Wids keep `_serialized` on every build known.
 */
export type RawWid = string | { _serialized: string }

/**
 * A message key. The fields are the same on all builds; `_serialized` is there up to about 2.3000.1042386815 and where
 * it has been mended (wwebjs#201830). Rows of the page's database hold the string alone.
 */
export type RawKey =
  | string
  | { fromMe: boolean; remote: RawWid; id: string; participant?: RawWid | null; _serialized?: string }

/** A message as `WWebJS.getMessageModel` gives it, as far as we read it. Everything but the key may be missing. */
export type RawMessage = {
  id: RawKey
  type?: string | undefined
  body?: string | undefined
  caption?: string | undefined
  pollName?: string | undefined
  eventName?: string | undefined
  subtype?: string | null | undefined
  /** Unix seconds. */
  t?: number | undefined
  from?: RawWid | undefined
  to?: RawWid | undefined
  author?: RawWid | null | undefined
  ack?: number | undefined
  notifyName?: string | undefined
  /** Where the media lies on WhatsApp's servers: there is media exactly if this is set. */
  directPath?: string | undefined
  mimetype?: string | undefined
  filename?: string | undefined
  size?: number | string | undefined
  duration?: number | string | undefined
  width?: number | undefined
  height?: number | undefined
  quotedMsg?: Partial<RawMessage> | null | undefined
  quotedStanzaID?: string | null | undefined
  quotedParticipant?: RawWid | null | undefined
  mentionedJidList?: RawWid[] | null | undefined
  isForwarded?: boolean | undefined
  forwardingScore?: number | undefined
  latestEditSenderTimestampMs?: number | null | undefined
  /** Seconds from `t` to disappearance. */
  ephemeralDuration?: number | null | undefined
  /** Unix seconds; goes before the duration. */
  expiredTimestamp?: number | null | undefined
  /** `KEPT` or `UNKEPT`: of a message that would disappear, what somebody last decided for all. */
  kicState?: string | null | undefined
  /** Of a message deleted for everyone: its key before it was deleted. */
  protocolMessageKey?: RawKey | null | undefined
  hasReaction?: boolean | undefined
  isNotification?: boolean | undefined
}

/** One reaction as `Reactions.find` gives it: a sender of one emoji. */
export type ReactionRow = { key: string; sender: string; emoji: string; at: number }

/** A message of the page's memory, with its reactions where they were looked at. */
export type MessageRow = { message: RawMessage; reactions: ReactionRow[] | null }

export type ChatRow = {
  id: string
  name: string | null
  unreadCount: number
  t: number
  archived: boolean
  pin: number
  mute: number
  /** Nobody but admins may write here. */
  announce: boolean
  /** WhatsApp Web shows no field to write in, as after leaving a group. */
  isClosed: boolean
  /** This account is an admin of the group or channel. */
  isAdmin: boolean
  last: RawMessage | null
  members: { id: string; isAdmin: boolean; isMe: boolean }[] | null
}

export type ContactRow = {
  id: string
  phone: string | null
  lid: string | null
  name: string | null
  pushname: string | null
  inAddressBook: boolean
  isBusiness: boolean
  isBlocked: boolean
}

/** What changed in the page's memory within a fraction of a second. */
export type Changes = {
  chats: ChatRow[]
  removed: string[]
  contacts: ContactRow[]
  messages: RawMessage[]
  /** Stored by WhatsApp Web without being called new, so that the library does not report them. */
  stored: RawMessage[]
}

/** A part of a chat's history; `unknown`: no such chat. `rows` only once there is enough, or no more. */
export type HistoryAnswer =
  | { state: 'unknown' }
  | { state: 'more' }
  | { state: 'done'; rows: MessageRow[]; end: boolean }

/** A reaction as the library tells of it (structures/Reaction.js). `timestamp`: seconds, with a fraction. */
export type RawReaction = {
  id: RawKey
  msgId: RawKey
  reaction: string
  timestamp: number
  senderId?: RawWid | undefined
}
