/** Polls. */
import wweb from 'whatsapp-web.js'
import type { Kind } from './kind.ts'

export const poll: Kind<'poll'> = {
  uses: ['send_text'],
  toLibrary: ({ question, options, multiple }) => ({
    // The library makes the secret of the poll, in the page.
    content: new wweb.Poll(question, [...options], {
      allowMultipleAnswers: multiple,
      messageSecret: undefined,
    }),
  }),
}
