/**
 * What the engine saw of WhatsApp, before anybody knows whether it is new: addresses as WhatsApp gave them (phone or
 * LID), message keys taken apart. The inbox compares it with the archive.
 */
import type { Jid } from './ids.ts'
import type { Media } from './message.ts'

export type SeenReaction = {
  /** Who reacted; null: this account. */
  sender: Jid | null
  /** Empty: the reaction was taken back. */
  emoji: string
  /** Unix milliseconds. */
  at: number
}

/** One message in its present state: seen for the first time, again, or after a change. */
export type SeenMessage = {
  chat: Jid
  /** The id without direction and chat, such as `3EB0…`. With chat and sender it names the message. */
  bareId: string
  fromMe: boolean
  /** Who wrote it; null for own messages, and in channels. */
  sender: Jid | null
  /** The name that the sender gave themselves, where the message carries it. */
  senderName: string | null
  type: string
  body: string
  /** Unix seconds. */
  sentAt: number
  /** -1 failed, 0 waits, 1 at WhatsApp's server, 2 delivered, 3 read, 4 played. */
  ack: number
  hasMedia: boolean
  media: Media | null
  quoted: { bareId: string; sender: Jid | null; body: string } | null
  mentions: Jid[]
  forwarded: boolean
  /** Unix milliseconds; null: never edited, or the build does not say. */
  editedAt: number | null
  /** Unix seconds; null: does not disappear, or this copy does not say. */
  expiresAt: number | null
  /** Somebody keeps it in the chat: it would disappear, and does not while this is so; `expiresAt` is null. */
  isKept?: true
  /** All reactions that there are; null: not looked at. */
  reactions: SeenReaction[] | null
}

export type SeenChat = {
  id: Jid
  /** Subject of a group or channel; null for a person, whose name is the contact's. */
  name: string | null
  /** -1: marked as unread by hand. */
  unreadCount: number
  /** Unix seconds; 0: no activity. */
  timestamp: number
  archived: boolean
  /** Unix seconds; 0: not pinned. */
  pinnedAt: number
  /** Unix seconds; 0: not muted, -1: for ever. */
  mutedUntil: number
  isReadOnly: boolean
  /** The newest message that WhatsApp Web has in memory for this chat; null: none. */
  last: SeenMessage | null
  /** Members of a group, the account left out; null: not known, or no group. */
  members: { id: Jid; isAdmin: boolean }[] | null
}

export type SeenContact = {
  /** One of the two at least. */
  phone: Jid | null
  lid: Jid | null
  /** From the address book of the phone. */
  name: string | null
  pushname: string | null
  inAddressBook: boolean
  isBusiness: boolean
  isBlocked: boolean
}
