/**
 * Limits the event log: deletes events that are too old and read by every consumer, rarely and in small
 * steps.
 */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { createTimers } from './timers.ts'

const DAY_MS = 86_400_000
/** The first run waits this long, so that it does not slow down the start. */
const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
/** A step takes about a millisecond; waiting requests run between two steps. */
const STEP = 500
const PAUSE_MS = 100
/** Longer than a delivery is tried, and than a receiver is away over a weekend. Then disk space matters more. */
export const WAIT_DAYS = 7

export type TrimmerOptions = {
  store: Pick<Store, 'transaction' | 'events'>
  /** Days for which events are stored. */
  days: number
  clock: Clock
  log: Log
  /**
   * Cursors of the consumers that store their position in the log. Events after the oldest cursor stay for
   * {@link WAIT_DAYS} more days.
   */
  places?: () => readonly number[]
}

/** Starts trimming; returns the function that stops it. */
export function startEventTrimmer({
  store,
  days,
  clock,
  log,
  places = () => [],
}: TrimmerOptions): () => void {
  const timers = createTimers<'trim'>(clock)

  function trim(): void {
    let dropped = 0
    try {
      const nowMs = clock.now()
      const readUpTo = Math.min(Number.MAX_SAFE_INTEGER, ...places())
      const drop = (olderThan: number, upTo?: number) =>
        store.events.dropOldest(
          { beforeMs: nowMs - olderThan * DAY_MS, nowMs, ...(upTo === undefined ? {} : { upTo }) },
          STEP,
        )
      dropped = store.transaction(() => {
        const read = drop(days, readUpTo)
        const unread = read === STEP ? 0 : drop(days + WAIT_DAYS)
        if (unread > 0)
          log.warn({ events: unread }, 'old events were deleted before a webhook had received them')
        return Math.max(read, unread)
      })
    } catch (error) {
      // A disk error is reported by the writes that matter.
      log.debug({ err: error }, 'old events could not be deleted')
    }
    timers.set('trim', dropped === STEP ? PAUSE_MS : EVERY_MS, trim)
  }

  timers.set('trim', FIRST_MS, trim)
  return () => timers.clearAll()
}
