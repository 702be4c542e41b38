/**
 * SQLite through `libsql`: one connection, prepared statements, typed rows. The only file that imports it.
 */
import Database from 'libsql'
import { codeOf } from '../error-code.ts'
import { AppError } from '../errors.ts'
import { createMemories, type Memories } from './memory.ts'

/**
 * Values that can be bound. Any other (a boolean, undefined) would end the whole process inside the library.
 */
export type Value = string | number | bigint | null | Uint8Array

/**
 * A statement that returns rows of this shape. The caller is responsible for the shape: SQLite does not check
 * it.
 */
export type Query<Row, Args extends Value[] = Value[]> = {
  all(...args: Args): Row[]
  /** Yields one row after the other, without holding all of them. */
  iterate(...args: Args): Iterable<Row>
  get(...args: Args): Row | undefined
}
/** A statement that changes rows. */
export type Command<Args extends Value[] = Value[]> = {
  run(...args: Args): { changes: number; lastInsertRowid: number }
}

export type Connection = {
  query<Row, Args extends Value[] = Value[]>(sql: string): Query<Row, Args>
  /** `keepsMemory`: the caller writes the new values into the {@link Connection.memory} itself. */
  command<Args extends Value[] = Value[]>(sql: string, options?: { keepsMemory: true }): Command<Args>
  exec(sql: string): void
  /** Runs all of `work`, or rolls it back if it throws. A nested transaction is part of the outer one. */
  transaction<T>(work: () => T): T
  /** Runs `work`, all statements of which read the same state of the file. Not within a transaction. */
  snapshot<T>(work: () => T): T
  /**
   * Runs `work`, whose commits do not wait for the disk: they survive if the process is killed, but perhaps not a power cut. For
   * what is also stored elsewhere. Not within a transaction.
   */
  relaxed<T>(work: () => T): T
  /**
   * Calls `finish(true)` before the current transaction is committed, as its last part, and `finish(false)` after it is rolled
   * back; outside a transaction `finish(true)` at once. Once per transaction for the same function.
   */
  beforeEnd(finish: (commits: boolean) => void): void
  /**
   * Calls `run` after the current transaction is committed: at once outside a transaction, never after a
   * rollback. Once per transaction for the same function. It must not throw.
   */
  afterCommit(run: () => void): void
  /**
   * Remembers, for transactions, what was read of these tables: until a command that names one of them runs,
   * another connection writes, or a transaction is rolled back.
   */
  memory: Memories['open']
  /** Increases with every write: two reads at the same count see the same archive. */
  writes(): number
  close(): void
}

/**
 * Opens a connection to this file, creating it if missing. With a key (64 hexadecimal digits) it is
 * encrypted, with the only cipher of libsql 0.5.29, SQLite3MultipleCiphers' aes256cbc. All its functions
 * throw `archive_damaged`, `archive_foreign`, `archive_full` or `archive_unavailable` for errors of the file,
 * and SQLite's own error otherwise.
 */
