/** Positions in the log: its end, and those whose events it has deleted for their age. */
import { AppError } from '../errors.ts'
import type { LogReader } from '../session/event-readers.ts'

/** True if the events after a position are deleted. */
export function isExpired(error: unknown): boolean {
  return error instanceof AppError && error.code === 'cursor_expired'
}

/** True if the log has deleted events that came after this one. */
export function isBehind(log: LogReader, cursor: string): boolean {
  try {
    log.fromText(cursor)
    return false
  } catch (error) {
    if (isExpired(error)) return true
    throw error
  }
}

/** Returns the position of this event. A deleted event can still be delivered: its position is that before the oldest. */
export function placeIn(log: LogReader, cursor: string): number {
  return log.fromText(isBehind(log, cursor) ? '0' : cursor)
}

/** Returns the end of the log; before any archive is open, the beginning of the first one. */
export function endOf(log: () => LogReader): string {
  try {
    const source = log()
    return source.toText(source.last())
  } catch {
    return '0'
  }
}
