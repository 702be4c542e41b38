/** Events in the form of the API: entries of the log with the current state of their subject. */
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import type { Find } from '../model/event-row.ts'
import { CHAT_FIELDS, type ChatField, type Event, type EventKind, KINDS } from '../model/events.ts'
import type { Jid } from '../model/ids.ts'
import type { Message } from '../model/message.ts'
import type { Sight } from '../model/sight.ts'
import type { IsOurs } from './acquaintance.ts'
import type { Changes } from './changes.ts'
import { createEventCursors, type EventCursors } from './event-cursor.ts'
import type { EventLog, LoggedEvent } from './event-log.ts'
import { ME, NOBODY, type PersonRow } from './people.ts'
import { createFinder } from './read-finder.ts'
import { createLoader } from './read-loader.ts'
import {
  type ChatFace,
  chatId,
  chatName,
  hasAuthors,
  jidOf,
  type Own,
  toContact,
  toKey,
  toRevision,
} from './render.ts'
import { createIsSeen } from './sight.ts'
import type { Connection } from './sqlite.ts'
import { msToIso } from './times.ts'

/** The events to return: of these kinds, of the chat at this address; null: all. */
export type EventQuery = { kinds: readonly EventKind[] | null; chat: Jid | null }

/**
 * `next`: everything up to here was checked. `hasMore`: the log continues after it. Several readers may share
 * a page: do not change it.
 */
export type EventPage = { events: Event[]; next: number; hasMore: boolean }

export type EventReader = EventCursors & {
  /** The newest position of the log. */
  last(): number
  /** The position before the events that were written at this time (Unix ms) or later. */
  before(atMs: number): number
  /** @throws AppError `chat_not_found` if the address is unknown, or not part of this sight */
  requireChat(address: Jid, sight?: Sight | null): void
  /** True if a chat with this address is part of the sight, also if the archive does not know it yet. */
  sees(address: Jid, sight: Sight): boolean
  /**
   * Returns up to `limit` events after this position, oldest first. If few events match, it may return few or
   * none with `hasMore`.
   * @throws AppError `cursor_expired`
   */
  readEvents(after: number, query: EventQuery, limit: number): EventPage
}

/** The most entries checked per call, so that other work does not wait long. */
const STRIDE = 20_000
/** Columns whose names in events differ: those of the API's chat. */
const FIELD_NAMES: Record<string, ChatField> = {
  removed: 'restored',
  pinned_at: 'pinned',
  muted_until: 'muted',
}

/** The data that a page of events requires. */
type Around = {
  own: Own
  chats: ReadonlyMap<number, ChatFace>
  people: ReadonlyMap<number, PersonRow>
  messages: ReadonlyMap<number, Message>
}

/** Prepares its statements once, here. Throws as `setMeta` if the archive cannot be written. */
export function createEventReader(
  { db, events: log, changes }: { db: Connection; events: EventLog; changes: Changes },
  clock: Clock,
  isOurs?: IsOurs,
): EventReader {
  const loader = createLoader(db, clock, isOurs)
  const finder = createFinder(db, loader)
  const cursors = createEventCursors(db, log)
  const isSeen = createIsSeen(db)
  // One counts the changes by this connection, the other one those by others.
  const ownChanges = db.query<{ n: number }>('SELECT total_changes() AS n')
  const otherChanges = db.query<{ data_version: number }>('PRAGMA data_version')
  /** Cache of the newest page: readers that wake together mostly ask for the same one. */
  let shared: { wish: string; page: EventPage } | null = null

  /** Loads everything that these events include, with one statement per table. */
  function lookUp(rows: readonly LoggedEvent[]): Around {
    const own = loader.own()
    const known = loader.rows(new Set(rows.map(({ message }) => message).filter((place) => place !== null)))
    const chats = loader.faces([...rows, ...known].map(({ chat }) => chat).filter((chat) => chat !== null))
    const shown = known.filter(({ chat }) => chats.has(chat))
    const messages = new Map(
      loader.render(shown, chats, own).map((message, index) => [shown[index]?.id ?? -1, message]),
    )
    const people = loader.people(
      rows
        .flatMap(({ data }) => [data?.sender, data?.person, ...(data?.people ?? [])])
        .filter((id) => id !== undefined),
    )
    return { own, chats, people, messages }
  }

  /** Finds what this entry refers to, among what was loaded. */
  function findFor({ message }: LoggedEvent, face: ChatFace | undefined, around: Around): Find {
    return {
      contact(person) {
        const row = person === undefined ? undefined : around.people.get(person)
        return row === undefined ? null : toContact(row)
      },
      jid: (person) => (person === undefined ? null : jidOf(person, around)),
      isMe: (person) => person === ME,
      revision(revision) {
        const row =
          message === null || revision === undefined ? undefined : changes.revision(message, revision)
        return row === undefined ? null : toRevision(row)
      },
      messageId(bareId, sender = NOBODY) {
        if (face === undefined) return bareId
        const author = hasAuthors(face.kind) ? jidOf(sender, around) : null
        return toKey(face, bareId, sender, author, around.own)
      },
      chatFields: fieldsOf,
    }
  }

  function render(row: LoggedEvent, around: Around): Event {
    const kind = KINDS.get(row.kind)
    // The log has only kinds of this version: a newer archive is not opened.
    if (kind === undefined) throw new Error(`the event log has an unknown kind: ${row.kind}`)
    const face = row.chat === null ? undefined : around.chats.get(row.chat)
    const common = {
      v: 1 as const,
      cursor: cursors.toText(row.cursor),
      at: msToIso(row.at_ms),
      chat: face === undefined ? null : { id: chatId(face), name: chatName(face, around.own) },
    }
    const message = row.message === null ? null : (around.messages.get(row.message) ?? null)
    return kind.create(common, message, row.data ?? {}, findFor(row, face, around))
  }

  return {
    ...cursors,
    last: () => log.last(),
    before: (atMs) => log.before(atMs),
    requireChat(address, sight = null) {
      const chat = finder.chat(address)
      if (chat === null || (sight !== null && !isSeen(chat.id, sight))) fail('chat_not_found')
    },
    sees(address, sight) {
      const chat = finder.chat(address)
      if (chat !== null) return isSeen(chat.id, sight)
      const person = finder.anybody(address)
      const all = [address, person?.phone, person?.lid]
      return (
        !sight.hide.some((one) => all.includes(one)) && (sight.only?.some((one) => all.includes(one)) ?? true)
      )
    },
    readEvents(after, { kinds, chat: address }, limit) {
      cursors.requireKept(after)
      const last = log.last()
      const upTo = Math.min(last, after + STRIDE)
      // Looked up each time: two chats may have been merged since.
      const chat = address === null ? null : (finder.chat(address)?.id ?? -1)
      const wish = JSON.stringify([after, last, kinds, chat, limit, ownChanges.get(), otherChanges.get()])
      if (shared?.wish === wish) return shared.page
      const rows = after >= last ? [] : log.matching({ after, upTo }, { kinds, chat }, limit)
      const next = rows.length === limit ? (rows.at(-1)?.cursor ?? upTo) : Math.max(after, upTo)
      const around = lookUp(rows)
      const page = { events: rows.map((row) => render(row, around)), next, hasMore: next < last }
      shared = { wish, page }
      return page
    },
  }
}

function fieldsOf(columns: readonly string[]): ChatField[] {
  const names = columns.map((column) => FIELD_NAMES[column] ?? column)
  return CHAT_FIELDS.filter((name) => names.includes(name))
}
