/**
 * Limits a connection to the chats that a caller sees. The connection has a temporary view for each table with something of a
 * chat, which takes the place of the table in every statement that is prepared after it: no query can forget the limit. A
 * statement that needs all rows names the table `main.…`, and says why.
 */
import { type Jid, STATUS } from '../model/ids.ts'
import type { Sight } from '../model/sight.ts'
import type { Connection } from './sqlite.ts'

/** Rows of people with one of these addresses. ?1: JSON. A number that was somebody else's before counts for both. */
const PEOPLE = `SELECT id FROM main.people WHERE phone IN (SELECT value FROM json_each(?1))
  UNION SELECT id FROM main.people WHERE lid IN (SELECT value FROM json_each(?1))
  UNION SELECT person FROM main.person_phones WHERE phone IN (SELECT value FROM json_each(?1))
  UNION SELECT p.id FROM main.phone_aliases a JOIN main.people p ON p.phone = a.phone
    WHERE a.asked IN (SELECT value FROM json_each(?1))
  UNION SELECT p.id FROM main.phone_aliases a JOIN main.people p ON p.lid = a.phone
    WHERE a.asked IN (SELECT value FROM json_each(?1))`
/** Rows of chats with one of these addresses. */
const CHATS = `SELECT id FROM main.chats WHERE jid IN (SELECT value FROM json_each(?1))
  UNION SELECT merged_into FROM main.chats WHERE jid IN (SELECT value FROM json_each(?1)) AND merged_into IS NOT NULL
  UNION SELECT id FROM main.chats WHERE person IN (${PEOPLE})`

/** The lists of one sight. `sight_mode` has a row if only listed chats are seen. */
const TABLES = ['hidden_chats', 'hidden_people', 'only_chats', 'only_people', 'sight_mode']

const seen = (what: 'chats' | 'people', id: string, more = '') =>
  `${id} NOT IN (SELECT id FROM temp.hidden_${what})
   AND (NOT EXISTS (SELECT 1 FROM temp.sight_mode) OR ${id} IN (SELECT id FROM temp.only_${what})${more})`
/** All status updates are in one chat: each is seen by those who see its author. */
const seenAuthor = (chat: string, author: string) =>
  `(${chat} IS NOT (SELECT id FROM main.chats WHERE jid = '${STATUS}') OR ${author} <= 0 OR (${seen('people', author)}))`
const ofChat = (table: string) => `SELECT * FROM main.${table} WHERE ${seen('chats', 'chat')}`
const ofMessage = (table: string) =>
  `SELECT * FROM main.${table} r WHERE EXISTS (SELECT 1 FROM temp.messages m WHERE m.id = r.message)`

/** The sender of the message that an event is about; of a forgotten one, the event has it. 0: no message. */
const AUTHOR = `coalesce((SELECT sender FROM main.messages m WHERE m.id = e.message),
  (SELECT coalesce(f.same_as, f.id) FROM main.people f WHERE f.id = json_extract(e.data, '$.sender')), 0)`

/** The views, in an order in which each finds those that it uses. */
const VIEWS = {
  chats: `SELECT * FROM main.chats WHERE ${seen('chats', 'id')}`,
  messages: `${ofChat('messages')} AND ${seenAuthor('chat', 'sender')}`,
  members: ofChat('members'),
  member_spans: ofChat('member_spans'),
  gaps: ofChat('gaps'),
  reactions: ofMessage('reactions'),
  poll_votes: ofMessage('poll_votes'),
  revisions: ofMessage('revisions'),
  media: ofMessage('media'),
  message_raw: ofMessage('message_raw'),
  // A reader of a listed group sees the people in it.
  people: `SELECT * FROM main.people WHERE ${seen('people', 'id', ' OR EXISTS (SELECT 1 FROM temp.members m WHERE m.person = people.id)')}`,
  events: `SELECT * FROM main.events e WHERE CASE
    WHEN chat IS NOT NULL THEN ${seen('chats', 'chat')} AND ${seenAuthor('chat', AUTHOR)}
    WHEN json_extract(data, '$.person') IS NOT NULL THEN EXISTS (SELECT 1 FROM temp.people p
      WHERE p.id = (SELECT coalesce(f.same_as, f.id) FROM main.people f WHERE f.id = json_extract(e.data, '$.person')))
    ELSE kind NOT LIKE 'send.%' END`,
}

/** Returns the function that sets what the connection shows. Call it before other statements are prepared, and before each read. */
export function limit(db: Connection): (sight: Sight) => void {
  for (const name of TABLES) db.exec(`CREATE TEMP TABLE ${name} (id INTEGER PRIMARY KEY)`)
  for (const [name, query] of Object.entries(VIEWS)) db.exec(`CREATE TEMP VIEW ${name} AS ${query}`)
  const fill = {
    hidden_chats: db.command(`INSERT INTO temp.hidden_chats ${CHATS}`),
    hidden_people: db.command(`INSERT INTO temp.hidden_people ${PEOPLE}`),
    only_chats: db.command(`INSERT INTO temp.only_chats ${CHATS}`),
    only_people: db.command(`INSERT INTO temp.only_people ${PEOPLE}`),
  }
  const clear = TABLES.map((name) => `DELETE FROM temp.${name}`).join('; ')
  // Changes with each write of another connection (https://www.sqlite.org/pragma.html#pragma_data_version).
  const version = db.query<{ data_version: number }>('PRAGMA data_version')
  let shown = ''
  return ({ only, hide }) => {
    const wanted = JSON.stringify([only, hide, version.get()?.data_version])
    if (wanted === shown) return
    shown = ''
    // The rows of these addresses may have changed since the last read.
    db.exec(`PRAGMA query_only = OFF; ${clear}`)
    const hidden = JSON.stringify(hide)
    fill.hidden_chats.run(hidden)
    fill.hidden_people.run(hidden)
    if (only !== null) {
      db.exec('INSERT INTO temp.sight_mode VALUES (1)')
      fill.only_chats.run(JSON.stringify(only))
      fill.only_people.run(JSON.stringify(only))
    }
    db.exec('PRAGMA query_only = ON')
    shown = wanted
  }
}

/** True if {@link limit} was called for this connection. */
export function isLimited(db: Connection): boolean {
  return db.query("SELECT 1 FROM sqlite_temp_schema WHERE name = 'sight_mode'").get() !== undefined
}

/** Returns the function that tells, on a connection without a limit, if a sight includes the chat of this row. */
export function createIsSeen(db: Connection): (chat: number, sight: Sight) => boolean {
  const named = db.query<{ found: number }>(`SELECT 1 AS found WHERE ?2 IN (${CHATS})`)
  const isIn = (list: readonly Jid[], chat: number) => named.get(JSON.stringify(list), chat) !== undefined
  return (chat, { only, hide }) => !isIn(hide, chat) && (only === null || isIn(only, chat))
}
