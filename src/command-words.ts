/** Splits the command lines of the settings into words. The programs run without a shell. Imports nothing. */

/**
 * Returns the words of a command line; null if a quote is not closed. Spaces separate words; '…' and "…" quote spaces. No other
 * character is special.
 */
export function wordsOf(line: string): string[] | null {
  const words: string[] = []
  for (const [whole] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+|['"]/g)) {
    if (whole === "'" || whole === '"') return null
    words.push(whole.replace(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double))
  }
  return words
}
