/**
 * After messages were deleted: nothing of them stays readable in the archive's file or in the log beside it, and the
 * space is given back. `secure_delete` (open-file.ts; for words, migrations/archive/02-search.sql) has overwritten them in their
 * pages; older copies in other pages are left to scrub.ts; what pages were before stands in the log until that is emptied.
 */
import { createScrub } from './scrub.ts'
import type { Connection } from './sqlite.ts'

/** Pages that are given back in one step: some milliseconds of work. */
const PAGES = 500

export type Wipe = {
  /** Look through every page from now on, which takes a second for some hundred MB; without it that is left to the next time. */
  start(thorough: boolean): void
  /**
   * One step; again while it says `more`. `busy`: another connection holds on to the log, so that it cannot be emptied
   * now.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`
   */
  step(): 'more' | 'done' | 'busy'
}

export function createWipe(db: Connection): Wipe {
  const scrub = createScrub(db)
  const free = db.query<{ freelist_count: number }>('PRAGMA freelist_count')
  // 2: incremental. An archive of an early version has 0, and uses its free pages itself.
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
      const [checkpoint] = db.query<{ busy: number }>('PRAGMA wal_checkpoint(TRUNCATE)').all()
      return checkpoint?.busy === 0 ? 'done' : 'busy'
    },
  }
}
