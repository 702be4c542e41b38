/** Multipart forms and pictures as bodies: each file is stored as an upload while it arrives, and becomes the input of its row. */
import type { FastifyRequest } from 'fastify'
import { fail } from '../../errors.ts'
import type { Grant } from '../../operations/door.ts'
import { FILES_TYPE, isPicture, mediaTypeOf } from './input.ts'
import { boundaryOf, type Part, readParts, wholeText } from './multipart.ts'

/** The name of the parts that are files. */
const FILE = 'file'
const MOST_FILES = 10
const MAX_TEXT_BYTES = 65_536

type Uploads = Pick<Grant<'send', 'nothing'>['uploads'], 'add'>

/** True if the body is a multipart form. */
const isFilesForm = ({ headers }: Pick<FastifyRequest, 'headers'>): boolean =>
  mediaTypeOf(headers['content-type']) === FILES_TYPE

/** True if the body has files, or is one: it is read by {@link readFiles}. */
export const hasFiles = (request: Pick<FastifyRequest, 'headers'>): boolean =>
  isFilesForm(request) || isPicture(mediaTypeOf(request.headers['content-type']))

/** Returns the fields of a body that {@link hasFiles}; `field` is the one that takes the files. Throws as {@link readForm}. */
export function readFiles(
  request: FastifyRequest,
  field: string,
  uploads: Uploads,
): Promise<Record<string, unknown>> {
  return isFilesForm(request) ? readForm(request, field, uploads) : readPicture(request, field, uploads)
}

/** The bytes of a picture are the upload of its field. */
async function readPicture({ raw, headers }: FastifyRequest, field: string, uploads: Uploads) {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = headers
  if (encoding !== undefined)
    fail('unsupported_media_type', {
      detail: 'The body is encoded. It must be the bytes of one picture.',
      hint: 'Send the file itself: curl -T photo.jpg -H "Content-Type: image/jpeg".',
    })
  const stream = raw.iterator({ destroyOnReturn: false })
  const { id } = await uploads.add({ stream, length: length === undefined ? null : Number(length), type })
  return { [field]: { upload: id } }
}

/**
 * Returns the fields of the form: its texts, and in `field` the upload of its file, with its name; a list if it has
 * several files.
 * @throws AppError `malformed_request`, `unsupported_media_type`, `invalid_input`, and those of storing an upload
 */
async function readForm(
  { raw, headers }: FastifyRequest,
  field: string,
  uploads: Uploads,
): Promise<Record<string, unknown>> {
  const boundary = boundaryOf(headers['content-type'] ?? '')
  if (boundary === null || headers['content-encoding'] !== undefined)
    fail('unsupported_media_type', {
      detail: 'The form is encoded, or its Content-Type has no boundary.',
      hint: 'Send it as curl -F file=@photo.jpg does.',
    })
  const texts = new Map<string, string>()
  const stored: object[] = []
  // The connection stays open for the response.
  for await (const part of readParts(raw.iterator({ destroyOnReturn: false }), boundary)) {
    if (part.name === FILE) {
      if (stored.length === MOST_FILES)
        fail('invalid_input', { detail: `The form has more than ${MOST_FILES} files.` })
      stored.push(await store(part, uploads))
      continue
    }
    if (texts.has(part.name))
      fail('invalid_input', { detail: `${JSON.stringify(part.name.slice(0, 40))} is given more than once.` })
    texts.set(part.name, await textOf(part))
  }
  if (stored.length === 0) fail('invalid_input', { detail: 'The form has no part "file".' })
  if (texts.has(field)) fail('invalid_input', { detail: `The part "file" is the ${field} of a form.` })
  return { ...Object.fromEntries(texts), [field]: stored.length === 1 ? stored[0] : stored }
}

async function store({ pieces, filename, type }: Part, uploads: Uploads) {
  const { id } = await uploads.add({ stream: pieces, length: null, type })
  // Some clients send the whole path of the file.
  const name = filename?.split(/[\\/]/).at(-1)
  return { upload: id, ...(name ? { filename: name } : {}) }
}

async function textOf({ name, filename, pieces }: Part): Promise<string> {
  if (filename !== null)
    fail('invalid_input', {
      detail: `${JSON.stringify(name.slice(0, 40))} is a file. Only the part "file" is one.`,
    })
  return wholeText(pieces, MAX_TEXT_BYTES)
}
