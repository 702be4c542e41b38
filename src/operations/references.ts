/** References to other operations in texts of ours: `{{list_chats}}`, named by each face in its own words. */

const REFERENCE = /\{\{(\w+)\}\}/g
/** A sentence ends before a space and a capital letter or a reference. */
const SENTENCES = /(?<=[.!?]) (?=[A-Z{])/

/** The names of the operations that this text refers to. */
export function referencesIn(text: string): string[] {
  return [...text.matchAll(REFERENCE)].map(([, name = '']) => name)
}

/**
 * Puts names in the place of references. A sentence that refers to an operation without a name is left out.
 * @param nameOf the name of the operation in this face; null if the face does not offer it
 */
export function withNames(text: string, nameOf: (operation: string) => string | null): string {
  if (!text.includes('{{')) return text
  return text
    .split(SENTENCES)
    .filter((sentence) => referencesIn(sentence).every((name) => nameOf(name) !== null))
    .join(' ')
    .replace(REFERENCE, (found, name: string) => nameOf(name) ?? found)
}
