/**
 * Cursors of the event log as they are told outside: `<archive>-<number>-<time>`, opaque there. The archive's tag keeps a
 * cursor from being taken for one of another account; the event's own time (where it went with its message, that of the
 * newest one before it), for one of the same archive before an older copy of it was put back in its place.
 */
import { randomBytes } from 'node:crypto'
import { fail } from '../errors.ts'
import type { EventLog } from './event-log.ts'
import { getMeta, setMeta } from './open-file.ts'
import type { Connection } from './sqlite.ts'

/** In place of a cursor: from the oldest event that is kept. */
export const OLDEST = '0'

export type EventCursors = {
  toText(cursor: number): string
  /**
   * The number in a cursor of {@link EventCursors.toText}; of {@link OLDEST}, the place before the oldest event.
   * @throws AppError `invalid_input`, `cursor_foreign`, `cursor_expired`
   */
  fromText(text: string): number
  /** @throws AppError `cursor_expired` where events after this place are no longer kept */
  requireKept(cursor: number): void
}

/** Makes the archive's tag where it has none yet. */
export function createEventCursors(db: Connection, log: EventLog): EventCursors {
  const tag = archiveTag(db)
  const toText = (cursor: number) => `${tag}-${cursor}-${(log.newestUpTo(cursor)?.at_ms ?? 0).toString(36)}`

  /**
   * An event that is here was here when the cursor was told. One that is gone was not written before those that still
   * stand before it, while in another copy of the archive these came after the cursor was told. Where the clock was set
   * back in between, one that is ours may be refused: whoever begins anew misses nothing.
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
          detail: `"after" is no cursor of the events: take next_after, or the cursor of an event, whole; or ${OLDEST}.`,
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
