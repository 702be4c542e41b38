/**
 * Texts as the search index holds them. Words are folded, see fold.ts. Scripts that are written without spaces come as
 * pairs: of "abc" the tokens are "ab", "bc", "c", so that every character begins exactly one token, and whatever stands in
 * a row is found as a phrase. Emoji, currencies and other signs that people search for (`%`, `&`, `#`, `@`, `+`) are tokens of
 * their own, flags as one; punctuation parts words, and the sign for what was no character (text.ts) is none.
 */
import type { ChatKind } from '../model/chat.ts'
import { foldText, isPlain } from './fold.ts'

/** One higher for every change of what is made of the same text: archives are then indexed again. */
export const TOKENS_VERSION = 3

/** A token, and the stretch of the folded text that it stands for. */
export type Token = { text: string; start: number; end: number }

/** Letters of scripts without spaces, and Hangul, whose endings stick to the words. */
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

/** Enough to tell words apart; what is longer is no word. */
const MAX_TOKEN = 64

/** Folded as the index holds it: what belongs together is one character again (が, 한). */
export function foldForSearch(text: string): string {
  return isPlain(text) ? foldText(text) : foldText(text).normalize('NFC')
}

/** A piece of a folded text; `isRun`: of a script without spaces. */
export type Piece = { text: string; start: number; isRun: boolean }

/** What of a folded text can be searched, in order. */
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

/** A piece that is one token. */
export function wordOf({ text, start }: Piece): Token {
  return { text: text.slice(0, MAX_TOKEN), start, end: start + text.length }
}

/** Each character of a run with the next one, the last one alone. */
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
 * Tokens that no text has, since `_` parts words: `_` and a character of a run, for searches of one character, and the
 * facts by which searches are narrowed.
 */
export const MARKED = {
  character: (character: string) => `_${character}`,
  chat: (id: number) => `_c${id}`,
  sender: (id: number) => `_s${id}`,
  kind: (kind: ChatKind) => `_k${kind}`,
  /** Of every message that is not a plain text. */
  special: '_t',
  /** A sign of ASCII: the index's own tokenizer would take it for what parts words. */
  sign: (sign: string) => `_x${sign.charCodeAt(0).toString(16)}`,
  type: (type: string) => `_t${type.replace(/[^A-Za-z\d]/g, '_')}`,
} as const

/** Tokens of a text as the index holds them. */
export function stored(tokens: readonly string[]): string[] {
  return tokens.map((token) => (/^[!-/:-@[-`{-~]$/.test(token) ? MARKED.sign(token) : token))
}

/** What is indexed of a message. */
export type Searchable = {
  body: string
  filename: string | null
  type: string
  sender: number
  chat: number
  kind: ChatKind
}

/** Everything that the index holds of a message, tokens parted by spaces; null where there is nothing to be found by. */
export function indexTextOf({ body, filename, type, sender, chat, kind }: Searchable): string | null {
  const characters = new Set<string>()
  const texts = [body, filename ?? ''].map((text) =>
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
  ]
  // The facts stand in between, so that no phrase reaches from the text into the name of a file.
  const [words = [], name = []] = texts.map(stored)
  return [...words, ...facts, ...name, ...[...characters].map(MARKED.character)].join(' ')
}
