/** Reads messages: a window of a chat, and one message with its context. */
import { fail } from '../errors.ts'
import type { Chat, Gap } from '../model/chat.ts'
import type { History } from '../model/history.ts'
import type { Jid, KeyParts } from '../model/ids.ts'
import type { Message, Revision } from '../model/message.ts'
import type { Point } from '../model/point.ts'
import type { RevisionRow } from './changes.ts'
import { type MessageRow, numberOf } from './message-row.ts'
import { firstPositionOf } from './position.ts'
import type { Finder } from './read-finder.ts'
import type { GapReader } from './read-gaps.ts'
import type { Loader } from './read-loader.ts'
import { type ChatView, chatId, chatName, toChat, toHistory, toRevision } from './render.ts'
import type { Connection } from './sqlite.ts'

/** `before`: earlier than that message or time. `after`: later than that message; at that time or later. */
export type WindowOptions = {
  limit: number
  before?: Point | undefined
  after?: Point | undefined
  /** Includes notices and calls; otherwise they are left out. */
  notices?: boolean
}

/** A window of a chat. */
export type Window = {
  chat: Chat
  /** Oldest first: the last ones before `before`, or the first after `after`. */
  messages: Message[]
  /** True if the archive has more messages on this side. */
  hasEarlier: boolean
  hasLater: boolean
  /** True if the archive has nothing from before `after`: what it lacks may belong to the window. */
  isOpenBelow: boolean
  /** Gaps within the window and at its ends. */
  gaps: Gap[]
  history: History
}

/** A message with its chat. */
export type FoundMessage = { message: Message; chat: { id: string; name: string } }

/** One message with all stored details. */
export type MessageDetails = FoundMessage & {
  /** Earlier texts, oldest first. */
  revisions: Revision[]
  /** Oldest first. */
  before: Message[]
  after: Message[]
}

/** The reader's functions for messages. */
export type MessageReader = {
  /**
   * Returns a window of the chat at this address.
   * @throws AppError `chat_not_found`; `message_not_found` if a key is not in the archive; `invalid_input` if
   * it is from another chat
   */
  readMessages(address: Jid, options: WindowOptions): Window
  /**
   * @param key may contain phone numbers or LIDs; the participant may be missing
   * @throws AppError `message_not_found`
   */
  getMessage(key: KeyParts, around: { before: number; after: number }): MessageDetails
  /**
   * The messages at these positions, in this order; skips positions without a message. For search and events.
   */
  messagesAt(positions: readonly number[]): FoundMessage[]
}

const NOTICE = numberOf('notice')
const NONE = -1
const FIRST = -1
const LAST = Number.MAX_SAFE_INTEGER

/** Messages of a chat between two positions. The standing that is left out: 1, or none. */
const WITHIN = 'messages WHERE chat = ? AND standing <> ? AND id > ? AND id < ?'

const QUERIES = {
  latest: `SELECT * FROM ${WITHIN} ORDER BY id DESC LIMIT ?`,
  earliest: `SELECT * FROM ${WITHIN} ORDER BY id LIMIT ?`,
  any: `SELECT id FROM ${WITHIN} LIMIT 1`,
  revisions: 'SELECT * FROM revisions WHERE message = ? ORDER BY n',
}

/** Prepares its statements once, here. */
export function createMessageReader(
  db: Connection,
  loader: Loader,
  finder: Finder,
  gaps: GapReader,
): MessageReader {
  const latest = db.query<MessageRow>(QUERIES.latest)
  const earliest = db.query<MessageRow>(QUERIES.earliest)
  const any = db.query<{ id: number }>(QUERIES.any)
  const revisions = db.query<RevisionRow>(QUERIES.revisions)

  /** The position of a point: the message's own, or the last one before a time. */
  function positionOf(name: 'before' | 'after', point: Point, chat: ChatView): number {
    if ('time' in point) return firstPositionOf(Math.ceil(point.time)) - (name === 'after' ? 1 : 0)
    const found = finder.message(point.key)
    if (found === null)
      return fail('message_not_found', { detail: `The message in "${name}" is not in the archive.` })
    if (found.chat.id !== chat.id)
      fail('invalid_input', { detail: `"${name}" is the id of a message in another chat.` })
    return found.row.id
  }

  return {
    readMessages(address, { limit, before, after, notices = false }) {
      const chat = finder.chat(address) ?? fail('chat_not_found')
      const own = loader.own()
      const leftOut = notices ? NONE : NOTICE
      const low = after === undefined ? FIRST : positionOf('after', after, chat)
      const high = before === undefined ? LAST : positionOf('before', before, chat)
      const rows =
        after === undefined
          ? latest.all(chat.id, leftOut, low, high, limit).reverse()
          : earliest.all(chat.id, leftOut, low, high, limit)
      const oldest = rows[0]?.id ?? Math.max(low, 0)
      const newest = rows.at(-1)?.id ?? high
      const messages = loader.render(rows, new Map([[chat.id, chat]]), own)
      // The chat's last message is usually among them.
      const last = rows.findIndex(({ id }) => id === chat.last_message)
      const [shown] =
        last < 0 ? loader.renderChats([chat], own) : [toChat(chat, messages[last] ?? null, own, loader.now())]
      if (shown === undefined) fail('chat_not_found')
      return {
        chat: shown,
        messages,
        hasEarlier: rows.length > 0 && any.all(chat.id, leftOut, FIRST, oldest).length > 0,
        hasLater: rows.length > 0 && any.all(chat.id, leftOut, newest, LAST).length > 0,
        isOpenBelow: any.all(chat.id, NONE, FIRST, low + 1).length === 0,
        gaps: gaps.touching(chat, oldest, newest, own),
        history: toHistory(chat),
      }
    },
    getMessage(key, around) {
      const { row, chat } = finder.message(key) ?? fail('message_not_found')
      const own = loader.own()
      const before = latest.all(chat.id, NOTICE, FIRST, row.id, around.before).reverse()
      const after = earliest.all(chat.id, NOTICE, row.id, LAST, around.after)
      const shown = loader.render([...before, row, ...after], new Map([[chat.id, chat]]), own)
      const message = shown[before.length]
      if (message === undefined) fail('message_not_found')
      return {
        message,
        chat: { id: chatId(chat), name: chatName(chat, own) },
        revisions: revisions.all(row.id).map(toRevision),
        before: shown.slice(0, before.length),
        after: shown.slice(before.length + 1),
      }
    },
    messagesAt(positions) {
      const rows = loader.rows(positions)
      const faces = loader.faces(rows.map(({ chat }) => chat))
      const own = loader.own()
      const known = rows.filter(({ chat }) => faces.has(chat))
      const messages = loader.render(known, faces, own)
      const found = new Map(
        known.flatMap((row, index) => {
          const [message, chat] = [messages[index], faces.get(row.chat)]
          if (message === undefined || chat === undefined) return []
          return [[row.id, { message, chat: { id: chatId(chat), name: chatName(chat, own) } }] as const]
        }),
      )
      return positions.flatMap((place) => found.get(place) ?? [])
    },
  }
}
