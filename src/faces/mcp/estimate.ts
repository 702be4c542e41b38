/** How many tokens a text is, at most, without a tokenizer: answers are kept within a budget by it. Imports nothing. */

/** What tokenizers take apart first: codes, words of Latin letters, three digits, runs of signs; all else by the character. */
const PIECES =
  /(?=[A-Za-z+/=_-]{0,24}\d)(?=\d{0,24}[A-Za-z+/=_-])[\w+/=-]{25,}|[A-ZÀ-Þ]?[a-zß-öø-ɏḀ-ỿ]+|[A-ZÀ-Þ]+| ?\d{1,3}|\s+|[!-/:-@[-`{-~]+|./gsu

/** What a character of these costs in ordinary text; of all others each byte in UTF-8 is a token. */
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

/** Texts are made of few different characters. */
const known = new Map<string, number>()

/**
 * An upper bound by the tokenizers in use (o200k_base: a test holds it against that) for what people write and for JSON of
 * it: at most 60 % too much. Of what is no language, such as characters by chance, there can be more.
 * @param precise counted up to this; what comes then is taken to be like what was counted
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

/** A usual word is one token, a long one has several; longer than any word is no language. */
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
