/** The connection: what SQLite holds on to, and when it lets go. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Connection, connect } from './sqlite.ts'

let dir: string
let db: Connection
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-sqlite-'))
  db = connect(join(dir, 'a.db'))
  db.exec(`PRAGMA journal_mode = WAL; CREATE TABLE numbers (n);
    WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000) INSERT INTO numbers SELECT n FROM c`)
})
afterEach(() => {
  db.close()
  rmSync(dir, { recursive: true, force: true })
})

describe('rows that are read one after the other', () => {
  const first = (rows: Iterable<{ n: number }>): number => {
    for (const { n } of rows) return n
    return 0
  }

  it('let go of the table where their reader leaves early, and the statement runs again', () => {
    const numbers = db.query<{ n: number }, [number]>('SELECT n FROM numbers WHERE n > ? ORDER BY n')
    expect(first(numbers.iterate(0))).toBe(1)
    expect(db.query('PRAGMA wal_checkpoint(TRUNCATE)').all()).toEqual([{ busy: 0, log: 0, checkpointed: 0 }])
    expect(first(numbers.iterate(500))).toBe(501)
    expect([...numbers.iterate(997)]).toEqual([{ n: 998 }, { n: 999 }, { n: 1000 }])
    const all = numbers.iterate(0)[Symbol.iterator]()
    all.next()
    all.return?.()
    db.exec('DROP TABLE numbers')
  })
})
