/** Statistics of the archive. */
import type { ChatKind } from '../model/chat.ts'
import { timeOf } from './position.ts'
import type { Connection } from './sqlite.ts'
import { toIso } from './times.ts'

/** Times are ISO 8601 UTC; null if there is no message. */
export type Stats = {
  messages: number
  chats: number
  people: number
  reactions: number
  /** Earlier texts of messages that were edited or deleted. */
  revisions: number
  events: number
  gaps: number
  oldest_at: string | null
  newest_at: string | null
  by_kind: { kind: ChatKind; chats: number; messages: number }[]
}

/** The reader's function for statistics. */
export type StatsReader = {
  /** Counts at each call: about 50 ms for a million messages. */
  countAll(): Stats
}

const COUNTS = `SELECT
  (SELECT count(*) FROM messages) AS messages, (SELECT count(*) FROM chats WHERE merged_into IS NULL) AS chats,
  (SELECT count(*) FROM people WHERE same_as IS NULL) AS people, (SELECT count(*) FROM reactions WHERE emoji <> '') AS reactions,
  (SELECT count(*) FROM revisions) AS revisions, (SELECT count(*) FROM events) AS events,
  (SELECT count(*) FROM gaps) AS gaps,
  (SELECT min(id) FROM messages) AS oldest, (SELECT max(id) FROM messages) AS newest`

const BY_KIND = `SELECT c.kind, count(*) AS chats, coalesce(sum(m.n), 0) AS messages FROM chats c
  LEFT JOIN (SELECT chat, count(*) AS n FROM messages GROUP BY chat) m ON m.chat = c.id
  WHERE c.merged_into IS NULL GROUP BY c.kind ORDER BY messages DESC, c.kind`

type Counts = Omit<Stats, 'by_kind' | 'oldest_at' | 'newest_at'> & {
  oldest: number | null
  newest: number | null
}

/** Prepares its statements once, here. */
export function createStatsReader(db: Connection): StatsReader {
  const counts = db.query<Counts>(COUNTS)
  const byKind = db.query<Stats['by_kind'][number]>(BY_KIND)
  const at = (place: number | null) => (place === null ? null : toIso(timeOf(place)))
  return {
    countAll() {
      const [row] = counts.all()
      return {
        messages: row?.messages ?? 0,
        chats: row?.chats ?? 0,
        people: row?.people ?? 0,
        reactions: row?.reactions ?? 0,
        revisions: row?.revisions ?? 0,
        events: row?.events ?? 0,
        gaps: row?.gaps ?? 0,
        oldest_at: at(row?.oldest ?? null),
        newest_at: at(row?.newest ?? null),
        by_kind: byKind.all().map(({ kind, chats, messages }) => ({ kind, chats, messages })),
      }
    },
  }
}
