/** Shortens outputs: cuts long texts and lists, and counts what is left out. */

/**
 * Limits for texts (UTF-16 units) and lists (entries). Lists named in `pages` are not cut. `preview`: limit for the
 * texts of a chat's last message.
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
 * The fields with texts of people (or browsers), which can have any length. Only these are cut: all others are short, and
 * cut ids, times and cursors are useless.
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

/** Returns the value within these limits. Adds what is left out to `cuts`. */
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

/** Like {@link cut}, for an object. */
export function cutObject(value: object, limits: Limits, cuts: Cuts): Record<string, unknown> {
  const { text, entries, preview = text } = limits
  if (text === WHOLE.text && entries === WHOLE.entries && preview === text) return { ...value }
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, cut(one, limits, cuts, name)]))
}

function cutText(text: string, limits: Limits, cuts: Cuts): string {
  if (text.length <= limits.text) return text
  cuts.texts += 1
  // Never splits a surrogate pair.
  const shown = text.slice(0, limits.text).replace(/[\ud800-\udbff]$/, '')
  return `${shown}… (${text.length - shown.length} more characters)`
}

/**
 * Removes empty values: false, null, empty lists, and the type `chat` of plain text messages. Keeps all fields of the output
 * itself, so that readers find them.
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
