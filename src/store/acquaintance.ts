/** Whom the owner knows: the people of the address book, those to whom a device of the owner has written, and approved groups. */
import { hasFormOfOurs } from '../own-ids.ts'
import type { PersonRow } from './people.ts'
import { firstPositionOf } from './position.ts'
import type { Connection } from './sqlite.ts'

/** True if this server made the id of the message. */
export type IsOurs = (bareId: string) => boolean

export type Acquaintance = {
  /**
   * True if a device of the owner has written in this chat, or the owner has approved a message to this group. What this
   * server sent does not count, and forwarded messages do not either: WhatsApp Web makes their ids, so who forwarded one is not
   * known. If neither was noted, looks at the newest 500 own messages.
   */
  hasWritten(chat: number): boolean
  /**
   * True if this own message, which is not a forwarded one, shows that the owner has written: this server did not send it. A
   * message from before an import does not show it if its id has the form of ours: another server may have sent it, and only that
   * server's secret recognises its ids.
   */
  isOwners(message: { id: number; bare_id: string }): boolean
  /** Returns those of these people (rows by id) whom the owner knows. */
  among(people: ReadonlyMap<number, PersonRow>): Set<number>
}

/** Row of `meta`: when the archive was imported, in Unix seconds; missing: it was not. */
export const IMPORTED_AT = 'imported_at'

/** The most own messages to look at. */
const MOST = 500
/** Looked at in two steps: the newest ten mostly suffice. */
const LOOKS = [10, MOST]

const QUERIES = {
  familiar: 'SELECT 1 AS found FROM chats WHERE id = ? AND familiar = 1',
  newest: 'SELECT id FROM messages WHERE chat = ? AND sender = 0 ORDER BY id DESC LIMIT 1',
  // SQLite answers this from the index alone.
  window: `SELECT min(id) AS oldest, count(*) AS count
    FROM (SELECT id FROM messages WHERE chat = ? AND sender = 0 ORDER BY id DESC LIMIT ${MOST})`,
  written: `SELECT id, bare_id FROM messages WHERE chat = ? AND sender = 0 AND standing <> 1
    AND json_extract(details, '$.forwarded') IS NULL ORDER BY id DESC LIMIT ?`,
  imported: `SELECT value FROM meta WHERE name = '${IMPORTED_AT}'`,
  chats: 'SELECT c.id, c.person FROM json_each(?) asked CROSS JOIN chats c ON c.person = asked.value',
}

/** Prepares its statements once, here. */
export function createAcquaintance(db: Connection, isOurs: IsOurs): Acquaintance {
  const familiar = db.query<{ found: number }>(QUERIES.familiar)
  const newest = db.query<{ id: number }>(QUERIES.newest)
  const window = db.query<{ oldest: number; count: number }>(QUERIES.window)
  const written = db.query<{ id: number; bare_id: string }>(QUERIES.written)
  const imported = db.query<{ value: number }>(QUERIES.imported)
  const chats = db.query<{ id: number; person: number }>(QUERIES.chats)
  /** The chats with a message of the owner. The value is the newest own message: a result holds until there is another one. */
  const met = new Map<number, number>()
  /** The chats without one. The value is the window of own messages that were looked at: the history may add older ones. */
  const unmet = new Map<number, string>()

  function isOwners({ id, bare_id }: { id: number; bare_id: string }): boolean {
    if (isOurs(bare_id)) return false
    return !hasFormOfOurs(bare_id) || id >= firstPositionOf(imported.get()?.value ?? 0)
  }

  function look(chat: number): boolean {
    for (const count of LOOKS) {
      const found = written.all(chat, count)
      if (found.some(isOwners)) return true
      if (found.length < count) return false
    }
    return false
  }

  function hasWritten(chat: number): boolean {
    if (familiar.get(chat) !== undefined) return true
    const [last] = newest.all(chat)
    if (last === undefined) return false
    if (met.get(chat) === last.id) return true
    const seen = JSON.stringify([last, ...window.all(chat)])
    if (unmet.get(chat) === seen) return false
    const answer = look(chat)
    if (answer) met.set(chat, last.id)
    else unmet.set(chat, seen)
    return answer
  }

  return {
    hasWritten,
    isOwners,
    among(people) {
      const others = [...people.values()].filter((person) => person.in_address_book === 0)
      const direct = others.length === 0 ? [] : chats.all(JSON.stringify(others.map(({ id }) => id)))
      const familiar = new Set(direct.filter(({ id }) => hasWritten(id)).map(({ person }) => person))
      const isKnown = ({ id, in_address_book }: PersonRow) => in_address_book === 1 || familiar.has(id)
      return new Set([...people].filter(([, person]) => isKnown(person)).map(([id]) => id))
    },
  }
}
