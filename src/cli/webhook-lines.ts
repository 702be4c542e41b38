/** Webhooks and their deliveries, as lines for people. */
import { counted } from '../model/counted.ts'
import { localSecond, localTime } from './local-time.ts'
import { printable } from './terminal.ts'

export type Undelivered = { failing_chats: number; dead_deliveries: number }

export type Attempt = { status: number | null; error: string | null }

/** The events that a webhook or a rule takes. Null: all. */
export type EventFilter = {
  account: string
  kinds: readonly string[] | null
  chats: readonly string[] | null
  from_me: boolean | null
  mentions_me: boolean
}

export type Webhook = Undelivered &
  EventFilter & {
    id: string
    url: string
    paused: boolean
    paused_reason: string | null
    last_attempt: (Attempt & { at: string }) | null
    lost_events_at: string | null
  }

export type Outcome = Attempt & { delivered: boolean; duration_ms: number }

export type Delivery = Attempt & {
  event: string
  kind: string
  chat: string | null
  attempts: number
  next_attempt_at: string | null
  dead_at: string | null
}

/** Renders a webhook: its id, then what it receives and how its deliveries do. */
export function webhookText({ id, url, last_attempt: last, ...one }: Webhook): string {
  const facts = [
    url,
    ...filterFacts(one),
    ...undelivered(one),
    one.lost_events_at !== null &&
      `events were deleted before they were delivered, at ${localTime(one.lost_events_at)}`,
    last !== null && `last attempt ${localSecond(last.at)}, ${attemptText(last)}`,
  ].filter((fact) => fact !== false)
  const state = one.paused ? `  paused (${one.paused_reason})` : ''
  return `${id}${state}\n${facts.map((fact) => `    ${printable(fact)}\n`).join('')}`
}

/** Returns what a webhook or a rule takes, as facts. */
export function filterFacts({ account, kinds, chats, from_me, mentions_me }: EventFilter): string[] {
  return [
    account !== 'default' && `account ${account}`,
    kinds !== null && `kinds ${kinds.join(', ')}`,
    chats !== null && `chats ${chats.join(', ')}`,
    from_me !== null && (from_me ? 'own messages' : 'messages of others'),
    mentions_me && 'mentions of the account',
  ].filter((fact) => fact !== false)
}

/** Returns what a webhook or a rule did not deliver, as facts. */
export function undelivered({ failing_chats: failing, dead_deliveries: dead }: Undelivered): string[] {
  return [
    ...(failing > 0 ? [`failing in ${counted(failing, 'chat')}`] : []),
    ...(dead > 0 ? [counted(dead, 'dead delivery', 'dead deliveries')] : []),
  ]
}

/** Renders the outcome of an attempt. */
export function outcomeText({ delivered, duration_ms: ms, ...attempt }: Outcome): string {
  return `${delivered ? 'Delivered' : 'Not delivered'} in ${ms} ms: ${attemptText(attempt)}.\n`
}

/** Renders a delivery that is not done. */
export function deliveryText(delivery: Delivery): string {
  const { event, kind, chat, attempts, next_attempt_at: next, dead_at: dead } = delivery
  const facts = [
    counted(attempts, 'attempt'),
    attempts > 0 && attemptText(delivery),
    next !== null && `next ${localSecond(next)}`,
    dead !== null && `dead since ${localTime(dead)}`,
  ].filter((fact) => fact !== false)
  const place = chat === null ? '' : ` in ${printable(chat)}`
  return `${printable(event)}  ${kind}${place}\n    ${facts.join(', ')}\n`
}

function attemptText({ status, error }: Attempt): string {
  const parts = [status !== null && `status ${status}`, error !== null && error]
  return parts.filter((part) => part !== false).join(', ') || 'no answer'
}
