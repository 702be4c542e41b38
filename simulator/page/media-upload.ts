/** Prepares and uploads media (WAWebPrepRawMedia, WAWebMediaMmsV4Upload, WAWebUploadManager). */
import { InvalidMediaFileType } from './errors.ts'
import { encryptMedia, hashOf, newMediaKey } from './media-crypto.ts'
import { boot } from './page.ts'

/** `WAWebMediaOpaqueData`: bytes that the page refers to. */
export class OpaqueData {
  readonly blob: Blob
  readonly type: string

  static async createFromData(data: Blob, type: string): Promise<OpaqueData> {
    return new OpaqueData(data, type)
  }

  constructor(blob: Blob, type: string) {
    this.blob = blob
    this.type = type
  }

  url(): string {
    return 'blob:https://web.whatsapp.com/double'
  }

  autorelease(): void {}

  formData(): Blob {
    return this.blob
  }
}

type Facts = {
  type: string
  isGif: boolean
  width?: number
  height?: number
  duration?: string
  preview?: string
  filename?: string
}

/** What `prepRawMedia` prepares. Its own fields are enumerable, and clients spread them into the message. */
export class MediaData {
  readonly mimetype: string
  readonly size: number
  readonly filehash: string
  mediaBlob: OpaqueData

  constructor(blob: OpaqueData, facts: Facts, filehash: string) {
    this.mimetype = blob.type
    this.size = blob.blob.size
    this.filehash = filehash
    this.mediaBlob = blob
    Object.assign(this, facts)
    if (boot.build.mediaOwnsId) Object.assign(this, { __x_id: undefined })
  }

  set(changes: object): void {
    Object.assign(this, changes)
  }

  toJSON(): object {
    const { mediaBlob: _bytes, ...facts } = this
    return Object.fromEntries(Object.entries(facts).filter(([name]) => name !== '__x_id'))
  }
}

export type PrepOptions = { asDocument?: boolean; isPtt?: boolean; asGif?: boolean; asSticker?: boolean }

function typeOf(mimetype: string, { asDocument, isPtt, asSticker }: PrepOptions): string {
  if (asDocument) return 'document'
  if (asSticker) return 'sticker'
  if (isPtt) return 'ptt'
  const [kind = ''] = mimetype.split('/')
  return ['image', 'video', 'audio'].includes(kind) ? kind : 'document'
}

/** Pictures become JPEG, and everything is measured. Rejects for a picture that cannot be drawn. */
export async function prepare(given: OpaqueData, options: PrepOptions): Promise<MediaData> {
  const type = typeOf(given.type, options)
  const facts: Facts = { type, isGif: type === 'video' && options.asGif === true }
  let blob = given
  if (type === 'image') {
    const picture = await createImageBitmap(given.blob).catch(() => {
      throw new InvalidMediaFileType(given.type, type)
    })
    Object.assign(facts, { width: picture.width, height: picture.height })
    if (given.type !== 'image/jpeg') blob = new OpaqueData(await draw(picture, 1), 'image/jpeg')
    const small = await draw(picture, 72 / Math.max(72, picture.width, picture.height))
    facts.preview = await textOf(small)
  }
  if (type === 'ptt' || type === 'audio') {
    const seconds = await lengthOf(given.blob)
    if (seconds !== undefined) facts.duration = String(Math.max(1, Math.round(seconds)))
  }
  if (type === 'document' && given.blob instanceof File) facts.filename = given.blob.name
  const data = new MediaData(blob, facts, await hashOf(await blob.blob.arrayBuffer()))
  blobs.set(data.filehash, blob.blob)
  return data
}

async function draw(picture: ImageBitmap, scale: number): Promise<Blob> {
  const canvas = new OffscreenCanvas(Math.ceil(picture.width * scale), Math.ceil(picture.height * scale))
  canvas.getContext('2d')?.drawImage(picture, 0, 0, canvas.width, canvas.height)
  return canvas.convertToBlob({ type: 'image/jpeg', quality: 0.8 })
}

/** Base64. */
async function textOf(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer())
  return btoa([...bytes].map((byte) => String.fromCharCode(byte)).join(''))
}

/** Seconds; undefined if the browser cannot decode it. */
async function lengthOf(blob: Blob): Promise<number | undefined> {
  const context = new OfflineAudioContext(1, 1, 48_000)
  const decoded = await context.decodeAudioData(await blob.arrayBuffer()).catch(() => undefined)
  return decoded?.duration
}

/** Prepared files by hash: what `uploadMedia` uploads. */
const blobs = new Map<string, Blob>()
const objects = new Map<string, Record<string, unknown>>()

/** `WAWebMediaStorage`: one object for each file. The wave is not measured here. */
export function getOrCreateMediaObject(filehash: string): Record<string, unknown> {
  const known = objects.get(filehash)
  if (known) return known
  const made: Record<string, unknown> = {
    filehash,
    contentInfo: {},
    consolidate: (facts: object) => void Object.assign(made, facts),
  }
  objects.set(filehash, made)
  return made
}

type Uploaded = { url: string; direct_path: string; handle: string }

/** `WAWebUploadManager.encryptAndUpload`. Rejects if the media host refuses it. */
export async function encryptAndUpload({
  blob,
  type,
  mediaKey = newMediaKey(),
}: {
  blob: Blob
  type: string
  mediaKey?: string
}) {
  const file = await encryptMedia(type, mediaKey, await blob.arrayBuffer())
  return { ...(await upload(type, file)), mediaKey, mediaKeyTimestamp: Math.floor(Date.now() / 1000) }
}

async function upload(type: string, file: ArrayBuffer | Uint8Array<ArrayBuffer>) {
  const encFilehash = await hashOf(file)
  const token = encFilehash.replaceAll('+', '-').replaceAll('/', '_').replace('=', '')
  const response = await fetch(`https://mmg.whatsapp.net/mms/${type}/${token}`, {
    method: 'POST',
    body: file,
  })
  if (!response.ok) throw new Error(`upload failed: ${response.status}`)
  const { url, direct_path, handle }: Uploaded = await response.json()
  return { url, directPath: direct_path, handle, encFilehash, uploadHash: encFilehash }
}

/** Resolves without a media entry if the host refuses the upload. */
export async function uploadMedia(given: Record<string, unknown>): Promise<object> {
  return toEntry(encryptAndUpload({ blob: takeBlob(given), type: String(given.mediaType) }))
}

/** Of files for channels, which are not encrypted. */
export async function uploadUnencryptedMedia(given: Record<string, unknown>): Promise<object> {
  const { encFilehash: _, ...uploaded } = await upload(
    String(given.mediaType),
    await takeBlob(given).arrayBuffer(),
  )
  return toEntry(Promise.resolve(uploaded))
}

function takeBlob({ mediaObject }: Record<string, unknown>): Blob {
  const filehash = String(Reflect.get(Object(mediaObject), 'filehash'))
  const blob = blobs.get(filehash)
  if (!blob) throw new Error('uploadMedia: nothing is prepared')
  blobs.delete(filehash)
  return blob
}

async function toEntry(uploading: Promise<{ url: string }>): Promise<object> {
  const uploaded = await uploading.catch(() => undefined)
  if (!uploaded) return {}
  const { url, ...entry } = uploaded
  return { mediaEntry: { ...entry, mmsUrl: url, deprecatedMms3Url: url } }
}
