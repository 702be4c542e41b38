/**
 * The archive as text for people: one line per message, `time name: text`. Details of a message are indented,
 * so that no text can imitate a message; control characters are made visible.
 */
import { escapeInText } from '../json.ts'
import { counted } from '../model/counted.ts'
import type { Message } from '../model/message.ts'
import type { RevisionRow } from './changes.ts'
import type { Export } from './export.ts'
import { byMessage, type MessagePages } from './export-pages.ts'
import type { MessageRow } from './message-row.ts'
import type { Loader } from './read-loader.ts'
import { type ChatFace, chatId, chatName, type Own } from './render.ts'
import type { Connection } from './sqlite.ts'
import { msToIso, toIso } from './times.ts'

/** @param now Unix milliseconds. `chat`: its row; null: all chats in turn, latest activity first */
export type ExportText = (chat: number | null, now: number) => Export

/** Prepares its statements once, here. */
export function createTextExport(db: Connection, loader: Loader, pages: MessagePages): ExportText {
  const chats = db.query<{ id: number }>(
    'SELECT id FROM chats WHERE merged_into IS NULL ORDER BY timestamp DESC, id DESC',
  )
  const revisions = db.query<RevisionRow & { message: number }>(
    'SELECT r.* FROM json_each(?) asked CROSS JOIN revisions r ON r.message = asked.value ORDER BY message, n',
  )

  function* lines(rows: readonly MessageRow[], face: ChatFace, own: Own): Generator<string> {
    const before = byMessage(revisions.all(JSON.stringify(rows.map(({ id }) => id))))
    const messages = loader.render(rows, new Map([[face.id, face]]), own)
    for (const [index, message] of messages.entries()) {
      yield describe(message, before.get(rows[index]?.id ?? 0) ?? [])
    }
  }

  return function* (chat, now) {
    const own = loader.own()
    const which = chat === null ? chats.all().map(({ id }) => id) : [chat]
    for (const [index, id] of which.entries()) {
      const face = loader.faces([id]).get(id)
      if (face === undefined) continue
      const gap = index === 0 ? '' : '\n'
      const exported = `exported ${toLocal(msToIso(now))} from the archive of ${own.jid}; times are local, with their offset from UTC`
      yield `${gap}WhatsApp chat: ${visible(chatName(face, own), ' ')} (${chatId(face)})\n${exported}\n\n`
      for (const rows of pages.read(id)) yield [...lines(rows, face, own)].join('')
    }
  }
}

function describe(message: Message, before: readonly RevisionRow[]): string {
  const who = message.from_me ? 'You' : visible(message.sender_name ?? message.author ?? message.from, ' ')
  const marks = [
    ...(message.forwarded === undefined ? [] : ['forwarded']),
    ...(message.edited_at === undefined ? [] : [`edited ${toLocal(message.edited_at)}`]),
    ...(message.expires_at === undefined ? [] : [`disappears ${toLocal(message.expires_at)}`]),
  ]
  const mark = marks.length === 0 ? '' : ` (${marks.join(', ')})`
  const text = [kindOf(message), message.poll ? '' : visible(message.body, '\n    ')]
    .filter((part) => part !== '')
    .join(' ')
  const further = [
    ...(message.reply_to === undefined ? [] : [`in reply to: ${visible(message.reply_to.body, '\n      ')}`]),
    ...contentOf(message),
    ...before.map(
      ({ what, body, until_at_ms }) =>
        `${what === 'edited' ? 'before the edit' : 'before it was deleted'}, until ${toLocal(msToIso(until_at_ms))}: ${visible(body, '\n      ')}`,
    ),
    ...(message.reactions ?? []).map(
      ({ emoji, from, from_me }) => `reaction: ${visible(emoji, ' ')} ${from_me ? 'You' : from}`,
    ),
  ]
  return [
    `${toLocal(toIso(message.timestamp))} ${who}: ${text}${mark}`,
    ...further.map((one) => `    ${one}`),
  ]
    .map((one) => `${one}\n`)
    .join('')
}

/** What neither the text nor the kind of a message says, or only cut. */
function contentOf(message: Message): string[] {
  const { transcript, text, poll, event, contacts } = message
  const parts: Part[] = [
    ...cutParts(message),
    ['transcript', transcript],
    ['text of the file', text],
    ...(poll?.options ?? []).map(({ name, votes }): [string, string] => [
      'option',
      `${name} (${counted(votes, 'vote')})`,
    ]),
    ['description', event?.description],
    ...(contacts ?? []).map(({ name, phone_numbers, organization }): [string, string] => [
      'contact',
      [name, ...phone_numbers, organization].filter((part) => part !== undefined).join(', '),
    ]),
  ]
  return parts.flatMap(([what, said]) =>
    said === undefined ? [] : [`${what}: ${visible(said, '\n      ')}`],
  )
}

type Part = [what: string, text: string | undefined]

/** The parts of a place or an event that is longer than its summary. */
function cutParts({ summary, location, event }: Message): Part[] {
  if (summary?.endsWith('…') !== true) return []
  if (location !== undefined) {
    const { name, address, latitude, longitude } = location
    return [
      ['place', name],
      ['address', address],
      ['coordinates', `${latitude}, ${longitude}`],
    ]
  }
  if (event === undefined) return []
  const { name, starts_at: begins, place } = event
  return [
    ['event', name],
    ['begins', begins && toLocal(begins)],
    ['place', place],
  ]
}

/** An ISO 8601 time in the zone of this computer: `2026-11-26 10:53:14 +02:00`. */
function toLocal(iso: string): string {
  const time = new Date(iso)
  const minutes = -time.getTimezoneOffset()
  const local = new Date(time.getTime() + minutes * 60_000)
  if (Number.isNaN(local.getTime())) return iso
  const two = (n: number) => String(Math.trunc(n)).padStart(2, '0')
  const offset = `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`
  return `${local.toISOString().slice(0, 19).replace('T', ' ')} ${offset}`
}

/** Content that is not text, in brackets; empty for plain text. */
function kindOf({ type, has_media, media: facts, revoked_at, summary }: Message): string {
  if (type === 'revoked') return `[deleted${revoked_at === undefined ? '' : ` ${toLocal(revoked_at)}`}]`
  if (facts === undefined && summary !== undefined) return `[${visible(summary, ' ')}]`
  if (type === 'chat' && !has_media) return ''
  const { filename, mimetype, size_bytes, duration_s } = facts ?? {}
  const known = [
    ...(filename === undefined ? [] : [visible(filename, ' ')]),
    ...(mimetype === undefined ? [] : [visible(mimetype, ' ')]),
    ...(size_bytes === undefined ? [] : [`${size_bytes} bytes`]),
    ...(duration_s === undefined ? [] : [`${duration_s} s`]),
  ]
  return `[${[visible(type, ' '), ...known].join(', ')}]`
}

/** Writes control characters and direction marks as `\u…`; a line break becomes `newline`. */
function visible(text: string, newline: string): string {
  return escapeInText(text.replace(/\r\n|[\n\r\u2028\u2029]/g, '\n')).replaceAll('\n', newline)
}
