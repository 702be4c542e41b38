/** When to retry after a lost connection: soon at first, then at longer intervals, never often. Pure. */

const DELAYS_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000]
/**
 * Restarts of one linked device per hour. WhatsApp's reaction to more is not known, so more are not tried.
 */
const PER_HOUR = 10
const HOUR_MS = 3_600_000
const CONFLICT_DELAY_MS = 60_000
const CONFLICT_TRIES = 3
/** WhatsApp ships several builds a day; the next one may offer what this one lacks. */
const UNSUPPORTED_DELAY_MS = 30 * 60_000

/**
 * Why a connection ended, as far as the next attempt depends on it. `unreached`: there was no network, so WhatsApp did not see
 * the attempt.
 */
export type Cause = 'lost' | 'unreached' | 'conflict' | 'unsupported'

/** Causes with a delay of their own. */
const DELAY_OF: Partial<Record<Cause, number>> = {
  conflict: CONFLICT_DELAY_MS,
  unsupported: UNSUPPORTED_DELAY_MS,
}

export type Reconnects = {
  /**
   * Milliseconds until the next attempt, which counts as made. `conflict` waits a minute, `unsupported` half an
   * hour; null after three conflicts. After `unreached`, the attempt before does not count for the hour.
   */
  next(now: number, cause: Cause): number | null
  /** Attempts since the session last counted as stable, including the next one. */
  attempt(): number
  /** The session is stable, or a person restarted it: counts from zero again. The hourly limit stays. */
  reset(): void
}

/** @param random 0 to 1, delays each attempt by up to a fifth */
export function createReconnects(random: () => number = Math.random): Reconnects {
  let attempts = 0
  let conflicts = 0
  /** The times of the attempts of the last hour, the planned one included (Unix ms). */
  let recent: number[] = []
  /** The newest time in `recent`; null before the first attempt and after a reset. */
  let made: number | null = null
  return {
    next(now, cause) {
      if (cause === 'conflict' && ++conflicts > CONFLICT_TRIES) return null
      const base = DELAY_OF[cause] ?? DELAYS_MS[attempts] ?? 60_000
      attempts += 1
      recent = recent.filter((at) => at > now - HOUR_MS && !(cause === 'unreached' && at === made))
      const oldest = recent[recent.length - PER_HOUR]
      const spread = base * (1 + 0.2 * random())
      const wait = Math.round(oldest === undefined ? spread : Math.max(spread, oldest + HOUR_MS - now))
      made = now + wait
      recent.push(made)
      return wait
    },
    attempt: () => attempts,
    reset() {
      made = null
      attempts = 0
      conflicts = 0
    },
  }
}
