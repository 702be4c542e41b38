/** Times as the archive stores them, whatever the page, an older version or another program wrote. */

/**
 * The last second with a four-digit year: ISO 8601 writes later ones differently, and few programs read that.
 */
const LAST_ISO_SECOND = 253_402_300_799

/** Unix seconds, whole and between 1970 and 9999. Milliseconds are recognised by their size. */
export function toSeconds(value: number): number {
  const seconds = value > LAST_ISO_SECOND && value / 1000 <= LAST_ISO_SECOND ? value / 1000 : value
  return Math.floor(Math.min(Math.max(seconds || 0, 0), LAST_ISO_SECOND))
}

/** ISO 8601 UTC, from Unix seconds; a value out of range becomes the nearest limit. */
export function toIso(seconds: number): string {
  return msToIso(toSeconds(seconds) * 1000)
}

/** The same, from Unix milliseconds. */
export function msToIso(ms: number): string {
  return new Date(Math.min(Math.max(ms || 0, 0), LAST_ISO_SECOND * 1000 + 999)).toISOString()
}
