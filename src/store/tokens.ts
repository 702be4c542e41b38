/**
 * Tokenizes texts for the search index. Words are folded, see fold.ts. Scripts without spaces become pairs:
 * "abc" gives "ab", "bc", "c", so that every character begins exactly one token, and any sequence is found as
 * a phrase. Emoji, currencies and other signs that people search for (`%`, `&`, `#`, `@`, `+`) are separate
 * tokens, a flag is one; punctuation separates words, and the sign for an invalid character (text.ts) is no
 * token.
 */
import type { ChatKind } from '../model/chat.ts'
import { foldText, isPlain } from '../model/fold.ts'

/** Increased with every change of the tokens of a text: archives are then indexed again. */
export const TOKENS_VERSION = 4

/** A token, and its range in the folded text. */
export type Token = { text: string; start: number; end: number }

/** Letters of scripts without spaces, and Hangul, whose endings are attached to the words. */
const UNSPACED = `(?=[\\p{L}\\p{M}\\p{N}])[${[
  'Han',
  'Hiragana',
  'Katakana',
  'Bopomofo',
  'Hangul',
  'Thai',
  'Lao',
  'Khmer',
  'Myanmar',
]
  .map((script) => `\\p{scx=${script}}`)
  .join('')}]`
const PIECES = new RegExp(
  `(?<run>(?:${UNSPACED})+)|(?:(?!${UNSPACED})[\\p{L}\\p{M}\\p{N}])+|\\p{RI}\\p{RI}|(?![\\uFFFD\\u2044])[\\p{Sc}\\u20a0-\\u20cf\\p{So}\\p{Sm}\\p{Extended_Pictographic}#%&@§‰]`,
  'gu',
)
const PLAIN_PIECES = /[a-z\d]+|[#$%&+<=>@|~]/g

/** The longest word; anything longer is not a word. */
const MAX_TOKEN = 64

/** Folded as in the index: decomposed characters are composed again (が, 한). */
export function foldForSearch(text: string): string {
  return isPlain(text) ? foldText(text) : foldText(text).normalize('NFC')
}

/** A part of a folded text; `isRun`: of a script without spaces. */
export type Piece = { text: string; start: number; isRun: boolean }

/** The searchable parts of a folded text, in order. */
export function piecesOf(folded: string): Piece[] {
  const pattern = isPlain(folded) ? PLAIN_PIECES : PIECES
  return [...folded.matchAll(pattern)].map((match) => ({
    text: match[0],
    start: match.index,
    isRun: match.groups?.run !== undefined,
  }))
}

/** The tokens of a folded text, in order. */
export function tokensOf(folded: string): Token[] {
  return piecesOf(folded).flatMap((piece) => (piece.isRun ? pairsOf(piece) : [wordOf(piece)]))
}

/** A part that is one token. */
export function wordOf({ text, start }: Piece): Token {
  return { text: text.slice(0, MAX_TOKEN), start, end: start + text.length }
}

/** Each character of a run with the next one, and the last one alone. */
export function pairsOf({ text, start }: Piece): Token[] {
  const tokens: Token[] = []
  for (let at = 0; at < text.length; ) {
    const next = at + lengthAt(text, at)
    const end = next + lengthAt(text, next)
    tokens.push({ text: text.slice(at, end), start: start + at, end: start + end })
    at = next
  }
  return tokens
}

/** Code units of the character at `at`; 0 at the end. */
function lengthAt(text: string, at: number): number {
  const code = text.codePointAt(at)
  return code === undefined ? 0 : code > 0xffff ? 2 : 1
}

/**
 * Tokens that no text contains, since `_` separates words: `_` and a character of a run, for searches of one
 * character, and the facts that restrict searches.
 */
export const MARKED = {
  character: (character: string) => `_${character}`,
  chat: (id: number) => `_c${id}`,
  sender: (id: number) => `_s${id}`,
  kind: (kind: ChatKind) => `_k${kind}`,
  /** For every message that is not a plain text. */
  special: '_t',
  /** For notices and calls. */
  notice: '_n',
  /** An ASCII sign: the index's own tokenizer would treat it as a separator. */
  sign: (sign: string) => `_x${sign.charCodeAt(0).toString(16)}`,
  type: (type: string) => `_t${type.replace(/[^A-Za-z\d]/g, '_')}`,
} as const

/** The tokens of a text as stored in the index. */
export function stored(tokens: readonly string[]): string[] {
  return tokens.map((token) => (/^[!-/:-@[-`{-~]$/.test(token) ? MARKED.sign(token) : token))
}

/** The indexed fields of a message. */
export type Searchable = {
  body: string
  /** The words of its content: the name of a file or place, the options of a poll, … */
  further: string
  isNotice: boolean
  type: string
  sender: number
  chat: number
  kind: ChatKind
}

/** The indexed text of a message, tokens separated by spaces; null if there is nothing to search for. */
export function indexTextOf({
  body,
  further,
  isNotice,
  type,
  sender,
  chat,
  kind,
}: Searchable): string | null {
  const characters = new Set<string>()
  const texts = [body, further].map((text) =>
    piecesOf(foldForSearch(text)).flatMap((piece) => {
      if (!piece.isRun) return [wordOf(piece).text]
      for (const character of piece.text) characters.add(character)
      return pairsOf(piece).map((token) => token.text)
    }),
  )
  if (texts.every((tokens) => tokens.length === 0)) return null
  const facts = [
    MARKED.chat(chat),
    ...(kind === 'direct' ? [] : [MARKED.kind(kind)]),
    ...(sender < 0 ? [] : [MARKED.sender(sender)]),
    ...(type === 'chat' ? [] : [MARKED.special, MARKED.type(type)]),
    ...(isNotice ? [MARKED.notice] : []),
  ]
  // The facts are in between, so that no phrase spans the text and the content.
  const [words = [], others = []] = texts.map(stored)
  return [...words, ...facts, ...others, ...[...characters].map(MARKED.character)].join(' ')
}