export function connect(file: string, key: string | null = null): Connection {
  const db = openDatabase(file)
  // Not the constructor's `encryptionKey`: the cipher takes 32 bytes of it, which is half of the digits.
  if (key !== null) db.exec(`PRAGMA hexkey = '${key}'`)
  let depth = 0
  let writes = 0
  const waiting = new Set<() => void>()
  const finishing = new Set<(commits: boolean) => void>()
  const memories = createMemories(() => depth > 0)
  const connection: Connection = {
    query(sql) {
      const statement = guarded(() => db.prepare(sql))
      // The only query that writes into the file.
      const isCheckpoint = sql.startsWith('PRAGMA wal_checkpoint')
      return {
        all(...args) {
          if (isCheckpoint) writes += 1
          return guarded(() => statement.all(...args)) as never[]
        },
        iterate: (...args) => guardedRows(statement, args) as Iterable<never>,
        get: (...args) => guarded(() => statement.get(...args)) as never,
      }
    },
    command(sql, options) {
      const statement = guarded(() => db.prepare(sql))
      const forget = options === undefined ? memories.touch(sql) : () => {}
      return {
        run(...args) {
          writes += 1
          forget()
          const { changes, lastInsertRowid } = guarded(() => statement.run(...args))
          return { changes, lastInsertRowid: Number(lastInsertRowid) }
        },
      }
    },
    exec(sql) {
      writes += 1
      memories.forgetAll()
      guarded(() => void db.exec(sql))
    },
    transaction(work) {
      if (depth > 0) return work()
      guarded(() => db.exec('BEGIN IMMEDIATE'))
      depth += 1
      let result: ReturnType<typeof work>
      try {
        forgetForeign()
        result = work()
        for (const finish of finishing) finish(true)
        writes += 1
        guarded(() => db.exec('COMMIT'))
      } catch (error) {
        waiting.clear()
        memories.forgetAll()
        writes += 1
        // SQLite may have rolled back already, as on a full disk.
        if (db.inTransaction) db.exec('ROLLBACK')
        for (const finish of finishing) finish(false)
        throw error
      } finally {
        finishing.clear()
        depth -= 1
      }
      const committed = [...waiting]
      waiting.clear()
      for (const run of committed) run()
      return result
    },
    snapshot(work) {
      connection.exec('BEGIN')
      try {
        return work()
      } finally {
        // After an error of the disk, SQLite has rolled back already.
        if (db.inTransaction) connection.exec('COMMIT')
      }
    },
    relaxed(work) {
      // https://www.sqlite.org/pragma.html#pragma_synchronous
      guarded(() => void db.exec('PRAGMA synchronous = NORMAL'))
      try {
        return work()
      } finally {
        guarded(() => void db.exec('PRAGMA synchronous = FULL'))
      }
    },
    beforeEnd(finish) {
      if (depth === 0) finish(true)
      else finishing.add(finish)
    },
    afterCommit(run) {
      if (depth === 0) run()
      else waiting.add(run)
    },
    memory: memories.open,
    writes: () => writes,
    close: () => void db.close(),
  }
  let version: Query<{ data_version: number }> | null = null
  let seenVersion: number | undefined
  /** The number changes when another connection writes (https://www.sqlite.org/pragma.html#pragma_data_version). */
  function forgetForeign(): void {
    version ??= connection.query('PRAGMA data_version')
    const now = version.get()?.data_version
    if (now !== seenVersion) memories.forgetAll()
    seenVersion = now
  }
  return connection
}

/** libsql reports a file that cannot be opened only in the message's text. */
function openDatabase(file: string): Database.Database {
  try {
    return new Database(file)
  } catch (cause) {
    throw new AppError('archive_unavailable', { cause })
  }
}

function guarded<T>(work: () => T): T {
  try {
    return work()
  } catch (error) {
    const code = archiveCode(error)
    throw code === null ? error : new AppError(code, { cause: error })
  }
}

/** SQLite reads with each row, so each row may throw. */
function* guardedRows(statement: Database.Statement, args: Value[]): Generator<unknown> {
  const rows: Iterator<unknown> = guarded(() => statement.iterate(...args))
  let isOver = false
  try {
    for (;;) {
      const next = guarded(() => rows.next())
      isOver = next.done === true
      if (isOver) return
      yield next.value
    }
  } finally {
    if (!isOver) reset(statement, args)
  }
}

/**
 * Ends a statement that was left early: it would hold its read transaction, so that the log grows and its
 * table stays locked until it runs again. libsql 0.5.29 resets a statement nowhere else, and an interrupted
 * one keeps its locks; reading the first row costs little.
 */
function reset(statement: Database.Statement, args: Value[]): void {
  try {
    statement.get(...args)
  } catch {
    // The same error as before; it is already being thrown.
  }
}

/** True if the error is about the archive's file or disk, not about the data to be written. */
export function isOfTheArchive(error: unknown): error is AppError {
  return error instanceof AppError && error.code.startsWith('archive_')
}

/** Converts an SQLite error about the file; null if it is about something else. */
function archiveCode(error: unknown) {
  const code = codeOf(error) ?? ''
  // The index of the log has no room to grow (https://www.sqlite.org/rescode.html#ioerr_shmsize).
  if (code === 'SQLITE_IOERR_SHMSIZE') return 'archive_full'
  // Extended codes, such as SQLITE_IOERR_WRITE, begin with the plain one.
  switch (/^SQLITE_[A-Z]+/.exec(code)?.[0]) {
    case 'SQLITE_CORRUPT':
      return 'archive_damaged'
    case 'SQLITE_NOTADB':
      return 'archive_foreign'
    case 'SQLITE_FULL':
      return 'archive_full'
    case 'SQLITE_CANTOPEN':
    case 'SQLITE_IOERR':
    case 'SQLITE_READONLY':
    case 'SQLITE_PERM':
    case 'SQLITE_BUSY':
      return 'archive_unavailable'
    default:
      return null
  }
}
