/** Checks the input of a caller against a schema. */
import type { z } from 'zod'
import { fail } from '../errors.ts'
import { isRecord, toJson } from '../json.ts'
import { describeIssue } from '../model/misfit.ts'

/** Returns the parsed input. @throws AppError `invalid_input` with one sentence that names each invalid field */
export function parseInput<In extends z.ZodType>(schema: In, raw: unknown): z.output<In> {
  const input = schema.safeParse(raw, { error: describeIssue })
  if (!input.success) fail('invalid_input', { detail: describe(input.error.issues, raw) })
  const cut = findNul(input.data)
  if (cut !== null) fail('invalid_input', { detail: describe([cut], raw) })
  return input.data
}

/** What is wrong with a field: where it is, and the end of a sentence that begins with it. */
type Misfit = Pick<z.core.$ZodIssue, 'path' | 'message'>

/**
 * Finds a text with a NUL character in what a schema has accepted; null if there is none. SQLite returns a text only up to its NUL
 * (libsql 0.5.29): the owner would approve less than is sent.
 */
function findNul(value: unknown, path: readonly PropertyKey[] = []): Misfit | null {
  if (typeof value === 'string')
    return value.includes('\0') ? { path: [...path], message: 'must not have a NUL character' } : null
  const parts = Array.isArray(value) ? value.entries() : isPlain(value) ? Object.entries(value) : []
  for (const [step, one] of parts) {
    const found = findNul(one, [...path, step])
    if (found !== null) return found
  }
  return null
}

/** True for an object as JSON makes it. Others, such as bytes, have no text. */
const isPlain = (value: unknown): value is Record<string, unknown> =>
  isRecord(value) && [Object.prototype, null].includes(Object.getPrototypeOf(value))

/** Returns one sentence that names each invalid field as the caller wrote it. Never repeats values, which may be private. */
function describe(issues: readonly (z.core.$ZodIssue | Misfit)[], raw: unknown): string {
  const parts = issues.map((issue) => {
    if ('code' in issue && issue.code === 'unrecognized_keys')
      return `unknown field ${issue.keys.slice(0, 5).map(quote).join(', ')}`
    const names = issue.path.filter((step) => typeof step !== 'number')
    const field = names.length === 0 ? 'the body' : quote(names.join('.'))
    return `${field}${entryOf(issue.path, raw)}: ${issue.message}`
  })
  return `${[...new Set(parts)].slice(0, 5).join('; ')}.`
}

/** Returns which entry of a list is invalid, if the list has several. A text with commas has no entries. */
function entryOf(path: readonly PropertyKey[], raw: unknown): string {
  const at = path.findIndex((step) => typeof step === 'number')
  const list = path.slice(0, at).reduce<unknown>((value, step) => Reflect.get(Object(value), step), raw)
  const hasEntries = Array.isArray(list) && list.length > 1 && !list.some((one) => String(one).includes(','))
  return at >= 0 && hasEntries ? ` (entry ${Number(path[at]) + 1})` : ''
}

/** Quotes a name from the caller: shortened, with controls escaped. */
function quote(name: PropertyKey): string {
  return toJson(String(name).slice(0, 40))
}
