/** Texts that people wrote, as the archive can hold them. */

/**
 * The same text with U+FFFD in place of what SQLite does not give back as it was: a NUL, at which libsql (0.5.29) ends a
 * text that it reads, and halves of surrogate pairs, which are no UTF-8. Every text that comes from outside passes here
 * before it is compared with the archive: what reads back differently would be taken for an edit each time, and its
 * words would stay in the search index, which has to be told exactly what it is to forget.
 */
export function cleanText(text: string): string {
  return text.replace(/[\0\p{Cs}]/gu, '\uFFFD')
}

/**
 * Is there anything in the text that a reader sees? Not of spaces, controls, format characters (U+200B), fillers (U+3164),
 * the empty Braille pattern, and marks that stand on no letter alone.
 */
export function isVisible(text: string): boolean {
  return /[^\s\p{Cc}\p{Cf}\p{Cs}\p{M}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/u.test(text)
}

/**
 * The same text with 0 to 9 in place of the digits of every other script (Arabic, Devanagari, full-width, …), and without
 * the format characters that come along with a copied number.
 */
export function withPlainDigits(text: string): string {
  const visible = text.normalize('NFKC').replace(/\p{Cf}/gu, '')
  return visible.replace(/\p{Nd}/gu, (digit) => {
    // The ten digits of a script stand in a row.
    let value = 0
    const code = digit.codePointAt(0) ?? 0
    while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - value - 1))) value += 1
    return String(value)
  })
}
