/** Times that the archive can store: whole Unix seconds from 2009 to 2077. */

/** 1 January 2009, the year in which WhatsApp began. */
export const FIRST_SECOND = 1_230_768_000
/** 31 bits of seconds later. */
export const LAST_SECOND = FIRST_SECOND + 2 ** 31 - 1

/** Unix times from this value on are milliseconds: in seconds they would be the year 5138. */
export const MILLISECONDS_FROM = 1e11

/**
 * Converts a time from outside, in seconds or milliseconds, to whole Unix seconds. Returns `otherwise` if it is not a
 * number, or a time that the archive cannot store: before 2009, after 2077, NaN.
 */
export function toUnixSeconds<T>(time: unknown, otherwise: T): number | T {
  const number = typeof time === 'string' ? Number(time) : time
  if (typeof number !== 'number') return otherwise
  const seconds = Math.floor(number >= MILLISECONDS_FROM ? number / 1_000 : number)
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND ? seconds : otherwise
}

/** Returns a time in Unix seconds as ISO 8601 UTC. */
export function toIsoSecond(seconds: number): string {
  return new Date(seconds * 1_000).toISOString()
}

/** Returns a time in Unix milliseconds as ISO 8601 UTC; null for null. */
export function toIsoMs(ms: number): string
export function toIsoMs(ms: number | null): string | null
export function toIsoMs(ms: number | null): string | null {
  return ms === null ? null : new Date(ms).toISOString()
}

/** Like {@link toUnixSeconds}, in Unix milliseconds. Keeps the fraction of a time in seconds, to the millisecond. */
export function toUnixMs<T>(time: unknown, otherwise: T): number | T {
  if (toUnixSeconds(time, null) === null) return otherwise
  const number = Number(time)
  return Math.round(number >= MILLISECONDS_FROM ? number : number * 1_000)
}
