/** Places. */
import wweb from 'whatsapp-web.js'
import type { Kind } from './kind.ts'

export const location: Kind<'location'> = {
  uses: ['send_text'],
  toLibrary: ({ latitude, longitude, name, address }) => ({
    content: new wweb.Location(latitude, longitude, {
      ...(name === undefined ? {} : { name }),
      ...(address === undefined ? {} : { address }),
    }),
  }),
}
