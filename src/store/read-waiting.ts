/**
 * Reads what requires attention: chats with unread messages, and chats where the other side waits for a
 * reply.
 */

import { fromCursor } from '../cursor.ts'
import type { Chat, ChatKind } from '../model/chat.ts'
import type { Message } from '../model/message.ts'
import type { MessageRow } from './message-row.ts'
import { firstPositionOf, timeOf } from './position.ts'
import { LIST_START, ListPlace, type Page, type PageOptions, toPage } from './read-chats.ts'
import { FACE_TABLES, type Loader, VIEW } from './read-loader.ts'
import type { ChatView } from './render.ts'
import type { Connection } from './sqlite.ts'
import { toIso } from './times.ts'

/** Selects chats by kind, with or without muted and archived ones. */
export type AttentionFilter = { kinds: readonly ChatKind[]; muted: boolean; archived: boolean }

/** A chat with its unread messages. */
export type UnreadChat = Chat & {
  /** The newest unread messages, oldest first. */
  unread_messages: Message[]
}
/** `messages`: unread messages of all matching chats. `leftOut`: unread chats that the filter excludes. */
export type UnreadPage = Page<UnreadChat> & {
  chats: number
  messages: number
  leftOut: { muted: number; archived: number }
}

/** A chat with messages that wait for a reply. */
export type WaitingChat = Chat & {
  waiting: {
    /** The first message from the other side since this account's last one, within the given days. */
    since_at: string
    seconds: number
    /** The number of these messages. */
    messages: number
    /** The last of these messages. */
    message: Message
  }
}

/** The reader's functions for chats that require attention. */
export type WaitingReader = {
  /**
   * Lists chats with unread messages, and those marked as unread by hand. @throws `invalid_input` (cursor)
   */
  listUnread(filter: AttentionFilter & { perChat: number }, page: PageOptions): UnreadPage
  /**
   * Lists chats whose last message is from the other side and not older than `days`. A reaction to it by this
   * account counts as a reply; calls, deleted messages and their own reactions do not count. @throws
   * `invalid_input` (cursor)
   */
  listWaiting(filter: AttentionFilter & { days: number }, page: PageOptions): Page<WaitingChat>
}

/** A matching chat, from ?1 and ?2 (position) on. ?3: kinds, ?4 and ?5: include muted, archived, ?6: now. */
const WANTED = `(c.timestamp, c.id) < (?1, ?2) AND c.removed_at IS NULL
  AND c.kind IN (SELECT value FROM json_each(?3))
  AND (?4 = 1 OR NOT (c.muted_until = -1 OR c.muted_until > ?6)) AND (?5 = 1 OR c.archived = 0)`

/** Excludes deleted messages and notices of events. Own calls count as a reply. @param m the alias of the message */
const isWord = (m: string) =>
  `${m}.type <> 'revoked' AND (${m}.standing <> 1 OR (${m}.type = 'call_log' AND ${m}.sender = 0))`

const QUERIES = {
  unread: `SELECT ${VIEW} FROM ${FACE_TABLES} WHERE ${WANTED} AND c.unread_count <> 0
    ORDER BY c.timestamp DESC, c.id DESC LIMIT ?7`,
  totals: `SELECT count(*) FILTER (WHERE muted <= ?2 AND archived <= ?3) AS chats,
      sum(unread) FILTER (WHERE muted <= ?2 AND archived <= ?3) AS messages,
      count(*) FILTER (WHERE muted > ?2) AS muted, count(*) FILTER (WHERE muted <= ?2 AND archived > ?3) AS archived
    FROM (SELECT (muted_until = -1 OR muted_until > ?4) AS muted, archived, max(unread_count, 0) AS unread FROM chats
      WHERE unread_count <> 0 AND removed_at IS NULL AND kind IN (SELECT value FROM json_each(?1)))`,
  newest: `SELECT m.* FROM json_each(?1) asked CROSS JOIN messages m ON m.id IN (SELECT u.id FROM messages u
    WHERE u.chat = asked.value AND u.sender <> 0 AND u.standing <> 1 ORDER BY u.id DESC LIMIT ?2)`,
  waiting: `SELECT ${VIEW}, w.id AS word FROM chats c
    CROSS JOIN messages w ON w.id = (SELECT l.id FROM messages l
      WHERE l.chat = c.id AND ${isWord('l')} ORDER BY l.id DESC LIMIT 1)
    LEFT JOIN people p ON p.id = c.person
    WHERE ${WANTED} AND c.timestamp >= ?7 AND w.sender > 0 AND w.id >= ?8
    AND NOT EXISTS (SELECT 1 FROM reactions r WHERE r.message = w.id AND r.sender = 0 AND r.emoji <> '')
    ORDER BY c.timestamp DESC, c.id DESC LIMIT ?9`,
  // The first unanswered message within the time, and the number of them.
  run: `SELECT asked.value AS chat, (SELECT json_array(min(m.id), count(*)) FROM messages m
      WHERE m.chat = asked.value AND m.id > coalesce((SELECT o.id FROM messages o
        WHERE o.chat = asked.value AND o.sender = 0 AND o.id >= ?2 AND ${isWord('o')}
        ORDER BY o.id DESC LIMIT 1), ?2 - 1)
      AND ${isWord('m')}) AS run
    FROM json_each(?1) asked`,
}

