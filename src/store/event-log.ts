/** The append-only log of what changed, written in the same transaction as the change. */
import type { EventKind } from '../model/events.ts'
import type { Connection } from './sqlite.ts'

export type LoggedEvent = {
  /** Grows strictly, and is never used twice. */
  cursor: number
  at_ms: number
  kind: EventKind
  chat: number | null
  message: number | null
  data: Record<string, unknown> | null
}

export type EventLog = {
  append(event: Omit<LoggedEvent, 'cursor'>): void
  /** Up to `limit` events after this cursor, oldest first. */
  after(cursor: number, limit: number): LoggedEvent[]
  /** The newest cursor; 0: nothing has happened yet. */
  last(): number
}

export function createEventLog(db: Connection): EventLog {
  const append = db.command('INSERT INTO events (at_ms, kind, chat, message, data) VALUES (?, ?, ?, ?, ?)')
  const after = db.query<Omit<LoggedEvent, 'data'> & { data: string | null }>(
    'SELECT * FROM events WHERE cursor > ? ORDER BY cursor LIMIT ?',
  )
  const last = db.query<{ cursor: number | null }>('SELECT max(cursor) AS cursor FROM events')
  return {
    append: ({ at_ms, kind, chat, message, data }) =>
      void append.run(at_ms, kind, chat, message, data === null ? null : JSON.stringify(data)),
    after: (cursor, limit) =>
      after
        .all(cursor, limit)
        .map((row) => ({ ...row, data: row.data === null ? null : JSON.parse(row.data) })),
    last: () => last.get()?.cursor ?? 0,
  }
}
