/**
 * Writes an archive again with another key or none: a copy beside it, verified, then put in its place. If
 * interrupted, the archive is the old one or the new one, whole, after leftovers.ts has run.
 */
import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync, statSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { codeOf } from '../error-code.ts'
import { AppError, fail } from '../errors.ts'
import type { Contents } from './header.ts'
import { type FileKey, syncFolder } from './key-file.ts'
import { COPY, REPLACED, removeCopy, removeOverwritten } from './leftovers.ts'
import { closeFile, openFile } from './open-file.ts'
import { type Connection, connect, type Value } from './sqlite.ts'

/**
 * The completed step, in this order. At `set_aside` the archive is the old file under another name, and
 * `sweepLeftovers` restores its name; from `replaced` on it is the new file.
 */
export type RewriteStep = 'copied' | 'verified' | 'set_aside' | 'replaced' | 'wiped'

export type Rewrite = {
  contents: Contents
  from: FileKey | null
  to: FileKey | null
  /** Called once each step is done and on disk. */
  onStep: (step: RewriteStep) => void
}

/**
 * No other process may have the archive open. Requires as much free space as the file takes.
 * @throws AppError `archive_full`, `archive_damaged`, as `openFile`; the archive is then unchanged. Never
 * from `replaced` on
 */
export function rewrite(file: string, change: Rewrite): void {
  const copy = `${file}${COPY}`
  removeCopy(copy)
  try {
    copyTo(file, copy, change)
    replace(file, copy, change.onStep)
  } catch (error) {
    removeCopy(copy)
    if (error instanceof AppError) throw error
    fail(codeOf(error) === 'ENOSPC' ? 'archive_full' : 'archive_unavailable', { cause: error })
  }
}

function copyTo(file: string, copy: string, { contents, from, to, onStep }: Rewrite): void {
  const source = openFile(file, from, contents)
  try {
    // Created first, so that only its owner can read it from the first byte.
    closeSync(openSync(copy, 'wx', 0o600))
    vacuumInto(source, copy, to)
    sync(copy)
    onStep('copied')
    const target = connect(copy, to)
    try {
      requireSame(source, target)
    } finally {
      target.close()
    }
    // The copy is not the file that its rows name, so opening it checks every page and every index.
    closeFile(openFile(copy, to, contents), copy)
    sync(copy)
    onStep('verified')
  } finally {
    closeFile(source, file)
  }
}

/**
 * Writes a copy with this key, or a plain one. The key is part of the address, which SQLite repeats in its
 * errors: those are never passed on.
 * @throws AppError `archive_full`, `archive_damaged`, `archive_unavailable`
 */
export function vacuumInto(source: Connection, copy: string, key: FileKey | null): void {
  const address = `${pathToFileURL(copy).href}?${key === null ? 'key=' : `hexkey=${key}`}`
  try {
    source.command('VACUUM INTO ?').run(address)
  } catch (error) {
    fail(error instanceof AppError ? error.code : 'archive_unavailable')
  }
}

/** Blobs are bound as a Uint8Array, and returned as an ArrayBuffer. */
type Row = Record<string, Value | ArrayBuffer>

/** All rows of all tables, including those of search indexes. */
function requireSame(source: Connection, target: Connection): void {
  const list = `SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%' ORDER BY name`
  const tables = source.query<{ name: string }>(list).all()
  const copied = target.query<{ name: string }>(list).all()
  if (JSON.stringify(tables) !== JSON.stringify(copied)) differ()
  for (const { name } of tables) {
    const all = `SELECT * FROM "${name}"`
    const others = target.query<Row>(all).iterate()[Symbol.iterator]()
    for (const row of source.query<Row>(all).iterate()) {
      const other = others.next()
      if (other.done === true || !isSame(row, other.value)) differ()
    }
    if (others.next().done !== true) differ()
  }
}

function isSame(row: Row, other: Row): boolean {
  return Object.entries(row).every(([name, value]) => {
    const copied = other[name]
    return value instanceof ArrayBuffer
      ? copied instanceof ArrayBuffer && Buffer.from(value).equals(Buffer.from(copied))
      : value === copied
  })
}

function differ(): never {
  fail('archive_damaged', {
    detail: 'The copy of the archive differs from the archive, so it was not used.',
  })
}

function replace(file: string, copy: string, onStep: (step: RewriteStep) => void): void {
  // SQLite would apply a write-ahead log of the old file to the new one.
  for (const path of [file, copy]) {
    if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
      fail('archive_unavailable', { detail: 'Another program has the archive open.' })
    for (const end of ['-wal', '-shm']) rmSync(path + end, { force: true })
  }
  chmodSync(copy, 0o600)
  syncFolder(file)
  // Renamed until it is overwritten: if this run is killed before, the next sweep removes it.
  const old = `${file}${REPLACED}`
  renameSync(file, old)
  try {
    syncFolder(file)
    onStep('set_aside')
    renameSync(copy, file)
  } catch (error) {
    renameSync(old, file)
    throw error
  }
  syncFolder(file)
  onStep('replaced')
  try {
    removeOverwritten(old)
    syncFolder(file)
  } catch {
    // Another program, such as a virus scanner, has the file open. The archive is the new one; the next sweep
    // removes the old one.
  }
  onStep('wiped')
}

function sync(file: string): void {
  const fd = openSync(file, 'r+')
  try {
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
}
