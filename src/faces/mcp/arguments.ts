/** Reads arguments as MCP clients send them. REST accepts only what is documented. */
import { fail } from '../../errors.ts'
import { toJson } from '../../json.ts'
import { fieldsOf } from '../../model/fields.ts'
import type { Operation } from '../../operations/operation.ts'
import { type Field, inputFields } from './schemas.ts'

/**
 * Fields that clients add to every call. They have no meaning for a tool and are ignored.
 * n8n: `toolCallId` (n8n-io/n8n#21716), `tool` (#21500), and the item of its chat trigger (#22787). Cline: `task_progress`
 * (cline/cline#8256).
 */
const CLIENT_FIELDS = new Set(['toolCallId', 'tool', 'sessionId', 'action', 'chatInput', 'task_progress'])

/** Some tools call the search text `q`, others `query`. Each accepts both. */
const SAME: Record<string, string> = { q: 'query', query: 'q' }

/**
 * What clients send for a missing value: claude-code#95239 (`"null"`, `["null"]`), cursor#3614 (`""`), inspect_ai#1477
 * (`"None"`).
 */
const NOTHING = ['', 'null', 'undefined', 'None']

export type Arguments = {
  /** The input, still to be parsed by the operation. */
  input: Record<string, unknown>
  /** One sentence for each argument that was changed or ignored. */
  notes: string[]
}

/**
 * Returns a function that reads the arguments of this tool. `more`: names of fields that every tool has besides.
 * - Empty optional fields are left out. Empty required fields stay, and the operation rejects them. An empty text that removes
 *   something stays if it is the only empty field: clients that fill in every field mean nothing by it.
 * - Lists, numbers and booleans may be written as text.
 * - In a reading, a number above the maximum of its field is lowered to the maximum, with a note.
 * - Unknown fields: fields that clients add are ignored. A field that resembles a field of the tool is rejected. If the tool
 *   only reads, any other field is ignored with a note; if not, it is rejected, because it may be meant to limit the call.
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
  const marks = fieldsOf(input).fields

  return (given) => {
    const read: [string, unknown][] = []
    const notes: string[] = []
    const refused: string[] = []
    const isOnlyEmpty = Object.values(given).filter(isNothing).length === 1
    for (const [written, value] of Object.entries(given)) {
      const same = SAME[written]
      const name = !fields.has(written) && same !== undefined && !Object.hasOwn(given, same) ? same : written
      const field = fields.get(name)
      if (field === undefined) {
        if (CLIENT_FIELDS.has(written) || isNothing(value)) continue
        const near = names.find((one) => resembles(written, one))
        if (near !== undefined) refused.push(`unknown field ${quote(written)} (did you mean "${near}"?)`)
        else if (effect === 'read')
          notes.push(`The field ${quote(written)} is ignored: this tool does not have it.`)
        else refused.push(`unknown field ${quote(written)} (the fields are ${names.join(', ')})`)
      } else if (
        field.isRequired ||
        !isNothing(value) ||
        (isOnlyEmpty && marks.get(name)?.clears && value === '')
      ) {
        const meant = readValue(value, field)
        const { most = Number.POSITIVE_INFINITY } = field
        const isOver = effect === 'read' && typeof meant === 'number' && meant > most
        if (isOver) notes.push(`${name} was lowered to its maximum, ${most}.`)
        read.push([name, isOver ? most : meant])
      }
    }
    if (refused.length > 0) fail('invalid_input', { detail: `${refused.slice(0, 5).join('; ')}.` })
    return { input: Object.fromEntries(read), notes: notes.slice(0, 5) }
  }
}

/** Returns true for an empty value or a list of empty values. */
function isNothing(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isEmpty)
  return isEmpty(value) || (typeof value === 'object' && value !== null && Object.keys(value).length === 0)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'string' ? NOTHING.includes(value.trim()) : value === undefined || value === null
}

/** Converts text to the type of a field that does not accept text. Returns any other value unchanged. */
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

/** Returns true if this is the name in another spelling, with a typing error, or with a word more or less. */
function resembles(written: string, name: string): boolean {
  const [some, all] = [wordsOf(written), wordsOf(name)]
  const [one, other] = [some.join(''), all.join('')]
  const isPart = some.every((word) => all.includes(word)) || all.every((word) => some.includes(word))
  if ((some.length > 0 && isPart) || one === other) return true
  const most = Math.min(one.length, other.length) < 5 ? 1 : 2
  return one.length > 2 && other.length > 2 && one.length < 40 && distance(one, other) <= most
}

/** Returns the words of a name: the same for `phoneNumber`, `phone-number` and `PHONE_NUMBER`. */
function wordsOf(name: string): string[] {
  const words = name.slice(0, 80).replace(/([a-z\d])([A-Z])/g, '$1 $2')
  return words
    .toLowerCase()
    .split(/[^a-z\d]+/)
    .filter((word) => word !== '')
}

/** Returns the number of letters to insert, delete or change (Levenshtein). */
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

/** Quotes a name from the caller: shortened, with controls escaped. */
function quote(name: string): string {
  return toJson(name.slice(0, 40))
}
