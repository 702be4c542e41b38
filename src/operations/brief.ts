/** Answers in short, for agents: our words with less in them, and a line of text for each. */
import { z } from 'zod'
import { toJson } from '../json.ts'
import { Chat, type Gap } from '../model/chat.ts'
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
  reply_to: z.object({ id: z.string().nullable(), body: z.string() }).optional(),
  reactions: z.array(z.object({ emoji: z.string(), from_me: z.boolean() })).optional(),
})

/** A chat without its messages. */
export const BriefChat = Chat.pick({
  id: true,
  name: true,
  kind: true,
  timestamp: true,
  unread_count: true,
  marked_unread: true,
  archived: true,
  pinned: true,
  muted: true,
  is_read_only: true,
})

export const BriefContact = Contact.pick({
  id: true,
  name: true,
  pushname: true,
  in_address_book: true,
  is_business: true,
  is_blocked: true,
})

/** What people wrote, so that it is seen to be that: on one line, in quotes, controls made visible. */
export function quoted(text: string): string {
  return toJson(text)
}

/** A time as text: ISO 8601 UTC, to the second. @param seconds Unix seconds; 0: there is no such time */
export function timeOf(seconds: number): string {
  return seconds === 0 ? 'never' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** Somebody or something by name, with the id by which tools take it. */
export function named({ name, id }: { name: string; id: string }): string {
  return `${quoted(name)} [${id}]`
}

/** Lines as one text; those that say nothing are left out. */
export function lines(...parts: (string | readonly string[] | null | undefined | false)[]): string {
  return parts
    .flat()
    .filter((part): part is string => typeof part === 'string' && part !== '')
    .join('\n')
}

/** The same lines, further in: they belong to the line before. */
export function indented(text: readonly string[]): string[] {
  return text.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)
}

/** `name value` for each that is there, parted by commas; of what is true only the name. */
export function facts(found: Record<string, string | number | boolean | null | undefined>): string {
  return Object.entries(found)
    .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ')
}

/** The same in brackets behind something; nothing where there are none. */
function aside(found: Parameters<typeof facts>[0]): string {
  const said = facts(found)
  return said === '' ? '' : ` (${said})`
}

/** What there is to say of a message, of which some tell the text otherwise. */
type SaidMessage = Omit<z.infer<typeof BriefMessage>, 'body'> & { body?: string }

/** When, who, what, and the id by which other tools take it. */
export function messageLine(message: SaidMessage): string {
  const { id, from_me, sender_name, type, body, timestamp, media, reply_to, reactions } = message
  const who = from_me ? 'me' : sender_name === undefined ? 'unknown sender' : quoted(sender_name)
  const said = body === undefined ? '' : `: ${quoted(body)}`
  const more = aside({
    type: type === 'chat' ? undefined : type,
    file: media?.filename === undefined ? undefined : quoted(media.filename),
    seconds: media?.duration_s,
    answers: reply_to && `${quoted(reply_to.body)}${reply_to.id === null ? '' : ` [${reply_to.id}]`}`,
    reactions: reactions
      ?.map(({ emoji, from_me: mine }) => `${quoted(emoji)}${mine ? ' by me' : ''}`)
      .join(' '),
    forwarded: message.forwarded,
    edited: message.edited_at,
    ack: message.ack,
  })
  return `${timeOf(timestamp)} ${who}${said}${more} [${id}]`
}

/** A chat's name and id, and what is so of it. */
export function chatLine(chat: z.infer<typeof BriefChat>): string {
  return `${named(chat)}${aside({
    kind: chat.kind,
    unread: chat.unread_count,
    'marked as unread': chat.marked_unread,
    archived: chat.archived,
    pinned: chat.pinned,
    muted: chat.muted,
    'read only': chat.is_read_only,
    active: timeOf(chat.timestamp),
  })}`
}

/** A person's names and id. */
export function contactLine(contact: z.infer<typeof BriefContact>): string {
  return `${named(contact)}${aside({
    'calls themselves': contact.pushname === null ? undefined : quoted(contact.pushname),
    'in the address book': contact.in_address_book,
    business: contact.is_business,
    blocked: contact.is_blocked,
  })}`
}

/** Between which messages others are missing. */
export function gapLine({ after, before, found_at }: Gap): string {
  return `Gap: messages are missing ${facts({ after: after ?? 'the beginning', before: before ?? 'the end', found: found_at })}`
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
