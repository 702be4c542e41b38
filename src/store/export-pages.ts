/**
 * Reads a table in pages by ascending id: constant memory at any size. The table may change between two
 * pages.
 */
import type { MessageRow } from './message-row.ts'
import type { Connection, Value } from './sqlite.ts'

/** The most rows of a page, and about the most bytes once written: some milliseconds of work. */
const PAGE_ROWS = 200
const PAGE_BYTES = 50_000

/**
 * A table, the condition for its rows (`?` stands for the parameter of a read), and the bytes per row, about.
 */
type Source = { table: string; where?: string; bytes: string }
type Weighed = { id: number; bytes: number }

/** The rows of a table; each page is read when it is requested. */
export type Pages<Row> = (...args: Value[]) => Iterable<Row[]>

export function createPages<Row>(db: Connection, { table, where = 'TRUE', bytes }: Source): Pages<Row> {
  const weigh = db.query<Weighed>(
    `SELECT id, ${bytes} AS bytes FROM ${table} WHERE ${where} AND id > ? ORDER BY id LIMIT ${PAGE_ROWS}`,
  )
  const read = db.query<Row>(`SELECT * FROM ${table} WHERE ${where} AND id > ? AND id <= ? ORDER BY id`)
  return function* (...args) {
    let after = -1
    for (let ahead = weigh.all(...args, after); ahead.length > 0; ahead = weigh.all(...args, after)) {
      for (const last of lastOfPages(ahead)) {
        yield read.all(...args, after, last)
        after = last
      }
    }
  }
}

/** The last ids of pages that stay within the limits, or have one row. */
function* lastOfPages(rows: readonly Weighed[]): Generator<number> {
  let room = PAGE_BYTES
  for (const [index, { id, bytes }] of rows.entries()) {
    room -= bytes
    const next = rows[index + 1]
    if (next !== undefined && next.bytes <= room) continue
    yield id
    room = PAGE_BYTES
  }
}

/** Messages of one chat or of all, ordered by time, one page at a time. */
export type MessagePages = {
  count(chat: number | null): number
  read(chat: number | null): Iterable<MessageRow[]>
}

/** Includes what is written with each message: reactions and votes, about sixty bytes each, earlier texts, its model and its preview. */
const MESSAGE_BYTES = `200 + coalesce((SELECT characters FROM message_raw WHERE message = messages.id), 0) + octet_length(body) + 60 * (SELECT count(*) FROM reactions WHERE message = messages.id)
  + coalesce((SELECT octet_length(jpeg) * 4 / 3 FROM media_previews WHERE message = messages.id), 0)
  + (SELECT coalesce(sum(60 + coalesce(octet_length(choice), 0)), 0) FROM poll_votes WHERE message = messages.id)
  + (SELECT coalesce(sum(octet_length(r.body)), 0) FROM revisions r WHERE r.message = messages.id)`

export function createMessagePages(db: Connection): MessagePages {
  const source = { table: 'messages', bytes: MESSAGE_BYTES }
  const all = createPages<MessageRow>(db, source)
  const ofChat = createPages<MessageRow>(db, { ...source, where: 'chat = ?' })
  const counts = {
    all: db.query<{ n: number }>('SELECT count(*) AS n FROM messages'),
    ofChat: db.query<{ n: number }>('SELECT count(*) AS n FROM messages WHERE chat = ?'),
  }
  return {
    count: (chat) => (chat === null ? counts.all.get() : counts.ofChat.get(chat))?.n ?? 0,
    read: (chat) => (chat === null ? all() : ofChat(chat)),
  }
}

/** Rows grouped by their message, in order. */
export function byMessage<Row extends { message: number }>(rows: readonly Row[]): Map<number, Row[]> {
  const grouped = new Map<number, Row[]>()
  for (const row of rows) {
    const others = grouped.get(row.message)
    if (others === undefined) grouped.set(row.message, [row])
    else others.push(row)
  }
  return grouped
}
