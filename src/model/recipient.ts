/** Where a message can go: a chat, or a person with whom there is none yet, and how it fits what was asked for. */
import type { ChatKind } from './chat.ts'
import type { Jid, MessageKey } from './ids.ts'

export type Recipient = {
  /** As it is shown: of a person by phone where it is known, else by LID. */
  id: Jid
  /** Never empty. */
  name: string
  kind: ChatKind
  /** ISO 8601 UTC; null: no message is known. */
  lastMessageAt: string | null
  /** Nobody of this account may write there now; null: as far as is known one may. */
  closed: 'read_only' | 'deleted' | null
}

/**
 * How a name fits: it is the same, or holds what was asked for, or is only what the person calls themselves (the same or
 * holding it), which anybody may.
 */
export const FITS = ['same name', 'part of the name', 'calls themselves so'] as const
export type Fit = (typeof FITS)[number]

/** `isOurs`: whoever uses this account gave it this name or wrote there. Groups are named by others, who need not be asked in. */
export type NamedRecipient = Recipient & { why: Fit; isOurs: boolean }

/** A message that is to be answered. */
export type Quoted = {
  /** As it is shown. */
  id: string
  chat: Jid
  type: string
  /** All keys that WhatsApp Web may know it by: addresses by phone and by LID. */
  keys: MessageKey[]
}
