/**
 * Files that an interrupted command leaves beside an archive: a copy, or the old file that the copy replaces.
 * Either may be plain although the archive is encrypted, so it is overwritten before it is removed.
 */
import {
  closeSync,
  existsSync,
  fstatSync,
  fsyncSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { type FileHandle, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { readHeader } from './header.ts'
import { keyFileOf } from './key-file.ts'

/** Suffix of a copy that is not complete yet. */
export const COPY = '.new'
/** Suffix of the old file, from before a copy replaces it until it is removed. */
export const REPLACED = '.replaced'
/** Suffixes of the files that SQLite creates beside a database. */
const BESIDE = ['', '-wal', '-shm', '-journal']

/** Removes a database with the files that SQLite created beside it; its key file stays. */
export function removeDatabase(file: string): void {
  for (const end of BESIDE) removeOverwritten(file + end)
}

/** As {@link removeDatabase}, but other work runs meanwhile: overwriting an archive takes seconds. */
export async function eraseDatabase(file: string): Promise<void> {
  for (const end of BESIDE) {
    const opened = await open(file + end, 'r+').catch(() => null)
    if (opened !== null) await erase(opened).catch(() => {})
    await rm(file + end, { force: true })
  }
}

/** Removes a copy, with its own key file if it has one. */
export function removeCopy(copy: string): void {
  removeDatabase(copy)
  for (const end of ['', '.new']) rmSync(keyFileOf(copy) + end, { force: true })
}

/** Renames the key file of a copy that has replaced the archive: the archive cannot be opened without it. */
export function placeKeyFile(file: string): void {
  const own = keyFileOf(file + COPY)
  if (existsSync(own)) renameSync(own, keyFileOf(file))
}

/**
 * Removes a file after overwriting it, so that the free space of the disk holds none of it. Ignores a missing
 * file.
 */
export function removeOverwritten(file: string): void {
  overwrite(file)
  rmSync(file, { force: true })
}

const ZEROS = Buffer.alloc(1 << 20)

/** Overwrites the file, and closes it. */
async function erase(file: FileHandle): Promise<void> {
  try {
    for (let left = (await file.stat()).size, at = 0; left > 0; ) {
      const { bytesWritten } = await file.write(ZEROS, 0, Math.min(left, ZEROS.length), at)
      left -= bytesWritten
      at += bytesWritten
    }
    await file.sync()
  } finally {
    await file.close()
  }
}

/**
 * Best effort: a file that cannot be overwritten is still removed, and a disk may keep older versions of its
 * blocks.
 */
function overwrite(file: string): void {
  try {
    const fd = openSync(file, 'r+')
    try {
      for (let left = fstatSync(fd).size, at = 0; left > 0; ) {
        const written = writeSync(fd, ZEROS, 0, Math.min(left, ZEROS.length), at)
        left -= written
        at += written
      }
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // The file is missing, or the disk returned an error.
  }
}

/**
 * Removes all leftovers in this directory. Call it only while no other process uses the directory, before
 * archives are opened: an archive that was not replaced yet gets its name back, and so does its key file; if
 * that fails, it throws the operating system's error. Returns the names of files that could not be removed:
 * the next call tries again.
 */
export function sweepLeftovers(dir: string): string[] {
  const stuck: string[] = []
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    if (/\.db\.replaced$/.test(name) && restoreName(path)) continue
    if (/\.db\.new\.key\.json$/.test(name) && placeOwnKey(path)) continue
    if (!LEFTOVER.test(name)) continue
    try {
      removeOverwritten(path)
    } catch {
      stuck.push(name)
    }
  }
  return stuck
}

/** Copies and their key files, and old files that a copy replaced. */
const LEFTOVER = /\.db(\.replaced|\.new(-wal|-shm|-journal)?|\.new\.key\.json|(\.new)?\.key\.json\.new)$/

/**
 * Gives the key file of a copy that has replaced the archive its name. Returns false if there is no such archive, or if it has a key
 * file. Every other key file without an archive stays: the archive may have been moved away, and cannot be opened without it.
 */
function placeOwnKey(own: string): boolean {
  const file = own.slice(0, -keyFileOf(COPY).length)
  if (readHeader(file).kind !== 'encrypted' || existsSync(keyFileOf(file))) return false
  placeKeyFile(file)
  return true
}

/** Gives an old file that was not replaced its name back. Returns false if it was replaced. */
function restoreName(old: string): boolean {
  const file = old.slice(0, -REPLACED.length)
  if (existsSync(file)) return false
  renameSync(old, file)
  return true
}
