/** A message as stored in its table. */
import type { Media } from '../model/message.ts'

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
}

/** Fields that only some messages have. People are referenced by id. */
export type MessageDetails = {
  media?: Media
  /** `sender` is null if WhatsApp does not report it. */
  quoted?: { bare_id: string; sender: number | null; body: string }
  mentions?: number[]
  forwarded?: 1
  /** Unix seconds. */
  expires_at?: number
}
