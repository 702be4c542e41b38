/** Opens a database file: identifies it, migrates it, or rejects it with a specific error. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError, fail } from '../errors.ts'
import { APPLICATION_IDS, type Contents, readHeader } from './header.ts'
import type { FileKey } from './key-file.ts'
import { type Connection, connect } from './sqlite.ts'

/**
 * Opens a database: creates it if missing, and checks it if this program did not close it or if it was moved
 * here.
 * @param file its path; the directory must exist
 * @param key of an encrypted database, from `unlock`; null for a plain one
 * @param contents the expected contents; a database with other contents is `archive_foreign`
 * @throws AppError `archive_damaged`, `archive_foreign`, `archive_newer`, `archive_unavailable`,
 * `archive_key_missing`, `archive_not_encrypted`
 */
export function openFile(
  file: string,
  key: FileKey | null = null,
  contents: Contents = 'archive',
): Connection {
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
    // Possible only while the file is empty: gives pages of deleted rows back
    // (https://www.sqlite.org/pragma.html).
    if (isNew) db.exec('PRAGMA auto_vacuum = INCREMENTAL')
    // Next, so that a file whose creation was interrupted is recognised as ours.
    if (isNew) db.exec(`PRAGMA application_id = ${applicationId}`)
    // Overwrites deleted and changed data, so that it cannot be read in the file.
    db.exec('PRAGMA secure_delete = ON')
    // Acknowledged data survives a power cut. No memory map: a file that shrinks would end the process.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    db.exec('PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY')
    if (!isNew) check(db, file)
    migrate(db, contents)
    noteOpen(db, file)
    return db
  } catch (error) {
    db?.close()
    throw error
  }
}

/** Marks the file as open. A full disk must not prevent reading. */
function noteOpen(db: Connection, file: string): void {
  try {
    if (getMeta(db, 'file') !== identity(file)) setMeta(db, 'file', identity(file))
    setMeta(db, 'closed_at_size', -1)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'archive_full') throw error
  }
}

/** Closes the file so that the next opening can trust it: all data in it, no files beside it. */
export function closeFile(db: Connection, file: string): void {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    setMeta(db, 'closed_at_size', statSync(file).size)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
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

/**
 * Checks the file as far as required. A copy or a backup may mix two states, which only a check of every row
 * of every index finds. A file of ours that was not closed (after a crash) gets a check of its pages. A file
 * that was closed here gets none.
 */
function check(db: Connection, file: string): void {
  const isOurs = getMeta(db, 'file') === identity(file)
  if (isOurs && getMeta(db, 'closed_at_size') === statSync(file).size) return
  if (problemsOf(db, isOurs ? 'quick_check' : 'integrity_check').some((problem) => !SEARCH.test(problem)))
    fail('archive_damaged')
}

/** Errors of the search index: no reason to reject the archive, because the index is rebuilt from it. */
const SEARCH = /\bFTS5 table\b/

/** Returns what this PRAGMA reports; empty if all is well. */
function problemsOf(db: Connection, pragma: 'quick_check' | 'integrity_check'): string[] {
  const run = (argument: string) =>
    db
      .query<Record<string, string>>(`PRAGMA ${pragma}(${argument})`)
      .all()
      .map((row) => row[pragma] ?? '')
      .filter((line) => line !== 'ok')
  if (pragma === 'quick_check') {
    // Table by table: for all at once, SQLite would also read the whole search index, which is slow.
    const tables = db.query<{ name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`,
    )
    return tables.all().flatMap(({ name }) => run(`"${name}"`))
  }
  const problems = run('100')
  // SQLite 3.45 also reports this for an intact index from which rows were deleted.
  if (problems.some((problem) => SEARCH.test(problem))) setMeta(db, 'search_version', 0)
  return problems
}

/** Identifies the file regardless of its name. @throws the operating system's error if it is missing */
export function identity(file: string): string {
  const { ino, dev } = statSync(file)
  return `${dev}:${ino}`
}

/**
 * Migrates forward only, each step in its own transaction; the number of the last step is the file's version.
 */
function migrate(db: Connection, contents: Contents): void {
  const row = db.query<{ user_version: number }>('PRAGMA user_version').get()
  const version = row?.user_version ?? 0
  const migrations = readMigrations(contents)
  const newest = migrations.at(-1)?.version ?? 0
  if (version > newest) {
    fail('archive_newer', {
      detail: `The file has version ${version}; this program supports up to ${newest}.`,
    })
  }
  for (const migration of migrations) {
    if (migration.version <= version) continue
    db.transaction(() => {
      db.exec(migration.sql)
      db.exec(`PRAGMA user_version = ${migration.version}`)
    })
  }
}

function readMigrations(contents: Contents): { version: number; sql: string }[] {
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
