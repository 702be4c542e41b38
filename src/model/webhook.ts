/** A webhook: the events that it receives, why it can be paused, and how a delivery can fail. */
import type { Event, EventKind } from './events.ts'
import type { Jid } from './ids.ts'

/** The events that a webhook receives. Null: all. */
export type WebhookFilter = {
  kinds: readonly EventKind[] | null
  chats: readonly Jid[] | null
  /** Only events of own messages, or only of those of others. Events without a message pass. */
  fromMe: boolean | null
  /** Only messages that mention this account. */
  mentionsMe: boolean
}

/**
 * Why a webhook is paused. `owner`: a request paused it. `logged_out`, `account_removed`: its account was logged out or removed.
 * `other_archive`: the events of its position are not those of the open archive, because another number was linked or an
 * older copy was restored.
 */
export const PAUSE_REASONS = ['owner', 'logged_out', 'account_removed', 'other_archive'] as const
export type PauseReason = (typeof PAUSE_REASONS)[number]

/** How an attempt can fail. */
export const DELIVERY_ERRORS = [
  'address_forbidden',
  'redirect_refused',
  'status_refused',
  'timed_out',
  'connection_failed',
] as const
export type DeliveryError = (typeof DELIVERY_ERRORS)[number]

/** Returns true if a webhook with this filter receives the event. */
export function isWanted({ kinds, chats, fromMe, mentionsMe }: WebhookFilter, event: Event): boolean {
  const { kind, chat, message } = event
  if (kinds !== null && !kinds.includes(kind)) return false
  if (chats !== null && (chat === null || !chats.some((one) => one === chat.id))) return false
  if (fromMe !== null && message !== null && message.from_me !== fromMe) return false
  // `to` of a message of another person is this account.
  return (
    !mentionsMe || (message !== null && !message.from_me && message.mentions?.includes(message.to) === true)
  )
}
