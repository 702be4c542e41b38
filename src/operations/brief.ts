/** Answers in short, for agents: our words with less in them, and a line of text for each. */
import { z } from 'zod'
import { toJson } from '../json.ts'
import { Chat } from '../model/chat.ts'
import { Contact } from '../model/contact.ts'
import { Media, Message } from '../model/message.ts'

/** A message without what its chat, or the rest of it, says already. */
export const BriefMessage = Message.pick({
  id: true,
  from_me: true,
  sender_name: true,
  type: true,
  body: true,
  timestamp: true,
  ack: true,
  edited_at: true,
  forwarded: true,
}).extend({
  media: Media.pick({ filename: true, duration_s: true }).optional(),
  reply_to: z.object({ body: z.string() }).optional(),
  reactions: z.array(z.object({ emoji: z.string(), from_me: z.boolean() })).optional(),
})
export type BriefMessage = z.infer<typeof BriefMessage>

export const BriefChat = Chat.pick({
  id: true,
  name: true,
  kind: true,
  timestamp: true,
  unread_count: true,
  marked_unread: true,
  archived: true,
  muted: true,
  is_read_only: true,
}).extend({ last_message: BriefMessage.nullable() })
export type BriefChat = z.infer<typeof BriefChat>

export const BriefContact = Contact.pick({
  id: true,
  name: true,
  pushname: true,
  in_address_book: true,
  is_business: true,
  is_blocked: true,
})
export type BriefContact = z.infer<typeof BriefContact>

/** What people wrote, so that it is seen to be that: on one line, in quotes, controls made visible. */
export function quoted(text: string): string {
  return toJson(text)
}

/** A time as text: ISO 8601 UTC, to the second. @param seconds Unix seconds */
export function timeOf(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** Lines as one text; those that say nothing are left out. */
export function lines(...parts: (string | readonly string[] | null | undefined | false)[]): string {
  return parts
    .flat()
    .filter((part): part is string => typeof part === 'string' && part !== '')
    .join('\n')
}

/** `key: value` for each that is there, parted by commas. */
function facts(found: Record<string, string | number | boolean | null | undefined>): string {
  return Object.entries(found)
    .filter(([, value]) => value !== undefined && value !== null && value !== false)
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ')
}

/** Who wrote, when, what, and the id by which other tools take it. */
export function messageLine(message: BriefMessage): string {
  const { id, from_me, sender_name, type, body, timestamp, ack, edited_at, forwarded, media } = message
  const more = facts({
    type: type === 'chat' ? undefined : type,
    file: media?.filename === undefined ? undefined : quoted(media.filename),
    seconds: media?.duration_s,
    answers: message.reply_to === undefined ? undefined : quoted(message.reply_to.body),
    reactions: message.reactions
      ?.map(({ emoji, from_me }) => `${quoted(emoji)}${from_me ? ' (mine)' : ''}`)
      .join(' '),
    forwarded,
    edited: edited_at,
    ack,
  })
  const who = from_me ? 'me' : quoted(sender_name ?? 'unknown')
  return `${timeOf(timestamp)} ${who}: ${quoted(body)}${more === '' ? '' : ` (${more})`} [${id}]`
}

/** A chat's name and id, what is new in it, and its last message in a line of its own. */
export function chatLine(chat: BriefChat): string {
  const { id, name, kind, timestamp, unread_count, marked_unread, archived, muted, is_read_only } = chat
  const more = facts({
    kind: kind === 'direct' ? undefined : kind,
    unread: unread_count === 0 ? undefined : unread_count,
    'marked unread': marked_unread,
    archived,
    muted,
    'read only': is_read_only,
    active: timestamp === 0 || timestamp === chat.last_message?.timestamp ? undefined : timeOf(timestamp),
  })
  const last = chat.last_message === null ? '' : `\n  ${messageLine(chat.last_message)}`
  return `${quoted(name)} [${id}]${more === '' ? '' : ` (${more})`}${last}`
}

/** A person's names and id. */
export function contactLine({ id, name, pushname, ...rest }: BriefContact): string {
  const more = facts({
    'calls themselves': pushname === null || pushname === name ? undefined : quoted(pushname),
    'not in the address book': !rest.in_address_book,
    business: rest.is_business,
    blocked: rest.is_blocked,
  })
  return `${quoted(name)} [${id}]${more === '' ? '' : ` (${more})`}`
}

/** Where a list goes on, and how far it can be trusted: the last lines of an answer. */
export function pageLines(page: {
  next_cursor?: string | undefined
  stale_since?: string | undefined
}): string[] {
  return [
    page.next_cursor === undefined ? '' : `More: pass cursor ${page.next_cursor}`,
    page.stale_since === undefined ? '' : `May lag behind WhatsApp: complete until ${page.stale_since}`,
  ]
}
