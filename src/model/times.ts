/** Times of WhatsApp, as the archive can hold them: whole Unix seconds from 2009 to 2077. */

/** 1 January 2009, the year in which WhatsApp began. */
export const FIRST_SECOND = 1_230_768_000
/** 31 bits of seconds later. */
export const LAST_SECOND = FIRST_SECOND + 2 ** 31 - 1

/** Unix times from here on are milliseconds: as seconds they would be the year 5138. */
const MILLISECONDS_FROM = 1e11

/**
 * A time from outside in whole Unix seconds, whether it comes in seconds or in milliseconds. `otherwise` in place of what
 * is no number, or a time that the archive cannot hold: before 2009, after 2077, NaN.
 */
export function toUnixSeconds<T>(time: unknown, otherwise: T): number | T {
  const number = typeof time === 'string' ? Number(time) : time
  if (typeof number !== 'number') return otherwise
  const seconds = Math.floor(number >= MILLISECONDS_FROM ? number / 1_000 : number)
  return seconds >= FIRST_SECOND && seconds <= LAST_SECOND ? seconds : otherwise
}

/** The same in Unix milliseconds; of a time in seconds the fraction is kept as far as milliseconds show it. */
export function toUnixMs<T>(time: unknown, otherwise: T): number | T {
  if (toUnixSeconds(time, null) === null) return otherwise
  const number = Number(time)
  return Math.round(number >= MILLISECONDS_FROM ? number : number * 1_000)
}
