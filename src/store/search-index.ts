/** The search index: written with every message, in the same transaction, and made anew where it is missing. */
import { AppError } from '../errors.ts'
import type { ChatKind } from '../model/chat.ts'
import type { MessageDetails, MessageRow } from './message-row.ts'
import { getMeta, setMeta } from './open-file.ts'
import type { Connection } from './sqlite.ts'
import { indexTextOf, MARKED, TOKENS_VERSION } from './tokens.ts'

/**
 * In it are the messages from this position on, and no others; 0: all. It is written by the position that is kept in
 * the archive, so that what a rollback takes back is never believed.
 */
const INDEXED_FROM = 'search_indexed_from'
/** The whole index has to be made anew. */
const NOTHING = Number.MAX_SAFE_INTEGER
const VERSION = 'search_version'

/** What one step of making it anew writes at most: some milliseconds of work. */
const STEP_ROWS = 100
const STEP_CHARACTERS = 50_000

export type SearchIndex = {
  /** A new message. This and the next three: call within the transaction that writes the message. */
  add(row: MessageRow): void
  /** A message says something else now. */
  replace(before: MessageRow, now: MessageRow): void
  /** A message goes, with its words. */
  remove(row: MessageRow): void
  /** A message has turned out to be in another chat of the same kind, or from somebody else. */
  reassign(before: MessageRow, now: Partial<Pick<MessageRow, 'chat' | 'sender'>>): void
  /** Older messages are not in it yet: {@link SearchIndex.step} until it says false. */
  isIncomplete(): boolean
  /**
   * Index some more of them, the newest first, in a transaction of its own. False: that was all.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`
   */
  step(): boolean
  /** Begin anew with the next step, also where the index is damaged; until then nothing is found. Throws likewise. */
  rebuild(): void
}

/** An index that is new in an old archive, or was made of other tokens, is begun anew. */
export function createSearchIndex(db: Connection): SearchIndex {
  const textOf = createTextOf(db)
  const insert = db.command('INSERT INTO search (rowid, tokens) VALUES (?, ?)')
  // An index without texts has to be told what it holds: https://www.sqlite.org/fts5.html#the_delete_command
  const remove = db.command(`INSERT INTO search (search, rowid, tokens) VALUES ('delete', ?, ?)`)
  const older = db.query<MessageRow>('SELECT * FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?')
  const newest = db.query<{ id: number | null }>('SELECT max(id) AS id FROM messages')
  const indexedFrom = createIndexedFrom(db)

  /** Swap what the index holds of a message. Where FTS5 finds here that the index is damaged, it is made anew. */
  function write(id: number, before: string | null, now: string | null): void {
    if (before === now || id < indexedFrom()) return
    try {
      if (before !== null) remove.run(BigInt(id), before)
      if (now !== null) insert.run(BigInt(id), now)
    } catch (error) {
      if (!isIndexDamage(error)) throw error
      forgetIndex(db)
    }
  }

  const last = () => newest.all()[0]?.id ?? null
  if (getMeta(db, VERSION) !== TOKENS_VERSION) {
    db.transaction(() => {
      setMeta(db, INDEXED_FROM, last() === null ? 0 : NOTHING)
      setMeta(db, VERSION, TOKENS_VERSION)
    })
  }
  return {
    add: (row) => write(row.id, null, textOf(row)),
    replace: (before, now) => write(now.id, textOf(before), textOf(now)),
    remove: (row) => write(row.id, textOf(row), null),
    reassign(row, { chat = row.chat, sender = row.sender }) {
      if (textOf(row) === null) return
      if (chat !== row.chat) write(row.id, MARKED.chat(row.chat), MARKED.chat(chat))
      if (sender !== row.sender) write(row.id, MARKED.sender(row.sender), MARKED.sender(sender))
    },
    isIncomplete: () => indexedFrom() > 0,
    step() {
      return db.transaction(() => {
        const from = indexedFrom()
        if (from === NOTHING) {
          db.exec(`INSERT INTO search (search) VALUES ('delete-all')`)
          setMeta(db, INDEXED_FROM, (last() ?? -1) + 1)
          return true
        }
        const rows = atMost(older.all(from, STEP_ROWS), STEP_CHARACTERS, ({ body }) => body.length)
        setMeta(db, INDEXED_FROM, rows.at(-1)?.id ?? 0)
        // Written in ascending order, a step is one piece of the index.
        for (const row of rows.toReversed()) write(row.id, null, textOf(row))
        return rows.length > 0
      })
    },
    rebuild: () => forgetIndex(db),
  }
}

/** Makes what tells the tokens that the index holds of a message; null: none. */
export function createTextOf(db: Connection): (row: MessageRow) => string | null {
  const kindOf = db.query<{ kind: ChatKind }>('SELECT kind FROM chats WHERE id = ?')
  return (row) => {
    const { body, chat, type, sender, details } = row
    // Most messages that say nothing: nothing to look up.
    if (type === 'revoked' || (body === '' && details === null)) return null
    const kind = kindOf.all(chat)[0]?.kind
    if (kind === undefined) return null
    return indexTextOf({ body, filename: filenameOf(row), type, sender, chat, kind })
  }
}

/** Messages from which position on are in the index: asked in the archive each time. */
export function createIndexedFrom(db: Connection): () => number {
  const query = db.query<{ value: number }>(`SELECT value FROM meta WHERE name = '${INDEXED_FROM}'`)
  return () => query.all()[0]?.value ?? 0
}

/** The index is wrong or damaged: nothing in it counts, and the next step begins it anew. */
export function forgetIndex(db: Connection): void {
  setMeta(db, INDEXED_FROM, NOTHING)
}

/** Does SQLite say that what it reads of the index makes no sense? Of the archive's own tables it says plain SQLITE_CORRUPT. */
export function isIndexDamage(error: unknown): boolean {
  const cause = error instanceof AppError ? error.cause : null
  return cause instanceof Error && 'code' in cause && cause.code === 'SQLITE_CORRUPT_VTAB'
}

/** The first rows that are about so large together, at least one. */
export function atMost<Row>(rows: readonly Row[], size: number, sizeOf: (row: Row) => number): Row[] {
  const fitting: Row[] = []
  let left = size
  for (const row of rows) {
    if (left <= 0) break
    fitting.push(row)
    left -= sizeOf(row)
  }
  return fitting
}

/** The name of a file, as its sender gave it; null where there is none. */
function filenameOf({ details }: Pick<MessageRow, 'details'>): string | null {
  if (details === null || !details.includes('"filename"')) return null
  const parsed: MessageDetails = JSON.parse(details)
  return parsed.media?.filename ?? null
}
