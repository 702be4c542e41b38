/**
 * Reads files that a person named or that another user may have placed: opens without waiting, checks the open file, then
 * reads. A device has no end, a FIFO waits for a writer, and a path may change between a check and an opening.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

/** The file exists, but cannot be used. `message` continues a sentence after its name: `is not a regular file`. */
export class UnfitFileError extends Error {}

/** Called with the open file before it is read. Throws to reject the file. */
export type Look = (stats: Stats, fd: number) => void

/**
 * Opens a regular file for reading. Follows links.
 * @throws UnfitFileError if it is not a regular file, and the operating system's error
 */
export function openRegular(path: string, look: Look = () => {}): number {
  // Without O_NONBLOCK, opening a FIFO waits for a writer. Windows has neither this flag nor FIFOs.
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0))
  try {
    const stats = fstatSync(fd)
    if (!stats.isFile()) throw new UnfitFileError('is not a regular file')
    look(stats, fd)
    return fd
  } catch (error) {
    closeSync(fd)
    throw error
  }
}

/**
 * Returns the text of a regular file, without a byte order mark.
 * @throws UnfitFileError if it is not a regular file, too large, or not UTF-8; the operating system's error; the error of `look`
 */
export function readText(path: string, options: { maxBytes?: number; look?: Look } = {}): string {
  const { maxBytes = 1024 * 1024, look } = options
  const fd = openRegular(path, look)
  try {
    const bytes = readUpTo(fd, maxBytes)
    if (bytes.length > maxBytes) throw new UnfitFileError(`is larger than ${maxBytes} bytes`)
    return decode(bytes)
  } finally {
    closeSync(fd)
  }
}

/**
 * Decodes UTF-8, without a byte order mark.
 * @throws UnfitFileError if the bytes are not UTF-8
 */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UnfitFileError('is not UTF-8 text')
  }
}

/** Reads to the end, or one byte more than allowed. Ignores the reported file size, which can be wrong, as in /proc. */
function readUpTo(fd: number, maxBytes: number): Buffer {
  const chunks: Buffer[] = []
  for (let size = 0; size <= maxBytes; ) {
    const chunk = Buffer.alloc(Math.min(64 * 1024, maxBytes + 1 - size))
    const read = readSync(fd, chunk)
    if (read === 0) break
    chunks.push(chunk.subarray(0, read))
    size += read
  }
  return Buffer.concat(chunks)
}
