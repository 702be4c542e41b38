/** Arguments as MCP clients really send them, read as they are meant. REST takes what is documented and nothing else. */
import { fail } from '../../errors.ts'
import { toJson } from '../../json.ts'
import type { Operation } from '../../operations/operation.ts'
import { type Field, inputFields } from './schemas.ts'

/**
 * Fields that clients add to every call, whatever the tool takes. They say nothing to a tool.
 * n8n: `toolCallId` (n8n-io/n8n#21716), `tool` (#21500), and the item of its chat trigger (#22787). Cline: `task_progress`
 * (cline/cline#8256).
 */
const CLIENT_FIELDS = new Set(['toolCallId', 'tool', 'sessionId', 'action', 'chatInput', 'task_progress'])

/** What one tool calls `q` is `query` in another: either is taken where the other is the name. */
const SAME: Record<string, string> = { q: 'query', query: 'q' }

/** What clients write where a value is left out: claude-code#95239 (`"null"`, `["null"]`), cursor#3614 (`""`), inspect_ai#1477 (`"None"`). */
const NOTHING = ['', 'null', 'undefined', 'None']

export type Arguments = {
  /** To be parsed by the operation. */
  input: Record<string, unknown>
  /** What was read in another way than it was written: a sentence each. */
  notes: string[]
}

/**
 * Reads what this tool is called with. `more`: names of fields that every tool takes besides.
 * - Empty optional fields are left out. Required ones stay as they are, and are refused by the operation.
 * - Lists, numbers and booleans that are written as text are read.
 * - Of a reading, a number above the most that a field takes is lowered to that, and noted.
 * - Fields that the tool does not have: those of clients are left out. One that resembles a field is refused. Any other is
 *   left out and noted if the tool only reads; else it is refused, since it may be what keeps the call from doing harm.
 */
export function createArgumentReader(
  { input, effect }: Pick<Operation, 'input' | 'effect'>,
  more: readonly string[],
): (given: Record<string, unknown>) => Arguments {
  const optionalText: Field = { types: ['string'], isRequired: false }
  const fields = new Map<string, Field>([
    ...inputFields(input),
    ...more.map((name): [string, Field] => [name, optionalText]),
  ])
  const names = [...fields.keys()]

  return (given) => {
    const read: [string, unknown][] = []
    const notes: string[] = []
    const refused: string[] = []
    for (const [written, value] of Object.entries(given)) {
      const same = SAME[written]
      const name = !fields.has(written) && same !== undefined && !Object.hasOwn(given, same) ? same : written
      const field = fields.get(name)
      if (field === undefined) {
        if (CLIENT_FIELDS.has(written) || isNothing(value)) continue
        const near = names.find((one) => resembles(written, one))
        if (near !== undefined) refused.push(`unknown field ${quote(written)} (did you mean "${near}"?)`)
        else if (effect === 'read') notes.push(`Ignored: this tool has no field ${quote(written)}.`)
        else refused.push(`unknown field ${quote(written)} (the fields are ${names.join(', ')})`)
      } else if (field.isRequired || !isNothing(value)) {
        const meant = readValue(value, field)
        const { most = Number.POSITIVE_INFINITY } = field
        const isOver = effect === 'read' && typeof meant === 'number' && meant > most
        if (isOver) notes.push(`${name} was lowered to ${most}, the most it can be.`)
        read.push([name, isOver ? most : meant])
      }
    }
    if (refused.length > 0) fail('invalid_input', { detail: `${refused.slice(0, 5).join('; ')}.` })
    return { input: Object.fromEntries(read), notes: notes.slice(0, 5) }
  }
}

/** A value that says that there is none, or a list of such. */
function isNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isEmpty)
  return isEmpty(value) || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'string' ? NOTHING.includes(value.trim()) : value === undefined || value === null
}

/** Text for a field that takes none, as what it says; anything else as it is. */
function readValue(value: unknown, { types }: Field): unknown {
  if (typeof value !== 'string' || types.includes('string')) return value
  const text = value.trim()
  if (types.includes('array') && text.startsWith('[')) return parseList(text) ?? value
  if (types.includes('boolean') && /^(true|false)$/i.test(text)) return text.toLowerCase() === 'true'
  if (types.some((type) => type === 'integer' || type === 'number') && /^-?\d{1,15}(\.\d+)?$/.test(text))
    return Number(text)
  return value
}

function parseList(text: string): unknown[] | null {
  try {
    const list: unknown = JSON.parse(text)
    return Array.isArray(list) ? list : null
  } catch {
    return null
  }
}

/** Is this the name in another spelling, with a mistake, or with words more or less? */
function resembles(written: string, name: string): boolean {
  const [some, all] = [wordsOf(written), wordsOf(name)]
  const [one, other] = [some.join(''), all.join('')]
  const isPart = some.every((word) => all.includes(word)) || all.every((word) => some.includes(word))
  if ((some.length > 0 && isPart) || one === other) return true
  const most = Math.min(one.length, other.length) < 5 ? 1 : 2
  return one.length > 2 && other.length > 2 && one.length < 40 && distance(one, other) <= most
}

/** `phoneNumber`, `phone-number` and `PHONE_NUMBER` are the same words. */
function wordsOf(name: string): string[] {
  const words = name.slice(0, 80).replace(/([a-z\d])([A-Z])/g, '$1 $2')
  return words
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '')
}

/** How many letters have to be put in, left out or changed (Levenshtein). */
function distance(one: string, other: string): number {
  let row = Array.from({ length: other.length + 1 }, (_, n) => n)
  for (const [line, letter] of [...one].entries()) {
    const next = [line + 1]
    for (const [n, against] of [...other].entries()) {
      const changed = (row[n] ?? 0) + (letter === against ? 0 : 1)
      next.push(Math.min(changed, (row[n + 1] ?? 0) + 1, (next[n] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

/** A name that the caller chose, short and without controls. */
function quote(name: string): string {
  return toJson(name.slice(0, 40))
}
