/** The operation that sends a file. */
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { fail } from '../errors.ts'
import type { CallerUploads } from '../files/uploads.ts'
import { MOST, UNCAPTIONED } from '../outbox/content.ts'
import type { Draft } from '../outbox/item.ts'
import { yesNo } from './inputs.ts'
import { AS, type As, prepare } from './prepare-media.ts'
import { defineSend } from './send.ts'
import { address, SHARED, TO_CHAT } from './send-to-chat.ts'

/** The largest file that is part of a request. Larger ones are uploaded first. */
const MAX_DATA_BYTES = 8 * 2 ** 20

/** All conversions of one file together; a send takes 30 s after it. */
const CONVERT_MS = 28_000
const LIMIT_MS = 60_000

const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/
/** The owner reads it before a decision: nothing in it may change what is seen around it. */
const NOT_IN_A_NAME = /[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/u

const SOURCES = ['upload', 'data', 'file', 'url'] as const

const mediaInput = z
  .strictObject({
    upload: z.string().max(64).optional().describe('Id of a file from PUT /api/uploads.'),
    data: z
      .base64('must be base64')
      .min(1, 'must not be empty')
      .optional()
      .describe('The file itself in base64, at most 8 MiB of bytes; over MCP, at most 700 KiB.'),
    file: z
      .string()
      .min(1)
      .max(1_024)
      .optional()
      .describe('Its path inside WHATSAPP_FILES_DIR, if the owner set that.'),
    url: z
      .string()
      .max(2_048)
      .optional()
      .describe('Its public http(s) URL, if the owner set WHATSAPP_MEDIA_URLS.'),
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
    (media) => SOURCES.filter((source) => media[source] !== undefined).length === 1,
    'must have exactly one of upload, data, file and url',
  )
  .describe('The file: exactly one of `upload`, `data`, `file` and `url`.')

type MediaInput = z.output<typeof mediaInput>

const EXTENSION = /\/(?:x-)?([a-z0-9]{2,5})(?:$|;)/

/** The file that is sent. */
type Prepared = Omit<Extract<Draft['outgoing'], { kind: 'media' }>, 'caption' | 'viewOnce'>

/** Stores the file as an upload of the caller, in the form in which it is sent. */
async function toFile(media: MediaInput, as: As | undefined, uploads: CallerUploads): Promise<Prepared> {
  const given = await stored(media, uploads)
  const prepared = await prepare(given.id, { as, stated: media.mimetype, withinMs: CONVERT_MS }, uploads)
  const { path, sizeBytes, sha256 } = prepared.file
  const { as: kind, type } = prepared
  const filename = media.filename ?? (ownName(media) || `file.${EXTENSION.exec(type)?.[1] ?? 'bin'}`)
  return { kind: 'media', path, as: kind, mimetype: type, filename, sizeBytes, sha256 }
}

/** Stores the file as it is given. */
async function stored({ upload, data, file, url, mimetype }: MediaInput, uploads: CallerUploads) {
  if (upload !== undefined) return { id: upload }
  if (file !== undefined) return uploads.addOwned(file)
  if (url !== undefined) return uploads.addFetched(url)
  return uploads.add(bodyOf(data ?? '', mimetype))
}

/** The name that the source itself has for the file, as far as it can be shown; else empty. */
function ownName({ file, url }: MediaInput): string {
  const path = file ?? (url !== undefined && URL.canParse(url) ? decoded(new URL(url).pathname) : '')
  return [...basename(path)]
    .filter((one) => !NOT_IN_A_NAME.test(one))
    .join('')
    .slice(0, 200)
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
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
    'Sends a picture, video, sound, voice note, document or sticker to a person or group. The file is an upload (PUT /api/uploads), base64 in the request, a file in a directory of the owner, or a URL. `as` says how it is sent; without it the bytes decide. Sounds become voice notes, videos and GIFs what phones play, pictures and GIFs stickers; `document` sends the file unchanged. A picture becomes a JPEG. For the chat, reply_to and errors, see {{send_to_chat}}. Send only what the user asked for.',
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
  form: 'media',
  maxBodyBytes: 12 * 2 ** 20,
  limitMs: LIMIT_MS,
  errors: [
    ...SHARED.errors,
    'upload_not_found',
    'file_not_found',
    'url_refused',
    'url_not_fetched',
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
    const endsAtMs = granted.clock.now() + LIMIT_MS - 1_000
    const addressed = await address(input, granted)
    const file = await toFile(media, as, granted.uploads)
    if (view_once && !VIEWED_ONCE.has(file.as))
      fail('invalid_input', {
        detail: '"view_once": only pictures, videos and voice notes can be viewed once.',
      })
    if (caption && UNCAPTIONED.has(file.as))
      fail('invalid_input', { detail: '"caption": voice notes and stickers have no caption.' })
    return {
      ...addressed,
      endsAtMs,
      outgoing: { ...file, caption, viewOnce: view_once },
    }
  },
})
