/** The append-only log of what changed, written in the same transaction as the change. */
import type { EventKind } from '../model/events.ts'
import type { Reason, SessionState } from '../model/status.ts'
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
  /** Of a message that is gone: with the chat and `sender`, what its key is made of. */
  bare_id?: string
  state?: SessionState
  reason?: Reason | null
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
  /** Appends a tombstone for each of these messages: its id and chat, and nothing of what it said. Call before they go. */
  appendForgotten(messages: readonly number[], at_ms: number): void
  /** Up to `limit` events after this cursor, oldest first. */
  after(cursor: number, limit: number): LoggedEvent[]
  /** Up to `limit` of the events that fit, after `after` and not after `upTo`, oldest first. */
  matching(range: { after: number; upTo: number }, filter: EventFilter, limit: number): LoggedEvent[]
  /** The newest cursor; 0: nothing has happened yet. */
  last(): number
  /** For an archive without events: the first one gets a higher cursor than this. */
  startAfter(cursor: number): void
  /** The newest event up to this cursor that is still here, and when it was written (Unix ms); null: none is. */
  newestUpTo(cursor: number): Pick<LoggedEvent, 'cursor' | 'at_ms'> | null
  /** Everything up to this cursor was dropped for its age; 0: nothing was. */
  droppedTo(): number
  /**
   * Drop the oldest events that were written before this time (Unix ms), `most` of them. What seems to be written after
   * `nowMs` is as old as what follows it: the clock was wrong then. Nothing after `upTo` goes. Call within a transaction.
   * @returns how many are gone; `most`: there may be more
   */
  dropOldest(which: { beforeMs: number; nowMs: number; upTo?: number }, most: number): number
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
  const appendForgotten = db.command(
    `INSERT INTO events (at_ms, kind, chat, message, data)
     SELECT ?2, 'message.forgotten', chat, NULL, json_object('bare_id', bare_id, 'sender', sender)
     FROM messages WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id`,
  )
  const after = db.query<Row>('SELECT * FROM events WHERE cursor > ? ORDER BY cursor LIMIT ?')
  const matching = db.query<Row>(
    `SELECT * FROM events WHERE cursor > ?1 AND cursor <= ?2
     AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3))) AND (?4 IS NULL OR chat = ?4)
     ORDER BY cursor LIMIT ?5`,
  )
  // Not max(cursor): the newest events may have gone with their messages.
  const last = db.query<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
  const startAfter = db.command("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)")
  const newestUpTo = db.query<Pick<Row, 'cursor' | 'at_ms'>>(
    'SELECT cursor, at_ms FROM events WHERE cursor <= ? ORDER BY cursor DESC LIMIT 1',
  )
  const oldest = db.query<Pick<Row, 'cursor' | 'at_ms'>>(
    'SELECT cursor, at_ms FROM events WHERE cursor <= ? ORDER BY cursor LIMIT ?',
  )
  const firstUntil = db.query<Pick<Row, 'at_ms'>>(
    'SELECT at_ms FROM events WHERE at_ms <= ? ORDER BY cursor LIMIT 1',
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
    appendForgotten(messages, at_ms) {
      if (appendForgotten.run(JSON.stringify(messages), at_ms).changes > 0) db.afterCommit(wake)
    },
    after: (cursor, limit) => after.all(cursor, limit).map(toLogged),
    matching: (range, { kinds, chat }, limit) =>
      matching
        .all(range.after, range.upTo, kinds === null ? null : JSON.stringify(kinds), chat, limit)
        .map(toLogged),
    last: () => last.get()?.seq ?? 0,
    startAfter: (cursor) => void startAfter.run(BigInt(cursor)),
    newestUpTo: (cursor) => newestUpTo.get(cursor) ?? null,
    droppedTo: () => droppedTo.get()?.value ?? 0,
    dropOldest({ beforeMs, nowMs, upTo = Number.MAX_SAFE_INTEGER }, most) {
      const rows = oldest.all(upTo, most)
      const isOld = (row?: { at_ms: number }) => row !== undefined && row.at_ms < beforeMs
      // The last old one, not the first young one: an entry from when the clock was wrong holds up nothing, nor do
      // more of them than are looked at.
      const end = rows.findLast(isOld) ?? (isOld(firstUntil.get(nowMs)) ? rows.at(-1) : undefined)
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
