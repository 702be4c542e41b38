/** A possible recipient of a message: a chat, or a person without a chat; and how well it matches the requested name. */
import { z } from 'zod'
import { CHAT_KINDS, type ChatKind } from './chat.ts'
import { writtenByPeople } from './fields.ts'
import type { Jid, MessageKey } from './ids.ts'

export type Recipient = {
  /** As the API returns it: for a person the phone JID if it is known, else the LID. */
  id: Jid
  /** Never empty. */
  name: string
  kind: ChatKind
  /** ISO 8601 UTC; null: no message is known. */
  lastMessageAt: string | null
  /** Why this account cannot write in the chat now; null: no reason is known. */
  closed: 'read_only' | 'deleted' | null
}

/**
 * How a name matches the requested one: it is the same; it contains it; or only the pushname is the same or contains it.
 * Every person chooses their own pushname, so a pushname identifies no recipient.
 */
export const FITS = ['same name', 'part of the name', 'calls themselves so'] as const
export type Fit = (typeof FITS)[number]

/** `isOurs`: the owner of this account chose the name or wrote in the chat. Other people choose the names of groups. */
export type NamedRecipient = Recipient & { why: Fit; isOurs: boolean }

/** A chat that an ambiguous name may mean, as errors include it in `candidates`. */
export const Candidate = z.object({
  id: z.string(),
  name: writtenByPeople(z.string()),
  kind: z.enum(CHAT_KINDS),
  last_message_at: z.string().optional(),
  why: z.enum(FITS),
})
export type Candidate = z.infer<typeof Candidate>

/** The message that a reply quotes. */
export type Quoted = {
  /** As the API returns it. */
  id: string
  chat: Jid
  type: string
  /** Its text or caption; empty if it has none, or if the archive does not have it. */
  text: string
  /** All keys that WhatsApp Web may use for the message: with phone JIDs and with LIDs. */
  keys: MessageKey[]
}
