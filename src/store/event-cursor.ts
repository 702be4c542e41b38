/**
 * Cursors of the event log in responses: `<archive>-<number>-<time>`, opaque for clients. The archive's tag
 * rejects cursors of another account. The event's time (if the event was deleted with its message, that of
 * the newest earlier event) rejects cursors of the same archive from before an older copy of it was restored.
 */
import { randomBytes } from 'node:crypto'
import { fail } from '../errors.ts'
import type { EventLog } from './event-log.ts'
import { getMeta, setMeta } from './open-file.ts'
import type { Connection } from './sqlite.ts'

/** Instead of a cursor: the oldest stored event. */
export const OLDEST = '0'

export type EventCursors = {
  toText(cursor: number): string
  /**
   * Returns the number in a cursor of {@link EventCursors.toText}; for {@link OLDEST}, the position before
   * the oldest event.
   * @throws AppError `invalid_input`, `cursor_foreign`, `cursor_expired`
   */
  fromText(text: string): number
  /** @throws AppError `cursor_expired` if events after this position were deleted */
  requireKept(cursor: number): void
}

/** Creates the archive's tag if it has none yet. */
export function createEventCursors(db: Connection, log: EventLog): EventCursors {
  const tag = archiveTag(db)
  const toText = (cursor: number) => `${tag}-${cursor}-${(log.newestUpTo(cursor)?.at_ms ?? 0).toString(36)}`

  /**
   * An event that exists now existed when the cursor was issued. A deleted one was not written before the
   * events that still precede it; in another copy of the archive, those were written after the cursor was
   * issued. If the clock was set back in between, a valid cursor may be rejected: a client that starts again
   * misses nothing.
   */
  function fits(cursor: number, toldMs: number): boolean {
    const newest = log.newestUpTo(cursor)
    if (newest === null) return true
    return newest.cursor === cursor ? newest.at_ms === toldMs : newest.at_ms <= toldMs
  }

  function requireKept(cursor: number): void {
    const oldest = log.droppedTo()
    if (cursor < oldest) fail('cursor_expired', { facts: { oldest_after: toText(oldest) } })
  }

  return {
    toText,
    requireKept,
    fromText(text) {
      if (text === OLDEST) return log.droppedTo()
      const [, archive, digits, check = ''] = /^([0-9a-f]{8})-(\d{1,15})-([0-9a-z]{1,10})$/.exec(text) ?? []
      if (archive === undefined) {
        fail('invalid_input', {
          detail: `"after" is not a cursor of events. Send next_after of the last response, the whole cursor of an event, or ${OLDEST}.`,
        })
      }
      const cursor = Number(digits)
      if (archive !== tag || cursor > log.last()) fail('cursor_foreign')
      requireKept(cursor)
      if (!fits(cursor, Number.parseInt(check, 36))) fail('cursor_foreign')
      return cursor
    },
  }
}

function archiveTag(db: Connection): string {
  const known = getMeta(db, 'archive_tag')
  if (typeof known === 'string') return known
  const fresh = randomBytes(4).toString('hex')
  setMeta(db, 'archive_tag', fresh)
  return fresh
}
