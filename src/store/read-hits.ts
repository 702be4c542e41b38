/** Finds the newest messages with all terms of a search: by the search index, or by reading texts where that takes less. */
import type { ChatKind } from '../model/chat.ts'
import { numberOf } from './message-row.ts'
import { ME } from './people.ts'
import { createIndexedFrom, indexedDetailsOf, isIndexEmpty } from './search-index.ts'
import { createFindHits, type SearchScope, type Term, toExpression } from './search-query.ts'
import { isLimited } from './sight.ts'
import type { Connection } from './sqlite.ts'
import { foldForSearch, MARKED, stored, tokensOf } from './tokens.ts'

/** Positions between two others, both excluded. */
export type Range = { low: number; high: number }

/** The positions of the newest `count` hits within the range, newest first. */
export type FindNewest = (terms: readonly Term[], scope: SearchScope, range: Range, count: number) => number[]

/**
 * For a prefix, FTS5 collects all words with that beginning, in all messages, before it returns the first hit: half a second
 * for one letter in a million messages (2,600 pages of 4 KB of the index). From this many pages on, texts are read instead: a
 * prefix that common is soon found in the newest ones.
 */
const COMMON_PAGES = 100
/** Appended to a prefix, it sorts after every word with that prefix. */
const AFTER_ALL = Buffer.of(0xff)
/** The most texts that are read, of about 5 µs each. A prefix that was common only long ago is then left to FTS5. */
const READ_TEXTS = 2_000
/** For each hit that is wanted, in addition. */
const READ_TEXTS_PER_HIT = 3
const NOTICE = numberOf('notice')
/** Texts that are read at once. */
const STEP = 100
/** For a reader who sees at most this many chats, the index returns only the hits in them, and none in other chats. */
const FEW_CHATS = 100

type Row = {
  id: number
  chat: number
  sender: number
  type: string
  kind: ChatKind
  standing: number
  body: string
  details: string | null
}

// Bound as integers: FTS5 ignores bounds of other types, and would read every hit.
const HITS = `SELECT rowid AS id FROM search WHERE search MATCH ? AND rowid > ? AND rowid < ?
  ORDER BY rowid DESC LIMIT ?`
/** The same, without messages that the reader does not see: the index has those of all chats. */
const SEEN_HITS = HITS.replace(
  'ORDER',
  'AND EXISTS (SELECT 1 FROM messages m WHERE m.id = search.rowid) ORDER',
)
/**
 * The pages that hold words between two others, in each segment of the index. The table has the first word of each page, after
 * a byte "0", and twice its number, or once more (https://www.sqlite.org/fts5.html and fts5_index.c of SQLite 3.45).
 */
const PAGES = `WITH RECURSIVE segments (id) AS (
    SELECT min(segid) FROM search_idx
    UNION ALL SELECT (SELECT min(segid) FROM search_idx WHERE segid > segments.id) FROM segments WHERE id IS NOT NULL)
  SELECT coalesce(sum(
    coalesce((SELECT pgno / 2 FROM search_idx WHERE segid = id AND term > ?2 ORDER BY term LIMIT 1),
      (SELECT max(pgno) / 2 FROM search_idx WHERE segid = id))
    - (SELECT pgno / 2 FROM search_idx WHERE segid = id AND term <= ?1 ORDER BY term DESC LIMIT 1)), 0) AS pages
  FROM segments WHERE id IS NOT NULL`
const ROW = 'm.id, m.chat, m.sender, m.type, c.kind, m.standing, m.body, m.details'
const BETWEEN = `CROSS JOIN chats c ON c.id = m.chat WHERE m.id > ?1 AND m.id < ?2`
const ROWS = {
  all: `SELECT ${ROW} FROM messages m ${BETWEEN} ORDER BY m.id DESC LIMIT ?3`,
  ofChat: `SELECT ${ROW} FROM messages m ${BETWEEN} AND m.chat = ?4 ORDER BY m.id DESC LIMIT ?3`,
  // In the order of the list.
  at: `SELECT ${ROW} FROM json_each(?) asked CROSS JOIN messages m ON m.id = asked.value
    CROSS JOIN chats c ON c.id = m.chat`,
}

