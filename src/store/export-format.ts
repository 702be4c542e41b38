/**
 * The lines of an exported archive (docs/archive.md, "Moving an archive"): JSON Lines, people before the
 * chats and messages that name them, by address. Includes everything except the event log, and what is asked of
 * WhatsApp again: pictures, and which numbers are on WhatsApp. Read again by import.ts.
 */
import { z } from 'zod'
import { CHAT_KINDS } from '../model/chat.ts'
import { Content } from '../model/content.ts'
import { cleanText } from '../model/text.ts'
import { STANDINGS } from './message-row.ts'
import { toSeconds } from './times.ts'

export const FORMAT = 'whatsapp-mcp-api archive'
/** Files with a higher version are rejected. It increases with a change that older versions cannot read. */
export const FORMAT_VERSION = 2

/** Longer than any id of WhatsApp; a longer one would fill every index and response. */
const MAX_ID = 256
const address = z
  .string()
  .max(MAX_ID)
  .regex(/^[\w.:-]+@[a-z][a-z0-9.-]*$/, 'must be an address such as 15551234567@c.us')
const iso = z.iso.datetime('must be a time such as 2025-01-02T12:00:00.000Z')
const count = z.int().min(0)
/** Unix seconds. Older versions wrote times as the page sent them, in milliseconds or out of any range. */
const seconds = z.number().min(0).overwrite(toSeconds)
/** The file may come from another program. */
const text = z.string().overwrite(cleanText)
/** The same for all texts within a value. */
function cleanAll(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value), (_, one) => (typeof one === 'string' ? cleanText(one) : one))
}

/** The first line. */
export const ArchiveLine = z.object({
  line: z.literal('archive'),
  format: z.literal(FORMAT),
  version: z.int().min(1),
  /** The account of the archive; other lines name it by this address too. */
  account: address,
  account_lid: address.nullable(),
  exported_at: iso,
  /** The only exported chat; null: all. */
  chat: address.nullable(),
  /** The number of messages that follow, unless messages arrive or are deleted during the export. */
  messages: count,
  /** The archive was complete up to this time; null: not known. */
  complete_until: iso.nullable(),
  /** Cursor of the newest event: later events get a higher one. */
  last_event: count,
})

export const PersonLine = z.object({
  line: z.literal('person'),
  phone: address.nullable(),
  lid: address.nullable(),
  name: text.nullable(),
  pushname: text.nullable(),
  in_address_book: z.boolean(),
  is_business: z.boolean(),
  is_blocked: z.boolean(),
  /** When a phone number was this person's, oldest first. `from` null: always; `until` null: still. */
  phones: z.array(z.object({ phone: address, from: iso.nullable(), until: iso.nullable() })).optional(),
  /** Numbers under which the account with this person's number, or LID, was asked for. */
  asked_as: z.array(address).optional(),
})

export const ChatLine = z.object({
  line: z.literal('chat'),
  /** For a direct chat, the address of its person. */
  chat: address,
  kind: z.enum(CHAT_KINDS),
  name: text.nullable(),
  unread_count: z.int(),
  /** This and the next times are as in the archive (migrations/archive/01-archive.sql). */
  timestamp: seconds,
  pinned_at: seconds,
  muted_until: z.union([z.literal(-1), seconds]),
  removed_at: seconds.nullable(),
  forgotten_before: seconds,
  forgotten_until: seconds.optional(),
  goes_on_from: seconds.optional(),
  archived: z.boolean(),
  is_read_only: z.boolean(),
  /** Positions of messages. */
  caught_up_to: count.nullable(),
  history_complete: z.boolean(),
  members: z.array(z.object({ id: address, is_admin: z.boolean() })),
  /**
   * Who was in the group when, as far as it was noticed. `since` null: as the archive first saw the group; `until` null: still. Left
   * out: members for whom both are null.
   */
  stays: z.array(z.object({ id: address, since: iso.nullable(), until: iso.nullable() })).optional(),
  /** The owner has written in this chat, or has approved a message to this group. */
  familiar: z.boolean().optional(),
  gaps: z.array(z.object({ after: count.nullable(), before: count, found_at: iso })),
})

export const MessageLine = z.object({
  line: z.literal('message'),
  /** Its position in time: increases from line to line (position.ts). */
  position: count,
  chat: address,
  bare_id: text.min(1).max(MAX_ID),
  from_me: z.boolean(),
  /** Null for own messages, and in channels. */
  from: address.nullable(),
  sent_at: iso,
  type: text,
  body: text,
  ack: z.int(),
  has_media: z.boolean(),
  edited_at: iso.optional(),
  revoked_at: iso.optional(),
  reply_to: z.object({ bare_id: text.max(MAX_ID), from: address.nullable(), body: text }).optional(),
  mentions: z.array(address).optional(),
  /**
   * Fields that few messages have, as stored in the archive, except names of people: those are above, by
   * address.
   */
  details: z
    .preprocess(
      cleanAll,
      z
        .strictObject({
          ...Content.shape,
          forwarded: z.literal(1),
          expires_at: seconds,
          starred: z.literal(1),
          pinned_until: seconds,
        })
        .partial(),
    )
    .optional(),
  /** The phone number by which it came, if it is known: its person may have another one by now. */
  by_phone: address.optional(),
  /** How it counts; missing: as its type says. */
  standing: z.enum(STANDINGS).optional(),
  /** What a download of its media requires: keys. */
  source: z
    .object({
      type: text,
      directPath: text,
      mediaKey: text.nullable(),
      mediaKeyTimestamp: seconds.nullable(),
      encFilehash: text.nullable(),
      filehash: text.nullable(),
      mimetype: text.nullable(),
      sizeBytes: z.number().nullable(),
    })
    .optional(),
  /** The preview that came with its media: a JPEG, in base64. Only with `source`. */
  preview: z.base64().startsWith('/9j/', 'must be a JPEG').optional(),
  /** The message as it was received, without its text. */
  raw: z
    .object({ engine: text, build: text.nullable(), model: z.record(z.string(), z.unknown()) })
    .optional(),
  /** Earlier texts, oldest first. */
  revisions: z
    .array(z.object({ what: z.enum(['edited', 'revoked']), type: text, body: text, until_at: iso }))
    .optional(),
  reactions: z.array(z.object({ from: address, emoji: text, at: iso })).optional(),
  /** The newest vote of each person in a poll. `options`: names; empty: taken back; null: it could not be read. */
  votes: z.array(z.object({ from: address, options: z.array(text).nullable(), at: iso })).optional(),
})

/** The last line: the file is complete. */
export const EndLine = z.object({ line: z.literal('end'), messages: count })

/** The lines between the first and the last, and the last. */
export const ExportLine = z.discriminatedUnion('line', [PersonLine, ChatLine, MessageLine, EndLine])
