/** Content as earlier versions stored it: exported files have it still. The archive itself was migrated (07-content.sql). */
import type { z } from 'zod'
import type { Content } from '../model/content.ts'
import { isPreview } from '../model/text.ts'
import { readVcard } from '../model/vcard.ts'
import type { MessageLine } from './export-format.ts'

type Line = z.infer<typeof MessageLine>

/** The last version of the format in whose files a text may be a preview, a card or the name of an event. */
export const EARLIER_VERSION = 1

/** What had the preview as its text (also in 07-content.sql). The text of media is a caption, whatever it looks like. */
export const PREVIEWED = new Set([
  'location',
  'product',
  'order',
  'groups_v4_invite',
  'newsletter_admin_invite',
  'newsletter_follower_invite',
  'interactive',
])

const isCard = (body: string) => body.startsWith('BEGIN:VCARD')

const isNoText = (type: string, body: string) =>
  /^(multi_)?vcard$/.test(type) ? isCard(body) : PREVIEWED.has(type) && isPreview(body)

function contentOf({ type, body }: Line): Content | null {
  if (type === 'vcard' && isCard(body)) return { contacts: [readVcard(body)] }
  if (/^(scheduled_)?event_creation$/.test(type) && body !== '') return { event: { name: body } }
  return isNoText(type, body) ? {} : null
}

/**
 * Removes previews and cards that stand in place of a text, also from the quote and the earlier texts. Adds the content that they
 * had: the card of a contact, the name of an event.
 */
export function fromEarlier(line: Line): Line {
  const content = contentOf(line)
  const { reply_to, revisions } = line
  const isQuote =
    reply_to !== undefined && (isCard(reply_to.body) || /^\/9j\/[A-Za-z0-9+/]*=*$/.test(reply_to.body))
  return {
    ...line,
    ...(content === null ? {} : { body: '', details: { ...content, ...line.details } }),
    ...(isQuote ? { reply_to: { ...reply_to, body: '' } } : {}),
    ...(revisions === undefined
      ? {}
      : { revisions: revisions.map((one) => (isNoText(one.type, one.body) ? { ...one, body: '' } : one)) }),
  }
}
