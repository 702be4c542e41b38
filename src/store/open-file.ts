/** Opens a database file: identifies it, migrates it, or rejects it with a specific error. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError, fail } from '../errors.ts'
import { type CheckReason, check } from './check.ts'
import { APPLICATION_IDS, type Contents, holdHeader, readHeader } from './header.ts'
import type { FileKey } from './key-file.ts'
import { type Connection, connect } from './sqlite.ts'

/** An open database. `checkReason`: it was not checked, but should be; see {@link CheckReason}. */
export type Opened = { db: Connection; checkReason: CheckReason | null }

/** Opens a database as {@link openUnchecked} does, and checks it first if there is a reason. */
export function openFile(
  file: string,
  key: FileKey | null = null,
  contents: Contents = 'archive',
): Connection {
  return open(file, key, contents, true).db
}

/**
 * Opens a database: creates it if missing. Checks it only if it has to be migrated, or if the last check found it damaged.
 * @param file its path; the directory must exist
 * @param key of an encrypted database, from `unlock`; null for a plain one
 * @param contents the expected contents; a database with other contents is `archive_foreign`
 * @throws AppError `archive_damaged`, `archive_foreign`, `archive_newer`, `archive_unavailable`,
 * `archive_key_missing`, `archive_not_encrypted`
 */
export function openUnchecked(file: string, key: FileKey | null, contents: Contents = 'archive'): Opened {
  return open(file, key, contents, false)
}

