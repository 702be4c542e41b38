/** Writes the short forms of outputs as text, for agents. */
import type { z } from 'zod'
import { toJson } from '../json.ts'
import type { ChatAlone, Gap } from '../model/chat.ts'
import type { Contact } from '../model/contact.ts'
import type { Short } from '../model/fields.ts'
import type { Message } from '../model/message.ts'

/** Quotes text from people, to mark it as such: on one line, in quotes, with visible controls. */
export function quoted(text: string): string {
  return toJson(text)
}

/** Returns a time as ISO 8601 UTC, to the second. @param seconds Unix seconds; 0 returns `never` */
export function timeOf(seconds: number): string {
  return seconds === 0 ? 'never' : new Date(seconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** Returns a name with its id, which tools accept. */
export function named({ name, id }: { name: string; id: string }): string {
  return `${quoted(name)} [${id}]`
}

/** Joins lines to one text. Leaves out empty ones. */
export function lines(...parts: (string | readonly string[] | null | undefined | false)[]): string {
  return parts
    .flat()
    .filter((part): part is string => typeof part === 'string' && part !== '')
    .join('\n')
}

/** Indents lines that belong to the line before. */
export function indented(text: readonly string[]): string[] {
  return text.map((line) => `  ${line.replaceAll('\n', '\n  ')}`)
}

/** Returns `name value` pairs, separated by commas. For `true` only the name; for empty values and `false` nothing. */
export function facts(found: Record<string, string | number | boolean | null | undefined>): string {
  return Object.entries(found)
    .filter(([, value]) => value !== undefined && value !== null && value !== false && value !== '')
    .map(([name, value]) => (value === true ? name : `${name} ${value}`))
    .join(', ')
}

/** Returns the facts in brackets, or an empty string if there are none. */
function aside(found: Parameters<typeof facts>[0]): string {
  const said = facts(found)
  return said === '' ? '' : ` (${said})`
}

/** A message for a line of text. Search hits show a snippet in place of the body. */
type SaidMessage = Omit<z.output<Short<typeof Message>>, 'body'> & { body?: string }

function quotedLine({ id, body, untrusted }: NonNullable<SaidMessage['reply_to']>): string {
  return [quoted(body), ...(untrusted ? ['untrusted'] : []), ...(id === null ? [] : [`[${id}]`])].join(' ')
}

/** Returns a message as one line: time, author, text and id. */
export function messageLine(message: SaidMessage): string {
  const { id, from_me, sender_name, type, body, summary, timestamp, media, reply_to, reactions } = message
  const who = from_me ? 'me' : sender_name === undefined ? 'unknown sender' : quoted(sender_name)
  const text = body === '' ? (summary ?? '') : body
  const said = text === undefined ? '' : `: ${quoted(text)}`
  const more = aside({
    untrusted: message.untrusted,
    type: type === 'chat' ? undefined : type,
    content: summary === undefined || summary === text ? undefined : quoted(summary),
    file: media?.filename === undefined ? undefined : quoted(media.filename),
    seconds: media?.duration_s,
    transcript: message.transcript === undefined ? undefined : quoted(message.transcript),
    'reply to': reply_to && quotedLine(reply_to),
    reactions: reactions
      ?.map(({ emoji, from_me: mine, untrusted }) =>
        [quoted(emoji), ...(mine ? ['by me'] : []), ...(untrusted ? ['untrusted'] : [])].join(' '),
      )
      .join(' '),
    forwarded: message.forwarded,
    edited: message.edited_at,
    ack: message.ack,
  })
  return `${timeOf(timestamp)} ${who}${said}${more} [${id}]`
}

/** Returns a chat as one line: name, id and flags. */
export function chatLine(chat: z.output<Short<typeof ChatAlone>>): string {
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

/** Returns a contact as one line: names, id and flags. */
export function contactLine(contact: z.output<Short<typeof Contact>>): string {
  return `${named(contact)}${aside({
    pushname: contact.pushname === null ? undefined : quoted(contact.pushname),
    'in the address book': contact.in_address_book,
    business: contact.is_business,
    blocked: contact.is_blocked,
  })}`
}

/** Returns a gap as one line. */
export function gapLine({ after, before, found_at }: Gap): string {
  return `Gap: messages are missing, ${facts({ after: after ?? 'the beginning', before: before ?? 'the end', found: found_at })}`
}

/** Returns the last lines of a result: the cursor of the next page, and since when the archive may be incomplete. */
export function pageLines(page: {
  next_cursor?: string | undefined
  stale_since?: string | undefined
}): string[] {
  return [
    page.next_cursor === undefined ? '' : `For more, pass cursor ${page.next_cursor}`,
    page.stale_since === undefined
      ? ''
      : `The archive may be behind WhatsApp: it is complete up to ${page.stale_since}`,
  ]
}
