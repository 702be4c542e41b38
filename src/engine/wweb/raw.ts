/**
 * Data from the page as Node receives it. Field names are WhatsApp Web's own (WAWebMsgModel,
 * WAWebChatModel, WAWebContactModel), except in the rows that our in-page code creates. Types only.
 */

/**
 * An address. In events it is JSON and therefore a string (`Wid.toJSON`); in results of calls an object with
 * its own fields. Wids have `_serialized` on every known build.
 */
export type RawWid = string | { _serialized: string }

/**
 * A message key. The fields are the same on all builds; `_serialized` exists up to about 2.3000.1042386815
 * and if it was repaired (wwebjs#201830). Rows of the page's database hold only the string.
 */
export type RawKey =
  | string
  | { fromMe: boolean; remote: RawWid; id: string; participant?: RawWid | null; _serialized?: string }

/**
 * A message's model as `WWebJS.getMessageModel` returns it, or as plain-model.ts copies it. These fields are those that
 * translate.ts reads; content.ts reads others, by the type of the message. Everything but the key may be missing.
 */
export type RawMessage = {
  id: RawKey
  type?: string | undefined
  body?: string | undefined
  caption?: string | undefined
  /** True if a person wrote the caption; otherwise that of a document is its file name. */
  isCaptionByUser?: boolean | undefined
  pollName?: string | undefined
  /** Unix seconds. */
  t?: number | undefined
  from?: RawWid | undefined
  author?: RawWid | null | undefined
  ack?: number | undefined
  notifyName?: string | undefined
  /** The location of the media on WhatsApp's servers; set exactly if there is media. */
  directPath?: string | undefined
  mimetype?: string | undefined
  filename?: string | undefined
  quotedMsg?: Partial<RawMessage> | null | undefined
  quotedStanzaID?: string | null | undefined
  quotedParticipant?: RawWid | null | undefined
  mentionedJidList?: RawWid[] | null | undefined
  isForwarded?: boolean | undefined
  forwardingScore?: number | undefined
  latestEditSenderTimestampMs?: number | null | undefined
  /** The message, or its latest edit, did not reach WhatsApp's server. */
  isSendFailure?: boolean | undefined
  /** Seconds from `t` to disappearance. */
  ephemeralDuration?: number | null | undefined
  /** Unix seconds; overrides the duration. */
  expiredTimestamp?: number | null | undefined
  /** `KEPT` or `UNKEPT`: the latest decision of a member about a disappearing message, for all. */
  kicState?: string | null | undefined
  /** For a message deleted for everyone: its key before the deletion. */
  protocolMessageKey?: RawKey | null | undefined
  isNotification?: boolean | undefined
  star?: boolean | undefined
  /** Set by our own code: until when it is pinned in its chat, in Unix seconds; null: it is not. */
  pinnedUntil?: number | null | undefined
  readonly [field: string]: unknown
}

/** One reaction from `Reactions.find`: a sender and an emoji. */
export type ReactionRow = { key: string; sender: string; emoji: string; at: number }

/** One person's newest vote in the poll with this key. `options`: names; null if it cannot be read. `at`: Unix ms. */
export type VoteRow = { poll: RawKey; voter: string; fromMe: boolean; options: string[] | null; at: number }

/** A message of the page's memory, with its reactions and votes if they were read. */
export type MessageRow = { message: RawMessage; reactions: ReactionRow[] | null; votes: VoteRow[] | null }

/** `refused`: the message is no poll. */
export type VotesAnswer = { state: 'unknown' } | { state: 'refused' } | { state: 'done'; rows: VoteRow[] }

export type ChatRow = {
  id: string
  name: string | null
  unreadCount: number
  t: number
  archived: boolean
  pin: number
  mute: number
  /** Only admins may write here. */
  announce: boolean
  /** WhatsApp Web shows no input field, as after leaving a group. */
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

/** A call as the page has it. `id`: its own; `group`: the group that it is a call of. */
export type CallRow = { id: string; from: string; group: string | null; video: boolean; ended: boolean }

/** `tag` null: no picture, or a hidden one. */
export type PictureChange = { id: string; tag: string | null }

/** Changes of the page's memory within a fraction of a second. */
export type Changes = Partial<{
  chats: ChatRow[]
  removed: string[]
  /** Chats of which more was transferred. */
  transferred: string[]
  contacts: ContactRow[]
  messages: RawMessage[]
  /** Stored by WhatsApp Web without being marked as new, so the library does not report them. */
  stored: RawMessage[]
  votes: VoteRow[]
  calls: CallRow[]
  pictures: PictureChange[]
}>

/** See `HistoryCursor`. */
export type Before = { until: number; without: readonly string[] } | null

/**
 * A page of a chat's history; `unknown`: no such chat. `rows` only once there are enough, or no more. `next`:
 * see `HistoryPage`.
 */
export type HistoryAnswer =
  | { state: 'unknown' }
  | { state: 'more' }
  | {
      state: 'done'
      /** The chat's address; keys of its messages may have an earlier one. */
      chat: string
      rows: MessageRow[]
      end: boolean
      next: Before
      /** `EndOfHistoryTransferType` of the chat; null if it has none. */
      transfer: number | null
    }

/**
 * The outcome of an action. `missing`: WhatsApp Web does not have the message. `refused`: it does not allow the action.
 * `too_late`: no more. `unknown_option`: the poll does not have it. `failed`: the server did not take it. `open`: nothing shows whether it did.
 * `not_begun`: its time was up before.
 */
export type Verdict =
  | 'done'
  | 'missing'
  | 'refused'
  | 'too_late'
  | 'unknown_option'
  | 'failed'
  | 'open'
  | 'not_begun'

/** `message`: in its present state; null if the page has it no more. `why`: what failed after the action had begun. */
export type Done = { verdict: Verdict; message: RawMessage | null; why?: string }

/** `rows`: who got, read or played a message, and when, in Unix seconds. */
export type ReceiptsAnswer =
  | { state: 'unknown' }
  | { state: 'refused' }
  | {
      state: 'done'
      rows: { person: string; what: 'deliveredAt' | 'readAt' | 'playedAt'; t: number }[]
      waiting: number
    }

/** A reaction as the library reports it (structures/Reaction.js). `timestamp`: seconds, with a fraction. */
export type RawReaction = {
  id: RawKey
  msgId: RawKey
  reaction: string
  timestamp: number
  senderId?: RawWid | undefined
}
