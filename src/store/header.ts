/** What the first bytes of a database of ours say, without opening it. */
import { closeSync, fstatSync, readSync } from 'node:fs'
import { fail } from '../errors.ts'
import { openRegular } from '../read-file.ts'

/**
 * What a database of ours holds: an account's archive, or what belongs to no single account. SQLite keeps the mark
 * ("WMAA", "WMAC") in the header (PRAGMA application_id), so neither is taken for the other.
 */
export const APPLICATION_IDS = { archive: 0x574d4141, control: 0x574d4143 }
export type Contents = keyof typeof APPLICATION_IDS

/**
 * `none`: missing or empty. `plain`: a SQLite database, whosesoever. `encrypted`: looks like one that is encrypted as
 * ours are; only its key can tell. `other`: neither.
 */
export type FileKind = 'none' | 'plain' | 'encrypted' | 'other'

export type Header = {
  kind: FileKind
  sizeBytes: number
  /** The rest is known of a plain file only. */
  applicationId: number
  /** How long the file must be. */
  wholeBytes: number
}

/** @throws AppError `archive_unavailable` where the file cannot be read */
export function readHeader(file: string): Header {
  const header = Buffer.alloc(100)
  let sizeBytes: number
  try {
    const fd = openRegular(file)
    try {
      sizeBytes = fstatSync(fd).size
      readSync(fd, header, 0, 100, 0)
    } finally {
      closeSync(fd)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT'))
      fail('archive_unavailable', { cause: error })
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
 * The cipher leaves the bytes from 16 to 23 as they are, of which the last three are the same in every database
 * (SQLite3MultipleCiphers: src/cipher_wxaes256.c).
 */
function kindOf(header: Buffer, pageBytes: number): FileKind {
  if (header.subarray(0, 16).toString('latin1') === 'SQLite format 3\0') return 'plain'
  const isPageSize = pageBytes >= 512 && (pageBytes & (pageBytes - 1)) === 0
  return isPageSize && header.readUIntBE(21, 3) === 0x40_20_20 ? 'encrypted' : 'other'
}
