/** The append-only log of what changed, written in the same transaction as the change. */
import type { EventKind } from '../model/events.ts'
import type { Connection } from './sqlite.ts'

/** What is told with an event, by kind. People and revisions are named by their numbers in the archive. */
export type LoggedData = {
  /** Of a new message: it came while nothing listened. */
  late?: boolean
  /** Of an edit or a deletion: which revision holds what stood before. */
  revision?: number
  ack?: number
  /** Of a reaction, and who reacted. */
  emoji?: string
  sender?: number
  /** Columns of the chat that changed, or `new`, `removed` (it is back), `members`. */
  fields?: string[]
  person?: number
  count?: number
}

export type LoggedEvent = {
  /** Grows strictly, and is never used twice. */
  cursor: number
  at_ms: number
  kind: EventKind
  chat: number | null
  message: number | null
  data: LoggedData | null
}

/** Which events are looked for; null: all. `chat`: a row of the table of chats. */
export type EventFilter = { kinds: readonly EventKind[] | null; chat: number | null }

export type EventLog = {
  append(event: Omit<LoggedEvent, 'cursor'>): void
  /** Up to `limit` events after this cursor, oldest first. */
  after(cursor: number, limit: number): LoggedEvent[]
  /** Up to `limit` of the events that fit, after `after` and not after `upTo`, oldest first. */
  matching(range: { after: number; upTo: number }, filter: EventFilter, limit: number): LoggedEvent[]
  /** The newest cursor; 0: nothing has happened yet. */
  last(): number
  /** For an archive without events: the first one gets a higher cursor than this. */
  startAfter(cursor: number): void
  /** When this event was written, Unix ms; null: it is not here (any more). */
  timeOf(cursor: number): number | null
  /** Everything up to this cursor was dropped for its age; 0: nothing was. */
  droppedTo(): number
  /**
   * Drop the oldest events that were written before this time (Unix ms), looking at no more than `most`. Call within a
   * transaction.
   * @returns how many are gone; `most`: there may be more
   */
  dropOldest(beforeMs: number, most: number): number
  /**
   * Calls `listener` whenever something was appended and committed, once a transaction, and never before it is on disk.
   * The listener must not throw; returned is what ends it.
   */
  onAppend(listener: () => void): () => void
}

type Row = Omit<LoggedEvent, 'data'> & { data: string | null }

const DROPPED_TO = 'events_dropped_to'

export function createEventLog(db: Connection): EventLog {
  const append = db.command('INSERT INTO events (at_ms, kind, chat, message, data) VALUES (?, ?, ?, ?, ?)')
  const after = db.query<Row>('SELECT * FROM events WHERE cursor > ? ORDER BY cursor LIMIT ?')
  const matching = db.query<Row>(
    `SELECT * FROM events WHERE cursor > ?1 AND cursor <= ?2
     AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3))) AND (?4 IS NULL OR chat = ?4)
     ORDER BY cursor LIMIT ?5`,
  )
  // Not max(cursor): the newest events may have gone with their messages.
  const last = db.query<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
  const startAfter = db.command("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)")
  const timeOf = db.query<{ at_ms: number }>('SELECT at_ms FROM events WHERE cursor = ?')
  const oldest = db.query<Pick<Row, 'cursor' | 'at_ms'>>(
    'SELECT cursor, at_ms FROM events ORDER BY cursor LIMIT ?',
  )
  const drop = db.command('DELETE FROM events WHERE cursor <= ?')
  const droppedTo = db.query<{ value: number }>(`SELECT value FROM meta WHERE name = '${DROPPED_TO}'`)
  const setDroppedTo = db.command(
    `INSERT INTO meta VALUES ('${DROPPED_TO}', ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
  )
  const listeners = new Set<() => void>()
  const wake = () => {
    for (const listener of [...listeners]) listener()
  }
  return {
    append({ at_ms, kind, chat, message, data }) {
      append.run(at_ms, kind, chat, message, data === null ? null : JSON.stringify(data))
      db.afterCommit(wake)
    },
    after: (cursor, limit) => after.all(cursor, limit).map(toLogged),
    matching: (range, { kinds, chat }, limit) =>
      matching
        .all(range.after, range.upTo, kinds === null ? null : JSON.stringify(kinds), chat, limit)
        .map(toLogged),
    last: () => last.get()?.seq ?? 0,
    startAfter: (cursor) => void startAfter.run(BigInt(cursor)),
    timeOf: (cursor) => timeOf.get(cursor)?.at_ms ?? null,
    droppedTo: () => droppedTo.get()?.value ?? 0,
    dropOldest(beforeMs, most) {
      // The last old one, not the first young one: an entry from when the clock was wrong holds up nothing.
      const rows = oldest.all(most)
      const end = rows.findLast(({ at_ms }) => at_ms < beforeMs)
      if (end === undefined) return 0
      setDroppedTo.run(end.cursor)
      return drop.run(end.cursor).changes
    },
    onAppend(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
}

function toLogged(row: Row): LoggedEvent {
  return { ...row, data: row.data === null ? null : JSON.parse(row.data) }
}
