/** Texts. */
import type { Kind } from './kind.ts'

export const text: Kind<'text'> = {
  uses: ['send_text'],
  toLibrary: (outgoing) => ({ content: outgoing.text }),
}
