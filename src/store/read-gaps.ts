/** Reads gaps: ranges of a chat with messages that are known to be missing. */
import type { Gap } from '../model/chat.ts'
import type { GapRow } from './gaps.ts'
import type { Loader } from './read-loader.ts'
import { type ChatFace, jidOf, type Own, toGap, toKey } from './render.ts'
import type { Connection } from './sqlite.ts'

/** Gaps in the form of the API, with the keys of the messages at their ends. */
export type GapReader = {
  /** Gaps of the chat that touch the messages from `oldest` to `newest` (positions), newest gap first. */
  touching(chat: ChatFace, oldest: number, newest: number, own: Own): Gap[]
}

const QUERIES = {
  touching: `SELECT * FROM gaps WHERE chat = ? AND before_message >= ? AND coalesce(after_message, 0) <= ?`,
}

/** Prepares its statement once, here. */
export function createGapReader(db: Connection, loader: Loader): GapReader {
  const touching = db.query<GapRow>(QUERIES.touching)
  return {
    touching(chat, oldest, newest, own) {
      const gaps = touching.all(chat.id, oldest, newest)
      if (gaps.length === 0) return []
      const ends = gaps.flatMap((gap) => [gap.after_message ?? gap.before_message, gap.before_message])
      const rows = loader.rows(new Set(ends))
      const people = loader.people(rows.map(({ sender }) => sender))
      const keys = new Map(
        rows.map(({ id, bare_id, sender }) => {
          const author = jidOf(sender, { own, people })
          return [id, toKey(chat, bare_id, sender, author, own)]
        }),
      )
      const keyAt = (place: number | null) => (place === null ? null : (keys.get(place) ?? null))
      return gaps
        .sort((one, other) => other.before_message - one.before_message)
        .map((gap) => toGap(gap, keyAt(gap.after_message), keyAt(gap.before_message)))
    },
  }
}
