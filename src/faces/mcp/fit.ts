/** Makes an answer small enough for its reader: shorter texts and lists, and where the pages may be smaller, smaller pages. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { jsonLength } from '../../json.ts'
import { tokensOf } from './answer.ts'
import { type Limits, WHOLE } from './cut.ts'

/** The inputs that say how much a reading tells. */
export type Sizes = Record<string, number>

export type Fitting = {
  /** In tokens. */
  budget: number
  /** As the caller wants them; none: the answer has no pages. */
  sizes: Sizes
  /** The list that each of them bounds. */
  lists: Readonly<Record<string, string>>
  first: object
  /** Asks again, for smaller pages: what says where to go on then fits what is told. */
  ask(sizes: Sizes): Promise<object>
  /** @param smaller the sizes, where they are not those that the caller wants */
  render(answer: object, limits: Limits, smaller: Sizes): CallToolResult
}

/** A text this long is shown whole, if need be on a smaller page. */
const LONG: Limits = { ...WHOLE, text: 1_000 }

/** For longer ones there has to be room on the page that was asked for. */
const LONGER: Limits[] = [WHOLE, ...[8_000, 4_000, 2_000].map((text) => ({ ...WHOLE, text }))]

/** For answers of which too little would be left. */
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

/** Rather than fewer entries than this in all, a page has shorter texts. */
const FEW = 5

/** An answer that is told whole has at most so many bytes of text: what is longer is cut or refused by some hosts. */
export const MOST_BYTES = 100_000

const PREVIEW = 1_000

/** The answer with all entries of its pages, its texts as long as there is room for. */
export function fitWhole(answer: object, render: (limits: Limits) => CallToolResult): CallToolResult {
  // A chat's last message is a preview: often it stands among the messages too.
  const texts = [WHOLE.text, 64_000, 32_000, 16_000, 8_000, 4_000, 2_000, 1_000].map((text) => ({
    ...WHOLE,
    text,
    preview: PREVIEW,
  }))
  const [smallest = WHOLE, ...larger] = [WHOLE, ...texts, ...SHORTER].reverse()
  for (const limits of larger.reverse()) {
    if (limits === WHOLE && jsonLength(answer) > MOST_BYTES) continue
    const result = render(limits)
    if (bytesOf(result) <= MOST_BYTES) return result
  }
  return render(smallest)
}

function bytesOf({ content }: CallToolResult): number {
  return content.reduce((sum, part) => sum + (part.type === 'text' ? Buffer.byteLength(part.text) : 0), 0)
}

/** The largest form of the answer that is within the budget; of one that never is, the smallest. */
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

/** Smaller by so much in all, and each by one at least; null where none can be. What is not there anyway does not count. */
function shrink(sizes: Sizes, ratio: number, lists: Fitting['lists'], answer: object): Sizes | null {
  const names = Object.keys(sizes).filter((name) => (sizes[name] ?? 0) > 1)
  const scale = Math.min(ratio, 0.95) ** (1 / names.length)
  const less = names.map((name): [string, number] => {
    const shown = Math.min(sizes[name] ?? 0, longestList(answer, lists[name] ?? ''))
    return [name, Math.max(1, Math.floor(shown * scale))]
  })
  return less.length === 0 ? null : { ...sizes, ...Object.fromEntries(less) }
}

/** How many entries lists by these names have in all. */
function entriesOf(answer: unknown, names: readonly string[]): number {
  return listsIn(answer, names).reduce((sum, length) => sum + length, 0)
}

function longestList(answer: unknown, name: string): number {
  return Math.max(0, ...listsIn(answer, [name]))
}

/** The lengths of all lists by these names. */
function listsIn(value: unknown, names: readonly string[]): number[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => [
    ...(Array.isArray(one) && names.includes(name) ? [one.length] : []),
    ...listsIn(one, names),
  ])
}
