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

describe('what transactions remember of a table', () => {
  /** Returns the sum of all numbers, and how often it was selected. */
  function openSum() {
    const memory = db.memory<'sum', number>('numbers')
    const select = db.query<{ n: number }>('SELECT sum(n) AS n FROM numbers')
    let reads = 0
    const read = () => {
      reads += 1
      return select.get()?.n ?? 0
    }
    return {
      sum: () => db.transaction(() => memory.get('sum', read)),
      outside: () => memory.get('sum', read),
      memory,
      reads: () => reads,
    }
  }
  const ALL = 500_500

  it('is selected once for many of them, and outside of them each time', () => {
    const { sum, outside, reads } = openSum()
    expect([sum(), sum(), reads()]).toEqual([ALL, ALL, 1])
    expect([outside(), outside(), reads()]).toEqual([ALL, ALL, 3])
  })

  it('is selected again once a command or a statement changed it, but not what keeps the memory', () => {
    const { sum, memory } = openSum()
    sum()
    db.command('INSERT INTO numbers VALUES (?)').run(1)
    expect(sum()).toBe(ALL + 1)
    db.exec('DELETE FROM numbers')
    expect(sum()).toBe(0)
    const add = db.command('INSERT INTO numbers VALUES (?)', { keepsMemory: true })
    db.transaction(() => {
      add.run(7)
      memory.set('sum', 7)
    })
    expect(sum()).toBe(7)
  })

  it('is selected again after a rollback', () => {
    const { sum } = openSum()
    const add = db.command('INSERT INTO numbers VALUES (?)')
    const work = () =>
      db.transaction(() => {
        add.run(5)
        expect(sum()).toBe(ALL + 5)
        throw new Error('rolled back')
      })
    expect(work).toThrow('rolled back')
    expect(sum()).toBe(ALL)
  })

  it('is selected again once another connection wrote', () => {
    const { sum } = openSum()
    sum()
    const other = connect(join(dir, 'a.db'))
    other.command('INSERT INTO numbers VALUES (?)').run(2)
    other.close()
    expect(sum()).toBe(ALL + 2)
  })
})

describe('a snapshot', () => {
  const count = () => db.query<{ n: number }>('SELECT count(*) AS n FROM numbers').get()?.n

  it('does not see what another connection writes meanwhile', () => {
    const other = connect(join(dir, 'a.db'))
    const counts = db.snapshot(() => {
      const before = count()
      other.exec('DELETE FROM numbers')
      return [before, count()]
    })
    other.close()
    expect([...counts, count()]).toEqual([1000, 1000, 0])
  })

  it('throws the error of a disk, after which SQLite has rolled back by itself', () => {
    db.exec('PRAGMA max_page_count = 1')
    const fill = () => db.exec('INSERT INTO numbers VALUES (zeroblob(1000000))')
    expect(() => db.snapshot(fill)).toThrow(expect.objectContaining({ code: 'archive_full' }))
    expect(db.snapshot(count)).toBe(1000)
  })
})

describe('relaxed commits', () => {
  const waits = () => db.query<{ synchronous: number }>('PRAGMA synchronous').get()?.synchronous === 2

  it('do not wait for the disk, and those after them do again', () => {
    db.exec('PRAGMA synchronous = FULL')
    expect(db.relaxed(waits)).toBe(false)
    const fails = () =>
      db.relaxed(() => {
        throw new Error('a statement that fails')
      })
    expect(fails).toThrow('a statement that fails')
    expect(waits()).toBe(true)
  })
})
