/** Folds names and messages for search: removes accents, case and look-alike letters. */

import { toAsciiDigits } from './text.ts'

/** Letters that Unicode does not decompose, or that people write for one another. */
const ALIKE: Record<string, string> = {
  ß: 'ss',
  æ: 'ae',
  œ: 'oe',
  ø: 'o',
  ł: 'l',
  đ: 'd',
  ð: 'd',
  ħ: 'h',
  ı: 'i',
  þ: 'th',
  ς: 'σ',
  ى: 'ي',
  ی: 'ي',
  ک: 'ك',
  ة: 'ه',
  ...digits('٠١٢٣٤٥٦٧٨٩'),
  ...digits('۰۱۲۳۴۵۶۷۸۹'),
  ...digits('०१२३४५६७८९'),
}
/** Typographic signs and their plain forms; replaced before Unicode decomposes them (´ into a space). */
const SIGNS: [RegExp, string][] = [
  [/[\u2018-\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02c8\u055a\u05f3\ua78c\u00b4]/g, "'"],
  [/[\u201c-\u201f\u2033\u02ba\u02ee\u00ab\u00bb\u05f4\u301d-\u301f]/g, '"'],
  [/[\u2010-\u2015\u2212\u058a\u05be\ufe58\ufe63\uff0d]/g, '-'],
]
const ALIKE_PATTERN = new RegExp(`[${Object.keys(ALIKE).join('')}]`, 'g')

/** Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel signs, the dot of Hindi. */
const MARKS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u093c]/g
/** Invisible characters. */
const UNSEEN = /[\p{Cf}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}]/gu

/** Cache of folded names: a search folds all names, and the next search folds the same ones. */
const FOLDED = new Map<string, string>()
const MAX_FOLDED = 50_000

/** Folds a name for comparison: equal for texts that a person considers the same. Cached. */
export function fold(text: string): string {
  if (isPlain(text)) return text.toLowerCase()
  const known = FOLDED.get(text)
  if (known !== undefined) return known
  if (FOLDED.size >= MAX_FOLDED) FOLDED.clear()
  const folded = takeApart(text)
  FOLDED.set(text, folded)
  return folded
}

/** Folds a text that is not likely to repeat; not cached. */
export function foldText(text: string): string {
  return isPlain(text) ? text.toLowerCase() : takeApart(text)
}

/**
 * The words of a name, folded, without emoji and punctuation around them; the whole name if it has no words.
 */
export function bareName(name: string): string {
  const folded = fold(name)
  return folded.replace(/[^\p{L}\p{N}\p{Mn}\p{Mc}]+/gu, ' ').trim() || folded.trim()
}

/** Fast path for many names and all numbers: they need no decomposition. */
export function isPlain(text: string): boolean {
  return /^[\t\n\r\u0020-\u007e]*$/.test(text)
}

function takeApart(text: string): string {
  return SIGNS.reduce((plain, [signs, sign]) => plain.replace(signs, sign), text)
    .normalize('NFKD')
    .toLowerCase()
    .replace(MARKS, '')
    .replace(UNSEEN, '')
    .replace(ALIKE_PATTERN, (letter) => ALIKE[letter] ?? letter)
}

/**
 * Returns a test for a typed query, or for one of several that are separated by commas: every word must be part of the text, or,
 * if the query reads as a number, its digits part of the digits. Both arguments of the test are folded: names, and the digits of
 * the phone number.
 */
export function createMatcher(query: string): Matcher {
  const parts = query.split(/[,\u060c\u3001\uff0c]/).filter((part) => part.trim() !== '')
  const matchers = (parts.length === 0 ? [query] : parts).map(matcherOf)
  return (names, number) => matchers.some((matches) => matches(names, number))
}

type Matcher = (names: string, number: string) => boolean

function matcherOf(query: string): Matcher {
  const words = fold(query)
    .split(/\s+/)
    .filter((word) => word !== '')
  const digits = numberIn(query)
  // "0176 123…" is the national form of a number; the international form has the country code in place of the 0.
  const national = digits.replace(/^0+/, '')
  return (names, number) => {
    if (words.length > 0 && words.every((word) => names.includes(word))) return true
    if (digits === '' || number === '') return false
    return number.includes(digits) || (national.length >= 5 && number.includes(national))
  }
}

/** The digits of a text that can only be a number, else an empty string. */
function numberIn(query: string): string {
  const plain = isPlain(query) ? query : toAsciiDigits(query)
  return /^[\s\d+().\-/]+$/.test(plain) ? plain.replace(/\D/g, '') : ''
}

/** Ten digits of another script, and their replacements. */
function digits(ten: string): Record<string, string> {
  return Object.fromEntries([...ten].map((digit, value) => [digit, String(value)]))
}
