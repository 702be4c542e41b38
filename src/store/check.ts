/** Checks the file of a database: its pages, and its indexes against its tables. */
import { AppError } from '../errors.ts'
import type { Connection } from './sqlite.ts'

/**
 * Why a file may be damaged. `not_closed`: the program that wrote it was killed. `copied`: it is a copy or a backup, which may
 * mix two states. `damaged`: a check found it damaged.
 */
export type CheckReason = 'not_closed' | 'copied' | 'damaged'

/** `index`: only the search index is wrong, which can be rebuilt from the archive. */
export type Finding = 'intact' | 'index' | 'damaged'

/**
 * Checks the file as far as this reason requires: the pages of one that was not closed; every row of every index of others. Takes
 * about 3 and 7 s for a million messages.
 * @throws AppError `archive_unavailable` if the file cannot be read
 */
export function check(db: Connection, reason: CheckReason): Finding {
  try {
    const problems = reason === 'not_closed' ? quickCheck(db) : problemsOf(db, 'integrity_check', 100)
    if (problems.some((problem) => !isOfSearchIndex(problem))) return 'damaged'
    return problems.length === 0 ? 'intact' : 'index'
  } catch (error) {
    if (error instanceof AppError && error.code === 'archive_damaged') return 'damaged'
    throw error
  }
}

/** True for a problem of the search index. SQLite 3.45 reports one also for an intact index from which rows were deleted. */
export function isOfSearchIndex(problem: string): boolean {
  return /\bFTS5 table\b/.test(problem)
}

/** Table by table: for all at once, SQLite would also read the whole search index, which is slow. */
function quickCheck(db: Connection): string[] {
  const tables = db.query<{ name: string }>(
    `SELECT name FROM sqlite_schema WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'`,
  )
  return tables.all().flatMap(({ name }) => problemsOf(db, 'quick_check', `"${name}"`))
}

/**
 * Returns what this PRAGMA reports; empty if all is well. `argument`: the most problems, or one table.
 * @throws AppError as documented for `connect`
 */
export function problemsOf(
  db: Connection,
  pragma: 'quick_check' | 'integrity_check',
  argument: number | string,
): string[] {
  return db
    .query<Record<string, string>>(`PRAGMA ${pragma}(${argument})`)
    .all()
    .map((row) => row[pragma] ?? '')
    .filter((line) => line !== 'ok')
}
