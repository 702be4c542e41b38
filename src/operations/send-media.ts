/** The operation that sends a file. */
import { Readable } from 'node:stream'
import { z } from 'zod'
import { fail } from '../errors.ts'
import { SNIFFED_BYTES, sniffType } from '../files/media-type.ts'
import { type CallerUploads, readHead } from '../files/uploads.ts'
import { isVoice, toVoice, VOICE_TYPE } from '../files/voice.ts'
import { MOST, UNCAPTIONED } from '../outbox/content.ts'
import type { Draft } from '../outbox/item.ts'
import { yesNo } from './inputs.ts'
import { defineSend } from './send.ts'
import { address, SHARED, TO_CHAT } from './send-to-chat.ts'

/** The largest file that is part of a request. Larger ones are uploaded first. */
const MAX_DATA_BYTES = 8 * 2 ** 20

const AS = ['image', 'video', 'gif', 'audio', 'voice', 'document', 'sticker'] as const
type As = (typeof AS)[number]

const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/
/** The owner reads it before a decision: nothing in it may change what is seen around it. */
const NOT_IN_A_NAME = /[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/u

const mediaInput = z
  .strictObject({
    upload: z.string().max(64).optional().describe('Id of a file from PUT /api/uploads.'),
    data: z
      .base64('must be base64')
      .min(1, 'must not be empty')
      .optional()
      .describe('The file itself in base64, at most 8 MiB of bytes; over MCP, at most 700 KiB.'),
    mimetype: z
      .string()
      .max(200)
      .regex(TYPE, 'must be a media type, such as "image/jpeg"')
      .toLowerCase()
      .optional()
      .describe('Its media type, such as "image/jpeg". Default: by its first bytes.'),
    filename: z
      .string()
      .min(1, 'must not be empty')
      .max(200)
      // Not a pattern: readers of the API description do not agree about classes of characters.
      .refine((name) => !NOT_IN_A_NAME.test(name), 'must be a name without slashes and control characters')
      .optional()
      .describe('Its name, which a document shows. Without slashes and control characters.'),
  })
  .refine(
    ({ upload, data }) => (upload === undefined) !== (data === undefined),
    'must have exactly one of upload and data',
  )
  .describe('The file: exactly one of `upload` and `data`.')

type MediaInput = z.output<typeof mediaInput>

/** What the bytes are, if the caller does not say. */
function kindOf(mimetype: string): As {
  const [kind] = mimetype.split('/')
  const isPlayed = kind === 'video' || kind === 'audio' || /^image\/(jpeg|png|webp|gif)$/.test(mimetype)
  return isPlayed ? (kind as 'image' | 'video' | 'audio') : 'document'
}

/** The types that WhatsApp shows as each kind; documents can be anything. */
const TYPES: Record<Exclude<As, 'voice' | 'document'>, RegExp> = {
  image: /^image\/(jpeg|png|webp|gif)$/,
  video: /^video\/(mp4|quicktime|3gpp)$/,
  gif: /^video\/mp4$/,
  audio: /^audio\//,
  sticker: /^image\/(webp|jpeg|png)$/,
}

const EXTENSION = /\/(?:x-)?([a-z0-9]{2,5})(?:$|;)/

/** The file that is sent. */
type Prepared = Omit<Extract<Draft['outgoing'], { kind: 'media' }>, 'caption' | 'viewOnce'>

/** Stores the file as an upload of the caller, in the form in which it is sent. */
async function prepare(
  { upload, data, mimetype, filename }: MediaInput,
  as: As | undefined,
  uploads: CallerUploads,
): Promise<Prepared> {
  const given = upload === undefined ? await uploads.add(bodyOf(data ?? '', mimetype)) : { id: upload }
  let file = uploads.find(given.id) ?? fail('upload_not_found')
  const head = await readHead(file.path, 256)
  const sniffed = sniffType(head.subarray(0, SNIFFED_BYTES))
  let type = mimetype ?? file.mimetype
  const kind = as ?? kindOf(type)
  if (kind === 'voice') {
    if (!isVoice(head)) {
      const voice = await uploads.add({
        stream: Readable.from(toVoice(file.path, sniffed)),
        length: null,
        type: VOICE_TYPE,
      })
      file = uploads.find(voice.id) ?? fail('upload_not_found')
    }
    type = VOICE_TYPE
  } else if (kind !== 'document') {
    if (sniffed === null || !TYPES[kind].test(sniffed))
      fail('media_refused', { detail: `The file is not of a type that WhatsApp shows as ${kind}.` })
    type = sniffed
  }
  const { path, sizeBytes, sha256 } = file
  const name = filename ?? `file.${EXTENSION.exec(type)?.[1] ?? 'bin'}`
  return { kind: 'media', path, as: kind, mimetype: type, filename: name, sizeBytes, sha256 }
}

function bodyOf(data: string, type: string | undefined) {
  const bytes = Buffer.from(data, 'base64')
  if (bytes.length > MAX_DATA_BYTES)
    fail('body_too_large', {
      detail: 'The file in `data` is larger than 8 MiB.',
      hint: 'Upload it first: PUT /api/uploads.',
    })
  return { stream: Readable.from([bytes]), length: bytes.length, type }
}

const VIEWED_ONCE: ReadonlySet<As> = new Set(['image', 'video', 'voice'])

export const sendMedia = defineSend({
  ...SHARED,
  name: 'send_media',
  title: 'Send a file to a chat',
  description:
    'Sends a picture, video, sound, voice note, document or sticker to a person or group. The file is an upload (PUT /api/uploads), or part of the request in base64: one file a call, none by URL or path. `as` says how it is sent; without it the bytes decide. `voice` makes a voice note of any sound, and `document` sends the file unchanged. A picture that is not sent as a document becomes a JPEG. For the chat, reply_to and errors, see {{send_to_chat}}. Send only what the user asked for.',
  toolset: 'core',
  uses: ['find_number', 'send_media', 'send_text', 'reply'],
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
    view_once: yesNo
      .optional()
      .describe('True: people can open it once. Pictures, videos and voice notes only.'),
  }),
  maxBodyBytes: 12 * 2 ** 20,
  // The conversion of a sound, and the time of every send.
  limitMs: 60_000,
  errors: [
    ...SHARED.errors,
    'upload_not_found',
    'media_refused',
    'needs_ffmpeg',
    'body_too_large',
    'disk_full',
  ],
  example: {
    input: {
      chat: 'Weekend hike',
      media: { data: 'JVBERi0xLjQKMSAwIG9iajw8Pj5lbmRvYmoKdHJhaWxlcjw8Pj4K', filename: 'Route.pdf' },
      caption: 'The route',
    },
  },
  async draft({ media, as, caption, view_once, ...input }, granted) {
    const addressed = await address(input, granted)
    const file = await prepare(media, as, granted.uploads)
    if (view_once && !VIEWED_ONCE.has(file.as))
      fail('invalid_input', {
        detail: '"view_once": only pictures, videos and voice notes can be viewed once.',
      })
    if (caption && UNCAPTIONED.has(file.as))
      fail('invalid_input', { detail: '"caption": voice notes and stickers have no caption.' })
    return {
      ...addressed,
      outgoing: { ...file, caption, viewOnce: view_once },
    }
  },
})