function open(file: string, key: FileKey | null, contents: Contents, checksAll: boolean): Opened {
  const header = readHeader(file)
  const applicationId = APPLICATION_IDS[contents]
  const isNew = header.kind === 'none'
  if (header.kind === 'other') fail('archive_foreign')
  if (header.kind === 'encrypted' && key === null) fail('archive_key_missing')
  // Read before the file is opened, because opening creates a write-ahead log.
  const hasLog = (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0
  if (header.kind === 'plain') {
    if (header.applicationId !== applicationId) fail('archive_foreign')
    if (key !== null) fail('archive_not_encrypted')
    requireWhole(header.sizeBytes, header.wholeBytes, hasLog)
  }
  let db: Connection | null = null
  try {
    db = connect(file, key)
    if (header.kind === 'encrypted') requireOurs(db, applicationId, header.sizeBytes, hasLog)
    // The first page in one write, so that a file whose creation was interrupted, or that found the disk full, is empty or ours.
    // The first pragma is possible only while the file is empty: it gives pages of deleted rows back
    // (https://www.sqlite.org/pragma.html). `BEGIN IMMEDIATE` would create the page before it.
    if (isNew)
      db.exec(`BEGIN; PRAGMA auto_vacuum = INCREMENTAL; PRAGMA application_id = ${applicationId}; COMMIT`)
    // Overwrites deleted and changed data, so that it cannot be read in the file.
    db.exec('PRAGMA secure_delete = ON')
    // Acknowledged data survives a power cut. No memory map: a file that shrinks would end the process.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    // Pages that many messages change are copied from the log into the file once for all of them: not after 4 MB, as is usual.
    // Up to 16 MB, a start after a crash reads the log in some 50 ms.
    db.exec('PRAGMA wal_autocheckpoint = 4000')
    db.exec('PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY')
    const migrations = pendingMigrations(db, contents)
    let checkReason = isNew ? null : checkReasonOf(db, file)
    if (checkReason !== null && (checksAll || checkReason === 'damaged' || migrations.length > 0)) {
      const finding = check(db, checkReason)
      if (finding === 'damaged') fail('archive_damaged')
      if (finding === 'index') setMeta(db, 'search_version', 0)
      checkReason = null
    }
    migrate(db, migrations, isNew)
    if (checkReason === null) noteIntact(db, file)
    noteOpen(db)
    holdHeader(file)
    return { db, checkReason }
  } catch (error) {
    db?.close()
    throw error
  }
}

/**
 * Closes the file so that the next opening can trust it: all data in it, no files beside it. With a `checkReason`
 * it stays marked as open, so that the next opening has a reason too.
 */
export function closeFile(db: Connection, file: string, checkReason: CheckReason | null = null): void {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    if (checkReason === null) noteClosed(db, file)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

/** Rows of `meta`: the file that was checked, its size when it was closed (-1: it is open), and 1 if it is damaged. */
const FILE = 'file'
const CLOSED_AT = 'closed_at_size'
const DAMAGED = 'damaged'

/** Returns why this open file may be damaged; null if this program closed it here. */
function checkReasonOf(db: Connection, file: string): CheckReason | null {
  if (getMeta(db, DAMAGED) === 1) return 'damaged'
  if (getMeta(db, FILE) !== identity(file)) return 'copied'
  return getMeta(db, CLOSED_AT) === statSync(file).size ? null : 'not_closed'
}

/** Marks the file as open. A full disk must not prevent reading. */
function noteOpen(db: Connection): void {
  unlessFull(() => setMeta(db, CLOSED_AT, -1))
}

/** Notes that the file was checked, so that only a crash or another copy causes the next check. */
export function noteIntact(db: Connection, file: string): void {
  unlessFull(() => {
    if (getMeta(db, FILE) !== identity(file)) setMeta(db, FILE, identity(file))
    if (getMeta(db, DAMAGED) === 1) setMeta(db, DAMAGED, 0)
  })
}

/** Notes that the file is damaged, so that the next opening checks it before it is used. Never fails. */
export function noteDamaged(db: Connection): void {
  try {
    setMeta(db, DAMAGED, 1)
  } catch {
    // The next check finds the damage again.
  }
}

/** Notes that everything is in the file of this size. */
function noteClosed(db: Connection, file: string): void {
  setMeta(db, CLOSED_AT, statSync(file).size)
}

/** Writes what can be written by a later opening as well. */
export function unlessFull(write: () => void): void {
  try {
    write()
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'archive_full') throw error
  }
}

/** Detects a file that ends too early, which SQLite itself notices only when it reads the missing part. */
function requireWhole(sizeBytes: number, wholeBytes: number, hasLog: boolean): void {
  // With a write-ahead log beside it, the missing pages may be in there: an interrupted checkpoint.
  if (sizeBytes < wholeBytes && !hasLog)
    fail('archive_damaged', { detail: 'The end of the file is missing.' })
}

/**
 * The header of an encrypted file is readable only with its key: a wrong key, or no database, is
 * `archive_foreign`.
 */
function requireOurs(db: Connection, applicationId: number, sizeBytes: number, hasLog: boolean): void {
  const number = (pragma: string) => {
    const row = db.query<Record<string, number>>(`PRAGMA ${pragma}`).get()
    return row?.[pragma] ?? 0
  }
  if (number('application_id') !== applicationId) fail('archive_foreign')
  requireWhole(sizeBytes, number('page_size') * number('page_count'), hasLog)
}

/** Identifies the file regardless of its name. @throws the operating system's error if it is missing */
export function identity(file: string): string {
  const { ino, dev } = statSync(file)
  return `${dev}:${ino}`
}

type Migration = { version: number; sql: string }

/** @throws AppError `archive_newer` */
function pendingMigrations(db: Connection, contents: Contents): Migration[] {
  const row = db.query<{ user_version: number }>('PRAGMA user_version').get()
  const version = row?.user_version ?? 0
  const migrations = readMigrations(contents)
  const newest = migrations.at(-1)?.version ?? 0
  if (version > newest) {
    fail('archive_newer', {
      detail: `The file has version ${version}; this program supports up to ${newest}.`,
    })
  }
  return migrations.filter((migration) => migration.version > version)
}

/**
 * Migrates forward only; the number of the last step is the file's version. A new file gets all steps in one transaction. An old
 * one gets each in its own, so that the write-ahead log holds the changes of one step only.
 */
function migrate(db: Connection, migrations: readonly Migration[], isNew: boolean): void {
  if (isNew) return db.transaction(() => migrate(db, migrations, false))
  for (const migration of migrations) {
    db.transaction(() => {
      db.exec(migration.sql)
      db.exec(`PRAGMA user_version = ${migration.version}`)
    })
  }
}

function readMigrations(contents: Contents): Migration[] {
  const dir = fileURLToPath(new URL(`./migrations/${contents}/`, import.meta.url))
  return readdirSync(dir)
    .filter((name) => /^\d+-.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number.parseInt(name, 10), sql: readFileSync(`${dir}/${name}`, 'utf8') }))
}

/** A stored fact about the database itself; null if there is none. */
export function getMeta(db: Connection, name: string): string | number | null {
  const has = db.query(`SELECT 1 FROM sqlite_schema WHERE name = 'meta'`).get()
  if (has === undefined) return null
  return (
    db.query<{ value: string | number }>('SELECT value FROM meta WHERE name = ?').get(name)?.value ?? null
  )
}

export function setMeta(db: Connection, name: string, value: string | number): void {
  db.command('INSERT INTO meta VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value').run(
    name,
    value,
  )
}
