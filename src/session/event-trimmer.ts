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

export type TrimmerOptions = {
  store: Pick<Store, 'transaction' | 'events'>
  /** Days for which events are stored. */
  days: number
  clock: Clock
  log: Log
  /**
   * Cursors of the consumers that store their position in the log. Events after the oldest cursor stay,
   * however old they are: remove a consumer that has ended for good from this list.
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
      const upTo = Math.min(Number.MAX_SAFE_INTEGER, ...places())
      const beforeMs = nowMs - days * DAY_MS
      dropped = store.transaction(() => store.events.dropOldest({ beforeMs, nowMs, upTo }, STEP))
    } catch (error) {
      // A disk error is reported by the writes that matter.
      log.debug({ err: error }, 'old events could not be deleted')
    }
    timers.set('trim', dropped === STEP ? PAUSE_MS : EVERY_MS, trim)
  }

  timers.set('trim', FIRST_MS, trim)
  return () => timers.clearAll()
}