/** Prepares its statements once, here. */
export function createFindNewest(db: Connection): FindNewest {
  const hits = db.query<{ id: number }>(isLimited(db) ? SEEN_HITS : HITS)
  const onlyChats = createOnlyChats(db)
  const pages = db.query<{ pages: number }, [Uint8Array, Uint8Array]>(PAGES)
  const all = db.query<Row>(ROWS.all)
  const ofChat = db.query<Row>(ROWS.ofChat)
  const at = db.query<Row>(ROWS.at)
  const indexedFrom = createIndexedFrom(db)

  const findIndexed = (expression: string, { low, high }: Range, count: number) =>
    hits.all(expression, BigInt(low), BigInt(high), BigInt(count)).map(({ id }) => id)

  /** The pages of the index that hold words from this one to the one with this ending appended. */
  function pagesOf(word: string, ending: Uint8Array = Buffer.of()): number {
    const from = Buffer.from(`0${word}`)
    return pages.get(from, Buffer.concat([from, ending]))?.pages ?? 0
  }

  /** True if FTS5 would collect many words for these prefixes. */
  function isCommon(terms: readonly Term[]): boolean {
    const prefixes = terms.filter(({ isPrefix }) => isPrefix).map(({ tokens }) => stored(tokens).at(-1) ?? '')
    return prefixes.reduce((sum, prefix) => sum + pagesOf(prefix, AFTER_ALL), 0) >= COMMON_PAGES
  }

  /** Of several words, the one with the fewest messages. */
  function rarest(terms: readonly Term[]): Term[] {
    const sizes = terms.map((term) => Math.min(...indexed(term).map((token) => pagesOf(token))))
    return terms.filter((_, index) => index === sizes.indexOf(Math.min(...sizes)))
  }

  /** Reads the next messages that may be hits, newest first. `before`: where to continue; null: these are all. */
  function candidates(terms: readonly Term[], scope: SearchScope) {
    const words = terms.flatMap(withoutPrefix)
    const { chat } = scope
    const isByChat = chat !== undefined && words.length === 0
    const expression = isByChat ? null : toExpression(isNarrow(scope) ? rarest(words) : words, scope)
    return ({ low, high }: Range): { rows: Row[]; before: number | null } => {
      if (expression === null) {
        const rows = isByChat ? ofChat.all(low, high, STEP, chat) : all.all(low, high, STEP)
        return { rows, before: rows.length < STEP ? null : (rows.at(-1)?.id ?? null) }
      }
      const ids = findIndexed(expression, { low, high }, STEP)
      return { rows: at.all(JSON.stringify(ids)), before: ids.length < STEP ? null : (ids.at(-1) ?? null) }
    }
  }

  /** Null if the hits are rare among the newest messages. */
  function findByReading(
    terms: readonly Term[],
    scope: SearchScope,
    { low, high }: Range,
    count: number,
  ): number[] | null {
    const next = candidates(terms, scope)
    const isHit = createIsHit(terms, scope)
    const found: number[] = []
    const most = READ_TEXTS + READ_TEXTS_PER_HIT * count
    let before = high
    for (let read = 0; read < most; read += STEP) {
      const { rows, before: rest } = next({ low, high: before })
      for (const row of rows) {
        if (!isHit(row)) continue
        found.push(row.id)
        if (found.length === count) return found
      }
      if (rest === null) return found
      before = rest
    }
    return null
  }

  return (terms, wanted, range, count) => {
    const chats = wanted.chat === undefined ? onlyChats() : undefined
    if (chats?.length === 0) return []
    const scope = chats === undefined ? wanted : { ...wanted, chats }
    const from = indexedFrom()
    // Without the second check, an index that is damaged would be read until its rebuild begins.
    if (range.high <= range.low || isIndexEmpty(from)) return []
    const within = { ...range, low: Math.max(range.low, from - 1) }
    // Within one chat, FTS5 looks up each message of the chat in each list of messages with a word: 10 ms for two words of which
    // one is in every second message. So only the rarest word is looked up, and the texts that it leaves are read.
    const isSlowInIndex =
      isCommon(terms) || (isNarrow(scope) && terms.length > 1 && terms.some((term) => !term.isPrefix))
    const read = isSlowInIndex ? findByReading(terms, scope, within, count) : null
    return read ?? findIndexed(toExpression(terms, scope) ?? '', within, count)
  }
}

/** Returns a function that returns the chats that the reader sees; undefined if they are all, or too many. */
function createOnlyChats(db: Connection): () => number[] | undefined {
  if (!isLimited(db)) return () => undefined
  const chats = db.query<{ id: number }>(`SELECT id FROM temp.only_chats LIMIT ${FEW_CHATS + 1}`)
  const mode = db.query('SELECT 1 FROM temp.sight_mode')
  return () => {
    if (mode.get() === undefined) return undefined
    const ids = chats.all().map(({ id }) => id)
    return ids.length > FEW_CHATS ? undefined : ids
  }
}

/** Only messages of one chat or person. */
function isNarrow({ chat, sender }: SearchScope): boolean {
  return chat !== undefined || sender !== undefined
}

/** The words of a term as they are in the index. */
function indexed({ tokens, isCharacter }: Term): string[] {
  return isCharacter ? tokens.map(MARKED.character) : stored(tokens)
}

/** The part of a term that the index finds without collecting words. */
function withoutPrefix(term: Term): Term[] {
  if (!term.isPrefix) return [term]
  const tokens = term.tokens.slice(0, -1)
  return tokens.length === 0 ? [] : [{ ...term, tokens, isPrefix: false }]
}

/** Decides as the index does, see `indexTextOf`. */
function createIsHit(terms: readonly Term[], scope: SearchScope): (row: Row) => boolean {
  const findHits = createFindHits(terms)
  const { chat, sender, fromMe, types, kinds, notices } = scope
  const firsts = terms.map(({ tokens }) => tokens[0] ?? '')
  return (row) => {
    if (row.type === 'revoked') return false
    if (!notices && row.standing === NOTICE) return false
    if (chat !== undefined && row.chat !== chat) return false
    if (sender !== undefined && row.sender !== sender) return false
    if (fromMe !== undefined && (row.sender === ME) !== fromMe) return false
    if (types !== undefined && !types.includes(row.type)) return false
    if (kinds !== undefined && !kinds.includes(row.kind)) return false
    const texts = [row.body, indexedDetailsOf(row.details)].map(foldForSearch)
    if (!firsts.every((first) => texts.some((text) => text.includes(first)))) return false
    const found = texts.map((text) => findHits(tokensOf(text)))
    return terms.every((_, index) => found.some((hits) => (hits[index]?.length ?? 0) > 0))
  }
}
