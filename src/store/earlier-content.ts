/** Content as earlier versions stored it: exported files have it still. The archive itself was migrated (07-content.sql). */
import type { Content } from '../model/content.ts'
import { isPreview } from '../model/text.ts'
import { readVcard } from '../model/vcard.ts'

/**
 * Returns the text of a message and what was stored in its place: the preview of a place or product, the card of a contact, the
 * name of an event.
 */
export function fromEarlier(type: string, body: string): { body: string; content: Content } {
  if (type === 'vcard' && body.startsWith('BEGIN:VCARD'))
    return { body: '', content: { contacts: [readVcard(body)] } }
  if (type === 'event_creation' && body !== '') return { body: '', content: { event: { name: body } } }
  return { body: type !== 'chat' && type !== 'poll_creation' && isPreview(body) ? '' : body, content: {} }
}
