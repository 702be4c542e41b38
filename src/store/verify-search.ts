/**
 * Checks that the search index contains exactly the messages' words. SQLite's own check is not reliable
 * (check.ts).
 */

import type { Flaw } from './flaw.ts'
import type { MessageRow } from './message-row.ts'
import { createIndexedFrom, createTextOf, forgetIndex, isIndexDamage, isIndexEmpty } from './search-index.ts'
import type { Connection } from './sqlite.ts'
import { MARKED } from './tokens.ts'

/** Messages compared word by word; the others are only checked for their presence. */
const SAMPLE = 1_000

/**
 * Every word of the index with its message
 * (https://www.sqlite.org/fts5.html#the_fts5vocab_virtual_table_module).
 */
const WORDS = `CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'search', 'instance')`

/** A deleted message must not have words in the index. */
const LEFT_BEHIND = `SELECT count(DISTINCT doc) AS n FROM temp.words
  WHERE NOT EXISTS (SELECT 1 FROM messages WHERE id = doc AND type <> 'revoked')`

/** Messages of a chat that may have words, but are not in the index. */
const NOT_INDEXED = `SELECT * FROM messages WHERE chat = ? AND id >= ? AND (body <> '' OR details IS NOT NULL)
  AND id NOT IN (SELECT rowid FROM search WHERE search MATCH ?)`

const IN_SAMPLE = `SELECT m.* FROM
  (SELECT id, row_number() OVER (ORDER BY id) AS place, count(*) OVER () AS n FROM messages WHERE id >= ?) sampled
  CROSS JOIN messages m ON m.id = sampled.id WHERE place % (n / ${SAMPLE} + 1) = 0`

/** The index has the chat or sender of a moved message at offset 0, so offsets of these two are not compared. */
const PLACE = "CASE WHEN term GLOB '_[cs][0-9]*' THEN 0 ELSE offset END AS place"

/** Words that only one of the two has, by message. */
const DIFFERENT = `WITH
  here AS (SELECT doc, term, ${PLACE} FROM temp.words WHERE doc IN (SELECT value FROM json_each(?))),
  wanted AS (SELECT doc, term, ${PLACE} FROM temp.wanted_words)
  SELECT count(DISTINCT doc) AS n FROM (
    SELECT * FROM (SELECT * FROM here EXCEPT SELECT * FROM wanted)
    UNION ALL SELECT * FROM (SELECT * FROM wanted EXCEPT SELECT * FROM here))`

/**
 * Returns the errors of the index; it then counts as missing, and the next server rebuilds it. Ignores
 * messages that are not indexed yet because a rebuild is in progress.
 */
export function verifySearch(db: Connection): Flaw[] {
  const from = createIndexedFrom(db)()
  const flaws: Flaw[] = []
  const note = (rows: number, says: string) => {
    if (rows > 0) flaws.push({ check: 'search', rows, says })
  }
  const count = (sql: string, ...args: string[]) => db.query<{ n: number }>(sql).all(...args)[0]?.n ?? 0
  if (isIndexEmpty(from)) return []
  try {
    db.exec(WORDS)
    note(count(LEFT_BEHIND), 'deleted messages can still be found by their words')
    note(countMissing(db, from), 'messages cannot be found')
    note(count(DIFFERENT, prepareSample(db, from)), 'messages can be found by wrong words')
  } catch (error) {
    if (!isIndexDamage(error)) throw error
    note(1, 'index cannot be read')
  } finally {
    for (const table of ['wanted_words', 'wanted', 'words']) db.exec(`DROP TABLE IF EXISTS temp.${table}`)
  }
  if (flaws.length > 0) forgetIndex(db)
  return flaws.map((flaw) => ({ ...flaw, says: `${flaw.rows} ${flaw.says}: the index is rebuilt` }))
}

function countMissing(db: Connection, from: number): number {
  const textOf = createTextOf(db)
  const rows = db.query<MessageRow>(NOT_INDEXED)
  let missing = 0
  for (const { id } of db.query<{ id: number }>('SELECT id FROM chats').all()) {
    // Most of them have no searchable text.
    for (const row of rows.iterate(id, from, `"${MARKED.chat(id)}"`)) if (textOf(row) !== null) missing += 1
  }
  return missing
}

/** A small correct index of the sample, with the same tokenizer; its messages as JSON. */
function prepareSample(db: Connection, from: number): string {
  const textOf = createTextOf(db)
  const [search] = db.query<{ sql: string }>(`SELECT sql FROM sqlite_schema WHERE name = 'search'`).all()
  db.exec(search?.sql.replace('search', 'temp.wanted') ?? '')
  db.exec(`CREATE VIRTUAL TABLE temp.wanted_words USING fts5vocab('temp', 'wanted', 'instance')`)
  const insert = db.command('INSERT INTO temp.wanted (rowid, tokens) VALUES (?, ?)')
  const sample = db.query<MessageRow>(IN_SAMPLE).all(from)
  for (const row of sample) {
    const text = textOf(row)
    if (text !== null) insert.run(BigInt(row.id), text)
  }
  return JSON.stringify(sample.map(({ id }) => id))
}
