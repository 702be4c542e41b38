/** When to try again after a lost connection: soon at first, then patiently, never often. Pure. */

const DELAYS_MS = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000]
/** Restarts of one linked device in an hour; WhatsApp's view of more than that is not known, so we do not try. */
const PER_HOUR = 10
const HOUR_MS = 3_600_000
const CONFLICT_DELAY_MS = 60_000
const CONFLICT_TRIES = 3

export type Reconnects = {
  /** Milliseconds until the next attempt, counted as made. `conflict` waits a minute; null after three of those. */
  next(now: number, cause: 'lost' | 'conflict'): number | null
  /** Attempts since the session was last well, the coming one included. */
  attempt(): number
  /** The session is well, or a person took it in hand: begin again. The hourly bound stays. */
  reset(): void
}

/** @param random 0 to 1, spreads attempts by up to a fifth */
export function createReconnects(random: () => number = Math.random): Reconnects {
  let attempts = 0
  let conflicts = 0
  let recent: number[] = []
  return {
    next(now, cause) {
      if (cause === 'conflict' && ++conflicts > CONFLICT_TRIES) return null
      const base = cause === 'conflict' ? CONFLICT_DELAY_MS : (DELAYS_MS[attempts] ?? 60_000)
      attempts += 1
      recent = recent.filter((at) => at > now - HOUR_MS)
      const oldest = recent[recent.length - PER_HOUR]
      const spread = base * (1 + 0.2 * random())
      const wait = Math.round(oldest === undefined ? spread : Math.max(spread, oldest + HOUR_MS - now))
      recent.push(now + wait)
      return wait
    },
    attempt: () => attempts,
    reset() {
      attempts = 0
      conflicts = 0
    },
  }
}
