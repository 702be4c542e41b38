/** Calls that send several messages: what became of each, and what the whole call returns. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'
import { keyOf, problemOf } from '../outbox/item.ts'
import { facts as inWords } from './brief.ts'
import { timestampOf } from './messages.ts'

/** The fields of the result of one message. */
export const RESULT = {
  ok: z.boolean(),
  message_id: z
    .string()
    .optional()
    .describe('Id of the message; if the outcome is unknown, the id that it has if it was sent.'),
  outbox_id: z
    .string()
    .optional()
    .describe('Id of its item in the outbox, if it waits there or the outcome is unknown.'),
  code: z.string().optional().describe('Error code, if it was not sent, or if that is unknown.'),
  detail: z.string().optional(),
}
type Result = z.infer<z.ZodObject<typeof RESULT>>

/** One of several messages. `error`: null if it was sent. */
export type Part<One extends Result = Result> = { result: One; error: AppError | null }

/** The errors of messages that may still be sent, or may have been. The first of them becomes the error of the whole call. */
const OPEN = ['send_outcome_unknown', 'held_for_approval', 'send_scheduled'] as const satisfies ErrorCode[]
/** True if a message with this error may have been sent, or waits. */
export const isOpen = (code: ErrorCode) => OPEN.some((one) => one === code)
const CODES = Object.keys(ERRORS) as ErrorCode[]

const Facts = z.object({
  item: z.object({ id: z.string() }).optional(),
  message_id: z.string().optional(),
  outbox_id: z.string().optional(),
})

/** Returns the result of a message with this error. */
export function unsent({ code, message, facts }: AppError): Result {
  const { item, message_id, outbox_id = item?.id } = Facts.parse(facts)
  return {
    ok: false,
    ...(message_id === undefined ? {} : { message_id }),
    ...(outbox_id === undefined ? {} : { outbox_id }),
    code,
    detail: message,
  }
}

/**
 * Returns the results in their order, if one of the messages was sent.
 * @throws AppError if none was sent: the error of one message, with `results` and `facts`. It is that of a message that may have been
 * sent, else of one that waits, else of the first
 */
export function resultsOf<One extends Result>(
  parts: readonly Part<One>[],
  facts: Record<string, unknown> = {},
): One[] {
  const results = parts.map(({ result }) => result)
  const errors = parts.flatMap(({ error }) => error ?? [])
  const [first] = [...OPEN.flatMap((code) => errors.filter((error) => error.code === code)), ...errors]
  if (first === undefined || errors.length < parts.length) return results
  const { code, message, hint, retryAfterS, cause } = first
  throw new AppError(code, {
    detail: message,
    hint,
    cause,
    ...(retryAfterS === undefined ? {} : { retryAfterS }),
    facts: { ...first.facts, ...facts, results },
  })
}

/** The error of a message that waited, and whose item is gone: within the time of a key, only forgetting its chat deletes it. */
export const itemDeleted = () =>
  new AppError('outcome_unknown', {
    detail: 'The message waited in the outbox, and its item was deleted: its chat was forgotten.',
    hint: 'Check the chat on the phone before you send the message with a new key.',
  })

/** The facts of an error of {@link resultsOf}. */
const Stored = Facts.extend({ results: z.array(z.looseObject({ ...RESULT, code: z.enum(CODES) })) }).loose()

/**
 * Returns what the messages of an earlier call are now, and the other facts of its error; null if it is no error of
 * {@link resultsOf}.
 * @param get finds an item of the outbox
 */
export async function presentParts(facts: object, get: (itemId: string) => Promise<OutboxRow | null>) {
  const stored = Stored.safeParse(facts).data
  if (stored === undefined) return null
  const { item: _, message_id: __, outbox_id: ___, results, ...others } = stored
  return { facts: others, parts: await Promise.all(results.map((one) => presentPart(one, get))) }
}

type StoredResult = z.infer<typeof Stored>['results'][number]

async function presentPart(
  before: StoredResult,
  get: (itemId: string) => Promise<OutboxRow | null>,
): Promise<Part> {
  const { message_id: _, outbox_id, code, detail = ERRORS[code].title, ...others } = before
  const item = isOpen(code) && outbox_id !== undefined ? await get(outbox_id) : null
  if (item === null) {
    const waited = isOpen(code) && code !== 'send_outcome_unknown'
    if (!waited) return { result: before, error: new AppError(code, { detail }) }
    const error = itemDeleted()
    return { result: { ...others, ...unsent(error) }, error }
  }
  const error = problemOf(item)
  const now =
    error === null ? { ok: true, message_id: keyOf(item), timestamp: timestampOf(item) } : unsent(error)
  return { result: { ...others, ...now }, error }
}

/** Returns the ids of the items that wait for approval, if that is the error of the whole call. */
export function heldBy({ code, facts }: AppError): string[] {
  if (code !== 'held_for_approval') return []
  const { item } = Facts.parse(facts)
  const held = Stored.safeParse(facts).data?.results.filter((one) => one.code === code)
  return (held ?? [{ outbox_id: item?.id }]).flatMap(({ outbox_id }) => outbox_id ?? [])
}

/** Returns what became of a message that was not sent, as words for an agent. */
export function unsentWords({ outbox_id, message_id, code, detail }: Partial<Result>): string {
  const how = code === 'send_outcome_unknown' ? 'unknown' : outbox_id === undefined ? 'not sent' : 'waits'
  return `${how}: ${inWords({ id: message_id, item: outbox_id, code })}. ${detail ?? ''}`
}
