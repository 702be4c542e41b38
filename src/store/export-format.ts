/**
 * The lines of an exported archive (docs/archive.md, "Moving an archive"): JSON Lines, people before the chats and messages
 * that name them, by address. Everything is there but the event log. Read again by import.ts.
 */
import { z } from 'zod'
import { CHAT_KINDS } from '../model/chat.ts'
import { Media } from '../model/message.ts'
import { cleanText } from '../model/text.ts'
import { toSeconds } from './times.ts'

export const FORMAT = 'whatsapp-mcp-api archive'
/** Files of a higher version are refused; one that lower versions cannot read makes it grow. */
export const FORMAT_VERSION = 1

/** Far more than any id of WhatsApp has: one of a megabyte would stand in every index and every answer. */
const MAX_ID = 256
const address = z
  .string()
  .max(MAX_ID)
  .regex(/^[\w.:-]+@[a-z.]+$/, 'must be an address such as 15551234567@c.us')
const iso = z.iso.datetime('must be a time such as 2025-01-02T12:00:00.000Z')
const count = z.int().min(0)
/** Unix seconds. Older versions wrote times as the page gave them, in milliseconds or out of any range. */
const seconds = z.number().min(0).overwrite(toSeconds)
/** Other programs may have written the file. */
const text = z.string().overwrite(cleanText)

/** The first line. */
export const ArchiveLine = z.object({
  line: z.literal('archive'),
  format: z.literal(FORMAT),
  version: z.int().min(1),
  /** Whose archive it is; others name it by this address too. */
  account: address,
  account_lid: address.nullable(),
  exported_at: iso,
  /** The one chat that was exported; null: all. */
  chat: address.nullable(),
  /** How many messages follow, as far as nothing comes or goes meanwhile. */
  messages: count,
  /** Until then nothing was missing; null: not known. */
  complete_until: iso.nullable(),
  /** Cursor of the newest event: later ones are higher. */
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
})

export const ChatLine = z.object({
  line: z.literal('chat'),
  /** Of a direct chat its person's address. */
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
  archived: z.boolean(),
  is_read_only: z.boolean(),
  /** Positions of messages. */
  caught_up_to: count.nullable(),
  history_complete: z.boolean(),
  members: z.array(z.object({ id: address, is_admin: z.boolean() })),
  gaps: z.array(z.object({ after: count.nullable(), before: count, found_at: iso })),
})

export const MessageLine = z.object({
  line: z.literal('message'),
  /** Its place in time: grows from line to line (position.ts). */
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
  /** What few messages have, as it stands in the archive, but for what names people: that is above, by address. */
  details: z
    .strictObject({
      media: Media.extend({ mimetype: text.optional(), filename: text.optional() }),
      forwarded: z.literal(1),
      expires_at: seconds,
    })
    .partial()
    .optional(),
  /** What it said before, oldest first. */
  revisions: z
    .array(z.object({ what: z.enum(['edited', 'revoked']), type: text, body: text, until_at: iso }))
    .optional(),
  reactions: z.array(z.object({ from: address, emoji: text, at: iso })).optional(),
})

/** The last line: the file is whole. */
export const EndLine = z.object({ line: z.literal('end'), messages: count })

/** What stands between the first line and the last, and the last. */
export const ExportLine = z.discriminatedUnion('line', [PersonLine, ChatLine, MessageLine, EndLine])
