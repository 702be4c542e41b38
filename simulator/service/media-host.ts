/**
 * The media host, mmg.whatsapp.net: holds encrypted files by path, which expire. And the phones that encrypt, upload, open
 * and upload again what has expired.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { MediaType, WorldMedia } from '../world-types.ts'
import { checkMedia } from './media-check.ts'
import { decryptMedia, encryptMedia, hashOf } from './media-crypto.ts'
import { sampleBytes } from './media-samples.ts'
import type { Random } from './random.ts'

/** Name of the host in pages. */
export const mediaHostName = 'mmg.whatsapp.net'

/** Larger files are described but have no bytes. */
const LARGEST_SAMPLE = 8 * 2 ** 20

/** Where a file is, and what opens it. */
export type MediaFile = Pick<WorldMedia, 'mediaKey' | 'filehash' | 'encFilehash' | 'directPath' | 'sizeBytes'>

export type MediaHost = {
  /**
   * A phone uploads a file: these bytes, or `null` for a sample of `given.sizeBytes`. Returns `given` with what differs. A
   * sample that is too large stays without bytes.
   */
  publish(type: MediaType, bytes: Uint8Array | null, given: MediaFile): MediaFile
  /** A phone uploads a file again: its new path; null if the phone has it no more. */
  republish(type: MediaType, media: MediaFile): string | null
  /** A phone downloads and opens a file; `problem`: why it cannot show it. Throws a sentence if it cannot be opened. */
  open(type: MediaType, media: WorldMedia): { bytes: Buffer; problem: string | null }
  has(directPath: string): boolean
  /** The host deletes a file; with `onPhone` the phone does too. */
  expire(media: MediaFile, onPhone: boolean): void
  /** Answers a request of a page. `refuses`: no upload is accepted, as for pages of an old build (B18). */
  serve(request: IncomingMessage, response: ServerResponse, refuses: boolean): Promise<void>
}

/** A host without files. */
export function createMediaHost(random: Random): MediaHost {
  const files = new Map<string, () => Uint8Array>()
  /** What phones hold, by hash; null: no more. Samples are made again when they are needed. */
  const originals = new Map<string, Uint8Array | null>()

  const newPath = (): string =>
    `/v/t62.7118-24/${random.text(20, '0123456789')}_n.enc?ccb=11-4&oh=${random.hex(8)}`

  function originalOf(type: MediaType, { filehash, sizeBytes, mediaKey }: MediaFile): Uint8Array | null {
    const kept = originals.get(filehash)
    if (kept !== undefined || sizeBytes > LARGEST_SAMPLE) return kept ?? null
    const sample = sampleBytes(type, sizeBytes, mediaKey)
    return hashOf(sample) === filehash ? sample : null
  }

  async function receive(request: IncomingMessage, response: ServerResponse, token: string): Promise<void> {
    const pieces: Buffer[] = []
    for await (const piece of request) pieces.push(piece)
    const body = Buffer.concat(pieces)
    const isWhole = hashOf(body).replaceAll('+', '-').replaceAll('/', '_').replace(/=$/, '') === token
    if (!isWhole) return void response.writeHead(400).end()
    const directPath = newPath()
    files.set(directPath, () => body)
    response.setHeader('content-type', 'application/json')
    response.end(
      JSON.stringify({
        url: `https://${mediaHostName}${directPath}`,
        direct_path: directPath,
        handle: random.hex(16),
      }),
    )
  }

  return {
    publish(type, bytes, given) {
      if (bytes === null && given.sizeBytes > LARGEST_SAMPLE) return given
      const { mediaKey, directPath } = given
      const plain = bytes ?? sampleBytes(type, given.sizeBytes, mediaKey)
      const filehash = hashOf(plain)
      if (bytes !== null) originals.set(filehash, bytes)
      const encrypted = encryptMedia(type, mediaKey, plain)
      files.set(
        directPath,
        bytes === null
          ? () => encryptMedia(type, mediaKey, sampleBytes(type, given.sizeBytes, mediaKey))
          : () => encrypted,
      )
      return { ...given, sizeBytes: plain.length, filehash, encFilehash: hashOf(encrypted) }
    },
    republish(type, media) {
      const plain = originalOf(type, media)
      if (plain === null) return null
      const directPath = newPath()
      files.set(directPath, () => encryptMedia(type, media.mediaKey, plain))
      return directPath
    },
    open(type, media) {
      const file = files.get(media.directPath)?.()
      if (!file) throw new Error('The media is not on the host any more.')
      if (hashOf(file) !== media.encFilehash)
        throw new Error('The file is not the one that the message names.')
      // In channels files are plain.
      const bytes = media.mediaKey === '' ? Buffer.from(file) : decryptMedia(type, media.mediaKey, file)
      if (hashOf(bytes) !== media.filehash) throw new Error('The bytes are not those that the message names.')
      return { bytes, problem: checkMedia(type, bytes, media) }
    },
    has: (directPath) => files.has(directPath),
    expire({ directPath, filehash }, onPhone) {
      files.delete(directPath)
      if (onPhone) originals.set(filehash, null)
    },
    async serve(request, response, refuses) {
      response.setHeader('access-control-allow-origin', 'https://web.whatsapp.com')
      response.setHeader('access-control-allow-headers', '*')
      const url = request.url ?? '/'
      if (request.method === 'OPTIONS') return void response.writeHead(204).end()
      const token = /^\/mms\/[\w-]+\/([\w-]+)/.exec(url)?.[1]
      if (request.method === 'POST' && token !== undefined) {
        if (refuses) return void response.writeHead(403).end()
        return receive(request, response, token)
      }
      const file = files.get(url)?.()
      if (!file) return void response.writeHead(404).end()
      response.setHeader('content-type', 'application/octet-stream')
      response.end(file)
    },
  }
}
