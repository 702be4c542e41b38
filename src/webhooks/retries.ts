/** When a failed delivery is tried again. */

const SECOND_MS = 1_000
const FIRST_MS = [1, 5, 30, 120, 600].map((seconds) => seconds * SECOND_MS)
const HOUR_MS = 3_600 * SECOND_MS
/** After the first failures, receivers that failed together are not called together. */
const JITTER = 0.2
const PATIENCE_MS = 72 * HOUR_MS

/**
 * Returns the milliseconds until the next attempt; null if there is none, because the first one failed 3 days ago.
 * @param attempts that failed, at least 1. @param random from 0 to 1
 */
export function delayAfter(attempts: number, sinceFirstMs: number, random: number): number | null {
  if (sinceFirstMs >= PATIENCE_MS) return null
  return FIRST_MS[attempts - 1] ?? HOUR_MS * (1 + JITTER * (2 * random - 1))
}
