/** The one door: every call of every face passes here, and nothing else calls an operation's `run`. */
import type { z } from 'zod'
import { DeadlineError, withDeadline } from '../clock.ts'
import { fail } from '../errors.ts'
import { toJson } from '../json.ts'
import { misfit } from './misfit.ts'
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
  const input = schema.safeParse(raw, { error: misfit })
  if (!input.success) fail('invalid_input', { detail: describe(input.error.issues) })
  return input.data
}

/** One sentence that names each wrong field as the caller wrote it; values are not repeated, they may be private. */
function describe(issues: readonly z.core.$ZodIssue[]): string {
  const parts = issues.map((issue) => {
    if (issue.code === 'unrecognized_keys')
      return `unknown field ${issue.keys.slice(0, 5).map(quote).join(', ')}`
    // The place in a list says nothing to who wrote the words with commas between.
    const names = issue.path.filter((step) => typeof step !== 'number')
    return `${names.length === 0 ? 'the body' : quote(names.join('.'))}: ${issue.message}`
  })
  return `${[...new Set(parts)].slice(0, 5).join('; ')}.`
}

/** A name that the caller chose, short and without controls. */
function quote(name: PropertyKey): string {
  return toJson(String(name).slice(0, 40))
}
