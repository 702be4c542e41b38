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
