/** A database file of ours: opened, recognised, brought up to date, or refused by name. */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError, fail } from '../errors.ts'
import { APPLICATION_IDS, type Contents, readHeader } from './header.ts'
import type { FileKey } from './key-file.ts'
import { type Connection, connect } from './sqlite.ts'

/**
 * Open a database, made where there is none, checked where it was not closed by us or has been moved here.
 * @param file its path; the directory exists
 * @param key of an encrypted database, as `unlock` gives it; null: a plain one
 * @param contents what it holds; a database with other contents is `archive_foreign`
 * @throws AppError `archive_damaged`, `archive_foreign`, `archive_newer`, `archive_unavailable`, `archive_key_missing`,
 * `archive_not_encrypted`
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
  // Seen before the file is opened, which makes a log.
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
    // Taken only while the file is empty: what was deleted gives its pages back (https://www.sqlite.org/pragma.html).
    if (isNew) db.exec('PRAGMA auto_vacuum = INCREMENTAL')
    // Next, so that a file whose making was cut short is known as ours.
    if (isNew) db.exec(`PRAGMA application_id = ${applicationId}`)
    // What is deleted or changed is overwritten, so that nobody reads it in the file.
    db.exec('PRAGMA secure_delete = ON')
    // Everything that was acknowledged survives a power cut. No memory map: a file that shrinks would end the process.
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

/** From now on the file is not as we closed it. A full disk is no reason not to read what is there. */
function noteOpen(db: Connection, file: string): void {
  try {
    if (getMeta(db, 'file') !== identity(file)) setMeta(db, 'file', identity(file))
    setMeta(db, 'closed_at_size', -1)
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'archive_full') throw error
  }
}

/** Close so that the next opening can trust the file: everything in it, nothing beside it. */
export function closeFile(db: Connection, file: string): void {
  try {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    setMeta(db, 'closed_at_size', statSync(file).size)
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
  } finally {
    db.close()
  }
}

/** What SQLite itself would not notice before it stumbles: a file that ends too early. */
function requireWhole(sizeBytes: number, wholeBytes: number, hasLog: boolean): void {
  // With a log beside it, the missing pages may stand there: a checkpoint that was cut short.
  if (sizeBytes < wholeBytes && !hasLog)
    fail('archive_damaged', { detail: 'The end of the file is missing.' })
}

/** The header of an encrypted file can only be read with the key: another key, or no database at all, is `archive_foreign`. */
function requireOurs(db: Connection, applicationId: number, sizeBytes: number, hasLog: boolean): void {
  const number = (pragma: string) => {
    const row = db.query<Record<string, number>>(`PRAGMA ${pragma}`).get()
    return row?.[pragma] ?? 0
  }
  if (number('application_id') !== applicationId) fail('archive_foreign')
  requireWhole(sizeBytes, number('page_size') * number('page_count'), hasLog)
}

/**
 * Another file than the one that we wrote, a copy or a backup: it may be half of one state and half of another, which
 * only a look at every row of every index finds. Ours, but not closed by us: a crash, after which the pages are looked
 * through. Closed by us: nothing to do.
 */
function check(db: Connection, file: string): void {
  const isOurs = getMeta(db, 'file') === identity(file)
  if (isOurs && getMeta(db, 'closed_at_size') === statSync(file).size) return
  if (problemsOf(db, isOurs ? 'quick_check' : 'integrity_check').some((problem) => !SEARCH.test(problem)))
    fail('archive_damaged')
}

/** What SQLite says of the search index: no reason to refuse the archive, out of which it can be made anew. */
const SEARCH = /\bFTS5 table\b/

/** What this PRAGMA finds; nothing where all is well. */
function problemsOf(db: Connection, pragma: 'quick_check' | 'integrity_check'): string[] {
  const run = (argument: string) =>
    db
      .query<Record<string, string>>(`PRAGMA ${pragma}(${argument})`)
      .all()
      .map((row) => row[pragma] ?? '')
      .filter((line) => line !== 'ok')
  if (pragma === 'quick_check') {
    // Table by table: of all at once SQLite would read through the search index, word by word, which is not quick.
    const tables = db.query<{ name: string }>(
      `SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`,
    )
    return tables.all().flatMap(({ name }) => run(`"${name}"`))
  }
  const problems = run('100')
  // SQLite 3.45 also says so of an index from which something was deleted, where nothing is wrong.
  if (problems.some((problem) => SEARCH.test(problem))) setMeta(db, 'search_version', 0)
  return problems
}

/** Which file that is, whatever its name. @throws the operating system's error where none is there */
export function identity(file: string): string {
  const { ino, dev } = statSync(file)
  return `${dev}:${ino}`
}

/** Forward only, each in a transaction of its own; the number of the last one is the file's version. */
function migrate(db: Connection, contents: Contents): void {
  const row = db.query<{ user_version: number }>('PRAGMA user_version').get()
  const version = row?.user_version ?? 0
  const migrations = readMigrations(contents)
  const newest = migrations.at(-1)?.version ?? 0
  if (version > newest) {
    fail('archive_newer', { detail: `The file has version ${version}; this program knows ${newest}.` })
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

/** One remembered fact about the database itself; null where there is none. */
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
