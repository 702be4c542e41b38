/**
 * Zeroes the unused middle of every b-tree page. `secure_delete` overwrites a row in its place; if SQLite
 * moved it to another page before, to balance its trees, the old page may still contain it in the space
 * between its list of cells and the cells (https://www.sqlite.org/fileformat.html, "B-tree Pages"). VACUUM
 * would clear that too, but it blocks all other writes.
 */
import type { Connection } from './sqlite.ts'

/** Pages per step: some milliseconds of work. */
const PAGES = 200
/** First bytes of b-tree pages, and the length of their headers. */
const HEADER_BYTES: Record<number, number> = { 2: 12, 5: 12, 10: 8, 13: 8 }

export type Scrub = {
  /** Begins again at the first page. */
  start(): void
  /**
   * Processes some more pages, in its own transaction. Returns false after the last. Throws as documented for
   * `connect`.
   */
  step(): boolean
}

export function createScrub(db: Connection): Scrub {
  // Through SQLite's own cache and cipher: https://www.sqlite.org/dbpage.html
  const read = db.query<{ data: Uint8Array }>('SELECT data FROM sqlite_dbpage WHERE pgno = ?')
  const write = db.command('UPDATE sqlite_dbpage SET data = ? WHERE pgno = ?')
  const count = db.query<{ page_count: number }>('PRAGMA page_count')
  let next = 1

  const pageAt = (number: number) => {
    const [row] = read.all(number)
    return row === undefined ? null : Buffer.from(row.data)
  }

  return {
    start() {
      next = 1
    },
    step: () =>
      db.transaction(() => {
        const last = count.get()?.page_count ?? 0
        const end = Math.min(next + PAGES - 1, last)
        const first = pageAt(1)
        if (first === null) return false
        // Bytes at the end of each page that are not SQLite's, such as those of a cipher.
        const usable = first.length - first.readUInt8(20)
        for (; next <= end; next += 1) {
          const page = isPointerMap(next, usable) ? null : pageAt(next)
          const gap = page === null ? null : unusedOf(page, next, usable)
          if (page === null || gap === null) continue
          const { from, to } = gap
          if (page.subarray(from, to).every((byte) => byte === 0)) continue
          page.fill(0, from, to)
          write.run(page, next)
        }
        return next <= last
      }),
  }
}

/**
 * With auto_vacuum, the second page and every so many after it list where pages are used ("Pointer Map
 * Pages").
 */
function isPointerMap(number: number, usable: number): boolean {
  return (number - 2) % (Math.floor(usable / 5) + 1) === 0
}

/** The unused middle of a page; null if it is not a b-tree page. */
function unusedOf(page: Buffer, number: number, usable: number): { from: number; to: number } | null {
  // The first page begins with the header of the file.
  const at = number === 1 ? 100 : 0
  const header = HEADER_BYTES[page.readUInt8(at)]
  if (header === undefined) return null
  const cells = page.readUInt16BE(at + 3)
  const to = page.readUInt16BE(at + 5) || 65_536
  const from = at + header + 2 * cells
  if (from > to || to > usable) return null
  for (let cell = 0; cell < cells; cell += 1) {
    const place = page.readUInt16BE(at + header + 2 * cell)
    if (place < to || place >= usable) return null
  }
  return { from, to }
}
