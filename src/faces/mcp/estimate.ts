/** Estimates the tokens of a text without a tokenizer, to keep results within a budget. Imports nothing. */

/**
 * Splits a text as tokenizers do: codes, words of Latin letters, up to three digits, runs of punctuation, single
 * characters.
 */
const PIECES =
  /(?=[A-Za-z+/=_-]{0,24}\d)(?=\d{0,24}[A-Za-z+/=_-])[\w+/=-]{25,}|[A-ZÀ-Þ]?[a-zß-öø-ɏḀ-ỿ]+|[A-ZÀ-Þ]+| ?\d{1,3}|\s+|[!-/:-@[-`{-~]+|./gsu

/** Tokens for a character of these scripts in ordinary text. For all other characters each UTF-8 byte is a token. */
const SCRIPTS: [characters: RegExp, tokens: number][] = [
  [/[\p{Script=Cyrillic}\p{Script=Greek}]/u, 0.5],
  [/[\p{Script=Arabic}\u064b-\u0652]/u, 0.5],
  [/\p{Script=Hebrew}/u, 0.6],
  [/[\u0900-\u0eff]/, 0.5],
  [/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u, 1.05],
  [/\p{Script=Hangul}/u, 0.95],
  [/[\u2000-\u206f]|\p{M}/u, 1],
  [/[\p{Extended_Pictographic}\p{Regional_Indicator}\p{Emoji_Modifier}]/u, 2],
]

/** Cache: most texts use few different characters. */
const known = new Map<string, number>()

/**
 * Returns an upper bound of the tokens (o200k_base; a test compares them) for texts of people and their JSON, at most 60 %
 * too high. Random characters can have more tokens than the bound.
 * @param precise counts up to this number of tokens, then extrapolates
 */
export function estimateTokens(text: string, precise = Number.POSITIVE_INFINITY): number {
  let tokens = 0
  for (const { 0: piece, index } of text.matchAll(PIECES)) {
    tokens += tokensOf(piece)
    if (tokens > precise) return Math.ceil((tokens * text.length) / (index + piece.length))
  }
  return Math.ceil(tokens)
}

function tokensOf(piece: string): number {
  const { length } = piece
  if (/\d$/.test(piece) && length < 5) return piece.startsWith(' ') ? 2 : 1.05
  if (/^\s/.test(piece)) return length === 1 ? 0.2 : 1
  if (/^\p{Script=Latin}+$/u.test(piece)) return tokensOfWord(piece)
  if (/^[!-/:-@[-`{-~]+$/.test(piece)) return 1 + Math.max(0, length - 3) * 0.6
  if (length >= 25) return length * 0.75
  return tokensOfCharacter(piece)
}

/** A common word is one token, a long word several. A run longer than any word is not language. */
function tokensOfWord(word: string): number {
  const accents = word.replace(/[A-Za-z]/g, '').length
  if (word.length > 30) return word.length * 0.6
  const each = word === word.toUpperCase() ? 0.6 : 0.33
  return 1 + Math.max(0, word.length - 4) * each + accents * 0.5
}

function tokensOfCharacter(character: string): number {
  const kept = known.get(character)
  if (kept !== undefined) return kept
  const tokens =
    SCRIPTS.find(([characters]) => characters.test(character))?.[1] ?? Buffer.byteLength(character)
  known.set(character, tokens)
  return tokens
}
