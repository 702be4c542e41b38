/** The one door: every call of every face passes here, and nothing else calls an operation's `run`. */
import type { z } from 'zod'
import { DeadlineError, withDeadline } from '../clock.ts'
import { fail } from '../errors.ts'
import { toJson } from '../json.ts'
import type { Context, Operation } from './operation.ts'

const DEFAULT_LIMIT_MS = 2_000
/** When to ask again after what goes on by itself. */
const LATER_S = 10

/**
 * Parse the input, check the session, run within the time limit, check the output.
 * @throws AppError: `invalid_input`, the row's own codes; when the time is up the row's `lateCode`, else
 * `whatsapp_timeout` (`send_outcome_unknown` for a send)
 */
export async function invoke<In extends z.ZodType, Out extends z.ZodType>(
  operation: Operation<In, Out>,
  rawInput: unknown,
  context: Context,
): Promise<z.output<Out>> {
  const input = parseInput(operation.input, rawInput)
  if (operation.needs === 'linked') context.session.requireLinked()
  if (operation.needs === 'ready') context.session.engine()
  const limit = operation.limitMs ?? DEFAULT_LIMIT_MS
  try {
    const work = (async () => operation.run(input, context))()
    const output = await withDeadline(context.clock, operation.title, limit, work)
    return operation.output.parse(output)
  } catch (error) {
    if (!(error instanceof DeadlineError)) throw error
    const { lateCode, effect } = operation
    if (lateCode !== undefined) fail(lateCode, { cause: error, retryAfterS: LATER_S })
    return fail(effect === 'send' ? 'send_outcome_unknown' : 'whatsapp_timeout', { cause: error })
  }
}

/** @throws AppError `invalid_input` with one sentence that names each wrong field */
export function parseInput<In extends z.ZodType>(schema: In, raw: unknown): z.output<In> {
  const input = schema.safeParse(raw)
  if (!input.success) fail('invalid_input', { detail: describe(input.error.issues) })
  return input.data
}

/** One sentence that names each wrong field; values are not repeated, they may be private. */
function describe(issues: readonly z.core.$ZodIssue[]): string {
  const parts = issues.slice(0, 5).map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `unknown field ${issue.keys.slice(0, 5).map(quote).join(', ')}`
    const where = issue.path.length === 0 ? 'the body' : quote(issue.path.join('.'))
    return `${where}: ${issue.message}`
  })
  return `${parts.join('; ')}.`
}

/** A name that the caller chose, short and without controls. */
function quote(name: PropertyKey): string {
  return toJson(String(name).slice(0, 40))
}
