/**
 * Parses a typed query into terms, and terms into an FTS5 expression. Typed text is never interpreted as
 * syntax.
 */
import { CHAT_KINDS, type ChatKind } from '../model/chat.ts'
import { ME } from './people.ts'
import { foldForSearch, MARKED, pairsOf, piecesOf, stored, type Token, wordOf } from './tokens.ts'

/**
 * Required in every hit: these tokens in a row; with `isPrefix` the last one is a prefix. `isCharacter`: one
 * character of a script without spaces, anywhere.
 */
export type Term = { tokens: string[]; isPrefix: boolean; isCharacter: boolean }

/** First and last token of a hit; for a prefix, also the length of the match. */
export type Hit = [first: number, last: number, length?: number | undefined]

/**
 * The terms of a query: words, `"…"` as phrases, either with a trailing `*`. Empty if nothing can be
 * searched.
 */
export function parseQuery(query: string): Term[] {
  const terms = new Map<string, Term>()
  for (const [, phrase, phraseStar, word = ''] of query.matchAll(/"([^"]*)"(\*?)|([^\s"]+)/g)) {
    const term =
      phrase === undefined
        ? termOf(word.replace(/\*$/, ''), word.endsWith('*'))
        : termOf(phrase, phraseStar === '*')
    if (term !== null) terms.set(JSON.stringify(term), term)
  }
  return [...terms.values()]
}

function termOf(text: string, hasStar: boolean): Term | null {
  const pieces = piecesOf(foldForSearch(text))
  const last = pieces.at(-1)
  if (last === undefined) return null
  const isOne = [...last.text].length === 1
  if (last.isRun && isOne && pieces.length === 1)
    return { tokens: [last.text], isPrefix: false, isCharacter: true }
  const tokens = pieces.flatMap((piece) => {
    if (!piece.isRun) return [wordOf(piece).text]
    const pairs = pairsOf(piece).map((token) => token.text)
    // The run may continue in the text, so its end is not required.
    return piece === last && !isOne ? pairs.slice(0, -1) : pairs
  })
  return { tokens, isPrefix: last.isRun ? isOne : hasStar, isCharacter: false }
}

/** Finds the hits of each term among the tokens of a text, in order. */
export type FindHits = {
  (tokens: readonly Token[]): Hit[][]
  /** Returns false if a text that folds to this contains no term. A fast check; true means: probably. */
  mayHit(folded: string): boolean
}

/** Each token is read once, or once per prefix, for any number of terms. */
export function createFindHits(terms: readonly Term[]): FindHits {
  const words = new Map<string, number[]>()
  const prefixes: number[] = []
  for (const [index, { tokens, isPrefix, isCharacter }] of terms.entries()) {
    const [first = ''] = tokens
    if (isPrefix && tokens.length === 1) prefixes.push(index)
    else {
      const key = isCharacter ? MARKED.character(first) : first
      words.set(key, [...(words.get(key) ?? []), index])
    }
  }
  const hasCharacters = terms.some(({ isCharacter }) => isCharacter)

  function find(tokens: readonly Token[]): Hit[][] {
    const found = terms.map((): Hit[] => [])
    const note = (index: number, at: number): void => {
      const term = terms[index]
      if (term === undefined || !fits(term, tokens, at)) return
      const last = at + term.tokens.length - 1
      // For a pair, only the character that was searched for.
      found[index]?.push(term.isCharacter ? [at, last, term.tokens[0]?.length] : [at, last])
    }
    for (const [at, { text }] of tokens.entries()) {
      for (const index of words.get(text) ?? []) note(index, at)
      for (const index of prefixes) note(index, at)
      if (!hasCharacters) continue
      const character = String.fromCodePoint(text.codePointAt(0) ?? 0)
      for (const index of words.get(MARKED.character(character)) ?? []) note(index, at)
    }
    return found
  }
  const firsts = [...new Set(terms.map(({ tokens }) => tokens[0] ?? ''))]
  return Object.assign(find, { mayHit: (folded: string) => firsts.some((first) => folded.includes(first)) })
}

function fits({ tokens, isPrefix, isCharacter }: Term, of: readonly Token[], at: number): boolean {
  const last = tokens.length - 1
  return tokens.every((want, index) => {
    const has = of[at + index]?.text ?? ''
    return isCharacter || (isPrefix && index === last) ? has.startsWith(want) : has === want
  })
}

/** Restricts a search; chats and senders by row. */
export type SearchScope = {
  chat?: number | undefined
  /** Only in these chats; without `chat`. */
  chats?: readonly number[] | undefined
  sender?: number | undefined
  fromMe?: boolean | undefined
  types?: readonly string[] | undefined
  kinds?: readonly ChatKind[] | undefined
  /** Includes notices and calls. */
  notices?: boolean | undefined
}

/** The expression that finds all `terms` within `scope`; null if nothing is required: no terms, and a scope that only excludes. */
export function toExpression(terms: readonly Term[], scope: SearchScope): string | null {
  const { chat, chats, sender, fromMe, types, kinds, notices } = scope
  const wanted = terms.map(toClause)
  const unwanted: string[] = []
  if (chat !== undefined) wanted.push(quote(MARKED.chat(chat)))
  else if (chats !== undefined) wanted.push(anyOf(chats.map(MARKED.chat)))
  if (sender !== undefined) wanted.push(quote(MARKED.sender(sender)))
  if (fromMe !== undefined) (fromMe ? wanted : unwanted).push(quote(MARKED.sender(ME)))
  if (kinds?.includes('direct')) unwanted.push(...CHAT_KINDS.filter(isMissing(kinds)).map(ofKind))
  else if (kinds !== undefined) wanted.push(anyOf(kinds.map(MARKED.kind)))
  if (types !== undefined) {
    const special = types.filter((type) => type !== 'chat').map(MARKED.type)
    if (special.length === types.length) wanted.push(anyOf(special))
    else if (special.length === 0) unwanted.push(quote(MARKED.special))
    else unwanted.push(`(${quote(MARKED.special)} NOT ${anyOf(special)})`)
  }
  if (wanted.length === 0) return null
  if (!notices) unwanted.push(quote(MARKED.notice))
  const all = wanted.join(' AND ')
  return unwanted.length === 0 ? all : `(${all}) NOT (${unwanted.join(' OR ')})`
}

const ofKind = (kind: ChatKind) => quote(MARKED.kind(kind))
const isMissing = (kinds: readonly ChatKind[]) => (kind: ChatKind) => !kinds.includes(kind)

function toClause({ tokens, isPrefix, isCharacter }: Term): string {
  if (isCharacter) return anyOf(tokens.map(MARKED.character))
  return `${quote(stored(tokens).join(' '))}${isPrefix ? ' *' : ''}`
}

function anyOf(tokens: readonly string[]): string {
  return `(${tokens.map(quote).join(' OR ')})`
}

/** An FTS5 string. Tokens contain only letters, digits and symbols, so there is no quote to escape. */
function quote(tokens: string): string {
  return `"${tokens}"`
}
