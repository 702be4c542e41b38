/** A cache of read results that is valid until the next write: clients request the same page repeatedly. */
import type { Clock } from '../clock.ts'
import type { Connection } from './sqlite.ts'

/** The most cached results, up to some hundred kilobytes each; when full, the cache is emptied. */
const MOST = 8

/**
 * Wraps a read function: it runs only if no result for these arguments is cached. The same result is returned
 * several times: callers must not change it.
 * @param db the writer's connection: what was read before its last write is not returned
 * @param read `until`: Unix seconds at which the result may change even without a write
 */
export function cacheReads<Args extends unknown[], T extends { until: number }>(
  db: Pick<Connection, 'writes'>,
  clock: Pick<Clock, 'now'>,
  read: (...args: Args) => Promise<T>,
): (...args: Args) => Promise<T> {
  const kept = new Map<string, { found: Promise<T>; until: number }>()
  let writes = db.writes()
  return (...args) => {
    if (db.writes() !== writes || kept.size >= MOST) kept.clear()
    writes = db.writes()
    const key = JSON.stringify(args)
    const known = kept.get(key)
    if (known !== undefined && clock.now() < known.until * 1000) return known.found
    const entry = { found: read(...args), until: Number.POSITIVE_INFINITY }
    kept.set(key, entry)
    entry.found.then(
      ({ until }) => {
        entry.until = until
      },
      () => {
        if (kept.get(key) === entry) kept.delete(key)
      },
    )
    return entry.found
  }
}
