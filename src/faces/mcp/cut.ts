/** Shortens outputs by the marks of their fields: cuts long texts and lists, and counts what is left out. */
import { isRecord } from '../../json.ts'
import { type Fields, UNMARKED } from '../../model/fields.ts'

/**
 * Limits for texts (UTF-16 units) and lists (entries). Lists named in `pages` are not cut. `preview`: limit for
 * the texts of previews.
 */
export type Limits = { text: number; entries: number; pages?: readonly string[]; preview?: number }

/** No limits. */
export const WHOLE: Limits = { text: Number.POSITIVE_INFINITY, entries: Number.POSITIVE_INFINITY }

/** What was left out. */
export type Cuts = {
  /** Number of cut texts. */
  texts: number
  /** Number of removed entries, by the name of the list. */
  entries: Map<string, number>
}

/** Returns a counter at zero. */
export function noCuts(): Cuts {
  return { texts: 0, entries: new Map() }
}

/**
 * Returns the object within these limits. Adds what is left out to `cuts`. Of texts only those that people wrote are cut: all
 * others are short, and cut ids, times and cursors are useless.
 */
export function cutObject(
  value: object,
  fields: Fields,
  limits: Limits,
  cuts: Cuts,
): Record<string, unknown> {
  const { text, entries, preview = text } = limits
  if (text === WHOLE.text && entries === WHOLE.entries && preview === text) return { ...value }
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [
      name,
      cut(one, fields.fields.get(name) ?? UNMARKED, limits, cuts, name),
    ]),
  )
}

function cut(value: unknown, fields: Fields, limits: Limits, cuts: Cuts, name: string): unknown {
  if (typeof value === 'string') return fields.written ? cutText(value, limits, cuts) : value
  if (Array.isArray(value)) {
    const shown = limits.pages?.includes(name) ? value : value.slice(0, limits.entries)
    const over = value.length - shown.length
    if (over > 0) cuts.entries.set(name, (cuts.entries.get(name) ?? 0) + over)
    return shown.map((one) => cut(one, fields, limits, cuts, ''))
  }
  if (!isRecord(value)) return value
  const { preview = limits.text } = limits
  const text = fields.preview ? Math.min(limits.text, preview) : limits.text
  return cutObject(value, fields, { ...limits, text }, cuts)
}

function cutText(text: string, limits: Limits, cuts: Cuts): string {
  if (text.length <= limits.text) return text
  cuts.texts += 1
  // Never splits a surrogate pair.
  const shown = text.slice(0, limits.text).replace(/[\ud800-\udbff]$/, '')
  return `${shown}… (${text.length - shown.length} more characters)`
}

/**
 * Removes empty values: false, null, empty lists, and what a field usually is. Keeps all fields of the output itself, so that
 * readers find them.
 */
export function sparse(answer: object, fields: Fields): Record<string, unknown> {
  return changeEach(answer, fields, thin)
}

function thin(value: unknown, fields: Fields): unknown {
  if (Array.isArray(value)) return value.map((one) => thin(one, fields))
  if (!isRecord(value)) return value
  const told = Object.entries(value).filter(([name, one]) => !saysNothing(one, fields.fields.get(name)))
  return changeEach(Object.fromEntries(told), fields, thin)
}

function saysNothing(value: unknown, fields: Fields = UNMARKED): boolean {
  if (Array.isArray(value)) return value.length === 0
  return value === null || value === undefined || value === false || value === fields.usual
}

/** Adapts the sentences of this server in an output; other texts are facts. */
export function reworded(
  answer: object,
  fields: Fields,
  words: (text: string) => string,
): Record<string, unknown> {
  const change = (value: unknown, marks: Fields): unknown => {
    if (typeof value === 'string') return marks.own ? words(value) : value
    return isRecord(value) ? changeEach(value, marks, change) : value
  }
  return changeEach(answer, fields, change)
}

function changeEach(
  value: object,
  { fields }: Fields,
  change: (value: unknown, fields: Fields) => unknown,
): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(value).map(([name, one]) => [name, change(one, fields.get(name) ?? UNMARKED)]),
  )
}
