/** The search index: updated in the same transaction as every message, and rebuilt if it is missing. */
import { codeOf } from '../error-code.ts'
import { AppError } from '../errors.ts'
import type { ChatKind } from '../model/chat.ts'
import { wordsIn } from '../model/content.ts'
import { type MessageDetails, type MessageRow, numberOf } from './message-row.ts'
import { getMeta, setMeta, unlessFull } from './open-file.ts'
import type { Connection } from './sqlite.ts'
import { indexTextOf, MARKED, TOKENS_VERSION } from './tokens.ts'

/**
 * The index contains exactly the messages from this position on; 0: all. The position is stored in the
 * archive, so that a rollback restores it together with the index.
 */
const INDEXED_FROM = 'search_indexed_from'
/** The position that requires a complete rebuild. */
const NOTHING = Number.MAX_SAFE_INTEGER
const VERSION = 'search_version'

/** The most that one step of a rebuild writes: some milliseconds of work. */
const STEP_ROWS = 100
const STEP_CHARACTERS = 50_000

export type SearchIndex = {
  /** Adds a new message. Call this and the next three within the transaction that writes the message. */
  add(row: MessageRow): void
  /** Updates a message whose content changed. */
  replace(before: MessageRow, now: MessageRow): void
  /** Removes a message with its words. */
  remove(row: MessageRow): void
  /** Updates a message that moved to another chat of the same kind, or to another sender. */
  reassign(before: MessageRow, now: Partial<Pick<MessageRow, 'chat' | 'sender'>>): void
  /** True if older messages are not indexed yet: call {@link SearchIndex.step} until it returns false. */
  isIncomplete(): boolean
  /**
   * Indexes some more messages, newest first, in its own transaction. Returns false if all are indexed.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`
   */
  step(): boolean
  /**
   * Starts a rebuild with the next step, also if the index is damaged; until then searches find nothing.
   * Throws likewise.
   */
  rebuild(): void
}

/** Starts a rebuild if the archive had no index, or one with tokens of another version. */
export function createSearchIndex(db: Connection): SearchIndex {
  const textOf = createTextOf(db)
  const insert = db.command('INSERT INTO search (rowid, tokens) VALUES (?, ?)')
  // An index without texts requires the old contents for a deletion:
  // https://www.sqlite.org/fts5.html#the_delete_command
  const remove = db.command(`INSERT INTO search (search, rowid, tokens) VALUES ('delete', ?, ?)`)
  const older = db.query<MessageRow>('SELECT * FROM messages WHERE id < ? ORDER BY id DESC LIMIT ?')
  const newest = db.query<{ id: number | null }>('SELECT max(id) AS id FROM messages')
  const indexedFrom = createIndexedFrom(db)

  /** Replaces the tokens of a message. If FTS5 reports here that the index is damaged, it is rebuilt. */
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
  /** If the index has tokens of another version, notes that nothing of it counts. */
  function renew(): void {
    if (getMeta(db, VERSION) === TOKENS_VERSION) return
    db.transaction(() => {
      setMeta(db, INDEXED_FROM, last() === null ? 0 : NOTHING)
      setMeta(db, VERSION, TOKENS_VERSION)
    })
  }
  unlessFull(renew)
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
      renew()
      return db.transaction(() => {
        const from = indexedFrom()
        if (from === NOTHING) {
          db.exec(`INSERT INTO search (search) VALUES ('delete-all')`)
          setMeta(db, INDEXED_FROM, (last() ?? -1) + 1)
          return true
        }
        const rows = takeUpTo(older.all(from, STEP_ROWS), STEP_CHARACTERS, sizeOf)
        setMeta(db, INDEXED_FROM, rows.at(-1)?.id ?? 0)
        // Written in ascending order, a step is one segment of the index.
        for (const row of rows.toReversed()) write(row.id, null, textOf(row))
        return rows.length > 0
      })
    },
    rebuild: () => forgetIndex(db),
  }
}

/** Returns the function that computes the indexed text of a message; null: none. */
export function createTextOf(db: Connection): (row: MessageRow) => string | null {
  const kindOf = db.query<{ kind: ChatKind }>('SELECT kind FROM chats WHERE id = ?')
  const kinds = db.memory<number, ChatKind | undefined>('chats')
  return (row) => {
    const { body, chat, type, sender, details, standing } = row
    // Most messages without text: no lookups required.
    if (type === 'revoked' || (body === '' && details === null)) return null
    const kind = kinds.get(chat, () => kindOf.get(chat)?.kind)
    if (kind === undefined) return null
    const isNotice = standing === numberOf('notice')
    return indexTextOf({ body, further: indexedDetailsOf(details), isNotice, type, sender, chat, kind })
  }
}

/**
 * Position from which on messages are indexed: read from the archive each time. An index with tokens of another version contains
 * nothing, also while its file cannot take the note.
 */
export function createIndexedFrom(db: Connection): () => number {
  const query = db.query<{ value: number }>(
    `SELECT place.value FROM meta place CROSS JOIN meta version ON version.name = '${VERSION}'
     WHERE place.name = '${INDEXED_FROM}' AND version.value = ${TOKENS_VERSION}`,
  )
  const kept = db.memory<string, number>('meta')
  return () => kept.get(INDEXED_FROM, () => query.get()?.value ?? NOTHING)
}

/** True if nothing is indexed, and what the index contains is to be ignored. */
export function isIndexEmpty(indexedFrom: number): boolean {
  return indexedFrom === NOTHING
}

/** The index is wrong or damaged: ignores its contents; the next step starts a rebuild. */
export function forgetIndex(db: Connection): void {
  setMeta(db, INDEXED_FROM, NOTHING)
}

/** True if SQLite reports a damaged index. For the archive's own tables it reports plain SQLITE_CORRUPT. */
export function isIndexDamage(error: unknown): boolean {
  return error instanceof AppError && codeOf(error.cause) === 'SQLITE_CORRUPT_VTAB'
}

const sizeOf = ({ body, details }: MessageRow) => body.length + (details?.length ?? 0)

/** The first rows up to about this size together, at least one. */
export function takeUpTo<Row>(rows: readonly Row[], size: number, sizeOf: (row: Row) => number): Row[] {
  const fitting: Row[] = []
  let left = size
  for (const row of rows) {
    if (left <= 0) break
    fitting.push(row)
    left -= sizeOf(row)
  }
  return fitting
}

/** What people wrote in the content of a message. @param details of its row */
export function indexedDetailsOf(details: string | null): string {
  if (details === null) return ''
  const content: MessageDetails = JSON.parse(details)
  return wordsIn(content)
}
