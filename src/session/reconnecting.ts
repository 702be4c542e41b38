/** The next attempt to reconnect, and the count of those before it. */
import type { Clock } from '../clock.ts'
import type { Status } from '../model/status.ts'
import { type Cause, createReconnects } from './reconnect.ts'
import { createTimers } from './timers.ts'

/** After this time in `ready` the count of reconnect attempts starts again from zero. */
const WELL_AFTER_MS = 5 * 60_000

export type Reconnecting = {
  /** Plans the next attempt, unless there were too many conflicts. */
  plan(cause: Cause): void
  /** Cancels the planned attempt. */
  cancel(): void
  /** The session is ready: the count starts again from zero if it stays so. */
  settle(): void
  /** Attempts since the session last counted as stable, including the next one. */
  attempt(): number
  /** A person started or stopped the session: counts from zero again. */
  reset(): void
  /** The `reconnect` field of the status. */
  view(): Status['reconnect']
  /** Milliseconds until the planned attempt; null if none is planned. */
  dueMs(): number | null
}

export function createReconnecting(clock: Clock, launch: () => void): Reconnecting {
  const reconnects = createReconnects()
  const timers = createTimers<'attempt' | 'well'>(clock)
  /** Unix ms. */
  let dueAt: number | null = null
  return {
    plan(cause) {
      const wait = reconnects.next(clock.now(), cause)
      if (wait === null) return
      dueAt = clock.now() + wait
      timers.set('attempt', wait, launch)
    },
    cancel() {
      dueAt = null
      timers.clearAll()
    },
    settle: () => timers.set('well', WELL_AFTER_MS, reconnects.reset),
    attempt: reconnects.attempt,
    reset: reconnects.reset,
    view: () =>
      dueAt === null
        ? null
        : { attempt: reconnects.attempt(), next_attempt_at: new Date(dueAt).toISOString() },
    dueMs: () => (dueAt === null ? null : dueAt - clock.now()),
  }
}
