/** Files that do not change while the server runs and that clients may cache. */
import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'

export type Asset = { bytes: Buffer; etag: string }

/** `etag`: a hash of the bytes, in quotes. */
export function toAsset(bytes: Buffer): Asset {
  return { bytes, etag: `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 22)}"` }
}

/** Returns a function that reads a file on first use and keeps it in memory. A file that cannot be read rejects, and is read again next time. */
export function keepAssets(locate: (name: string) => URL | string): (name: string) => Promise<Asset> {
  const kept = new Map<string, Promise<Asset>>()
  return async (name) => {
    const known = kept.get(name)
    if (known !== undefined) return known
    const asset = readFile(locate(name)).then(toAsset)
    kept.set(name, asset)
    asset.catch(() => kept.delete(name))
    return asset
  }
}

/**
 * Sends the bytes, or 304 if the client has them. Clients revalidate each time, so that they never mix old and new files
 * after an update.
 */
export function sendAsset(
  { bytes, etag }: Asset,
  type: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  reply.headers({ 'cache-control': 'no-cache', etag })
  if (request.headers['if-none-match'] === etag) return reply.status(304).send()
  return reply.type(type).send(bytes)
}
