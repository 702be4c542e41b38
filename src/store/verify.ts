/** Checks a whole archive for inconsistencies: in the file, in its rows, and between rows. */
import { isOfSearchIndex, problemsOf } from './check.ts'
import type { Flaw } from './flaw.ts'
import type { Connection } from './sqlite.ts'
import { verifySearch } from './verify-search.ts'

/** Each query counts invalid rows. */
const CHECKS: readonly { check: string; says: string; sql: string }[] = [
  {
    check: 'messages',
    says: 'messages belong to a chat that does not exist',
    sql: 'SELECT count(*) AS n FROM messages WHERE chat NOT IN (SELECT id FROM chats)',
  },
  {
    check: 'senders',
    says: 'messages have a sender that does not exist',
    sql: 'SELECT count(*) AS n FROM messages WHERE sender > 0 AND sender NOT IN (SELECT id FROM people)',
  },
  {
    check: 'details',
    says: 'messages have details that are not JSON',
    sql: 'SELECT count(*) AS n FROM messages WHERE details IS NOT NULL AND NOT json_valid(details)',
  },
  {
    check: 'positions',
    says: 'messages have an invalid position',
    sql: "SELECT count(*) AS n FROM messages WHERE typeof(id) <> 'integer' OR id < 0 OR id > 9007199254740991",
  },
  {
    check: 'last messages',
    says: 'chats have a wrong last message',
    sql: `SELECT count(*) AS n FROM chats
      WHERE last_message IS NOT (SELECT max(id) FROM messages WHERE chat = chats.id AND standing <> 1)
        AND merged_into IS NULL`,
  },
  {
    check: 'addresses',
    says: 'chats have no address, or two',
    sql: `SELECT count(*) AS n FROM chats WHERE merged_into IS NULL
      AND ((kind = 'direct') <> (person IS NOT NULL) OR (kind = 'direct') = (jid IS NOT NULL))`,
  },
  {
    check: 'people of chats',
    says: 'chats have a person that does not exist or has no address',
    sql: `SELECT count(*) AS n FROM chats WHERE person IS NOT NULL AND person NOT IN
      (SELECT id FROM people WHERE coalesce(phone, lid) IS NOT NULL)`,
  },
  {
    check: 'members',
    says: 'members of groups belong to no person or no chat',
    sql: `SELECT count(*) AS n FROM (SELECT chat, person FROM members UNION ALL SELECT chat, person FROM member_spans)
      WHERE chat NOT IN (SELECT id FROM chats) OR person NOT IN (SELECT id FROM people)`,
  },
  {
    check: 'people',
    says: 'people were merged into a person that does not exist',
    sql: 'SELECT count(*) AS n FROM people WHERE same_as IS NOT NULL AND same_as NOT IN (SELECT id FROM people)',
  },
  {
    check: 'revisions',
    says: 'earlier texts belong to no message',
    sql: 'SELECT count(*) AS n FROM revisions WHERE message NOT IN (SELECT id FROM messages)',
  },
  {
    check: 'models',
    says: 'models belong to no message, or are in no pack',
    sql: `SELECT count(*) AS n FROM message_raw WHERE message NOT IN (SELECT id FROM messages)
      OR pack NOT IN (SELECT id FROM raw_packs)`,
  },
  {
    check: 'media',
    says: 'media belong to no message',
    sql: 'SELECT count(*) AS n FROM media WHERE message NOT IN (SELECT id FROM messages)',
  },
  {
    check: 'previews',
    says: 'previews belong to no media, or are empty',
    sql: 'SELECT count(*) AS n FROM media_previews WHERE message NOT IN (SELECT message FROM media) OR octet_length(jpeg) = 0',
  },
  {
    check: 'reactions',
    says: 'reactions belong to no message or no person',
    sql: `SELECT count(*) AS n FROM reactions WHERE message NOT IN (SELECT id FROM messages)
      OR (sender > 0 AND sender NOT IN (SELECT id FROM people))`,
  },
  {
    check: 'votes',
    says: 'votes belong to no message or no person',
    sql: `SELECT count(*) AS n FROM poll_votes WHERE message NOT IN (SELECT id FROM messages)
      OR (voter > 0 AND voter NOT IN (SELECT id FROM people))`,
  },
  {
    check: 'gaps',
    says: 'gaps belong to no chat, or end before they begin',
    sql: `SELECT count(*) AS n FROM gaps
      WHERE chat NOT IN (SELECT id FROM chats) OR before_message <= coalesce(after_message, -1)`,
  },
  {
    check: 'events',
    says: 'events belong to a message or chat that does not exist',
    sql: `SELECT count(*) AS n FROM events WHERE (message IS NOT NULL AND message NOT IN (SELECT id FROM messages))
      OR (chat IS NOT NULL AND chat NOT IN (SELECT id FROM chats))`,
  },
]

/** The most errors that SQLite's own check reports. */
const MOST = 20

/**
 * Returns all inconsistencies of an open archive; empty if there are none. Takes about a minute for a million
 * messages. A wrong search index is rebuilt when a server runs; nothing else is changed.
 * @throws AppError `archive_damaged`, `archive_unavailable` if the archive cannot be read
 */
export function verify(db: Connection): Flaw[] {
  const flaws: Flaw[] = []
  // The file's pages, and every index against its table.
  for (const problem of problemsOf(db, 'integrity_check', MOST)) {
    // The search index has its own check.
    if (!isOfSearchIndex(problem)) flaws.push({ check: 'file', rows: 1, says: problem })
  }
  for (const { check, says, sql } of CHECKS) {
    const rows = db.query<{ n: number }>(sql).all()[0]?.n ?? 0
    if (rows > 0) flaws.push({ check, rows, says: `${rows} ${says}` })
  }
  return [...flaws, ...verifySearch(db)]
}
