/** Answers that are kept until something is written: clients ask for the same page again and again. */
import type { Connection } from './sqlite.ts'

/** As many answers at most, of some hundred kilobytes where texts are long; then all of them are made anew. */
const MOST = 8

/** What a reading found. `until`: the time from which it may be something else though nothing is written, Unix seconds. */
export type Found<T> = { value: T; until: number }

/**
 * The same reading, which looks only where nothing is remembered for these arguments. What it gives is handed out several
 * times: nobody may change it.
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
