/** Lists made small enough to be read: as many entries as fit, each of them in short. */
import { type Cuts, cutObject, type Limits } from './cut.ts'
import { estimateTokens } from './estimate.ts'

/** A message this long is shown whole; in a large group one may have hundreds of reactions. */
const SHORT: Limits = { text: 1_000, entries: 20 }

/** The same in short. Texts that were cut say so themselves; that entries of a list are left out is told beside it. */
export function shorten(value: object): Record<string, unknown> {
  const cuts: Cuts = { texts: 0, entries: new Map() }
  const short = cutObject(value, SHORT, cuts)
  return cuts.entries.size === 0 ? short : { ...short, left_out: Object.fromEntries(cuts.entries) }
}

/** As many of these, from the first on, as fit into so many tokens. */
export function fitting<Item>(items: readonly Item[], tokens: number): Item[] {
  let room = tokens
  const tooMany = items.findIndex((item) => {
    room -= tokensIn(item)
    return room < 0
  })
  return items.slice(0, tooMany === -1 ? items.length : tooMany)
}

/** How many tokens something is as JSON, at most. */
export function tokensIn(value: unknown): number {
  return estimateTokens(JSON.stringify(value))
}
