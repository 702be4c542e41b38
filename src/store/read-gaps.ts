/** Reads gaps: ranges of a chat with messages that are known to be missing. */
import type { Gap } from '../model/chat.ts'
import type { Loader } from './read-loader.ts'
import { type ChatFace, jidOf, type Own, toGap, toKey } from './render.ts'
import type { Connection } from './sqlite.ts'

/** Gaps in the form of the API, with the keys of the messages at their ends. */
export type GapReader = {
  /** Gaps of the chat that touch the messages from `oldest` to `newest` (positions), newest gap first. */
  touching(chat: ChatFace, oldest: number, newest: number, own: Own): Gap[]
}

/** `after`, `before`: positions of the messages at its ends; null: none. `before_message`: where it ended when it was found. */
type Row = { found_at_ms: number; before_message: number; after: number | null; before: number | null }

const QUERIES = {
  // A message at an end may have disappeared since, or moved to another chat.
  touching: `SELECT * FROM (SELECT g.found_at_ms, g.before_message,
      (SELECT m.id FROM messages m WHERE m.chat = g.chat AND m.id <= g.after_message ORDER BY m.id DESC LIMIT 1) AS after,
      (SELECT m.id FROM messages m WHERE m.chat = g.chat AND m.id >= g.before_message ORDER BY m.id LIMIT 1) AS before
      FROM gaps g WHERE g.chat = ?)
    WHERE coalesce(before, before_message) >= ? AND coalesce(after, 0) <= ?`,
}

/** Prepares its statement once, here. */
export function createGapReader(db: Connection, loader: Loader): GapReader {
  const touching = db.query<Row>(QUERIES.touching)
  return {
    touching(chat, oldest, newest, own) {
      // A chat has few: sorting them in SQLite would take a temporary index.
      const gaps = touching
        .all(chat.id, oldest, newest)
        .sort((one, other) => other.before_message - one.before_message)
      if (gaps.length === 0) return []
      const ends = gaps.flatMap(({ after, before }) => [after, before]).filter((end) => end !== null)
      const rows = loader.rows(new Set(ends))
      const people = loader.people(rows.map(({ sender }) => sender))
      const keys = new Map(
        rows.map(({ id, bare_id, sender }) => {
          const author = jidOf(sender, { own, people })
          return [id, toKey(chat, bare_id, sender, author, own)]
        }),
      )
      const keyAt = (place: number | null) => (place === null ? null : (keys.get(place) ?? null))
      return gaps.map((gap) => toGap(gap, keyAt(gap.after), keyAt(gap.before)))
    },
  }
}
