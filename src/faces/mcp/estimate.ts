/** How many tokens a text is, at most, without a tokenizer: answers are kept within a budget by it. Imports nothing. */

/**
 * An upper bound for ordinary text by the tokenizers in use (a test holds it against one): words of Latin letters are
 * a token for three to four characters, digits and signs one for two, other scripts and emoji one for a UTF-16 unit.
 */
export function estimateTokens(text: string): number {
  let tokens = 0
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    if (code > 0x7f) tokens += 1
    else if ((code >= 0x61 && code <= 0x7a) || code === 0x20) tokens += 0.3
    else tokens += 0.55
  }
  return Math.ceil(tokens)
}
