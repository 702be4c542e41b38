/** Error texts for fields of an input. Pure. */
import type { z } from 'zod'

const KINDS: Record<string, string> = {
  string: 'text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
}

/** Texts for the formats that fields have. */
const FORMATS: Record<string, string> = {
  datetime: 'must be an ISO 8601 time with offset',
}

/**
 * Returns the text for one of Zod's issues, as the end of a sentence that begins with the field: "is missing", "must be
 * text". Pass it to `safeParse` as `error`; messages of a schema take precedence (https://zod.dev/error-customization).
 * Never includes a value from the caller. `undefined` means a missing required field, because optional fields accept it.
 */
export function describeIssue(issue: z.core.$ZodRawIssue): string {
  if (issue.input === undefined) return 'is missing'
  switch (issue.code) {
    case 'invalid_type':
      return `must be ${KINDS[isWhole(issue.inst) ? 'int' : issue.expected] ?? issue.expected}`
    case 'invalid_value':
      return `must be ${issue.values.length === 1 ? '' : 'one of '}${issue.values.map(String).join(', ')}`
    case 'too_big':
      return limitOf('at most', 'less than', issue.maximum, issue)
    case 'too_small':
      return limitOf('at least', 'more than', issue.minimum, issue)
    case 'invalid_union':
      return ofBranches(issue.errors)
    case 'invalid_format':
      return FORMATS[issue.format] ?? 'is invalid'
    default:
      return 'is invalid'
  }
}

type Bound = { origin: string; inclusive?: boolean | undefined }

function limitOf(most: string, below: string, value: number | bigint, { origin, inclusive }: Bound): string {
  const unit = origin === 'string' ? 'character' : origin === 'array' ? 'entry' : null
  if (unit === null) return `must be ${inclusive === false ? below : most} ${value}`
  if (most === 'at least' && Number(value) === 1) return 'must not be empty'
  const units = unit === 'entry' ? 'entries' : `${unit}s`
  return `must have ${most} ${value} ${Number(value) === 1 ? unit : units}`
}

/** Returns the errors of the branches that accept this type, or the types that the branches accept if none does. */
function ofBranches(branches: readonly (readonly z.core.$ZodIssue[])[]): string {
  const first = branches.flatMap(([issue]) => issue ?? [])
  const near = first.filter((issue) => issue.code !== 'invalid_type' || issue.expected === 'int')
  if (near.length > 0)
    return [...new Set(near.map(({ message }) => message))].join(', or ').replaceAll(', or must be ', ', or ')
  const kinds = first.flatMap((issue) => (issue.code === 'invalid_type' ? (KINDS[issue.expected] ?? []) : []))
  return kinds.length === 0 ? 'is invalid' : `must be ${[...new Set(kinds)].join(' or ')}`
}

/** Returns true for a `z.int` schema. If the input is a text, Zod's issue says only that it expects "number". */
function isWhole(schema: unknown): boolean {
  const { _zod: inner } = Object(schema) as { _zod?: { def?: { format?: unknown } } }
  return inner?.def?.format === 'safeint'
}
