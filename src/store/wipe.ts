/**
 * Removes all traces of deleted messages from the archive's file and its write-ahead log, and frees the
 * space. `secure_delete` (open-file.ts; for words, migrations/archive/02-search.sql) has overwritten them in
 * their pages; scrub.ts removes older copies in other pages; the log holds earlier versions of pages until it
 * is emptied.
 */
import { createScrub } from './scrub.ts'
import type { Connection } from './sqlite.ts'

/** Pages freed per step: some milliseconds of work. */
const PAGES = 500

export type Wipe = {
  /**
   * Begins a wipe. `thorough`: it reads every page, a second per some hundred MB; otherwise a later wipe does that.
   */
  start(thorough: boolean): void
  /**
   * Runs one step; call again while it returns `more`. `busy`: another connection uses the log, so that it
   * cannot be emptied now.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`
   */
  step(): 'more' | 'done' | 'busy'
}

/** Empties the write-ahead log, which holds earlier versions of pages. Returns false while another connection uses it. */
export function emptyLog(db: Connection): boolean {
  const [checkpoint] = db.query<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)').all()
  return checkpoint?.busy === 0
}

export function createWipe(db: Connection): Wipe {
  const scrub = createScrub(db)
  const free = db.query<{ freelist_count: number }>('PRAGMA freelist_count')
  // 2: incremental. An archive of an early version has 0, and reuses its free pages.
  const canShrink = db.query<{ auto_vacuum: number }>('PRAGMA auto_vacuum').get()?.auto_vacuum === 2
  let isScrubbed = true
  return {
    start(thorough) {
      scrub.start()
      isScrubbed = !thorough
    },
    step() {
      if (canShrink && (free.get()?.freelist_count ?? 0) > 0) {
        db.exec(`PRAGMA incremental_vacuum(${PAGES})`)
        return 'more'
      }
      if (!isScrubbed) {
        isScrubbed = !scrub.step()
        return 'more'
      }
      return emptyLog(db) ? 'done' : 'busy'
    },
  }
}
