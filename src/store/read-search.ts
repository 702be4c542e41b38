/** Searches messages by words, newest first or by relevance. */
import { z } from 'zod'
import { fromCursor, toCursor } from '../cursor.ts'
import { fail } from '../errors.ts'
import type { ChatKind } from '../model/chat.ts'
import { wordsIn } from '../model/content.ts'
import type { Jid } from '../model/ids.ts'
import type { Message } from '../model/message.ts'
import type { Point } from '../model/point.ts'
import { ME } from './people.ts'
import { firstPositionOf } from './position.ts'
import type { Page, PageOptions } from './read-chats.ts'
import type { Finder } from './read-finder.ts'
import { createFindNewest, type Range } from './read-hits.ts'
import type { Loader } from './read-loader.ts'
import type { FoundMessage, MessageReader } from './read-messages.ts'
import { relevanceOf } from './relevance.ts'
import { createIndexedFrom, indexedDetailsOf, takeUpTo } from './search-index.ts'
import { createFindHits, type FindHits, parseQuery, type SearchScope } from './search-query.ts'
import { type Snippet, snippetOf } from './snippet.ts'
import type { Connection } from './sqlite.ts'

/** Restricts a search; omitted fields do not. */
export type SearchFilter = {
  chat?: Jid | undefined
  /** A person, or this account. */
  from?: Jid | 'me' | undefined
  fromMe?: boolean | undefined
  /** The types of whatsapp-web.js. */
  types?: readonly string[] | undefined
  kinds?: readonly ChatKind[] | undefined
  /** Includes notices and calls. */
  notices?: boolean | undefined
  /** Earlier than this message or time. */
  before?: Point | undefined
  /** Later than this message; at this time or later. */
  after?: Point | undefined
}

/** A message, and the text that matched. */
export type SearchHit = FoundMessage & { snippet: Snippet }

/**
 * `ranked`: only this many of the newest hits were ranked, because there are more. `indexing`: older messages
 * are not indexed yet.
 */
export type SearchPage = Page<SearchHit> & { ranked: number | null; indexing: boolean }

/** The reader's functions for search. */
export type SearchReader = {
  /**
   * @throws AppError `invalid_input` (nothing to search for, too many prefixes, cursor), `chat_not_found`, `contact_not_found`,
   * `message_not_found` (before, after); one with SQLite's error as its cause if the index is damaged, see `isIndexDamage`
   */
  searchMessages(
    query: string,
    filter: SearchFilter,
    options: PageOptions & { sort: 'newest' | 'relevance' },
  ): SearchPage
}

/**
 * The number of newest hits that are ranked, and the part of their texts that is read for it: characters per
 * text, and bytes for all together (a word may be as short as three bytes). Senders choose the length of
 * their texts, and other requests wait during the ranking.
 */
const RANKED = 1_000
const RANKED_CHARACTERS_EACH = 1_000
const RANKED_BYTES = 150_000
/**
 * The limit for the snippets of a page, in code units: each text gets an equal share of what the texts before it
 * left.
 */
const SHOWN_UNITS = 300_000

/** The most prefixes per query. A rare one is searched in all words with that beginning. */
const PREFIXES = 8

/** The position after which the next page begins. */
const NewestPlace = z.int()
/** The position where the ranking began, then the score and position after which the next page begins. */
const RankedPlace = z.tuple([z.int(), z.number(), z.int()])

const SIZES = `SELECT m.id, min(octet_length(m.body), 3 * ${RANKED_CHARACTERS_EACH}) AS bytes
  FROM json_each(?) asked CROSS JOIN messages m ON m.id = asked.value`
const TEXTS = `SELECT m.id, substr(m.body, 1, ${RANKED_CHARACTERS_EACH}) AS body, m.details
  FROM json_each(?) asked CROSS JOIN messages m ON m.id = asked.value`

/** The newest hits within the range. */
type Find = (range: Range, count: number) => number[]
type Found = { positions: number[]; next: string | null; ranked: number | null }

