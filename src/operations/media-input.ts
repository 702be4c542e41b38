/** The file that a call sends: where it comes from, and in which form it goes. */
import { basename } from 'node:path'
import { Readable } from 'node:stream'
import { z } from 'zod'
import { type ErrorCode, fail } from '../errors.ts'
import type { CallerUploads } from '../files/uploads.ts'
import type { Draft } from '../outbox/item.ts'
import { type As, prepare } from './prepare-media.ts'

/** The error codes of every row that takes a file; those that convert it add `needs_ffmpeg`. */
export const MEDIA_INPUT_ERRORS = [
  'upload_not_found',
  'file_not_found',
  'url_refused',
  'url_not_fetched',
  'media_refused',
  'body_too_large',
  'uploads_full',
  'disk_full',
] as const satisfies ErrorCode[]

/** The largest file that is part of a request. Larger ones are uploaded first. */
const MAX_DATA_BYTES = 8 * 2 ** 20

/** The fields that rows share that take files. The body has room for the largest file in base64. */
export const TAKES_FILES = { form: 'media', maxBodyBytes: 12 * 2 ** 20 } as const

/** All files of a send must be ready within this time. */
export const PREPARE_FILES_MS = 28_000
/** The time limit of a row that sends files: {@link PREPARE_FILES_MS}, then 30 s for the send. */
export const SEND_FILES_MS = 60_000

const TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+$/
/** What a file name must not contain. The owner reads it before a decision: it must not change how the text around it looks. */
const NOT_IN_A_NAME = /[\p{Cc}\u202a-\u202e\u2066-\u2069/\\]/u

const SOURCES = ['upload', 'data', 'file', 'url'] as const

/** One file. */
export const oneInput = z
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
      .describe('Its media type, such as "image/jpeg". Default: by its first bytes, or its name.'),
    filename: z
      .string()
      .min(1, 'must not be empty')
      .max(200)
      // Not a pattern: readers of the API description do not agree about classes of characters.
      .refine((name) => !NOT_IN_A_NAME.test(name), 'must be a name without slashes and control characters')
      .optional()
      .describe('The name of the file. A document shows it. Without slashes and control characters.'),
  })
  .refine(
    (media) => SOURCES.filter((source) => media[source] !== undefined).length === 1,
    'must have exactly one of upload, data, file and url',
  )
  .describe('The file: exactly one of `upload`, `data`, `file` and `url`. Several: a list of up to 10.')

type OneInput = z.output<typeof oneInput>

/** One file, or a list of them. */
export const mediaInput = z.union([
  oneInput,
  z
    .array(z.looseObject({}))
    .min(1)
    .max(10)
    .pipe(z.array(oneInput))
    .describe('Up to 10 such files, sent in this order.'),
])
export type MediaInput = z.output<typeof mediaInput>

const EXTENSION = /\/(?:x-)?([a-z0-9]{2,5})(?:$|;)/

/** The file that is sent. */
export type PreparedMedia = Omit<Extract<Draft['outgoing'], { kind: 'media' }>, 'caption' | 'viewOnce'>

/** The album of several of them. */
export type Album = NonNullable<PreparedMedia['album']>

/**
 * Stores the file as an upload of the caller, in the form in which it is sent. `sounds`: what they become if `as` says nothing.
 * `withinMs`: for its conversion.
 * @throws AppError as `prepare`, and those of each source
 */
export async function toFile(
  media: OneInput,
  { as, sounds, withinMs }: { as: As | undefined; sounds?: 'voice'; withinMs: number },
  uploads: CallerUploads,
): Promise<PreparedMedia> {
  const given = await stored(media, uploads)
  const name = media.filename ?? ownName(media)
  const prepared = await prepare(given.id, { as, sounds, stated: media.mimetype, name, withinMs }, uploads)
  const { path, sizeBytes, sha256 } = prepared.file
  const { as: kind, type, look } = prepared
  const filename = name || `file.${EXTENSION.exec(type)?.[1] ?? 'bin'}`
  return { kind: 'media', path, as: kind, mimetype: type, filename, sizeBytes, sha256, ...(look && { look }) }
}

/** Stores the file as it is given. */
async function stored({ upload, data, file, url, mimetype }: OneInput, uploads: CallerUploads) {
  if (upload !== undefined) return { id: upload }
  if (file !== undefined) return uploads.addOwned(file)
  if (url !== undefined) return uploads.addFetched(url)
  return uploads.add(bodyOf(data ?? '', mimetype))
}

/** The name that the source itself has for the file, as far as it can be shown; else empty. */
function ownName({ file, url }: OneInput): string {
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
