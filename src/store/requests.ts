/** The calls that had an idempotency key, one row each. */
import { KEPT_MS, type RequestKey, type RequestRow } from '../control.ts'
import type { Connection } from './sqlite.ts'

/** See `ControlStore.requests`. Times are Unix milliseconds. */
export type Requests = {
  begin(request: RequestKey, input: string, nowMs: number): RequestRow | null
  takeOver(request: RequestKey): boolean
  finish(request: RequestKey, outcome: string): void
  release(request: RequestKey): void
  forget(account: string, except: readonly string[]): void
  /** Deletes the calls that began more than {@link KEPT_MS} before this time. */
  prune(nowMs: number): void
}

/** @param process name of this run of the server */
export function createRequests(db: Connection, process: string): Requests {
  const where = 'caller = ? AND account = ? AND operation = ? AND key = ?'
  const get = db.query<{ input: string; process: string; outcome: string | null; created_at_ms: number }>(
    `SELECT * FROM requests WHERE ${where}`,
  )
  const put = db.command('INSERT OR REPLACE INTO requests VALUES (?, ?, ?, ?, ?, ?, NULL, ?)')
  const takeOver = db.command(
    `UPDATE requests SET process = ? WHERE process <> ? AND outcome IS NULL AND ${where}`,
  )
  const finish = db.command(`UPDATE requests SET outcome = ? WHERE ${where}`)
  const remove = db.command(`DELETE FROM requests WHERE ${where}`)
  const forget = db.command(
    'DELETE FROM requests WHERE account = ? AND operation NOT IN (SELECT value FROM json_each(?))',
  )
  const prune = db.command('DELETE FROM requests WHERE created_at_ms < ?')
  const names = ({ caller, account, operation, key }: RequestKey) =>
    [caller, account, operation, key] as const
  return {
    begin: (request, input, nowMs) =>
      db.transaction(() => {
        const known = get.get(...names(request))
        if (known !== undefined && known.created_at_ms > nowMs - KEPT_MS)
          return { input: known.input, isOurs: known.process === process, outcome: known.outcome }
        put.run(...names(request), input, process, nowMs)
        return null
      }),
    takeOver: (request) => takeOver.run(process, process, ...names(request)).changes === 1,
    finish: (request, outcome) => void finish.run(outcome, ...names(request)),
    release: (request) => void remove.run(...names(request)),
    forget: (account, except) => void forget.run(account, JSON.stringify(except)),
    prune: (nowMs) => void prune.run(nowMs - KEPT_MS),
  }
}
