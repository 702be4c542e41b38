/** Positions whose events the log has deleted for their age. */
import { AppError } from '../errors.ts'
import type { LogReader } from '../session/event-readers.ts'

/** True if the events after a position are deleted. */
export function isExpired(error: unknown): boolean {
  return error instanceof AppError && error.code === 'cursor_expired'
}

/** Returns the position of this event. A deleted event can still be delivered: its position is that before the oldest. */
export function placeIn(log: LogReader, cursor: string): number {
  try {
    return log.fromText(cursor)
  } catch (error) {
    if (isExpired(error)) return log.fromText('0')
    throw error
  }
}
