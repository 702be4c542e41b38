/** The archive written out as JSON Lines (export-format.ts), a piece at a time, whatever its size. */
import type { ReactionRow } from './changes.ts'
import type { ChatRow } from './chats.ts'
import { FORMAT, FORMAT_VERSION } from './export-format.ts'
import {
  type AddressOf,
  type RevisionRow,
  toChatLine,
  toLine,
  toMessageLine,
  toPersonLine,
} from './export-lines.ts'
import { inPages, type MessagePages, PAGE } from './export-pages.ts'
import type { GapRow } from './gaps.ts'
import type { MessageRow } from './messages.ts'
import { ME, NOBODY, type PersonRow } from './people.ts'
import type { Loader } from './read-loader.ts'
import { chatId, detailsOf, jidOf, type Own, personJid, toIso } from './render.ts'
import type { Connection } from './sqlite.ts'

/**
 * Pieces of text, lines whole. Between two of them the archive may change: what is written later is there or not, and
 * every message names people and chats of which a line came before.
 */
export type Export = Iterable<string>

/** @param now Unix milliseconds. `chat`: its row; null: all */
export type ExportJson = (chat: number | null, now: number) => Export

const QUERIES = {
  people: 'SELECT * FROM people WHERE id > ? AND coalesce(phone, lid) IS NOT NULL ORDER BY id LIMIT ?',
  chats: 'SELECT * FROM chats WHERE id > ? AND merged_into IS NULL ORDER BY id LIMIT ?',
  chatsBy: 'SELECT * FROM chats WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
  members: 'SELECT person, is_admin FROM members WHERE chat = ? ORDER BY person',
  gaps: 'SELECT * FROM gaps WHERE chat = ? ORDER BY before_message',
  revisions: `SELECT r.* FROM json_each(?) asked CROSS JOIN revisions r ON r.message = asked.value
    ORDER BY message, n`,
  reactions: `SELECT r.* FROM json_each(?) asked CROSS JOIN reactions r ON r.message = asked.value
    ORDER BY message, at_ms, sender`,
  meta: 'SELECT value FROM meta WHERE name = ?',
  lastEvent: "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
}

/** Its statements are prepared here, once. */
export function createJsonExport(db: Connection, loader: Loader, pages: MessagePages): ExportJson {
  const people = db.query<PersonRow>(QUERIES.people)
  const chats = db.query<ChatRow>(QUERIES.chats)
  const chatsBy = db.query<ChatRow>(QUERIES.chatsBy)
  const members = db.query<{ person: number; is_admin: number }>(QUERIES.members)
  const gaps = db.query<GapRow>(QUERIES.gaps)
  const revisions = db.query<RevisionRow>(QUERIES.revisions)
  const reactions = db.query<ReactionRow>(QUERIES.reactions)
  const meta = db.query<{ value: unknown }>(QUERIES.meta)
  const lastEvent = db.query<{ seq: number }>(QUERIES.lastEvent)

  function header(chat: string | null, messages: number, own: Own, now: number): string {
    const known = meta.get('known_until')?.value
    return toLine({
      line: 'archive',
      format: FORMAT,
      version: FORMAT_VERSION,
      account: own.jid,
      account_lid: own.lid,
      exported_at: new Date(now).toISOString(),
      chat,
      messages,
      // Of one chat alone it says nothing about the others.
      complete_until: typeof known === 'number' && chat === null ? toIso(known) : null,
      last_event: lastEvent.get()?.seq ?? 0,
    })
  }

  return function* (chat, now) {
    const own = loader.own()
    const told = { people: new Set<number>(), chats: new Set<number>() }

    /** The people of these ids, each with a line before the first that names it; returns whose address is whose. */
    function* introduce(ids: Iterable<number>): Generator<string, AddressOf> {
      const known = loader.people(ids)
      for (const person of known.values()) {
        if (told.people.has(person.id) || personJid(person) === null) continue
        told.people.add(person.id)
        yield toLine(toPersonLine(person))
      }
      return (id) => jidOf(id, { own, people: known })
    }

    function* chatLines(rows: readonly ChatRow[]): Generator<string> {
      const faces = loader.faces(rows.map(({ id }) => id))
      for (const row of rows) {
        const face = faces.get(row.id)
        if (face === undefined || told.chats.has(row.id)) continue
        told.chats.add(row.id)
        const parts = { members: members.all(row.id), gaps: gaps.all(row.id) }
        const ids = [...parts.members.map(({ person }) => person), row.person ?? NOBODY]
        const addressOf = yield* introduce(ids)
        yield toLine(toChatLine(row, chatId(face), parts, addressOf))
      }
    }

    function* messageLines(rows: readonly MessageRow[]): Generator<string> {
      const positions = JSON.stringify(rows.map(({ id }) => id))
      const [revised, reacted] = [revisions.all(positions), reactions.all(positions)]
      const chatIds = [...new Set(rows.map((row) => row.chat))]
      yield* chatLines(chatsBy.all(JSON.stringify(chatIds)))
      const addressOf = yield* introduce([
        ...rows.map(({ sender }) => sender),
        ...reacted.map(({ sender }) => sender),
        ...rows.map(detailsOf).flatMap(({ quoted, mentions = [] }) => [quoted?.sender ?? ME, ...mentions]),
      ])
      const faces = loader.faces(chatIds)
      for (const row of rows) {
        const face = faces.get(row.chat)
        if (face === undefined) continue
        const parts = {
          revisions: revised.filter(({ message }) => message === row.id),
          reactions: reacted.filter(({ message }) => message === row.id),
        }
        yield toLine(toMessageLine(row, chatId(face), parts, addressOf))
      }
    }

    const only = chat === null ? [] : chatsBy.all(JSON.stringify([chat]))
    const [face] = loader.faces(only.map(({ id }) => id)).values()
    yield header(face === undefined ? null : chatId(face), pages.count(chat), own, now)
    if (chat === null) {
      for (const rows of inPages((after) => people.all(after, PAGE)))
        yield [...introduce(rows.map(({ id }) => id))].join('')
      for (const rows of inPages((after) => chats.all(after, PAGE))) yield [...chatLines(rows)].join('')
    }
    yield [...chatLines(only)].join('')
    let messages = 0
    for (const rows of pages.read(chat)) {
      messages += rows.length
      yield [...messageLines(rows)].join('')
    }
    yield toLine({ line: 'end', messages })
  }
}
