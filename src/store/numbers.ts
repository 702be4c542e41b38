/** The table of phone numbers that were looked up lately (migrations/archive/18-people.sql). */
import type { Jid, PhoneNumber } from '../model/ids.ts'
import type { Connection } from './sqlite.ts'

export type Numbers = {
  /** The account of the number, if it was looked up since this time (Unix ms); null: it had none; undefined: not looked up. */
  get(phone: PhoneNumber, sinceMs: number): Jid | null | undefined
  /** Notes what the number is now, and forgets those of before `sinceMs`. */
  set(phone: PhoneNumber, jid: Jid | null, nowMs: number, sinceMs: number): void
}

export function createNumbers(db: Connection): Numbers {
  const get = db.query<{ jid: Jid | null }>(
    'SELECT jid FROM number_checks WHERE phone = ? AND checked_at_ms >= ?',
  )
  const set = db.command('INSERT OR REPLACE INTO number_checks VALUES (?, ?, ?)')
  const forget = db.command('DELETE FROM number_checks WHERE checked_at_ms < ?')
  return {
    get: (phone, sinceMs) => get.get(phone, sinceMs)?.jid,
    set(phone, jid, nowMs, sinceMs) {
      set.run(phone, jid, nowMs)
      forget.run(sinceMs)
    },
  }
}
