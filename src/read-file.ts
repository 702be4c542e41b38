/**
 * Files that a person named, or that somebody else may have put there: opened without waiting, looked at, and then read.
 * A device has no end, a FIFO waits for a writer, and what a path names may change between a look and an opening.
 */
import { closeSync, constants, fstatSync, openSync, readSync, type Stats } from 'node:fs'

/** The file is there, and not what can be read. `message` goes on after its name: `is not a regular file`. */
export class UnfitFileError extends Error {}

/** Called with what was opened, before it is read: throw to leave it unread. */
export type Look = (stats: Stats, fd: number) => void

/**
 * A regular file, open for reading; links are followed.
 * @throws UnfitFileError for anything else, and the operating system's error
 */
export function openRegular(path: string, look: Look = () => {}): number {
  // Without it, opening a FIFO waits until somebody writes to it. Windows has no such flag, and no FIFOs.
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
 * The text of a regular file, without the byte order mark that editors put before it.
 * @throws UnfitFileError where it is no regular file, too large, or not UTF-8; the operating system's error; what `look` throws
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
 * UTF-8 as text, without its byte order mark.
 * @throws UnfitFileError where it is not UTF-8
 */
export function decode(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new UnfitFileError('is not UTF-8 text')
  }
}

/** To its end, or one byte more than allowed: what the system says of a file's size need not be so, as in /proc. */
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
