/** References to other operations in texts: `{{list_chats}}`. Each face replaces them with its own names. */

const REFERENCE = /\{\{(\w+)\}\}/g
/** A sentence ends before a space and a capital letter or a reference. */
const SENTENCES = /(?<=[.!?]) (?=[A-Z{])/

/** Returns the names of the operations that this text refers to. */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, name = '']) => name)
}

/**
 * Replaces references with names. Removes sentences that refer to an operation without a name, and lines without sentences.
 * @param nameOf the name of the operation in this face; null if the face does not offer it
 */
export function withNames(text: string, nameOf: (operation: string) => string | null): string {
  if (!text.includes('{{')) return text
  const isNamed = (sentence: string) => referencesIn(sentence).every((name) => nameOf(name) !== null)
  return text
    .split('\n')
    .map((line) => line.split(SENTENCES).filter(isNamed).join(' '))
    .filter((line) => line !== '')
    .join('\n')
    .replace(REFERENCE, (found, name: string) => nameOf(name) ?? found)
}
