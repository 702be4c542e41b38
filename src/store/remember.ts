/** A cache of read results that is valid until the next write: clients request the same page repeatedly. */
import type { Connection } from './sqlite.ts'

/** The most cached results, up to some hundred kilobytes each; when full, the cache is emptied. */
const MOST = 8

/** The result of a read. `until`: Unix seconds at which it may change even without a write. */
export type Found<T> = { value: T; until: number }

/**
 * Wraps a read function: it runs only if no result for these arguments is cached. The same result is returned
 * several times: callers must not change it.
 * @param now Unix seconds
 */
export function remembering<Args extends unknown[], T>(
  db: Pick<Connection, 'writes'>,
  now: () => number,
  read: (...args: Args) => Found<T>,
): (...args: Args) => T {
  const kept = new Map<string, Found<T>>()
  let writes = db.writes()
  return (...args) => {
    if (db.writes() !== writes || kept.size >= MOST) kept.clear()
    writes = db.writes()
    const key = JSON.stringify(args)
    const known = kept.get(key)
    if (known !== undefined && now() < known.until) return known.value
    const found = read(...args)
    kept.set(key, found)
    return found.value
  }
}
