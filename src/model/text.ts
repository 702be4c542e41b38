/** Functions for text that people wrote. */

/**
 * Returns the text with U+FFFD in place of characters that SQLite does not return unchanged: NUL (libsql 0.5.29 ends a text
 * there) and lone surrogates (not valid UTF-8). Every text from outside is cleaned before it is compared with the archive.
 * Without this the stored text always differs from the new one, which counts as an edit, and its words stay in the search
 * index, because the index deletes only exactly the words that it is given.
 */
export function cleanText(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '\uFFFD')
}

/** Returns the first `length` UTF-16 units of the text, one less where the cut would leave half of a character. */
export function cutText(text: string, length: number): string {
  return text.slice(0, length).replace(/[\uD800-\uDBFF]$/, '')
}

/**
 * Returns true if the text has a visible character. Spaces, controls, format characters (U+200B), fillers (U+3164), the
 * empty Braille pattern and marks without a base letter are not visible.
 */
export function isVisible(text: string): boolean {
  return /[^\s\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text)
}

/**
 * Returns the text with 0 to 9 in place of the digits of every other script (Arabic, Devanagari, full-width, …), and
 * without the format characters that a copied number often includes.
 */
export function toAsciiDigits(text: string): string {
  const visible = text.normalize('NFKC').replace(/\p{Cf}/gu, '')
  return visible.replace(/\p{Nd}/gu, (digit) => {
    // The ten digits of a script have consecutive code points.
    let value = 0
    const code = digit.codePointAt(0) ?? 0
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1
    return String(value)
  })
}

/**
 * Returns true for data in base64, such as the preview of an image: 40 or more characters of its alphabet without a space, or
 * fewer that begin as a JPEG does.
 */
export function isPreview(text: string): boolean {
  return /^[A-Za-z0-9+/]{40,}=*$/.test(text) || /^\/9j\/[A-Za-z0-9+/]*=*$/.test(text)
}

const EMOJI = /\p{Extended_Pictographic}|\p{Regional_Indicator}|\u20E3/u
const graphemes = new Intl.Segmenter('en', { granularity: 'grapheme' })

/** Returns true if the text is one emoji of any kind, as people see it: with its skin tone, a flag, a keycap. */
export function isEmoji(text: string): boolean {
  return EMOJI.test(text) && [...graphemes.segment(text)].length === 1
}
