/** The operation that sends files. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import { AppError, fail } from '../errors.ts'
import { parseMessageKey } from '../model/ids.ts'
import { Media } from '../model/message.ts'
import { MOST, UNCAPTIONED } from '../outbox/content.ts'
import { FILE_MS, keyOf } from '../outbox/item.ts'
import { facts, lines, named, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { yesNo } from './inputs.ts'
import {
  type Album,
  MEDIA_INPUT_ERRORS,
  type MediaInput,
  mediaInput,
  PREPARE_FILES_MS,
  type PreparedMedia,
  SEND_FILES_MS,
  TAKES_FILES,
  toFile,
} from './media-input.ts'
import { timestampOf } from './messages.ts'
import { defineOperation } from './operation.ts'
import { AS, type As } from './prepare-media.ts'
import { address, mentioned, mentionsInput, SHARED, TO_CHAT } from './send-to-chat.ts'
import { isOpen, type Part, RESULT, resultsOf, unsent, unsentWords } from './several.ts'

const NAME = 'send_media'
const IN_ALBUM: ReadonlySet<As> = new Set(['image', 'video'])
/** What channels and status updates show. */
export const IN_CHANNELS: ReadonlySet<As> = new Set(['image', 'video', 'gif', 'voice'])
const VIEWED_ONCE: ReadonlySet<As> = new Set(['image', 'video', 'voice'])

/** Of one file of a list. */
const Result = z.object({ ...RESULT, timestamp: z.string().optional() })
type Result = z.infer<typeof Result>

const Output = SHARED.output.partial({ message_id: true, timestamp: true }).extend({
  type: z.string().optional().describe('Type of the message, such as "image", "ptt" (voice) or "document".'),
  media: Media.optional(),
  results: z.array(Result).optional().describe('For a list: one for each file, in order.'),
  album: z.boolean().optional().describe('For a list: true if the pictures and videos form an album.'),
})

export const sendMedia = defineOperation({
  ...SHARED,
  name: NAME,
  title: 'Send a file to a chat',
  description:
    'Sends a picture, video, sound, voice note, document or sticker to a person, a group or an own channel. The file is an upload (PUT /api/uploads), base64 in the request, a file in a directory of the owner, or a URL. A list sends each file as a message; pictures and videos form an album if WhatsApp Web supports it. `as` sets the kind of message; without it, the content decides. Videos and GIFs are converted for phones. `as` turns sounds into voice notes, pictures and GIFs into stickers; `document` sends the file unchanged. A picture becomes a JPEG. For the chat, reply_to and errors, see {{send_to_chat}}. Send only what the user asked for.',
  effect: 'send',
  scope: 'send',
  needs: 'ready',
  toolset: 'core',
  uses: ['find_number', 'send_media', 'send_text', 'reply'],
  prefers: ['send_album'],
  routes: ['POST /api/chats/{chat}/media'],
  input: z.strictObject({
    ...TO_CHAT,
    media: mediaInput,
    as: z.enum(AS).optional().describe('How it is sent. Default: what the bytes are.'),
    caption: z
      .string()
      .max(MOST.caption)
      .optional()
      .describe('Text under it, at most 1024 characters. Voice notes and stickers have none.'),
    mentions: mentionsInput.describe(
      'People to notify, whom the caption names by "@" and digits: phone numbers or ids, or "all".',
    ),
    view_once: yesNo
      .optional()
      .describe('True: people can open it once. Pictures, videos and voice notes only.'),
  }),
  output: Output,
  ...TAKES_FILES,
  limitMs: SEND_FILES_MS,
  errors: [...SHARED.errors, ...MEDIA_INPUT_ERRORS, 'needs_ffmpeg'],
  example: {
    input: {
      chat: 'Weekend hike',
      media: { data: 'JVBERi0xLjQKMSAwIG9iajw8Pj5lbmRvYmoKdHJhaWxlcjw8Pj4K', filename: 'Route.pdf' },
      caption: 'The route',
    },
  },
  brief: {
    text: ({ chat, results, message_id = '', timestamp = '', reply_to, type, media }) =>
      results === undefined
        ? lines(
            SHARED.brief.text({ chat, message_id, timestamp, reply_to }),
            facts({
              type,
              file: media?.filename === undefined ? undefined : quoted(media.filename),
              seconds: media?.duration_s,
            }),
          )
        : lines(`${results.length} files for ${named(chat)}`, results.map(lineOf)),
  },
  answer: (item, { media }, reader) => (Array.isArray(media) ? null : oneSent(item, reader)),
  async run({ media, as, caption, mentions, view_once, ...input }, granted) {
    const now = granted.clock.now()
    const { sendAtMs, to, answered } = await address(input, granted, ['channel'])
    const files = await prepared([media].flat(), as, granted)
    if (to.kind === 'channel') demandForChannel(files, view_once)
    if (view_once && files.some((file) => !VIEWED_ONCE.has(file.as)))
      fail('invalid_input', {
        detail: '"view_once": only pictures, videos and voice notes can be viewed once.',
      })
    if (caption && files.some((file) => UNCAPTIONED.has(file.as)))
      fail('invalid_input', { detail: '"caption": voice notes and stickers have no caption.' })
    const album = view_once || to.kind === 'channel' ? undefined : albumOf(files, caption, granted)
    const mentioning = await mentioned(mentions, to, granted.reader)
    // The first file has the text, its mentions and the quote, as in an album.
    const send = (file: PreparedMedia, index: number) =>
      granted.send(
        {
          operation: NAME,
          to,
          answered: index === 0 ? answered : undefined,
          endsAtMs: now + FILE_MS,
          outgoing: {
            ...file,
            ...(index === 0 ? { caption, ...mentioning } : {}),
            viewOnce: view_once,
            ...(IN_ALBUM.has(file.as) && album ? { album } : {}),
          },
        },
        sendAtMs,
      )
    if (!Array.isArray(media)) {
      return oneSent(await send(firstOf(files), 0), granted.reader)
    }
    const chat = { id: to.id, name: to.name }
    const results = resultsOf(await sendEach(files, send), { chat })
    return {
      ok: true as const,
      chat,
      results,
      album: album !== undefined && (await isInAlbum(results, granted.reader)),
    }
  },
})

