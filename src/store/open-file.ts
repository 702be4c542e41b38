/** An archive's file: opened, recognised, brought up to date, or refused by name. */
import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, statSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { AppError, fail } from '../errors.ts'
import { type Connection, connect } from './sqlite.ts'

/** "WMAA": SQLite keeps it in the header of every database of ours (PRAGMA application_id). */
const APPLICATION_ID = 0x574d4141

/**
 * Open an archive, made where there is none, checked where it was not closed by us or has been moved here.
 * @param file its path; the directory exists
 * @throws AppError `archive_damaged`, `archive_foreign`, `archive_newer`, `archive_unavailable`
 */
export function openFile(file: string): Connection {
  const isNew = !existsSync(file) || statSync(file).size === 0
  if (!isNew) checkHeader(file)
  let db: Connection | null = null
  try {
    db = connect(file)
    // First, so that a file whose making was cut short is known as ours.
    if (isNew) db.exec(`PRAGMA application_id = ${APPLICATION_ID}`)
    // Everything that was acknowledged survives a power cut. No memory map: a file that shrinks would end the process.
    db.exec('PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL')
    db.exec('PRAGMA cache_size = -16000; PRAGMA journal_size_limit = 16777216; PRAGMA temp_store = MEMORY')
    if (!isNew) check(db, file)
    migrate(db)
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

/** What SQLite itself would not notice before it stumbles: another program's file, a file that ends too early. */
function checkHeader(file: string): void {
  const header = Buffer.alloc(100)
  let size: number
  try {
    const fd = openSync(file, 'r')
    readSync(fd, header, 0, 100, 0)
    closeSync(fd)
    size = statSync(file).size
  } catch (error) {
    fail('archive_unavailable', { cause: error })
  }
  // https://www.sqlite.org/fileformat.html, "The Database Header"
  if (header.subarray(0, 16).toString('latin1') !== 'SQLite format 3\0') fail('archive_foreign')
  const pageSize = header.readUInt16BE(16) === 1 ? 65_536 : header.readUInt16BE(16)
  const pages = header.readUInt32BE(28)
  if (header.readUInt32BE(68) !== APPLICATION_ID) fail('archive_foreign')
  // With a log beside it, the missing pages may stand there: a checkpoint that was cut short.
  const hasLog = existsSync(`${file}-wal`) && statSync(`${file}-wal`).size > 0
  if (size < pageSize * pages && !hasLog)
    fail('archive_damaged', { detail: 'The end of the archive file is missing.' })
}

/**
 * Another file than the one that we wrote, a copy or a backup: it may be half of one state and half of another, which
 * only a look at every row of every index finds. Ours, but not closed by us: a crash, after which the pages are looked
 * through. Closed by us: nothing to do.
 */
function check(db: Connection, file: string): void {
  const isOurs = getMeta(db, 'file') === identity(file)
  if (isOurs && getMeta(db, 'closed_at_size') === statSync(file).size) return
  const pragma = isOurs ? 'quick_check' : 'integrity_check'
  const [first] = db.query<Record<string, string>>(`PRAGMA ${pragma}(1)`).all()
  if (first?.[pragma] !== 'ok') fail('archive_damaged')
}

function identity(file: string): string {
  const { ino, dev } = statSync(file)
  return `${dev}:${ino}`
}

/** Forward only, each in a transaction of its own; the number of the last one is the file's version. */
function migrate(db: Connection): void {
  const row = db.query<{ user_version: number }>('PRAGMA user_version').get()
  const version = row?.user_version ?? 0
  const migrations = readMigrations()
  const newest = migrations.at(-1)?.version ?? 0
  if (version > newest) {
    fail('archive_newer', { detail: `The archive has version ${version}; this program knows ${newest}.` })
  }
  for (const migration of migrations) {
    if (migration.version <= version) continue
    db.transaction(() => {
      db.exec(migration.sql)
      db.exec(`PRAGMA user_version = ${migration.version}`)
    })
  }
}

function readMigrations(): { version: number; sql: string }[] {
  const dir = fileURLToPath(new URL('./migrations/', import.meta.url))
  return readdirSync(dir)
    .filter((name) => /^\d+-.*\.sql$/.test(name))
    .sort()
    .map((name) => ({ version: Number.parseInt(name, 10), sql: readFileSync(`${dir}/${name}`, 'utf8') }))
}

/** One remembered fact about the archive itself; null where there is none. */
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
