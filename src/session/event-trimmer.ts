/** Keeps the event log bounded: what is too old, and read by every consumer, is dropped, rarely and in small steps. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { createTimers } from './timers.ts'

const DAY_MS = 86_400_000
/** A start has better things to do. */
const FIRST_MS = 60_000
const EVERY_MS = 3_600_000
/** A step takes about a millisecond; what waits meanwhile comes first. */
const STEP = 500
const PAUSE_MS = 100

export type TrimmerOptions = {
  store: Pick<Store, 'transaction' | 'events'>
  /** How long events are kept. */
  days: number
  clock: Clock
  log: Log
  /**
   * Cursors up to which the consumers with a durable place in the log have dealt with it. What one of them has still to read
   * stays, however old it is: a consumer that is gone for good must leave this list.
   */
  places?: () => readonly number[]
}

/** The returned function ends it. */
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
      // A disk that refuses is told of by whoever writes something that matters.
      log.debug({ err: error }, 'old events could not be dropped')
    }
    timers.set('trim', dropped === STEP ? PAUSE_MS : EVERY_MS, trim)
  }

  timers.set('trim', FIRST_MS, trim)
  return () => timers.clearAll()
}
