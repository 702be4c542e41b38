/** Whatever its size, a table is read in pages by ascending id: constant memory, and between two pages it may change. */
import type { MessageRow } from './messages.ts'
import type { Connection } from './sqlite.ts'

/** So many rows are read in one step: some milliseconds. */
export const PAGE = 200

/** Messages of a chat, or of all, in the order of their time, a page at a time. */
export type MessagePages = {
  count(chat: number | null): number
  read(chat: number | null): Iterable<MessageRow[]>
}

export function createMessagePages(db: Connection): MessagePages {
  const all = db.query<MessageRow>('SELECT * FROM messages WHERE id > ? ORDER BY id LIMIT ?')
  const ofChat = db.query<MessageRow>('SELECT * FROM messages WHERE chat = ? AND id > ? ORDER BY id LIMIT ?')
  const counts = {
    all: db.query<{ n: number }>('SELECT count(*) AS n FROM messages'),
    ofChat: db.query<{ n: number }>('SELECT count(*) AS n FROM messages WHERE chat = ?'),
  }
  return {
    count: (chat) => (chat === null ? counts.all.get() : counts.ofChat.get(chat))?.n ?? 0,
    read: (chat) =>
      inPages((after) => (chat === null ? all.all(after, PAGE) : ofChat.all(chat, after, PAGE))),
  }
}

/** Rows by their ids, a page after the other, until there are no more. */
export function* inPages<Row extends { id: number }>(read: (after: number) => Row[]): Generator<Row[]> {
  for (let after = -1; ; ) {
    const rows = read(after)
    const last = rows.at(-1)
    if (last === undefined) return
    yield rows
    after = last.id
  }
}
