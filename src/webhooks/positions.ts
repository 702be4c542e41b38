/**
 * Positions in the log: its end, those whose events it has deleted for their age, and those that are stored while no log can be read:
 * a time, instead of a cursor.
 */
import { AppError, type ErrorCode } from '../errors.ts'
import type { LogReader } from '../session/event-readers.ts'

/** True if this error says that the log has deleted events after a position. */
export function isExpired(error: unknown): boolean {
  return error instanceof AppError && error.code === 'cursor_expired'
}

/** Returns the position in the log of what {@link endOf} returned, or of a cursor. @throws AppError as `LogReader.fromText` */
export function toPosition(log: LogReader, place: string): number {
  const [, sinceMs] = /^since-(\d+)$/.exec(place) ?? []
  return sinceMs === undefined ? log.fromText(place) : log.before(Number(sinceMs))
}

/** Returns the code with which this log refuses the position; null if it takes it. */
function refusalOf(log: LogReader, place: string): ErrorCode | null {
  try {
    toPosition(log, place)
    return null
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  }
}

/** True if the position belongs to another log. */
export const isForeign = (log: LogReader, place: string) => refusalOf(log, place) === 'cursor_foreign'

/** True if the log has deleted events that came after this cursor. */
export const isBehind = (log: LogReader, cursor: string) => refusalOf(log, cursor) === 'cursor_expired'

/** Returns the position of this event. A deleted event can still be delivered: it counts as being before the oldest event. */
export function placeIn(log: LogReader, cursor: string): number {
  return toPosition(log, isBehind(log, cursor) ? '0' : cursor)
}

/** Returns the end of the log; while none can be read, its end at this time (Unix ms), for {@link toPosition}. */
export function endOf(log: () => LogReader, nowMs: number): string {
  try {
    const source = log()
    return source.toText(source.last())
  } catch {
    return `since-${nowMs}`
  }
}
