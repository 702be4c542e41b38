/** Makes an answer small enough for its reader: smaller pages first, then shorter texts and lists. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { tokensOf } from './answer.ts'
import { type Limits, WHOLE } from './cut.ts'

/** The inputs that say how much a reading tells. */
export type Sizes = Record<string, number>

export type Fitting = {
  /** In tokens. */
  budget: number
  /** As the caller wants them; none: the answer has no pages. */
  sizes: Sizes
  first: object
  /** Asks again, for smaller pages: what says where to go on then fits what is told. */
  ask(sizes: Sizes): Promise<object>
  /** @param smaller the sizes, where they are not those that the caller wants */
  render(answer: object, limits: Limits, smaller: Sizes): CallToolResult
}

/** A text this long is shown whole, if need be on a smaller page; a longer one only where there is room. */
const KEPT: Limits = { ...WHOLE, text: 1_000 }
const LONG: Limits[] = [...[8_000, 4_000, 2_000].map((text) => ({ ...WHOLE, text })), KEPT]

/** When pages cannot be smaller: no page has more than one entry any more, so that only lists within one are cut. */
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

/** The largest form of the answer that is within the budget. */
export async function fitAnswer({ budget, sizes, first, ask, render }: Fitting): Promise<CallToolResult> {
  const count = (result: CallToolResult) => tokensOf(result, 4 * budget)
  for (const limits of [WHOLE, ...LONG]) {
    const result = render(first, limits, {})
    if (count(result) <= budget) return result
  }
  let answer = first
  let smaller: Sizes = {}
  let result = render(answer, KEPT, smaller)
  for (
    let tokens = count(result);
    tokens > budget && canShrink({ ...sizes, ...smaller });
    tokens = count(result)
  ) {
    smaller = shrink({ ...sizes, ...smaller }, budget / tokens, longestList(answer))
    answer = await ask(smaller)
    result = render(answer, KEPT, smaller)
  }
  for (const limits of SHORTER) {
    if (count(result) <= budget) break
    result = render(answer, limits, smaller)
  }
  return result
}

function canShrink(sizes: Sizes): boolean {
  return Object.values(sizes).some((size) => size > 1)
}

/** Smaller by so much in all, and each by one at least; none below one. `there`: more than this there is not. */
function shrink(sizes: Sizes, ratio: number, there: number): Sizes {
  const names = Object.keys(sizes)
  const scale = Math.min(ratio, 0.95) ** (1 / names.length)
  return Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [
      name,
      Math.min(size, Math.max(1, Math.floor(Math.min(size, there) * scale))),
    ]),
  )
}

function longestList(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 1
  const own = Array.isArray(value) ? value.length : 1
  return Object.values(value).reduce<number>((most, one) => Math.max(most, longestList(one)), own)
}
