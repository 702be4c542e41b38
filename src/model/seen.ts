/**
 * What the engine read from WhatsApp, before it is compared with the archive (session/inbox.ts). Addresses are as WhatsApp
 * sent them (phone JID or LID); message keys are parsed.
 */
import type { Content, MediaSource, RawModel } from './content.ts'
import type { Jid } from './ids.ts'
import type { Standing } from './message-types.ts'

export type SeenReaction = {
  /** Who reacted; null: this account. */
  sender: Jid | null
  /** Empty: the reaction was removed. */
  emoji: string
  /** Unix milliseconds. */
  at: number
}

export type SeenVote = {
  /** Who voted; null: this account. */
  voter: Jid | null
  /** Names of the options: the whole choice; empty: taken back; null: the vote cannot be read. */
  options: string[] | null
  /** Unix milliseconds, by the voter's device. */
  at: number
}

/** A vote of this account that WhatsApp has not reported yet: it is the newest one. */
export type OwnVote = { voter: null; options: string[]; at: null }

/** A call to this account that rings, or has ended. `group`: the group that it is a call of. */
export type SeenCall = { id: string; from: Jid; group: Jid | null; video: boolean; ended: boolean }

/** One message in its present state: new, unchanged or changed. */
export type SeenMessage = {
  chat: Jid
  /** The id without direction and chat, such as `3EB0…`. Together with chat and sender it identifies the message. */
  bareId: string
  fromMe: boolean
  /** The author; null for own messages and in channels. */
  sender: Jid | null
  /** The sender's pushname; null if the message does not include it. */
  senderName: string | null
  type: string
  body: string
  /** Unix seconds. */
  sentAt: number
  /** -1 failed, 0 pending, 1 at WhatsApp's server, 2 delivered, 3 read, 4 played. */
  ack: number
  hasMedia: boolean
  standing: Standing
  content: Content
  /** What a download of its media requires; null: it has none, or this copy does not include it. */
  source: MediaSource | null
  /** The preview of its media, a JPEG. Undefined: this copy does not include it. */
  preview?: Uint8Array
  /** Null if this copy does not include it. */
  raw: RawModel | null
  quoted: { bareId: string; sender: Jid | null; body: string } | null
  /** In a notice: the people that it is about. */
  mentions: Jid[]
  forwarded: boolean
  /** Unix milliseconds; null: never edited, or this build does not include the time. */
  editedAt: number | null
  /** Unix seconds; null: the message does not disappear, or this copy does not include the time. */
  expiresAt: number | null
  /** A member keeps a disappearing message in the chat, so it stays for now; `expiresAt` is null. */
  isKept?: true
  /** Undefined: this copy does not say. */
  starred?: boolean
  /** Unix seconds: until when it is pinned for everyone in its chat; null: it is not. Undefined: this copy does not say. */
  pinnedUntil?: number | null
  /** All reactions of the message; null: they were not read. */
  reactions: SeenReaction[] | null
  /** The newest vote of each person in a poll; missing or null: they were not read. */
  votes?: SeenVote[] | null
}

export type SeenChat = {
  id: Jid
  /** Subject of a group or channel; null for a person (the contact has the name). */
  name: string | null
  /** -1: the user marked the chat as unread. */
  unreadCount: number
  /** Unix seconds; 0: no activity. */
  timestamp: number
  archived: boolean
  /** Unix seconds; 0: not pinned. */
  pinnedAt: number
  /** Unix seconds; 0: not muted, -1: for ever. */
  mutedUntil: number
  /** Null: not known yet. */
  isReadOnly: boolean | null
  /** The newest message that WhatsApp Web has in memory for this chat; null: it has none. */
  last: SeenMessage | null
  /** Members of a group, without this account; null: unknown, or not a group. */
  members: { id: Jid; isAdmin: boolean }[] | null
}

export type SeenContact = {
  /** At least one of `phone` and `lid` is set. */
  phone: Jid | null
  lid: Jid | null
  /** Name in the phone's address book. */
  name: string | null
  pushname: string | null
  inAddressBook: boolean
  isBusiness: boolean
  isBlocked: boolean
}
