/**
 * Bytes of media, in the page: what {@link installPageMedia} adds. Those of a download cross in pieces, so that neither side holds a
 * whole file as text; a file that is sent stays on the disk. The rules of page-rows.ts hold.
 */
import type { MediaSource } from '../../model/content.ts'
import type { MsgModel, PageWindow } from './page-types.ts'

declare const window: PageWindow
declare class Blob {
  constructor(parts: unknown[], options?: { type?: string })
  readonly size: number
  slice(from: number, to: number): Blob
}
declare class File {
  constructor(parts: Blob[], name: string, options: { type: string })
}
declare class FileReader {
  result: string
  onload: () => void
  onerror: () => void
  readAsDataURL(blob: Blob): void
}
declare const document: { createElement(name: 'input'): FileInput }

/** An element of the page that the browser gives a file of the disk. */
export type FileInput = { type: string; files: ArrayLike<Blob> }

/** The result of {@link PageMedia.open}. `later`: the phone has not said yet whether it has the file. `why` of a refusal is WhatsApp Web's own word. */
export type OpenedMedia =
  | { state: 'open'; handle: number; sizeBytes: number; directPath: string | null }
  | { state: 'gone' | 'later' | 'unknown' }
  | { state: 'refused'; why: string }

/** The result of {@link PageMedia.take}. `sizeBytes`: 0 if the browser cannot read the file. */
export type TakenMedia = { handle: number; sizeBytes: number }

/** The media of {@link SendMessage}, as the library passes them on: its `data` names bytes that are in the page. */
export type PageFile = { data: string; mimetype: string; filename?: string | undefined }

export type PageMedia = {
  open(keys: readonly string[], source: MediaSource | null, askPhone: boolean): Promise<OpenedMedia>
  /** Base64. */
  read(handle: number, from: number, to: number): Promise<string>
  close(handle: number): void
  /** Base64; null if the message has none, or is not here. */
  thumbnail(keys: readonly string[]): Promise<string | null>
  /** Keeps the file that the browser gave; its bytes stay on the disk until the page reads them. */
  take(input: FileInput): TakenMedia
}