/** Prepares its statements once, here. */
export function createWaitingReader(db: Connection, loader: Loader): WaitingReader {
  const unread = db.query<ChatView>(QUERIES.unread)
  const totals = db.query<{ chats: number; messages: number | null; muted: number; archived: number }>(
    QUERIES.totals,
  )
  const newest = db.query<MessageRow>(QUERIES.newest)
  const waiting = db.query<ChatView & { word: number }>(QUERIES.waiting)
  const run = db.query<{ chat: number; run: string }>(QUERIES.run)

  /**
   * The newest unread messages of each chat: WhatsApp reports only their number; they are the last received
   * ones.
   */
  function unreadOf(rows: readonly ChatView[], perChat: number): Map<number, MessageRow[]> {
    const counted = rows.filter(({ unread_count }) => unread_count > 0)
    const byChat = new Map<number, MessageRow[]>(counted.map(({ id }) => [id, []]))
    if (perChat === 0) return byChat
    const all = newest.all(JSON.stringify([...byChat.keys()]), perChat)
    for (const row of all) byChat.get(row.chat)?.push(row)
    for (const { id, unread_count } of counted) {
      const last = byChat.get(id)?.sort((one, other) => one.id - other.id) ?? []
      byChat.set(id, last.slice(-unread_count))
    }
    return byChat
  }

  return {
    listUnread({ kinds, muted, archived, perChat }, { limit, cursor }) {
      const place = fromCursor('unread', cursor, ListPlace) ?? LIST_START
      const [now, own] = [loader.now(), loader.own()]
      const which = [JSON.stringify(kinds), Number(muted), Number(archived)] as const
      const rows = unread.all(...place, ...which, now, limit + 1)
      const [sums] = totals.all(...which, now)
      const page = toPage('unread', rows, limit, (shown) => {
        const messages = unreadOf(shown, perChat)
        const flat = [...messages.values()].flat()
        const faces = new Map(shown.map((row) => [row.id, row]))
        const rendered = loader.render(flat, faces, own)
        const byRow = new Map(flat.map((row, index) => [row.id, rendered[index]]))
        return loader.renderChats(shown, own).map((chat, index) => {
          const those = messages.get(shown[index]?.id ?? 0) ?? []
          const unread_messages = those.map(({ id }) => byRow.get(id)).filter((one) => one !== undefined)
          return { ...chat, unread_messages }
        })
      })
      return {
        ...page,
        chats: sums?.chats ?? 0,
        messages: sums?.messages ?? 0,
        leftOut: { muted: sums?.muted ?? 0, archived: sums?.archived ?? 0 },
      }
    },
    listWaiting({ kinds, muted, archived, days }, { limit, cursor }) {
      const place = fromCursor('waiting', cursor, ListPlace) ?? LIST_START
      const [now, own] = [loader.now(), loader.own()]
      const earliest = Math.max(0, now - days * 86_400)
      const rows = waiting.all(
        ...place,
        ...[JSON.stringify(kinds), Number(muted), Number(archived)],
        now,
        earliest,
        firstPositionOf(earliest),
        limit + 1,
      )
      return toPage('waiting', rows, limit, (shown) => {
        const runs = new Map<number, [first: number | null, messages: number]>(
          run
            .all(JSON.stringify(shown.map(({ id }) => id)), firstPositionOf(earliest))
            .map((row) => [row.chat, JSON.parse(row.run)]),
        )
        const words = loader.rows(shown.map(({ word }) => word))
        const rendered = loader.render(words, new Map(shown.map((row) => [row.id, row])), own)
        const byChat = new Map(words.map((row, index) => [row.chat, rendered[index]]))
        return loader.renderChats(shown, own).flatMap((chat, index) => {
          const row = shown[index]
          const message = row === undefined ? undefined : byChat.get(row.id)
          if (row === undefined || message === undefined) return []
          const [first, messages] = runs.get(row.id) ?? [null, 1]
          const since = timeOf(first ?? row.word)
          const waits = { since_at: toIso(since), seconds: Math.max(0, now - since), messages, message }
          return [{ ...chat, waiting: waits }]
        })
      })
    },
  }
}
