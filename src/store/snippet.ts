/** Finds the hits of a search in a text, and the part of the text that shows them. */
import { fold, isPlain } from '../model/fold.ts'
import type { FindHits } from './search-query.ts'
import { foldForSearch, tokensOf } from './tokens.ts'

/** A range of a text, in UTF-16 code units; the end is excluded. */
export type Mark = [start: number, end: number]

/** A part of a text. `marks`: the hits in `text`, in code points, which every language can count. */
export type Snippet = { text: string; marks: Mark[] }

/** Code points: about two lines. */
const LENGTH = 200
/** Code points shown before the first hit. */
const LEAD = 40
const MAX_MARKS = 50
/** Code units that are read at once, since most of a long text is not shown. */
const STRETCH = 300
/** A phrase may span two ranges, so they overlap. */
const OVERLAP = 100
/** Words up to this length are not cut. */
const WORD = 64
/** Characters that belong to the one before them, also after folding. */
const ADDED = '[\\p{M}\\p{Cf}\\p{Emoji_Modifier}\\u1160-\\u11ff\\uff9e\\uff9f]'
const CLUSTERS = new RegExp(`.${ADDED}*`, 'gsu')
/** The same, with plain text as one piece, which needs no decomposition. */
const PIECES = new RegExp(`[\\t\\n\\r -~]+(?!${ADDED})|.${ADDED}*`, 'gsu')
const REST_OF_CLUSTER = new RegExp(`^[\\udc00-\\udfff]?${ADDED}*`, 'u')

/**
 * Returns the text around the first hit, with `…` where it is cut; a short text whole. Returns the beginning
 * without marks if there is no hit.
 * @param reach code units that are searched for a hit, about
 */
export function snippetOf(text: string, findHits: FindHits, reach = text.length): Snippet {
  const [start, end] = stretchWithHit(text, findHits, reach) ?? [0, 0]
  const [begin, stop] = [cut(text, start - LENGTH), cut(text, end + LENGTH)]
  const piece = text.slice(begin, stop)
  return toSnippet(piece, findMarks(piece, findHits), { before: begin > 0, after: stop < text.length })
}

function stretchWithHit(text: string, findHits: FindHits, reach: number): Mark | null {
  for (let start = 0, end = 0; end < Math.min(text.length, reach); start = cut(text, end - OVERLAP)) {
    end = cut(text, start + STRETCH)
    const folded = foldForSearch(text.slice(start, end))
    if (findHits.mayHit(folded) && findHits(tokensOf(folded)).some((hits) => hits.length > 0))
      return [start, end]
  }
  return null
}

/** The first index from `at` on where the text can be cut. */
function cut(text: string, at: number): number {
  if (at <= 0) return 0
  const ahead = text.slice(at, at + WORD)
  const boundary = ahead.search(/[\s\p{P}]|$/u)
  return boundary < WORD ? at + boundary : at + (REST_OF_CLUSTER.exec(ahead)?.[0].length ?? 0)
}

/** The ranges of the terms in a text, in order; overlapping and adjacent ones are merged. */
function findMarks(text: string, findHits: FindHits): Mark[] {
  const { folded, sources } = foldWithSources(text)
  const tokens = tokensOf(folded)
  const marks = findHits(tokens).flatMap((hits) =>
    hits.flatMap(([first, last, length]): Mark[] => {
      const [from, to] = [tokens[first], tokens[last]]
      if (from === undefined || to === undefined) return []
      const end = length === undefined ? to.end : from.start + length
      return [[sources(from.start)[0], sources(end - 1)[1]]]
    }),
  )
  return join(marks)
}

/**
 * The text folded as in the index, and for each of its code units the range of the text that it comes from.
 */
function foldWithSources(text: string): { folded: string; sources: (at: number) => Mark } {
  if (isPlain(text)) return { folded: foldForSearch(text), sources: (at) => [at, at + 1] }
  let folded = ''
  const known: Mark[] = []
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    // Cached: characters repeat.
    const made = fold(piece).normalize('NFC')
    folded += made
    const isKept = isPlain(piece)
    for (let unit = 0; unit < made.length; unit += 1)
      known.push(isKept ? [index + unit, index + unit + 1] : [index, index + piece.length])
  }
  return { folded, sources: (at) => known[at] ?? [text.length, text.length] }
}

function join(marks: Mark[]): Mark[] {
  const joined: Mark[] = []
  for (const [start, end] of marks.sort((one, other) => one[0] - other[0])) {
    const before = joined.at(-1)
    if (before !== undefined && start <= before[1]) before[1] = Math.max(before[1], end)
    else joined.push([start, end])
  }
  return joined
}

/** The displayed form of a part. `goesOn`: the text continues before or after it. */
function toSnippet(
  text: string,
  marks: readonly Mark[],
  goesOn: { before: boolean; after: boolean },
): Snippet {
  const starts = [...text.matchAll(CLUSTERS)].map(({ index }) => index)
  const first = marks[0]?.[0] ?? 0
  const isShort = starts.length <= LENGTH
  const hit = starts.findLastIndex((start) => start <= first)
  const from = isShort ? 0 : Math.max(0, Math.min(hit - LEAD, starts.length - LENGTH))
  const to = isShort ? starts.length : Math.min(starts.length, from + LENGTH)
  const [begin, end] = [starts[from] ?? 0, starts[to] ?? text.length]
  const shown = text.slice(begin, end)
  const lead = begin > 0 || goesOn.before ? '…' : ''
  const place = placesIn(shown)
  return {
    text: lead + shown + (end < text.length || goesOn.after ? '…' : ''),
    marks: marks
      .filter(([start, stop]) => start >= begin && stop <= end)
      .slice(0, MAX_MARKS)
      .map(([start, stop]) => [lead.length + place(start - begin), lead.length + place(stop - begin)]),
  }
}

/** The number of characters before a code unit. */
function placesIn(text: string): (unit: number) => number {
  const places: number[] = []
  let [unit, count] = [0, 0]
  for (const character of text) {
    places[unit] = count
    unit += character.length
    count += 1
  }
  return (at) => places[at] ?? count
}
