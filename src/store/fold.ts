/** Folding of names and messages, so that people find them however they type: without accents, case and look-alike letters. */

import { withPlainDigits } from '../model/text.ts'

/** Letters that Unicode does not take apart, or that people write one for the other. */
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
/** What keyboards and word processors put in place of the plain signs; before Unicode takes it apart (´ into a space). */
const SIGNS: [RegExp, string][] = [
  [/[\u2018-\u201b\u2032\u02b9\u02bb\u02bc\u02bd\u02c8\u055a\u05f3\ua78c\u00b4]/g, "'"],
  [/[\u201c-\u201f\u2033\u02ba\u02ee\u00ab\u00bb\u05f4\u301d-\u301f]/g, '"'],
  [/[\u2010-\u2015\u2212\u058a\u05be\ufe58\ufe63\uff0d]/g, '-'],
]
const ALIKE_PATTERN = new RegExp(`[${Object.keys(ALIKE).join('')}]`, 'g')

/** Latin, Greek and Cyrillic accents, Hebrew points, Arabic vowel signs, the dot of Hindi; then what nobody sees. */
const MARKS =
  /[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670\u093c]/g
const UNSEEN = /[\p{Cf}\p{Variation_Selector}\p{Default_Ignorable_Code_Point}]/gu

/** What was taken apart before: a search folds every name that there is, and the next one the same ones again. */
const FOLDED = new Map<string, string>()
const MAX_FOLDED = 50_000

/** Of a name, to compare by: equal for texts that a person would take for the same one. Kept for the next time. */
export function fold(text: string): string {
  if (isPlain(text)) return text.toLowerCase()
  const known = FOLDED.get(text)
  if (known !== undefined) return known
  if (FOLDED.size >= MAX_FOLDED) FOLDED.clear()
  const folded = takeApart(text)
  FOLDED.set(text, folded)
  return folded
}

/** The same of texts that come once. */
export function foldText(text: string): string {
  return isPlain(text) ? text.toLowerCase() : takeApart(text)
}

/** The words of a name, folded, without the emoji and punctuation around them; of one without words, all of it. */
export function bareName(name: string): string {
  const folded = fold(name)
  return folded.replace(/[^\p{L}\p{N}\p{Mn}\p{Mc}]+/gu, ' ').trim() || folded.trim()
}

/** Many names and every number: nothing to take apart, and every letter keeps its place. */
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
 * A test for what somebody typed: every word must be part of the text, or, where it reads as a number, its digits part
 * of the digits. Both arguments of the test are given folded: names, and digits of the phone number.
 */
export function createMatcher(query: string): (names: string, digits: string) => boolean {
  const words = fold(query)
    .split(/\s+/)
    .filter((word) => word !== '')
  const digits = numberIn(query)
  // "0176 123…" is how a number is dialled at home; abroad the country code stands in place of the 0.
  const national = digits.replace(/^0+/, '')
  return (names, number) => {
    if (words.length > 0 && words.every((word) => names.includes(word))) return true
    if (digits === '' || number === '') return false
    return number.includes(digits) || (national.length >= 5 && number.includes(national))
  }
}

/** The digits of what can only be meant as a number, else nothing. */
function numberIn(query: string): string {
  const plain = isPlain(query) ? query : withPlainDigits(query)
  return /^[\s\d+().\-/]+$/.test(plain) ? plain.replace(/\D/g, '') : ''
}

/** Ten digits of another script, and what is written for them elsewhere. */
function digits(ten: string): Record<string, string> {
  return Object.fromEntries([...ten].map((digit, value) => [digit, String(value)]))
}
