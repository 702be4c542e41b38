/** Finds the media type of a file by its first bytes. Imports nothing. */

/** How many bytes {@link sniffType} reads. */
export const SNIFFED_BYTES = 32

type Sign = [type: string, from: number, bytes: string]

/**
 * Signatures of the types that WhatsApp sends as images, videos, audio or stickers, and of PDF, as Latin-1 text
 * (https://mimesniff.spec.whatwg.org/, section 6; RFC 3533 for Ogg, RFC 4867 for AMR). ZIP is missing on purpose: office
 * documents are ZIP files, and their content type says more. The first match counts.
 */
const SIGNS: readonly Sign[] = [
  ['image/jpeg', 0, '\xff\xd8\xff'],
  ['image/png', 0, '\x89PNG\r\n\x1a\n'],
  ['image/gif', 0, 'GIF8'],
  ['image/webp', 8, 'WEBP'],
  ['video/webm', 0, '\x1aE\xdf\xa3'],
  ['video/quicktime', 4, 'ftypqt'],
  ['video/3gpp', 4, 'ftyp3g'],
  ['audio/mp4', 4, 'ftypM4A'],
  ['image/heic', 4, 'ftyphei'],
  ['image/heic', 4, 'ftyphev'],
  // Pictures of any codec, as Apple's and Samsung's cameras also write them (ISO 23008-12, 10).
  ['image/heif', 4, 'ftypmif1'],
  ['image/heif', 4, 'ftypmsf1'],
  ['image/avif', 4, 'ftypavis'],
  ['image/avif', 4, 'ftypavif'],
  ['video/mp4', 4, 'ftyp'],
  ['audio/ogg', 0, 'OggS'],
  ['audio/wav', 8, 'WAVE'],
  ['audio/amr', 0, '#!AMR'],
  ['audio/flac', 0, 'fLaC'],
  ['audio/mpeg', 0, 'ID3'],
  // Frames of MPEG 1, 2 and 2.5, layer III, with and without a checksum.
  ['audio/mpeg', 0, '\xff\xfb'],
  ['audio/mpeg', 0, '\xff\xfa'],
  ['audio/mpeg', 0, '\xff\xf3'],
  ['audio/mpeg', 0, '\xff\xf2'],
  ['audio/mpeg', 0, '\xff\xe3'],
  ['audio/aac', 0, '\xff\xf1'],
  ['audio/aac', 0, '\xff\xf9'],
  ['application/pdf', 0, '%PDF-'],
]

/** Returns the media type of a file that begins with these bytes, or null if it is not one of the known types. */
export function sniffType(head: Uint8Array): string | null {
  const text = Buffer.from(head.subarray(0, SNIFFED_BYTES)).toString('latin1')
  return SIGNS.find(([, from, bytes]) => text.startsWith(bytes, from))?.[0] ?? null
}

const EXTENSIONS: Record<string, string> = {
  'image/jpeg': 'jpg',
  'image/png': 'png',
  'image/gif': 'gif',
  'image/webp': 'webp',
  'video/mp4': 'mp4',
  'audio/ogg': 'ogg',
  'audio/mpeg': 'mp3',
  'audio/mp4': 'm4a',
  'application/pdf': 'pdf',
}

/** Returns the usual file extension of this type, without its dot; `bin` if there is none. */
export const extensionOf = (type: string | null): string => EXTENSIONS[type ?? ''] ?? 'bin'

/** Types of documents whose first bytes say nothing, by the end of their names (https://www.iana.org/assignments/media-types/). */
const OFFICE = 'application/vnd.openxmlformats-officedocument'
const BY_NAME: Record<string, string> = {
  csv: 'text/csv',
  doc: 'application/msword',
  docx: `${OFFICE}.wordprocessingml.document`,
  epub: 'application/epub+zip',
  html: 'text/html',
  ics: 'text/calendar',
  json: 'application/json',
  md: 'text/markdown',
  odp: 'application/vnd.oasis.opendocument.presentation',
  ods: 'application/vnd.oasis.opendocument.spreadsheet',
  odt: 'application/vnd.oasis.opendocument.text',
  ppt: 'application/vnd.ms-powerpoint',
  pptx: `${OFFICE}.presentationml.presentation`,
  rtf: 'application/rtf',
  svg: 'image/svg+xml',
  txt: 'text/plain',
  vcf: 'text/vcard',
  xls: 'application/vnd.ms-excel',
  xlsx: `${OFFICE}.spreadsheetml.sheet`,
  xml: 'application/xml',
  zip: 'application/zip',
}

/** Returns the media type of a document with this name; null if its end is not one of the known ones. */
export function typeByName(name: string): string | null {
  const [, end = ''] = /\.(\w+)$/.exec(name) ?? []
  const kind = end.toLowerCase()
  return Object.hasOwn(BY_NAME, kind) ? (BY_NAME[kind] ?? null) : null
}

/** The type of a file of which nothing is known. */
export const UNKNOWN_TYPE = 'application/octet-stream'

/** Clients send these types for any file if the user names none (curl). */
const UNSAID = new Set(['application/x-www-form-urlencoded', UNKNOWN_TYPE])

/** Returns the type of a Content-Type header in lower case, without parameters; null if the header says nothing usable. */
export function statedType(header: string | undefined): string | null {
  const [type = ''] = header?.split(';') ?? []
  const name = type.trim().toLowerCase()
  // Names of types (RFC 6838, 4.2) with the characters that need no care in headers and file names.
  return /^[a-z0-9][a-z0-9!#$&^_.+-]{0,63}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,63}$/.test(name) && !UNSAID.has(name)
    ? name
    : null
}
