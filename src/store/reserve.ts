/**
 * Disk space that is kept for the control database: while a full disk takes nothing else, messages are still sent and their
 * outcomes are stored. A file with random bytes, since some file systems store no others; see `openControl`.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, constants, fstatSync, ftruncateSync, openSync, statfsSync, writeSync } from 'node:fs'
import type { Clock } from '../clock.ts'

/** A message takes some 50 KB of it, until the log of the database is used from its beginning again. */
export const RESERVE_BYTES = 4 * 1024 * 1024
/** The size of a released piece: small, because any program may take the space. */
const PIECE_BYTES = 256 * 1024
/** Free space on the disk that the reserve leaves to others when it is made. */
const LEFT_BYTES = 16 * 1024 * 1024
const RETRY_MS = 5_000

export type Reserve = {
  /** Gives a piece of the reserve back to the disk. Returns false if nothing is left. Never fails. */
  release(): boolean
  /** Stops filling the reserve again. The file stays. */
  close(): void
}

/** Opens the reserve in this file, and makes it as large as it should be once the disk has room. Never fails. */
export function openReserve(file: string, clock: Clock): Reserve {
  let cancel = () => {}
  fill()

  function fill(): void {
    try {
      use(file, (fd, sizeBytes) => {
        const { bavail, bsize } = statfsSync(file)
        if (bavail * bsize < RESERVE_BYTES - sizeBytes + LEFT_BYTES) throw new Error('the disk has no room')
        for (let at = sizeBytes; at < RESERVE_BYTES; at += PIECE_BYTES)
          writeSync(fd, randomBytes(PIECE_BYTES), 0, Math.min(PIECE_BYTES, RESERVE_BYTES - at), at)
      })
    } catch {
      cancel = clock.after(RETRY_MS, fill)
    }
  }

  return {
    release() {
      try {
        return use(file, (fd, sizeBytes) => {
          if (sizeBytes === 0) return false
          ftruncateSync(fd, Math.max(0, sizeBytes - PIECE_BYTES))
          return true
        })
      } catch {
        return false
      } finally {
        cancel()
        cancel = clock.after(RETRY_MS, fill)
      }
    },
    close: () => cancel(),
  }
}

function use<T>(file: string, work: (fd: number, sizeBytes: number) => T): T {
  const fd = openSync(file, constants.O_RDWR | constants.O_CREAT, 0o600)
  try {
    return work(fd, fstatSync(fd).size)
  } finally {
    closeSync(fd)
  }
}
