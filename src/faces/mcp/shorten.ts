/** Messages made small enough to be read many at a time. */
import { estimateTokens } from './estimate.ts'

/** A text this long is shown whole. */
const TEXT = 1_000
/** Entries of a list that are shown: a message in a large group may have hundreds of reactions. */
const ENTRIES = 20

/** The same with each text cut after 1,000 characters, which it then says, and each list after 20 entries. */
export function shorten<Value>(value: Value): Value
export function shorten(value: unknown): unknown {
  if (typeof value === 'string') return shortenText(value)
  if (Array.isArray(value)) return value.slice(0, ENTRIES).map(shorten)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, shorten(one)]))
}

function shortenText(text: string): string {
  if (text.length <= TEXT) return text
  // Never half of a character.
  const shown = text.slice(0, TEXT).replace(/[\ud800-\udbff]$/, '')
  return `${shown}… (${text.length - shown.length} more characters)`
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
