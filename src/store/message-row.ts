/** A message as stored in its table. */
import type { Content } from '../model/content.ts'
import type { Standing } from '../model/message-types.ts'

export type MessageRow = {
  /** Its position, see position.ts. */
  id: number
  chat: number
  bare_id: string
  sender: number
  type: string
  body: string
  ack: number
  has_media: number
  edited_at_ms: number | null
  revoked_at_ms: number | null
  /** {@link MessageDetails} as JSON. */
  details: string | null
  /** {@link STANDINGS} by number. */
  standing: number
  /** Digits of the phone number by which the message came; null or left out: by LID, or not known. */
  by_phone?: number | null
}

/** A row to insert; without a standing it is an ordinary message. */
export type NewMessage = Omit<MessageRow, 'standing'> & Partial<Pick<MessageRow, 'standing'>>

/** The standings of messages, by their number in the table. */
export const STANDINGS = ['message', 'notice', 'unknown'] as const satisfies Standing[]
export const numberOf = (standing: Standing): number => STANDINGS.indexOf(standing)

/** Fields that only some messages have. People are referenced by id. */
export type MessageDetails = Content & {
  /** `sender` is null if WhatsApp does not report it. */
  quoted?: { bare_id: string; sender: number | null; body: string }
  mentions?: number[]
  forwarded?: 1
  /** Unix seconds. */
  expires_at?: number
  starred?: 1
  /** Unix seconds. */
  pinned_until?: number
}
