/** An item of the outbox: one message that this server sends, has sent, or holds. */
import { z } from 'zod'
import { detail, writtenByPeople } from './fields.ts'

/**
 * `held`: waits for the owner's decision. `scheduled`: waits for its time. `sending`: on its way to WhatsApp. `sent`: WhatsApp's
 * server accepted it. `failed`: it was not sent. `unknown`: it may have been sent; never sent again, and settled once WhatsApp
 * shows it. `rejected`, `expired`, `cancelled`: it left the outbox without being sent.
 */
export const OUTBOX_STATES = [
  'held',
  'scheduled',
  'sending',
  'sent',
  'failed',
  'unknown',
  'rejected',
  'expired',
  'cancelled',
] as const
export type OutboxState = (typeof OUTBOX_STATES)[number]

/** The states in which an item waits, and can still be changed or cancelled. */
export const WAITING = ['held', 'scheduled'] as const satisfies OutboxState[]
/** The states that an item never leaves. */
export const FINAL = ['sent', 'failed', 'rejected', 'expired', 'cancelled'] as const satisfies OutboxState[]

/** Why an item waits. */
export const HOLD_REASONS = ['confirm', 'stranger', 'send_at'] as const
export type HoldReason = (typeof HOLD_REASONS)[number]

export const OutboxItem = z.object({
  id: z.string().describe('Id of the item, such as "ob_…".'),
  account: z.string(),
  state: z.enum(OUTBOX_STATES),
  operation: z.string().describe('The operation that created it, such as "send_to_chat".'),
  chat: z
    .object({
      id: z.string(),
      name: writtenByPeople(z.string()),
      phone_number: z
        .string()
        .nullable()
        .describe('Digits; null for groups, and for people without a known number.'),
    })
    .describe(
      'The recipient, with the name that the owner sees. Without the scope `read`: with number or id.',
    ),
  preview: writtenByPeople(
    z
      .string()
      .describe(
        'The whole text. Empty once an item that never waited is settled, and without the scope `read` if it is forwarded or a contact.',
      ),
  ),
  reply_to: z
    .object({
      message_id: z.string(),
      text: writtenByPeople(
        z.string().describe('Its first words. Empty once the item is settled, and without the scope `read`.'),
      ),
    })
    .optional()
    .describe('The message that it replies to.'),
  mentions: z
    .array(z.string())
    .optional()
    .describe('Ids of the people whom it notifies, while it waits. Left out without the scope `read`.'),
  digest: z
    .string()
    .describe(
      'Fingerprint of content and recipient. An approval names it, so that it holds for exactly this message.',
    ),
  caller: detail(z.string().describe('Id of the caller that created it.')),
  reason: z
    .enum(HOLD_REASONS)
    .nullable()
    .describe(
      'Why it waits: "confirm", every send of this caller waits; "stranger", the owner never wrote to the chat; "send_at", it has a time. Null: it did not wait.',
    ),
  created_at: z.string(),
  release_at: z.string().nullable().describe('When it is to be sent; null: at once, or when it is approved.'),
  expires_at: z.string().nullable().describe('When it expires if it still waits; null: it does not wait.'),
  message_id: z
    .string()
    .nullable()
    .describe(
      'Id of the message; null if it is not sent. In the states sending and unknown, the message may not exist.',
    ),
  error: z
    .object({ code: z.string(), detail: z.string() })
    .nullable()
    .describe('Why it was not sent, or why that is unknown.'),
})
export type OutboxItem = z.infer<typeof OutboxItem>

/** The most people that a line names. */
const MOST_NAMED = 20

/**
 * Returns what a message that waits does besides its text, as lines for the person who decides. They may contain
 * controls. `timeOf` renders a time in ISO 8601.
 */
export function describeHeld(
  { state, reply_to, mentions = [], release_at }: OutboxItem,
  timeOf = (time: string) => time,
): string[] {
  const more = mentions.length - MOST_NAMED
  const people = [...mentions.slice(0, MOST_NAMED).map(numberOf), ...(more > 0 ? [`${more} more`] : [])]
  return [
    ...(reply_to === undefined ? [] : [`In reply to ${JSON.stringify(reply_to.text)}`]),
    ...(people.length === 0 ? [] : [`Notifies ${people.join(', ')}`]),
    ...(release_at === null || !WAITING.some((one) => one === state)
      ? []
      : [`To be sent at ${timeOf(release_at)}`]),
  ]
}

const numberOf = (id: string) => (id.endsWith('@c.us') ? `+${id.slice(0, -5)}` : id)