/** Call once per document, after the library's helpers are in it. */
export function installPageMedia(): void {
  const blobs = new Map<number, Blob>()
  // After a reload, names of the document before must not fit files of this one.
  let last = Math.floor(Math.random() * 2 ** 40)
  const add = (blob: Blob): number => {
    last += 1
    blobs.set(last, blob)
    return last
  }
  /** Some stickers were sent without their type. */
  const DEFAULT_MIMETYPES: Record<string, string> = { sticker: 'image/webp' }
  /** A download requires a log of its performance (QPL); this one keeps nothing. */
  const silentLog = {
    addAnnotations: () => silentLog,
    addPoint: () => silentLog,
  }
  const tools = {
    /** What a download needs, of the page's own copy of the message. */
    source(message: MsgModel): MediaSource | null {
      const { directPath, encFilehash, filehash, mediaKey, mediaKeyTimestamp, type, mimetype, size } = message
      if (typeof directPath !== 'string') return null
      return {
        directPath,
        encFilehash,
        filehash,
        mediaKey,
        mediaKeyTimestamp,
        type,
        mimetype,
        sizeBytes: size,
      } as MediaSource
    },

    /** Undefined if the media host has the file no more. Newer builds refuse a download without a type (wwebjs#201908). */
    async download(source: MediaSource): Promise<ArrayBuffer | undefined> {
      const { downloadManager } = window.require('WAWebDownloadManager')
      const { sizeBytes: _, mimetype, ...facts } = source
      // Refused by its type, although WhatsApp takes it as a document.
      const isSvg = facts.type === 'document' && /^image\/svg\b/i.test(mimetype ?? '')
      try {
        return await downloadManager.downloadAndMaybeDecrypt({
          ...facts,
          mimetype: isSvg ? 'application/octet-stream' : (mimetype ?? DEFAULT_MIMETYPES[facts.type]),
          signal: new AbortController().signal,
          downloadQpl: silentLog,
        })
      } catch (error) {
        const status = Number(Reflect.get(Object(error), 'status'))
        if (status === 404 || status === 410) return undefined
        throw error
      }
    },

    /** Asks the phone to upload the media again. Returns its new location, or why there is none (yet). */
    async again(message: MsgModel): Promise<MediaSource | 'gone' | 'later'> {
      await message.downloadMedia?.({ downloadEvenIfExpensive: true, rmrReason: 1 })
      const stage = String(Reflect.get(Object(message.mediaData), 'mediaStage'))
      if (/REUPLOADING|FETCHING|NEED_POKE/.test(stage)) return 'later'
      return (/ERROR/.test(stage) ? null : tools.source(message)) ?? 'gone'
    },

    /** Tries the given location, then that of the page's own copy of the message, then, if it may, the phone. */
    async bytes(keys: readonly string[], given: MediaSource | null, askPhone: boolean) {
      let found = given === null ? undefined : await tools.download(given)
      if (found && given) return { found, source: given }
      const message = await window.whatsappMcpFind(keys)
      const own = message && tools.source(message)
      if (!message || !own) return given === null ? 'unknown' : 'gone'
      if (own.directPath !== given?.directPath) found = await tools.download(own)
      if (found) return { found, source: own }
      const fresh = askPhone ? await tools.again(message) : 'gone'
      if (typeof fresh === 'string') return fresh
      found = await tools.download(fresh)
      return found ? { found, source: fresh } : 'gone'
    },

    async open(keys: readonly string[], given: MediaSource | null, askPhone: boolean): Promise<OpenedMedia> {
      try {
        const answer = await tools.bytes(keys, given, askPhone)
        if (typeof answer === 'string') return { state: answer }
        const { found, source } = answer
        const handle = add(new Blob([found]))
        return { state: 'open', handle, sizeBytes: found.byteLength, directPath: source.directPath }
      } catch (error) {
        const name = String(Reflect.get(Object(error), 'name') ?? error)
        if (name === 'InvalidMediaFileType' || name === 'MediaDecryptionError')
          return { state: 'refused', why: name }
        throw error
      }
    },

    read(handle: number, from: number, to: number): Promise<string> {
      const blob = blobs.get(handle)
      if (!blob) throw new Error('the bytes are not in the page any more')
      return new Promise((resolve, reject) => {
        const reader = new FileReader()
        reader.onload = () => resolve(reader.result.slice(reader.result.indexOf(',') + 1))
        reader.onerror = () => reject(new Error('the bytes cannot be read'))
        reader.readAsDataURL(blob.slice(from, to))
      })
    },

    close(handle: number): void {
      blobs.delete(handle)
    },

    /** The body of a message with media is its preview, never a text. */
    async thumbnail(keys: readonly string[]): Promise<string | null> {
      const message = await window.whatsappMcpFind(keys)
      const body = message?.directPath ? message.body : undefined
      return typeof body === 'string' && /^[\w+/]{40,}={0,2}$/.test(body) ? body : null
    },

    take({ files: { 0: file } }: FileInput): TakenMedia {
      if (!file) throw new Error('the browser took no file')
      return { handle: add(file), sizeBytes: file.size }
    },
  }
  window.whatsappMcpMedia = tools satisfies PageMedia

  const helpers = window.WWebJS
  const { mediaInfoToFile } = helpers
  helpers.mediaInfoToFile = (media) => {
    const handle = /^whatsappMcp:(\d+)$/.exec(media.data)?.[1]
    if (handle === undefined) return mediaInfoToFile(media)
    const blob = blobs.get(Number(handle))
    if (!blob) throw new Error('the bytes are not in the page any more')
    return new File([blob], media.filename ?? 'file', { type: media.mimetype })
  }
}

export function pageOpenMedia(keys: readonly string[], source: MediaSource | null, askPhone: boolean) {
  return window.whatsappMcpMedia.open(keys, source, askPhone)
}

export function pageReadMedia(handle: number, from: number, to: number): Promise<string> {
  return window.whatsappMcpMedia.read(handle, from, to)
}

export function pageCloseMedia(handle: number): void {
  window.whatsappMcpMedia.close(handle)
}

export function pageThumbnail(keys: readonly string[]): Promise<string | null> {
  return window.whatsappMcpMedia.thumbnail(keys)
}

/** It is in no document: neither the page nor a person sees it. */
export function pageFileInput(): FileInput {
  const input = document.createElement('input')
  input.type = 'file'
  return input
}

export function pageTakeMedia(input: FileInput): TakenMedia {
  return window.whatsappMcpMedia.take(input)
}
