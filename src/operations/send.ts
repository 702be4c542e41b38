/** A row that sends one message: what it drafts passes through the outbox, and its answer follows from the item. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import { ERRORS, type ErrorCode, fail } from '../errors.ts'
import type { Short } from '../model/fields.ts'
import { OutboxItem } from '../model/outbox.ts'
import { MOST } from '../outbox/content.ts'
import type { Draft } from '../outbox/item.ts'
import { facts, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { momentInput } from './inputs.ts'
import { type Brief, CONTROL_ERRORS, defineOperation, type Operation } from './operation.ts'
import { READING_ERRORS } from './reading.ts'

/** A text to send. */
export const textInput = z
  .string()
  .max(MOST.text)
  .refine((text) => text.trim() !== '', 'must not be empty')
  .describe('The text to send, at most 65536 characters.')

/** The error codes of every row that sends. */
export const SEND_ERRORS = [
  'chat_not_found',
  ...CONTROL_ERRORS,
  // The archive tells whether the caller sees the chat, and may send to it.
  ...READING_ERRORS,
  'not_connected',
  'logout_in_progress',
  'shutting_down',
  'not_on_whatsapp',
  'send_refused',
  'account_restricted',
  'whatsapp_error',
  'not_supported_by_whatsapp_web',
  'whatsapp_timeout',
  'send_outcome_unknown',
  'held_for_approval',
  'recipient_not_allowed',
  'sends_too_fast',
  'send_scheduled',
  'send_withdrawn',
] as const satisfies ErrorCode[]

/** `sendAtMs`: the time of {@link sendAt}. */
type Drafted = Omit<Draft, 'operation'> & { sendAtMs?: number | undefined }

/** How far ahead a message can be scheduled. */
const MOST_MS = 366 * 24 * 3_600_000

/** The `send_at` of the API. Parses to Unix milliseconds. */
export const sendAt = momentInput.describe(
  'When to send, ISO 8601 with offset ("YYYY-MM-DDThh:mm:ss+hh:mm"). Returns the waiting `item`, no message_id.',
)

/** Returns the time (Unix ms) as it is. @throws AppError `invalid_input` unless it is in the future, and within a year */
export function demandFuture(sendAtMs: number | undefined, nowMs: number): number | undefined {
  if (sendAtMs === undefined || (sendAtMs > nowMs && sendAtMs < nowMs + MOST_MS)) return sendAtMs
  return fail('invalid_input', { detail: '"send_at": must be in the future, and within a year.' })
}

/** What a row returns to an agent for a message that waits for its time. The REST response 202 has the same fields. */
export const SCHEDULED = {
  routes: ['GET /api/outbox/{item_id}'],
  output: z.object({ ok: z.literal(true), item: OutboxItem }),
  brief: {
    shape: z.object({
      ok: z.literal(true),
      item: OutboxItem.pick({ id: true, state: true, chat: true, release_at: true }),
    }),
    text: ({ item: { id, chat, release_at } }: { item: Pick<OutboxItem, 'id' | 'chat' | 'release_at'> }) =>
      `Scheduled, not sent yet: ${facts({ at: release_at, item: id })}, to ${quoted(chat.name)} [${chat.id}]. ${ERRORS.send_scheduled.hint}`,
  },
} satisfies Pick<Operation, 'routes' | 'output'> & { brief: Brief<z.ZodObject> }

/** What a row that sends adds to an operation. */
export type SendRow<In extends z.ZodType, Out extends z.ZodType, Shape> = Omit<
  Operation<In, Out, 'send', 'ready', Shape>,
  'takes' | 'gives' | 'effect' | 'scope' | 'needs' | 'run' | 'answer'
> & {
  /** Returns what is to be sent. Fails if nothing can be sent. */
  draft(input: z.output<In>, granted: Grant<'send', 'ready'>): Promise<Drafted>
  /** Returns the answer for a sent item, also later, when the same call is repeated. */
  answer(item: OutboxRow, input: z.output<In>): z.input<Out>
}

/** Defines a row that sends one message. */
export function defineSend<In extends z.ZodType, Out extends z.ZodType, Shape = Short<Out>>(
  row: SendRow<In, Out, Shape>,
): Operation<In, Out, 'send', 'ready', Shape> {
  const { draft, answer, ...others } = row
  return defineOperation({
    limitMs: 30_000,
    ...others,
    effect: 'send',
    scope: 'send',
    needs: 'ready',
    answer,
    run: async (input, granted) => {
      const { sendAtMs, ...drafted } = await draft(input, granted)
      return answer(await granted.send({ operation: row.name, ...drafted }, sendAtMs), input)
    },
  })
}
