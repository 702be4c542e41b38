/** Reads the first bytes of a database without opening it. */
import { closeSync, fstatSync, readSync, statSync } from 'node:fs'
import { codeOf } from '../error-code.ts'
import { fail } from '../errors.ts'
import { openRegular } from '../read-file.ts'

/**
 * The contents of a database: one account's archive, or the control data. SQLite stores the mark ("WMAA",
 * "WMAC") in the header (PRAGMA application_id), which keeps the two apart.
 */
export const APPLICATION_IDS = { archive: 0x574d4141, control: 0x574d4143 }
export type Contents = keyof typeof APPLICATION_IDS

/**
 * `none`: missing or empty. `plain`: a SQLite database, of any program. `encrypted`: looks like a database
 * encrypted in our way; only its key proves it. `other`: anything else.
 */
export type FileKind = 'none' | 'plain' | 'encrypted' | 'other'

export type Header = {
  kind: FileKind
  sizeBytes: number
  /** The other fields are known for a plain file only. */
  applicationId: number
  /** The length that the file must have. */
  wholeBytes: number
}

/** Descriptors of databases that this process opened, by device and inode. */
const held = new Map<string, { file: string; fd: number }>()

/**
 * Lets {@link readHeader} read this file without closing it. Call it for each database that is opened. On Linux and macOS, a
 * process that closes any descriptor of a file loses all its locks on the file: another program that then reads the database takes
 * itself for the only one, and deletes the write-ahead log at its end (https://www.sqlite.org/howtocorrupt.html, section 2.2).
 * The descriptor stays open as long as the file exists, also after the connection is closed: libsql 0.5.29 closes a connection
 * only when its statements are collected as garbage, and one that is opened before that shares its locks.
 */
export function holdHeader(file: string): void {
  if (process.platform === 'win32') return
  const id = idOf(file)
  if (id === null) return
  // Also where a copy has replaced the file: its descriptor is the one of the copy.
  held.set(id, { file, fd: held.get(id)?.fd ?? openRegular(file) })
  for (const [other, one] of held) {
    if (idOf(one.file) === other) continue
    held.delete(other)
    closeSync(one.fd)
  }
}

function idOf(file: string): string | null {
  const stats = statSync(file, { throwIfNoEntry: false })
  return stats === undefined ? null : `${stats.dev}:${stats.ino}`
}

/** @throws AppError `archive_unavailable` if the file cannot be read */
export function readHeader(file: string): Header {
  const header = Buffer.alloc(100)
  let sizeBytes: number
  try {
    const known = held.get(idOf(file) ?? '')
    const fd = known?.fd ?? openRegular(file)
    try {
      sizeBytes = fstatSync(fd).size
      readSync(fd, header, 0, 100, 0)
    } finally {
      if (known === undefined) closeSync(fd)
    }
  } catch (error) {
    if (codeOf(error) !== 'ENOENT') fail('archive_unavailable', { cause: error })
    sizeBytes = 0
  }
  // https://www.sqlite.org/fileformat.html, "The Database Header"
  const pageBytes = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  return {
    kind: sizeBytes === 0 ? 'none' : kindOf(header, pageBytes),
    sizeBytes,
    applicationId: header.readUInt32BE(68),
    wholeBytes: pageBytes * header.readUInt32BE(28),
  }
}

/**
 * The cipher leaves the bytes from 16 to 23 as they are; the last three of them are the same in every
 * database (SQLite3MultipleCiphers: src/cipher_wxaes256.c).
 */
function kindOf(header: Buffer, pageBytes: number): FileKind {
  if (header.subarray(0, 16).toString('latin1') === 'SQLite format 3\0') return 'plain'
  const isPageSize = pageBytes >= 512 && (pageBytes & (pageBytes - 1)) === 0
  return isPageSize && header.readUIntBE(21, 3) === 0x40_20_20 ? 'encrypted' : 'other'
}