/** Prepares its statements once, here. */
export function createSearchReader(
  db: Connection,
  loader: Loader,
  finder: Finder,
  { messagesAt }: Pick<MessageReader, 'messagesAt'>,
): SearchReader {
  const findNewest = createFindNewest(db)
  const sizes = db.query<{ id: number; bytes: number }>(SIZES)
  const texts = db.query<{ id: number; body: string; details: string | null }>(TEXTS)
  const indexedFrom = createIndexedFrom(db)

  function positionOf(name: 'before' | 'after', point: Point): number {
    if ('time' in point) return firstPositionOf(Math.ceil(point.time)) - (name === 'after' ? 1 : 0)
    const found = finder.message(point.key)
    if (found !== null) return found.row.id
    return fail('message_not_found', { detail: `The message in "${name}" is not in the archive.` })
  }

  function senderOf(from: Jid | 'me'): number {
    const own = loader.own()
    if (from === 'me' || from === own.jid || from === own.lid) return ME
    return (finder.person(from) ?? fail('contact_not_found')).id
  }

  function scopeOf({ chat, from, fromMe, types, kinds, notices }: SearchFilter): SearchScope {
    return {
      chat: chat === undefined ? undefined : (finder.chat(chat) ?? fail('chat_not_found')).id,
      sender: from === undefined ? undefined : senderOf(from),
      fromMe,
      types,
      kinds,
      // A filter by type may name a notice.
      notices: notices || types !== undefined,
    }
  }

  function newest(find: Find, range: Range, { limit, cursor }: PageOptions): Found {
    const place = fromCursor('search', cursor, NewestPlace) ?? range.high
    const found = find({ ...range, high: Math.min(place, range.high) }, limit + 1)
    const positions = found.slice(0, limit)
    const last = positions.at(-1)
    const hasMore = found.length > limit && last !== undefined
    return { positions, next: hasMore ? toCursor('search', last) : null, ranked: null }
  }

  /** Later pages rank the same messages as the first page, without newer ones. */
  function ranked(find: Find, findHits: FindHits, range: Range, { limit, cursor }: PageOptions): Found {
    const place = fromCursor('search_ranked', cursor, RankedPlace)
    const ceiling = Math.min(range.high, place?.[0] ?? range.high)
    const found = find({ ...range, high: ceiling }, RANKED + 1)
    const newest = sizes.all(JSON.stringify(found.slice(0, RANKED)))
    const looked = takeUpTo(newest, RANKED_BYTES, ({ bytes }) => bytes).map(({ id }) => id)
    const candidates = texts
      .all(JSON.stringify(looked))
      .map(({ id, body, details }) => {
        const text = `${body}\n${indexedDetailsOf(details)}`.slice(0, RANKED_CHARACTERS_EACH)
        return { id, score: relevanceOf(text, findHits) }
      })
      .sort((one, other) => other.score - one.score || other.id - one.id)
      .filter(({ id, score }) => place === null || score < place[1] || (score === place[1] && id < place[2]))
    const shown = candidates.slice(0, limit)
    const last = shown.at(-1)
    const hasMore = candidates.length > limit && last !== undefined
    return {
      positions: shown.map(({ id }) => id),
      next: hasMore
        ? toCursor('search_ranked', [place?.[0] ?? (found[0] ?? 0) + 1, last.score, last.id])
        : null,
      ranked: found.length > looked.length ? looked.length : null,
    }
  }

  return {
    searchMessages(query, filter, { sort, ...page }) {
      const terms = parseQuery(query)
      if (terms.length === 0)
        fail('invalid_input', {
          detail: '"q" contains nothing to search for: send a letter, a digit, a sign or an emoji.',
        })
      const prefixes = terms.filter(({ isPrefix }) => isPrefix).length
      if (prefixes > PREFIXES)
        fail('invalid_input', {
          detail: `"q" has ${prefixes} prefixes (meet*). A search can have at most ${PREFIXES}.`,
        })
      const range = {
        low: filter.after === undefined ? -1 : positionOf('after', filter.after),
        high: filter.before === undefined ? Number.MAX_SAFE_INTEGER : positionOf('before', filter.before),
      }
      const scope = scopeOf(filter)
      const find: Find = (within, count) => findNewest(terms, scope, within, count)
      const findHits = createFindHits(terms)
      const found = sort === 'newest' ? newest(find, range, page) : ranked(find, findHits, range, page)
      return {
        items: withSnippets(messagesAt(found.positions), findHits),
        next: found.next,
        ranked: found.ranked,
        indexing: indexedFrom() > 0,
      }
    },
  }
}

function withSnippets(messages: readonly FoundMessage[], findHits: FindHits): SearchHit[] {
  let left = SHOWN_UNITS
  return messages.map((hit, index) => {
    const reach = left / (messages.length - index)
    left -= Math.min(reach, hit.message.body.length)
    return { ...hit, snippet: snippetIn(hit.message, findHits, reach) }
  })
}

/** From the first of these in which a word matched: the text, the words of its content, the summary. */
function snippetIn(message: Message, findHits: FindHits, reach: number): Snippet {
  const texts = [message.body, wordsIn(message), message.summary ?? ''].filter((text) => text !== '')
  const snippets = texts.map((text) => snippetOf(text, findHits, reach))
  return snippets.find(({ marks }) => marks.length > 0) ?? snippets[0] ?? { text: '', marks: [] }
}
