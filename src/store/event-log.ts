/** The append-only log of changes; each event is written in the same transaction as its change. */
import type { EventKind, StoredData } from '../model/events.ts'
import type { Connection } from './sqlite.ts'

export type LoggedEvent = {
  /** Strictly increasing, never reused. */
  cursor: number
  at_ms: number
  kind: EventKind
  chat: number | null
  message: number | null
  data: StoredData | null
}

/** The events to search for; null: all. `chat`: a row of the table of chats. */
export type EventFilter = { kinds: readonly EventKind[] | null; chat: number | null }

export type EventLog = {
  append(event: Omit<LoggedEvent, 'cursor'>): void
  /**
   * Appends a tombstone for each of these messages: its id and chat, without its text. Call before deleting
   * them.
   */
  appendForgotten(messages: readonly number[], at_ms: number): void
  /** True if the log has the tombstone of a message with this id in this chat. */
  wasForgotten(chat: number, bareId: string): boolean
  /** Up to `limit` events after this cursor, oldest first. */
  after(cursor: number, limit: number): LoggedEvent[]
  /** Up to `limit` matching events after `after` and not after `upTo`, oldest first. */
  matching(range: { after: number; upTo: number }, filter: EventFilter, limit: number): LoggedEvent[]
  /** The newest cursor; 0: no event was ever written. */
  last(): number
  /** For an archive without events: the first event gets a higher cursor than this. */
  startAfter(cursor: number): void
  /** The newest stored event up to this cursor, and when it was written (Unix ms); null if there is none. */
  newestUpTo(cursor: number): Pick<LoggedEvent, 'cursor' | 'at_ms'> | null
  /** The cursor before the first event that was written at this time (Unix ms) or later. */
  before(atMs: number): number
  /** All events up to this cursor were deleted for their age; 0: none were. */
  droppedTo(): number
  /**
   * Deletes the oldest events that were written before this time (Unix ms), at most `most`. An event that
   * seems to be written after `nowMs` counts as old as the next one: the clock was wrong. Keeps all events
   * after `upTo`. Call within a transaction.
   * @returns the number of deleted events; `most`: there may be more
   */
  dropOldest(which: { beforeMs: number; nowMs: number; upTo?: number }, most: number): number
  /**
   * Calls `listener` after events were appended and committed, once per transaction, when they are on disk.
   * `hasForgotten`: there may be tombstones among them. The listener must not throw. Returns the function that ends it.
   */
  onAppend(listener: AppendListener): () => void
}

export type AppendListener = (hasForgotten: boolean) => void

type Row = Omit<LoggedEvent, 'data'> & { data: string | null }

const DROPPED_TO = 'events_dropped_to'

export function createEventLog(db: Connection): EventLog {
  const append = db.command(
    'INSERT INTO main.events (at_ms, kind, chat, message, data) VALUES (?, ?, ?, ?, ?)',
  )
  const appendForgotten = db.command(
    `INSERT INTO main.events (at_ms, kind, chat, message, data)
     SELECT ?2, 'message.forgotten', chat, NULL, json_object('bare_id', bare_id, 'sender', sender)
     FROM messages WHERE id IN (SELECT value FROM json_each(?1)) ORDER BY id`,
  )
  // Spelled as the index events_of_chats, which SQLite uses for exactly this condition only.
  const wasForgotten = db.query<{ cursor: number }>(
    `SELECT cursor FROM events WHERE chat = ? AND message IS NULL AND chat IS NOT NULL AND kind = 'message.forgotten'
     AND data ->> 'bare_id' = ? LIMIT 1`,
  )
  const after = db.query<Row>('SELECT * FROM events WHERE cursor > ? ORDER BY cursor LIMIT ?')
  const matching = db.query<Row>(
    `SELECT * FROM events WHERE cursor > ?1 AND cursor <= ?2
     AND (?3 IS NULL OR kind IN (SELECT value FROM json_each(?3))) AND (?4 IS NULL OR chat = ?4)
     ORDER BY cursor LIMIT ?5`,
  )
  // Not max(cursor): the newest events may have been deleted with their messages.
  const last = db.query<{ seq: number }>("SELECT seq FROM sqlite_sequence WHERE name = 'events'")
  const startAfter = db.command("INSERT INTO sqlite_sequence (name, seq) VALUES ('events', ?)")
  const newestUpTo = db.query<Pick<Row, 'cursor' | 'at_ms'>>(
    // main: the time is part of a cursor, which is the same whatever a reader sees.
    'SELECT cursor, at_ms FROM main.events WHERE cursor <= ? ORDER BY cursor DESC LIMIT 1',
  )
  const lastBefore = db.query<Pick<Row, 'cursor'>>(
    'SELECT cursor FROM events WHERE at_ms < ? ORDER BY cursor DESC LIMIT 1',
  )
  const oldest = db.query<Pick<Row, 'cursor' | 'at_ms'>>(
    'SELECT cursor, at_ms FROM events WHERE cursor <= ? ORDER BY cursor LIMIT ?',
  )
  const firstUntil = db.query<Pick<Row, 'at_ms'>>(
    'SELECT at_ms FROM events WHERE at_ms <= ? ORDER BY cursor LIMIT 1',
  )
  const drop = db.command('DELETE FROM main.events WHERE cursor <= ?')
  const droppedTo = db.query<{ value: number }>(`SELECT value FROM meta WHERE name = '${DROPPED_TO}'`)
  const setDroppedTo = db.command(
    `INSERT INTO meta VALUES ('${DROPPED_TO}', ?) ON CONFLICT DO UPDATE SET value = excluded.value`,
  )
  const listeners = new Set<AppendListener>()
  let hasForgotten = false
  const wake = () => {
    const had = hasForgotten
    hasForgotten = false
    for (const listener of [...listeners]) listener(had)
  }
  return {
    append({ at_ms, kind, chat, message, data }) {
      append.run(at_ms, kind, chat, message, data === null ? null : JSON.stringify(data))
      db.afterCommit(wake)
    },
    appendForgotten(messages, at_ms) {
      if (appendForgotten.run(JSON.stringify(messages), at_ms).changes === 0) return
      hasForgotten = true
      db.afterCommit(wake)
    },
    wasForgotten: (chat, bareId) => wasForgotten.get(chat, bareId) !== undefined,
    after: (cursor, limit) => after.all(cursor, limit).map(toLogged),
    matching: (range, { kinds, chat }, limit) =>
      matching
        .all(range.after, range.upTo, kinds === null ? null : JSON.stringify(kinds), chat, limit)
        .map(toLogged),
    last: () => last.get()?.seq ?? 0,
    startAfter: (cursor) => void startAfter.run(BigInt(cursor)),
    newestUpTo: (cursor) => newestUpTo.get(cursor) ?? null,
    before: (atMs) => Math.max(lastBefore.get(atMs)?.cursor ?? 0, droppedTo.get()?.value ?? 0),
    droppedTo: () => droppedTo.get()?.value ?? 0,
    dropOldest({ beforeMs, nowMs, upTo = Number.MAX_SAFE_INTEGER }, most) {
      const rows = oldest.all(upTo, most)
      const isOld = (row?: { at_ms: number }) => row !== undefined && row.at_ms < beforeMs
      // The last old event, not the first young one: events from a time with a wrong clock do not block the
      // deletion, unless there are more of them than one step checks.
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
