/** What of a text a search has hit, and the piece of it that shows that. */
import { isPlain } from './fold.ts'
import { hitsOf, type Term } from './search-query.ts'
import { foldForSearch, tokensOf } from './tokens.ts'

/** A stretch of a text, in UTF-16 code units; the end is not part of it. */
export type Mark = [start: number, end: number]

/** A piece of a text. `marks`: what was hit in `text`, in characters (code points), as every language can count them. */
export type Snippet = { text: string; marks: Mark[] }

/** Code points: about two lines. */
const LENGTH = 200
/** How much is shown of what stands before the first hit. */
const LEAD = 40
const MAX_MARKS = 50
/** What belongs to the character before it, whatever folding makes of both. */
const CLUSTERS = /.[\p{M}\p{Cf}\p{Emoji_Modifier}\u1160-\u11ff\uff9e\uff9f]*/gsu

/** Where these terms stand in a text, in order; what overlaps or touches is one. */
export function findMarks(text: string, terms: readonly Term[]): Mark[] {
  const { folded, sources } = foldWithSources(text)
  const tokens = tokensOf(folded)
  const marks = terms.flatMap((term) =>
    hitsOf(term, tokens).flatMap(([first, last]): Mark[] => {
      const [from, to] = [tokens[first], tokens[last]]
      if (from === undefined || to === undefined) return []
      // Of a pair only the character that was asked for.
      const end = term.isCharacter ? from.start + (term.tokens[0]?.length ?? 0) : to.end
      return [[sources(from.start)[0], sources(end - 1)[1]]]
    }),
  )
  return join(marks)
}

/** Folded as the index holds it, and of each of its code units the stretch of the text that it comes from. */
function foldWithSources(text: string): { folded: string; sources: (at: number) => Mark } {
  if (isPlain(text)) return { folded: foldForSearch(text), sources: (at) => [at, at + 1] }
  let folded = ''
  const known: Mark[] = []
  for (const { 0: cluster, index } of text.matchAll(CLUSTERS)) {
    const piece = foldForSearch(cluster)
    folded += piece
    for (let unit = 0; unit < piece.length; unit += 1) known.push([index, index + cluster.length])
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

/** The text around the first of these marks; all of it where it is short, else with `…` where it was cut. */
export function toSnippet(text: string, marks: readonly Mark[]): Snippet {
  const starts = [...text.matchAll(CLUSTERS)].map(({ index }) => index)
  const first = marks[0]?.[0] ?? 0
  const isShort = starts.length <= LENGTH
  const hit = starts.findLastIndex((start) => start <= first)
  const from = isShort ? 0 : Math.max(0, Math.min(hit - LEAD, starts.length - LENGTH))
  const to = isShort ? starts.length : Math.min(starts.length, from + LENGTH)
  const [begin, end] = [starts[from] ?? 0, starts[to] ?? text.length]
  const lead = begin > 0 ? '…' : ''
  const shown = lead + text.slice(begin, end) + (end < text.length ? '…' : '')
  const place = (at: number) => [...shown.slice(0, at - begin + lead.length)].length
  return {
    text: shown,
    marks: marks
      .filter(([start, stop]) => start >= begin && stop <= end)
      .slice(0, MAX_MARKS)
      .map(([start, stop]) => [place(start), place(stop)]),
  }
}
