/** Downloads media (WAWebDownloadManager, WAWebMedia), as builds of 2026 do. */
import { InvalidMediaFileType, MediaDecryptionError, MediaNotFoundError } from './errors.ts'
import { decryptMedia, hashOf } from './media-crypto.ts'
import { boot, connection } from './page.ts'

/** Types that a build with the check accepts for a kind of message. Kinds that are missing take all but SVG. */
const allowed: Record<string, readonly string[]> = {
  image: ['image/jpeg', 'image/png', 'image/webp'],
  video: ['video/mp4', 'video/3gpp', 'video/quicktime'],
  audio: ['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/amr', 'audio/ogg', 'audio/ogg; codecs=opus'],
  ptt: ['audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/amr', 'audio/ogg', 'audio/ogg; codecs=opus'],
  sticker: ['image/webp'],
}

type Wanted = {
  directPath?: string | undefined
  encFilehash?: string | undefined
  filehash?: string | undefined
  mediaKey?: string | undefined
  type: string
  mimetype?: string | undefined
  signal?: AbortSignal
}

/** Decrypted files in memory, by hash. A hit is not checked (wwebjs#201908: therefore it looks random). */
const cache = new Map<string, ArrayBuffer>()

/** Downloads, decrypts and checks a file. Rejects with the errors of WhatsApp Web. */
export async function downloadAndMaybeDecrypt(wanted: Wanted): Promise<ArrayBuffer> {
  const { directPath, encFilehash, filehash = '', mediaKey, type, signal } = wanted
  const known = cache.get(filehash)
  if (known) return known.slice(0)
  if (mediaKey === undefined || encFilehash === undefined)
    throw new MediaDecryptionError(`decryptMedia: missing key for type ${type}`)
  const response = await fetch(`https://mmg.whatsapp.net${directPath}`, signal ? { signal } : {})
  if (!response.ok) throw new MediaNotFoundError(response.status)
  const file = await response.arrayBuffer()
  const bytes = (await hashOf(file)) === encFilehash ? await decryptMedia(type, mediaKey, file) : undefined
  if (bytes === undefined || (await hashOf(bytes)) !== filehash)
    throw new MediaDecryptionError(`decryptMedia: hash mismatch for type ${type}`)
  const mimetype = wanted.mimetype ?? 'application/octet-stream'
  const isAllowed = allowed[type]?.includes(mimetype) ?? mimetype.toLowerCase() !== 'image/svg+xml'
  if (boot.build.checksMimetype && !isAllowed) throw new InvalidMediaFileType(mimetype, type)
  cache.set(filehash, bytes)
  while (cache.size > 4) cache.delete(cache.keys().next().value ?? '')
  return bytes.slice(0)
}

/** The media of a message in the page, and how far its download is. */
export type MediaState = { mediaStage: string }

/**
 * `msg.downloadMedia`: fetches the file for the user to see; if the host has it no more and `rmrReason` is given, asks the
 * phone to upload it again. Never rejects: `mediaStage` says how it went. What it fetches does not count as in memory.
 */
export async function downloadForView(
  state: MediaState,
  wanted: Wanted & { id: string },
  moveTo: (directPath: string) => void,
  rmrReason: number | undefined,
): Promise<void> {
  const look = async (directPath: string | undefined) => {
    state.mediaStage = 'FETCHING'
    await downloadAndMaybeDecrypt({ ...wanted, directPath })
    cache.delete(wanted.filehash ?? '')
    state.mediaStage = 'RESOLVED'
  }
  try {
    await look(wanted.directPath)
  } catch (error) {
    if (!(error instanceof MediaNotFoundError) || rmrReason === undefined) {
      state.mediaStage = error instanceof MediaNotFoundError ? 'NEED_POKE' : 'ERROR_UNKNOWN'
      return
    }
    state.mediaStage = 'REUPLOADING'
    const { directPath } = await connection().ask('reupload', { id: wanted.id })
    if (directPath === null) {
      state.mediaStage = 'ERROR_MISSING'
      return
    }
    moveTo(directPath)
    await look(directPath).catch(() => {
      state.mediaStage = 'ERROR_MISSING'
    })
  }
}
