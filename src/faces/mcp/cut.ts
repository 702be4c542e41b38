/** Answers made smaller: long texts cut, long lists cut, and what was left out counted. */

/** How long texts and lists may be: UTF-16 units, entries. Lists by the names in `pages` are not cut. `preview`: the texts of a chat's last message. */
export type Limits = { text: number; entries: number; pages?: readonly string[]; preview?: number }

/** All of it. */
export const WHOLE: Limits = { text: Number.POSITIVE_INFINITY, entries: Number.POSITIVE_INFINITY }

/** What was left out. */
export type Cuts = {
  /** So many texts were cut. */
  texts: number
  /** Of lists by this name so many entries. */
  entries: Map<string, number>
}

/** Nothing yet. */
export function noCuts(): Cuts {
  return { texts: 0, entries: new Map() }
}

/**
 * The members that hold what people (or browsers) wrote, and so can be of any length. All others are short, and ids, times
 * and cursors are of no use when they are cut.
 */
const WRITTEN = new Set([
  'body',
  'name',
  'address_book_name',
  'pushname',
  'sender_name',
  'filename',
  'mimetype',
  'snippet',
  'emoji',
  'last_error',
])

/** The same value within these limits; what is left out is added to `cuts`. */
export function cut(value: unknown, limits: Limits, cuts: Cuts, name = ''): unknown {
  if (typeof value === 'string') return WRITTEN.has(name) ? cutText(value, limits, cuts) : value
  if (Array.isArray(value)) {
    const shown = limits.pages?.includes(name) ? value : value.slice(0, limits.entries)
    const over = value.length - shown.length
    if (over > 0) cuts.entries.set(name, (cuts.entries.get(name) ?? 0) + over)
    return shown.map((one) => cut(one, limits, cuts))
  }
  if (!isObject(value)) return value
  const { preview = limits.text } = limits
  const text = name === 'last_message' ? Math.min(limits.text, preview) : limits.text
  return cutObject(value, { ...limits, text }, cuts)
}

/** The same for an object, which stays one. */
export function cutObject(value: object, limits: Limits, cuts: Cuts): Record<string, unknown> {
  const { text, entries, preview = text } = limits
  if (text === WHOLE.text && entries === WHOLE.entries && preview === text) return { ...value }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cut(one, limits, cuts, name)]))
}

function cutText(text: string, limits: Limits, cuts: Cuts): string {
  if (text.length <= limits.text) return text
  cuts.texts += 1
  // Never half of a character.
  const shown = text.slice(0, limits.text).replace(/[\ud800-\udbff]$/, '')
  return `${shown}… (${text.length - shown.length} more characters)`
}

/**
 * Without what says nothing: no, none, empty, and that a message is plain text. The members of the answer itself stay, so
 * that whoever looks for one finds it.
 */
export function sparse(answer: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(answer).map(([name, value]) => [name, thin(value)]))
}

function thin(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(thin)
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([name, one]) => !saysNothing(name, one))
      .map(([name, one]) => [name, thin(one)]),
  )
}

function saysNothing(name: string, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return value === null || value === undefined || value === false || (name === 'type' && value === 'chat')
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}