/** The message of this id, as the archive has it; undefined if it does not, or cannot be read: what was sent is sent. */
async function storedAs(id: string | undefined, reader: Grant['reader']) {
  const key = id === undefined ? null : parseMessageKey(id)
  if (key === null) return undefined
  try {
    return (await reader().getMessage(key, { before: 0, after: 0 })).message
  } catch {
    return undefined
  }
}

/** The answer for one file, with what WhatsApp made of it, such as a JPEG of a picture. */
async function oneSent(item: OutboxRow, reader: Grant['reader']) {
  const message = await storedAs(keyOf(item), reader)
  return {
    ...SHARED.answer(item),
    ...(message && { type: message.type, ...(message.media && { media: message.media }) }),
  }
}

/** @throws AppError `media_refused`, `invalid_input` */
function demandForChannel(files: readonly PreparedMedia[], viewOnce: boolean | undefined): void {
  if (viewOnce) fail('invalid_input', { detail: '"view_once": not in a channel.' })
  if (files.every(({ as }) => IN_CHANNELS.has(as))) return
  fail('media_refused', {
    detail: 'Channels show pictures, videos, GIFs and voice notes only.',
    hint: 'Nothing was sent. Send it as one of these, or to a person or group.',
  })
}

const firstOf = <T>([first]: readonly T[]): T => first ?? fail('invalid_input')

/** The album of these files; undefined if they are none. */
function albumOf(
  files: readonly PreparedMedia[],
  caption: string | undefined,
  { createMessageId }: Grant<'send', 'ready'>,
): Album | undefined {
  const count = (as: As) => files.filter((file) => file.as === as).length
  const [photos, videos] = [count('image'), count('video')]
  if (photos + videos < 2) return undefined
  return { bareId: createMessageId(), photos, videos, hasCaption: Boolean(caption) }
}

/** True if a file went as a part of the album: WhatsApp Web decides. */
async function isInAlbum(results: readonly Result[], reader: Grant['reader']): Promise<boolean> {
  for (const { message_id } of results)
    if ((await storedAs(message_id, reader))?.media?.album !== undefined) return true
  return false
}

/** Prepares all files before the first is sent. */
async function prepared(
  media: Extract<MediaInput, readonly unknown[]>,
  as: As | undefined,
  { uploads, clock }: Grant<'send', 'ready'>,
): Promise<PreparedMedia[]> {
  const endsAtMs = clock.now() + PREPARE_FILES_MS
  const files: PreparedMedia[] = []
  for (const one of media) {
    const withinMs = endsAtMs - clock.now()
    if (withinMs <= 0)
      fail('server_busy', { detail: 'The files could not be prepared in time. Nothing was sent.' })
    files.push(await toFile(one, { as, withinMs }, uploads))
  }
  return files
}

/** Sends the files in order. If the first cannot be sent, nothing more is tried. */
async function sendEach(
  files: readonly PreparedMedia[],
  send: (file: PreparedMedia, index: number) => Promise<OutboxRow>,
): Promise<Part<Result>[]> {
  const parts: Part<Result>[] = []
  for (const [index, file] of files.entries()) {
    try {
      const item = await send(file, index)
      const result = { ok: true, message_id: keyOf(item), timestamp: timestampOf(item) }
      parts.push({ result, error: null })
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      if (index === 0 && !isOpen(error.code)) throw error
      parts.push({ result: unsent(error), error })
    }
  }
  return parts
}

const lineOf = (one: Partial<Result>, index: number) =>
  `${index + 1}. ${one.ok ? `sent, message id ${one.message_id}` : unsentWords(one)}`
