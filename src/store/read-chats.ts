/** Reads chats: the list, and one chat with its members and the extent of its history. */
import { z } from 'zod'
import { fromCursor, toCursor } from '../cursor.ts'
import { fail } from '../errors.ts'
import type { Chat, ChatKind, Gap } from '../model/chat.ts'
import { createMatcher, fold } from '../model/fold.ts'
import type { History } from '../model/history.ts'
import type { Jid } from '../model/ids.ts'
import type { PersonRow } from './people.ts'
import { timeOf } from './position.ts'
import type { Finder } from './read-finder.ts'
import type { GapReader } from './read-gaps.ts'
import { FACE, FACE_TABLES, type Loader, VIEW } from './read-loader.ts'
import { type ChatView, personJid, personName, toHistory } from './render.ts'
import type { Connection } from './sqlite.ts'
import { toIso } from './times.ts'

/** A page of a list. `next`: the cursor of the next page; omitted on the last page. */
export type Page<T> = { items: T[]; next: string | null }
/** `cursor`: `next` of the previous page. */
export type PageOptions = { limit: number; cursor?: string | undefined }

/** The chats that a list includes. */
export type ChatFilter = {
  /** Any part of a name or phone number. */
  query?: string | undefined
  unreadOnly: boolean
  /** undefined: both. */
  archived?: boolean | undefined
  kinds: readonly ChatKind[]
}

/** A member of a group. `id`: JID. */
export type Member = { id: string; name: string; is_admin: boolean }
/** One chat with all stored details. */
export type ChatDetails = {
  chat: Chat
  /** For a group, without this account, admins first. */
  members: Member[] | null
  /** How far its history in the archive goes back. */
  history: Partial<History> & { messages: number; oldest_at: string | null; complete: boolean; gaps: Gap[] }
  /** ISO 8601; null if the chat still exists on WhatsApp. */
  removedAt: string | null
}

/** The reader's functions for chats. */
export type ChatReader = {
  /**
   * Lists chats, latest activity first, without those deleted on WhatsApp. `until`: Unix seconds at which the
   * page changes even without a write. @throws `invalid_input` (cursor)
   */
  listChats(filter: ChatFilter, page: PageOptions): Page<Chat> & { until: number }
  /** Returns one chat, including one deleted on WhatsApp. @throws `chat_not_found` */
  getChat(address: Jid): ChatDetails
}

/** A chat's position in a list by time: the time of its last activity, then its row. */
export const ListPlace = z.tuple([z.int(), z.int()])
/** The position before all chats. */
export const LIST_START: z.infer<typeof ListPlace> = [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]

const LISTED = `FROM ${FACE_TABLES}
  WHERE (c.timestamp, c.id) < (?1, ?2) AND c.removed_at IS NULL AND c.kind IN (SELECT value FROM json_each(?3))
  AND (?4 IS NULL OR c.archived = ?4) AND (?5 = 0 OR c.unread_count <> 0)
  ORDER BY c.timestamp DESC, c.id DESC LIMIT ?6`

const QUERIES = {
  list: `SELECT ${VIEW} ${LISTED}`,
  // Arrays: with thousands of chats, the transfer of rows takes most of the time.
  names: `SELECT json_group_array(id) AS ids, json_group_array(coalesce(phone, '')) AS phones,
      json_group_array(coalesce(lid, '')) AS lids, json_group_array(coalesce(name, '')) AS names,
      json_group_array(coalesce(person_name, '')) AS person_names, json_group_array(coalesce(pushname, '')) AS pushnames
    FROM (SELECT ${FACE} ${LISTED})`,
  byIds: `SELECT ${VIEW} FROM json_each(?) asked CROSS JOIN chats c ON c.id = asked.value
    LEFT JOIN people p ON p.id = c.person`,
  // main: a reader who sees a group sees all its members.
  members:
    'SELECT p.*, m.is_admin FROM members m CROSS JOIN main.people p ON p.id = m.person WHERE m.chat = ?',
  extent: 'SELECT count(*) AS messages, min(id) AS oldest FROM messages WHERE chat = ?',
}

/** Each column as a JSON array. */
type NameColumns = Record<'ids' | 'phones' | 'lids' | 'names' | 'person_names' | 'pushnames', string>

