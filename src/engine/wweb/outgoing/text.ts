/** Texts. */
import type { Extra } from '../page-sends.ts'
import type { Kind } from './kind.ts'

export const text: Kind<'text'> = {
  uses: ['send_text'],
  toLibrary({ text, mentions, preview = false }) {
    const extra: Omit<Extra, 'bareId'> = { whatsappMcpPreview: preview }
    return { content: text, extra, ...(mentions === undefined ? {} : { options: { mentions } }) }
  },
}
