/**
 * What a command that was cut short leaves beside an archive: a copy, or the file that a copy took the place of. Either may
 * be plain where the archive is encrypted, so it is overwritten before it goes.
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
import { join } from 'node:path'
import { readHeader } from './header.ts'
import { keyFileOf } from './key-file.ts'

/** Ends the name of a copy that is still being made. */
export const COPY = '.new'
/** Ends the name of the old file, from before a copy takes its place until it is gone. */
export const REPLACED = '.replaced'
/** What SQLite keeps beside a database while it writes it. */
const BESIDE = ['', '-wal', '-shm', '-journal']

/** Remove a database, with all that SQLite put beside it; its key file stays. */
export function removeDatabase(file: string): void {
  for (const end of BESIDE) removeOverwritten(file + end)
}

/** Remove a copy, with its own key file where it has one. */
export function removeCopy(copy: string): void {
  removeDatabase(copy)
  for (const end of ['', '.new']) rmSync(keyFileOf(copy) + end, { force: true })
}

/** The key file of a copy that has the archive's name by now: it is the archive's, which nobody opens without. */
export function placeKeyFile(file: string): void {
  const own = keyFileOf(file + COPY)
  if (existsSync(own)) renameSync(own, keyFileOf(file))
}

/** Remove a file of which nothing is to be found in the free space of the disk. Nothing happens where there is none. */
export function removeOverwritten(file: string): void {
  overwrite(file)
  rmSync(file, { force: true })
}

/** Best effort: what cannot be overwritten is removed all the same, and a disk may keep older versions of its blocks. */
function overwrite(file: string): void {
  const zeros = Buffer.alloc(1 << 20)
  try {
    const fd = openSync(file, 'r+')
    try {
      for (let left = fstatSync(fd).size, at = 0; left > 0; ) {
        const written = writeSync(fd, zeros, 0, Math.min(left, zeros.length), at)
        left -= written
        at += written
      }
      fsyncSync(fd)
    } finally {
      closeSync(fd)
    }
  } catch {
    // There is none, or the disk refuses.
  }
}

/**
 * Remove all that was left in this directory. Call only while nobody else uses it, and before anybody looks for an
 * archive: one whose place was not taken yet gets its name back, and so does its key file. Throws the operating system's
 * error where they do not. Returns what could not be removed, by name: it is tried again the next time.
 */
export function sweepLeftovers(dir: string): string[] {
  const stuck: string[] = []
  for (const name of readdirSync(dir)) {
    const path = join(dir, name)
    if (/\.db\.replaced$/.test(name) && isGivenBack(path)) continue
    if (/\.db\.new\.key\.json$/.test(name) && isKeyPlaced(path)) continue
    if (!LEFTOVER.test(name)) continue
    try {
      removeOverwritten(path)
    } catch {
      stuck.push(name)
    }
  }
  return stuck
}

/** Copies and their key files, and what a copy took the place of. */
const LEFTOVER = /\.db(\.replaced|\.new(-wal|-shm|-journal)?|\.new\.key\.json|(\.new)?\.key\.json\.new)$/

/**
 * A key file without its archive is kept wherever it was not made for a copy: the archive may only have been moved away, and
 * nobody opens it without.
 */
function isKeyPlaced(own: string): boolean {
  const file = own.slice(0, -keyFileOf(COPY).length)
  if (readHeader(file).kind !== 'encrypted' || existsSync(keyFileOf(file))) return false
  placeKeyFile(file)
  return true
}

function isGivenBack(old: string): boolean {
  const file = old.slice(0, -REPLACED.length)
  if (existsSync(file)) return false
  renameSync(old, file)
  return true
}
