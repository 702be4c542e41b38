/** Fits an output into a token budget: with shorter texts, shorter lists and, if the operation has pages, smaller pages. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { jsonLength } from '../../json.ts'
import type { Fields } from '../../model/fields.ts'
import { tokensOf } from './answer.ts'
import { cutObject, type Limits, noCuts, WHOLE } from './cut.ts'

/** The inputs that set page sizes. */
export type Sizes = Record<string, number>

export type Fitting = {
  /** In tokens. */
  budget: number
  /** The page sizes that the caller asked for; empty: the output has no pages. */
  sizes: Sizes
  /** The list that each page size limits. */
  lists: Readonly<Record<string, string>>
  first: object
  /** Runs the operation again with smaller pages, so that the cursors match what is returned. */
  ask(sizes: Sizes): Promise<object>
  /** @param smaller the page sizes that differ from those that the caller asked for */
  render(answer: object, limits: Limits, smaller: Sizes): CallToolResult
}

/** Texts up to this length are returned in full, on a smaller page if needed. */
const LONG: Limits = { ...WHOLE, text: 1_000 }

/** Longer texts are returned only if they fit on the requested page. */
const LONGER: Limits[] = [WHOLE, ...[8_000, 4_000, 2_000].map((text) => ({ ...WHOLE, text }))]

/** For outputs that would otherwise keep too few entries. */
const SHORTER: Limits[] = [
  { text: 500, entries: 200 },
  { text: 250, entries: 100 },
  { text: 250, entries: 50 },
  { text: 120, entries: 30 },
  { text: 120, entries: 20 },
  { text: 60, entries: 10 },
  { text: 60, entries: 5 },
  { text: 30, entries: 2 },
  { text: 30, entries: 1 },
]

/** A page gets shorter texts before it gets fewer entries than this. */
const FEW = 5

/** The most bytes of text in a full result. Some clients cut or reject longer ones. */
export const MOST_BYTES = 100_000

const PREVIEW = 1_000

/** Returns the result with all entries of its pages, and with texts as long as they fit. */
export function fitWhole(
  answer: object,
  fields: Fields,
  render: (limits: Limits) => CallToolResult,
): CallToolResult {
  // A chat's last message is a preview: the messages often include it too.
  const texts = [WHOLE.text, 64_000, 32_000, 16_000, 8_000, 4_000, 2_000, 1_000].map((text) => ({
    ...WHOLE,
    text,
    preview: PREVIEW,
  }))
  const steps = [WHOLE, ...texts, ...SHORTER]
  for (const limits of steps.slice(0, -1)) {
    // The length is counted first, which takes a fraction of the time of writing it.
    if (jsonLength(cutObject(answer, fields, limits, noCuts())) > MOST_BYTES) continue
    const result = render(limits)
    if (bytesOf(result) <= MOST_BYTES) return result
  }
  return render(steps.at(-1) ?? WHOLE)
}

function bytesOf({ content }: CallToolResult): number {
  return content.reduce((sum, part) => sum + (part.type === 'text' ? Buffer.byteLength(part.text) : 0), 0)
}

/** Returns the largest result within the budget, or the smallest possible one if none fits. */
export async function fitAnswer({
  budget,
  sizes,
  lists,
  first,
  ask,
  render,
}: Fitting): Promise<CallToolResult> {
  const count = (result: CallToolResult) => tokensOf(result, 2 * budget)
  let result = render(first, LONG, {})
  if (count(result) <= budget) {
    // Most results: writing and counting them again takes as long as the first time.
    if (!hasLonger(first, LONG.text)) return result
    for (const limits of LONGER) {
      const longer = render(first, limits, {})
      if (count(longer) <= budget) return longer
    }
    return result
  }
  let answer = first
  let smaller: Sizes = {}
  for (const few of [FEW, 1]) {
    for (const limits of [LONG, ...SHORTER]) {
      result = render(answer, limits, smaller)
      for (let tokens = count(result); ; tokens = count(result)) {
        const ratio = budget / tokens
        if (ratio >= 1) return result
        const less = shrink({ ...sizes, ...smaller }, ratio, lists, answer)
        if (less === null || entriesOf(answer, Object.values(lists)) * ratio < few) break
        smaller = less
        answer = await ask(less)
        result = render(answer, limits, less)
      }
    }
  }
  return result
}

/**
 * Returns smaller page sizes: each at least one smaller, based on the entries that exist. Returns null if none can
 * shrink.
 */
function shrink(sizes: Sizes, ratio: number, lists: Fitting['lists'], answer: object): Sizes | null {
  const names = Object.keys(sizes).filter((name) => (sizes[name] ?? 0) > 1)
  const scale = Math.min(ratio, 0.95) ** (1 / names.length)
  const less = names.map((name): [string, number] => {
    const shown = Math.min(sizes[name] ?? 0, longestList(answer, lists[name] ?? ''))
    return [name, Math.max(1, Math.floor(shown * scale))]
  })
  return less.length === 0 ? null : { ...sizes, ...Object.fromEntries(less) }
}

/** True if the value contains a text that is longer than this. */
function hasLonger(value: unknown, length: number): boolean {
  if (typeof value === 'string') return value.length > length
  return (
    typeof value === 'object' && value !== null && Object.values(value).some((one) => hasLonger(one, length))
  )
}

/** Returns the total number of entries in lists with these names. */
function entriesOf(answer: unknown, names: readonly string[]): number {
  return listsIn(answer, names).reduce((sum, length) => sum + length, 0)
}

function longestList(answer: unknown, name: string): number {
  return Math.max(0, ...listsIn(answer, [name]))
}

/** Returns the lengths of all lists with these names. */
function listsIn(value: unknown, names: readonly string[]): number[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => [
    ...(Array.isArray(one) && names.includes(name) ? [one.length] : []),
    ...listsIn(one, names),
  ])
}