/** Prepares its statements once, here. */
export function createChatReader(
  db: Connection,
  loader: Loader,
  finder: Finder,
  gaps: GapReader,
): ChatReader {
  const list = db.query<ChatView>(QUERIES.list)
  const names = db.query<NameColumns>(QUERIES.names)
  const byIds = db.query<ChatView>(QUERIES.byIds)
  const members = db.query<PersonRow & { is_admin: number }>(QUERIES.members)
  const extent = db.query<{ messages: number; oldest: number | null }>(QUERIES.extent)

  /** One row more than the page holds: it shows that there is another page. */
  function page({ query, unreadOnly, archived, kinds }: ChatFilter, options: PageOptions): ChatView[] {
    const place = fromCursor('chats', options.cursor, ListPlace) ?? LIST_START
    const count = options.limit + 1
    const isArchived = archived === undefined ? null : Number(archived)
    const where = [...place, JSON.stringify(kinds), isArchived, Number(unreadOnly)]
    if (query === undefined) return list.all(...where, count)
    // -1: all of them.
    const [all] = names.all(...where, -1)
    return all === undefined ? [] : byIds.all(JSON.stringify(matching(query, all, finder.numbers(), count)))
  }

  function membersOf(chat: number): Member[] {
    return members
      .all(chat)
      .map((row) => ({
        id: personJid(row) ?? '',
        name: personName(row),
        is_admin: row.is_admin === 1,
      }))
      .sort((one, other) => Number(other.is_admin) - Number(one.is_admin) || compare(one.name, other.name))
  }

  return {
    listChats(filter, options) {
      const rows = page(filter, options)
      const found = toPage('chats', rows, options.limit, (shown) => loader.renderChats(shown, loader.own()))
      return { ...found, until: firstUnmuting(rows, loader.now()) }
    },
    getChat(address) {
      const row = finder.chat(address) ?? fail('chat_not_found')
      const own = loader.own()
      const [chat] = loader.renderChats([row], own)
      if (chat === undefined) fail('chat_not_found')
      const [has] = extent.all(row.id)
      const oldest = has?.oldest ?? null
      return {
        chat,
        members: row.kind === 'group' ? membersOf(row.id) : null,
        history: {
          messages: has?.messages ?? 0,
          oldest_at: oldest === null ? null : toIso(timeOf(oldest)),
          complete: row.history === 'all',
          ...(row.history === 'all' ? {} : toHistory(row)),
          gaps: gaps.touching(row, 0, Number.MAX_SAFE_INTEGER, own),
        },
        removedAt: row.removed_at === null ? null : toIso(row.removed_at),
      }
    },
  }
}

/** The earliest end of a mute among these chats, in Unix seconds. */
function firstUnmuting(rows: readonly ChatView[], now: number): number {
  return Math.min(...rows.map((row) => row.muted_until).filter((time) => time > now))
}

/** Builds a page from rows, which may include one more than fits; `render` keeps their number and order. */
export function toPage<Row extends { id: number; timestamp: number }, T>(
  name: string,
  rows: readonly Row[],
  limit: number,
  render: (rows: Row[]) => T[],
): Page<T> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  const more = rows.length > limit && last !== undefined
  return { items: render(shown), next: more ? toCursor(name, [last.timestamp, last.id]) : null }
}

/** Compares names alphabetically, ignoring accents and case. */
export function compare(one: string, other: string): number {
  const [left, right] = [fold(one), fold(other)]
  return left < right ? -1 : left > right ? 1 : 0
}

/** The first `count` ids of matching chats. */
function matching(
  query: string,
  all: NameColumns,
  numbersOf: ReturnType<Finder['numbers']>,
  count: number,
): number[] {
  const matches = createMatcher(query)
  const ids: number[] = JSON.parse(all.ids)
  const [phones, lids]: string[][] = [JSON.parse(all.phones), JSON.parse(all.lids)]
  const names: string[][] = [JSON.parse(all.names), JSON.parse(all.person_names), JSON.parse(all.pushnames)]
  const found: number[] = []
  for (const [index, id] of ids.entries()) {
    const words = fold(names.map((column) => column[index] ?? '').join('\n'))
    if (matches(words, numbersOf(phones?.[index] ?? '', lids?.[index] ?? ''))) found.push(id)
    if (found.length === count) break
  }
  return found
}
