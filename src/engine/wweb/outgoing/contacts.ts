/**
 * Contact cards. The library makes cards only of people whom WhatsApp Web knows, so these are made here and passed as fields of
 * the message.
 */
import { writeVcard } from '../../../model/vcard.ts'
import type { Kind } from './kind.ts'

export const contacts: Kind<'contacts'> = {
  uses: ['send_text'],
  toLibrary({ cards }) {
    const [first] = cards
    const extra =
      cards.length === 1 && first !== undefined
        ? { type: 'vcard', body: writeVcard(first), vcardFormattedName: first.name }
        : {
            type: 'multi_vcard',
            vcardList: cards.map((card) => ({ displayName: card.name, vcard: writeVcard(card) })),
          }
    return { content: '', extra }
  },
}
