/** Scores how well a message matches a search, from its text alone, independent of the other messages. */
import type { FindHits, Hit } from './search-query.ts'
import { foldForSearch, tokensOf } from './tokens.ts'

/** Saturation and length weight as in BM25; a message with this many words has a neutral length. */
const K = 1.2
const B = 0.75
const USUAL_WORDS = 12

/** Higher is better: many hits in few words, with all terms close together. */
export function relevanceOf(text: string, findHits: FindHits): number {
  const tokens = tokensOf(foldForSearch(text))
  const found = findHits(tokens)
  const length = 1 - B + (B * tokens.length) / USUAL_WORDS
  const often = found.reduce((sum, { length: hits }) => sum + (hits * (K + 1)) / (hits + K * length), 0)
  return often + closeness(found)
}

/**
 * 1 if the first hits of all terms are adjacent, towards 0 the farther apart they are; 0 for a single term.
 */
function closeness(found: readonly Hit[][]): number {
  const firsts = found.flatMap(([first]) => (first === undefined ? [] : [first]))
  if (firsts.length < 2) return 0
  const span = Math.max(...firsts.map(([, last]) => last)) - Math.min(...firsts.map(([first]) => first)) + 1
  const covered = firsts.reduce((sum, [first, last]) => sum + last - first + 1, 0)
  return Math.min(1, covered / span)
}
