/** Input that a caller gave, checked against a schema of ours. */
import type { z } from 'zod'
import { fail } from '../errors.ts'
import { toJson } from '../json.ts'
import { misfit } from './misfit.ts'

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
