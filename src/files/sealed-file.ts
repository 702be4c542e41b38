/**
 * Encrypted files that are read in ranges: AES-256-GCM in chunks, so that a range costs its own chunks only, and a changed,
 * cut or reordered file is noticed.
 */
import { createCipheriv, createDecipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto'
import { open, rename, rm, stat } from 'node:fs/promises'
import { isDiskFull } from '../error-code.ts'
import { fail } from '../errors.ts'
import { notePassed } from '../passing-bytes.ts'

/** A secret of 32 bytes, in hexadecimal. */
export type SealKey = string

const MAGIC = Buffer.from('wma1')
const SALT_BYTES = 16
const HEADER_BYTES = MAGIC.length + SALT_BYTES
const CHUNK = 64 * 1024
const TAG_BYTES = 16

/** A file that was written. `sha256`: of its bytes, in hexadecimal. `head`: its first bytes, at most {@link HEAD_SIZE}. */
export type Sealed = { sizeBytes: number; sha256: string; head: Uint8Array }

/** How many of the first bytes of the content {@link seal} returns. */
const HEAD_SIZE = 64

/** Returns a name for this content that says nothing about it without the key. */
export function sealedName(key: SealKey, sha256: string): string {
  return createHmac('sha256', Buffer.from(key, 'hex')).update(sha256).digest('hex')
}

/**
 * Writes the pieces to a new file. If that fails, nothing stays on disk.
 * @throws AppError `media_too_large` beyond `maxBytes`; `disk_full`; the errors of the pieces
 */
export async function seal(
  path: string,
  key: SealKey,
  pieces: AsyncIterable<Uint8Array>,
  maxBytes: number,
): Promise<Sealed> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.part`
  const file = await open(draft, 'wx', 0o600).catch(failFull)
  const hash = createHash('sha256')
  let sizeBytes = 0
  let head = Buffer.alloc(0)
  try {
    const salt = randomBytes(SALT_BYTES)
    const fileKey = keyOf(key, salt)
    // On a full disk `writev` writes a part, and says so only in its result; `writeFile` goes on until the error.
    await file.writeFile(Buffer.concat([MAGIC, salt]))
    const chunk = Buffer.alloc(CHUNK)
    let filled = 0
    let index = 0
    for await (const piece of pieces) {
      sizeBytes += piece.length
      if (sizeBytes > maxBytes) fail('media_too_large')
      hash.update(piece)
      if (head.length < HEAD_SIZE) head = Buffer.concat([head, piece.subarray(0, HEAD_SIZE)])
      for (let at = 0; at < piece.length; ) {
        // Which chunk is the last one is only known at the end.
        if (filled === CHUNK) {
          await file.writeFile(sealChunk(fileKey, index, false, chunk))
          index += 1
          filled = 0
        }
        const part = piece.subarray(at, at + CHUNK - filled)
        chunk.set(part, filled)
        filled += part.length
        at += part.length
      }
    }
    await file.writeFile(sealChunk(fileKey, index, true, chunk.subarray(0, filled)))
    await file.close()
    await rename(draft, path)
    return { sizeBytes, sha256: hash.digest('hex'), head: head.subarray(0, HEAD_SIZE) }
  } catch (error) {
    await file.close().catch(() => {})
    await rm(draft, { force: true })
    return failFull(error)
  }
}

function failFull(error: unknown): never {
  if (isDiskFull(error)) fail('disk_full', { cause: error })
  throw error
}

/** Returns the size on disk of a file with `sizeBytes` bytes. */
export function sealedSize(sizeBytes: number): number {
  return HEADER_BYTES + sizeBytes + Math.max(1, Math.ceil(sizeBytes / CHUNK)) * TAG_BYTES
}

/**
 * Yields the bytes from `from` up to `to` (exclusive) of a file with `sizeBytes` bytes.
 * @throws the error of the operating system, or of the decryption if the file is not as it was written
 */
export async function* unseal(
  path: string,
  key: SealKey,
  sizeBytes: number,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  const file = await open(path, 'r')
  try {
    const header = Buffer.alloc(HEADER_BYTES)
    await file.read(header, 0, HEADER_BYTES, 0)
    if (!header.subarray(0, MAGIC.length).equals(MAGIC)) throw new Error('not a sealed file')
    const fileKey = keyOf(key, header.subarray(MAGIC.length))
    const last = Math.max(0, Math.ceil(sizeBytes / CHUNK) - 1)
    const buffer = Buffer.alloc(CHUNK + TAG_BYTES)
    for (let index = Math.floor(from / CHUNK); index * CHUNK < to; index += 1) {
      const size = Math.min(CHUNK, sizeBytes - index * CHUNK)
      const sealed = buffer.subarray(0, size + TAG_BYTES)
      const { bytesRead } = await file.read(
        sealed,
        0,
        sealed.length,
        HEADER_BYTES + index * (CHUNK + TAG_BYTES),
      )
      if (bytesRead !== sealed.length) throw new Error('the sealed file is cut')
      const bytes = unsealChunk(fileKey, index, index === last, sealed)
      notePassed(bytes.length)
      yield bytes.subarray(Math.max(0, from - index * CHUNK), Math.min(size, to - index * CHUNK))
    }
  } finally {
    await file.close()
  }
}

/** True if this file was written with this key, as far as its first chunk says; false also if it cannot be read. */
export async function isSealedWith(key: SealKey, path: string): Promise<boolean> {
  try {
    const sealedBytes = (await stat(path)).size - HEADER_BYTES
    const chunks = Math.max(1, Math.ceil(sealedBytes / (CHUNK + TAG_BYTES)))
    for await (const _ of unseal(path, key, sealedBytes - chunks * TAG_BYTES, 0, 1)) return true
  } catch {}
  return false
}

function keyOf(key: SealKey, salt: Uint8Array): Buffer {
  return Buffer.from(hkdfSync('sha256', Buffer.from(key, 'hex'), salt, 'sealed file', 32))
}

/** Unique for a file key, which is used for one file. */
function nonceOf(index: number): Buffer {
  const nonce = Buffer.alloc(12)
  nonce.writeUInt32BE(index, 8)
  return nonce
}

const endMark = (isLast: boolean) => Buffer.from([isLast ? 1 : 0])

/** A sealed chunk. This cipher has nothing left at its end. */
function sealChunk(key: Buffer, index: number, isLast: boolean, bytes: Uint8Array): Buffer {
  const aes = createCipheriv('aes-256-gcm', key, nonceOf(index)).setAAD(endMark(isLast))
  const sealed = aes.update(bytes)
  aes.final()
  return Buffer.concat([sealed, aes.getAuthTag()])
}

function unsealChunk(key: Buffer, index: number, isLast: boolean, sealed: Buffer): Buffer {
  const aes = createDecipheriv('aes-256-gcm', key, nonceOf(index)).setAAD(endMark(isLast))
  aes.setAuthTag(sealed.subarray(-TAG_BYTES))
  const bytes = aes.update(sealed.subarray(0, -TAG_BYTES))
  aes.final()
  return bytes
}

/** Removes a file so that its bytes stay unreadable: what its key is derived from is overwritten first. Ignores a missing file. */
export async function shred(path: string): Promise<void> {
  const file = await open(path, 'r+').catch(() => null)
  if (file !== null) {
    try {
      await file.write(Buffer.alloc(HEADER_BYTES), 0, HEADER_BYTES, 0)
      await file.sync()
    } finally {
      await file.close()
    }
  }
  await rm(path, { force: true })
}
