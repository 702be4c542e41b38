/** Writes the archive as JSON Lines (export-format.ts), one piece at a time, at any size. */
import { chatKindOf, type Jid, toJid } from '../model/ids.ts'
import type { ReactionRow, RevisionRow, VoteRow } from './changes.ts'
import type { ChatRow, StayRow } from './chats.ts'
import { FORMAT, FORMAT_VERSION } from './export-format.ts'
import { type AddressOf, toChatLine, toLine, toMessageLine, toPersonLine } from './export-lines.ts'
import { byMessage, createPages, type MessagePages } from './export-pages.ts'
import type { GapRow } from './gaps.ts'
import type { MessageRow } from './message-row.ts'
import { ME, NOBODY, type PersonRow, type PhoneSpan } from './people.ts'
import { createModelReader, type SourceRow, toSource } from './raw-models.ts'
import type { Loader } from './read-loader.ts'
import { chatId, detailsOf, type Own, personJid } from './render.ts'
import type { Connection } from './sqlite.ts'
import { toIso } from './times.ts'

/**
 * Pieces of text, with whole lines. The archive may change between two of them: later changes may be missing,
 * and every message names only people and chats that have an earlier line.
 */
export type Export = Iterable<string>

/** @param now Unix milliseconds. `chat`: its row; null: all */
export type ExportJson = (chat: number | null, now: number) => Export

const PEOPLE = { table: 'people', where: 'coalesce(phone, lid) IS NOT NULL', bytes: '200' }
/** Stays that do not follow from who is a member. */
const IS_NOTED = '(since_ms IS NOT NULL OR until_ms IS NOT NULL)'
const CHATS = {
  table: 'chats',
  where: 'merged_into IS NULL',
  bytes: `400 + 50 * (SELECT count(*) FROM members WHERE chat = chats.id)
    + 100 * (SELECT count(*) FROM member_spans WHERE chat = chats.id AND ${IS_NOTED})`,
}

const QUERIES = {
  // Of these people, those whom the reader sees (sight.ts).
  seen: 'SELECT id FROM people WHERE id IN (SELECT value FROM json_each(?))',
  chatsBy: 'SELECT * FROM chats WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
  members: 'SELECT person, is_admin FROM members WHERE chat = ? ORDER BY person',
  stays: `SELECT person, since_ms, until_ms FROM member_spans WHERE chat = ? AND ${IS_NOTED} ORDER BY id`,
  gaps: 'SELECT * FROM gaps WHERE chat = ? ORDER BY before_message',
  revisions: `SELECT r.* FROM json_each(?) asked CROSS JOIN revisions r ON r.message = asked.value
    ORDER BY message, n`,
  reactions: `SELECT r.* FROM json_each(?) asked CROSS JOIN reactions r ON r.message = asked.value
    WHERE r.emoji <> '' ORDER BY message, at_ms, sender`,
  spans: 'SELECT phone, from_ms, until_ms FROM person_phones WHERE person = ? ORDER BY from_ms, phone',
  // A number may have led to the LID of somebody whose phone number it turned out to be.
  aliases: 'SELECT asked FROM phone_aliases WHERE phone IN (?1, ?2) AND asked IS NOT ?1 ORDER BY asked',
  votes: `SELECT v.* FROM json_each(?) asked CROSS JOIN poll_votes v ON v.message = asked.value
    ORDER BY message, at_ms, voter`,
  sources: 'SELECT m.* FROM json_each(?) asked CROSS JOIN media m ON m.message = asked.value',
  previews: 'SELECT p.* FROM json_each(?) asked CROSS JOIN media_previews p ON p.message = asked.value',
  meta: 'SELECT value FROM meta WHERE name = ?',
  lastEvent: "SELECT seq FROM sqlite_sequence WHERE name = 'events'",
}

/** Prepares its statements once, here. */
export function createJsonExport(db: Connection, loader: Loader, pages: MessagePages): ExportJson {
  const people = createPages<PersonRow>(db, PEOPLE)
  const chats = createPages<ChatRow>(db, CHATS)
  const seen = db.query<{ id: number }>(QUERIES.seen)
  const chatsBy = db.query<ChatRow>(QUERIES.chatsBy)
  const members = db.query<{ person: number; is_admin: number }>(QUERIES.members)
  const stays = db.query<StayRow>(QUERIES.stays)
  const gaps = db.query<GapRow>(QUERIES.gaps)
  const revisions = db.query<RevisionRow & { message: number }>(QUERIES.revisions)
  const reactions = db.query<ReactionRow>(QUERIES.reactions)
  const votes = db.query<VoteRow>(QUERIES.votes)
  const models = createModelReader(db)
  const spans = db.query<PhoneSpan>(QUERIES.spans)
  const aliases = db.query<{ asked: Jid }>(QUERIES.aliases)
  const sources = db.query<SourceRow>(QUERIES.sources)
  const previews = db.query<{ message: number; jpeg: Uint8Array }>(QUERIES.previews)
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
      // The time for one chat says nothing about the others.
      complete_until: typeof known === 'number' && chat === null ? toIso(known) : null,
      last_event: lastEvent.get()?.seq ?? 0,
    })
  }

  return function* (chat, now) {
    const own = loader.own()
    /**
     * The address in the line of each person, by row. It does not change during the export, even if another
     * address becomes known: a message that names a person differently from the person's line cannot be
     * imported.
     */
    const told = { people: new Map<number, string | null>(), chats: new Map<number, string>() }
    /** The addresses that a line of a person has. */
    const written = new Set<Jid | null>()
    const addressOf: AddressOf = (id) => (id === ME ? own.jid : (told.people.get(id) ?? null))

    /**
     * The people with these ids, each with a line before the first line that names it. Of those who are only mentioned, or were in
     * a group, the line has the address alone where the reader does not see them.
     */
    function* newPeopleLines(ids: readonly number[], mentioned: readonly number[] = []): Generator<string> {
      const found = loader.people([...ids, ...mentioned].filter((one) => !told.people.has(one)))
      const named = new Set(ids)
      const others = [...found].flatMap(([id, row]) => (named.has(id) ? [] : row.id))
      const shown = new Set(others.length === 0 ? [] : seen.all(JSON.stringify(others)).map(({ id }) => id))
      for (const [id, whole] of found) {
        const isShown = named.has(id) || shown.has(whole.id)
        const row = isShown ? whole : addressOnly(whole)
        if (!told.people.has(row.id)) {
          // Two rows that have lines and are merged afterwards stay two people in the file.
          const ifNew = (jid: Jid | null) => (written.has(jid) ? null : jid)
          const person = { ...row, phone: ifNew(row.phone), lid: ifNew(row.lid) }
          const address = personJid(person)
          told.people.set(row.id, address)
          const parts = {
            spans: isShown ? spans.all(row.id) : [],
            aliases: isShown ? aliases.all(person.phone, person.lid).map(({ asked }) => asked) : [],
          }
          if (address !== null) yield toLine(toPersonLine(person, parts))
          written.add(person.phone).add(person.lid)
        }
        told.people.set(id, told.people.get(row.id) ?? null)
      }
    }

    function* chatLines(rows: readonly ChatRow[]): Generator<string> {
      const faces = loader.faces(rows.map(({ id }) => id))
      for (const row of rows) {
        const face = faces.get(row.id)
        if (face === undefined || told.chats.has(row.id)) continue
        const parts = {
          members: members.all(row.id),
          stays: stays.all(row.id),
          gaps: gaps.all(row.id),
          isFamiliar: loader.hasWritten(row.id),
        }
        const present = parts.members.map(({ person }) => person)
        const former = parts.stays.map(({ person }) => person)
        yield* newPeopleLines([...present, row.person ?? NOBODY], former)
        const address = addressOf(row.person ?? NOBODY) ?? chatId(face)
        told.chats.set(row.id, address)
        yield toLine(toChatLine(row, address, parts, addressOf))
      }
    }

    function* messageLines(rows: readonly MessageRow[]): Generator<string> {
      const positions = JSON.stringify(rows.map(({ id }) => id))
      const [revised, reacted] = [byMessage(revisions.all(positions)), byMessage(reactions.all(positions))]
      const voted = byMessage(votes.all(positions))
      const rawOf = models(rows.map(({ id }) => id))
      const sourceOf = new Map(sources.all(positions).map((row) => [row.message, toSource(row)]))
      const previewOf = new Map(previews.all(positions).map(({ message, jpeg }) => [message, jpeg]))
      const newChats = new Set(rows.map((row) => row.chat).filter((id) => !told.chats.has(id)))
      if (newChats.size > 0) yield* chatLines(chatsBy.all(JSON.stringify([...newChats])))
      const hidden = loader.hiddenAmong(rows.flatMap((row) => detailsOf(row).quoted?.bare_id ?? []))
      for (const whole of rows) {
        const address = told.chats.get(whole.chat)
        if (address === undefined) continue
        const quote = detailsOf(whole).quoted
        const isBare = quote !== undefined && hidden(quote.bare_id, chatKindOf(toJid(address)) ?? 'other')
        const row = isBare ? withoutQuote(whole) : whole
        const parts = {
          revisions: revised.get(row.id) ?? [],
          reactions: reacted.get(row.id) ?? [],
          votes: voted.get(row.id) ?? [],
          // The message as it was received contains the quote.
          raw: isBare ? undefined : rawOf.get(row.id),
          source: sourceOf.get(row.id),
          preview: previewOf.get(row.id),
        }
        const { quoted, mentions = [] } = detailsOf(row)
        const acting = [
          ...parts.reactions.map(({ sender }) => sender),
          ...parts.votes.map(({ voter }) => voter),
        ]
        yield* newPeopleLines([row.sender, ...acting], [quoted?.sender ?? ME, ...mentions])
        yield toLine(toMessageLine(row, address, parts, addressOf))
      }
    }

    const only = chat === null ? [] : chatsBy.all(JSON.stringify([chat]))
    const [face] = loader.faces(only.map(({ id }) => id)).values()
    yield header(face === undefined ? null : chatId(face), pages.count(chat), own, now)
    if (chat === null) {
      for (const rows of people()) yield [...newPeopleLines(rows.map(({ id }) => id))].join('')
      for (const rows of chats()) yield [...chatLines(rows)].join('')
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

/** Leaves out all but the address by which messages name the person. */
function addressOnly({ id, phone, lid }: PersonRow): PersonRow {
  const facts = { name: null, pushname: null, in_address_book: 0, is_business: 0, is_blocked: 0 }
  return { id, phone, lid: phone === null ? lid : null, ...facts }
}

/** Leaves out what the message quotes: it is of a chat that the reader does not see. */
function withoutQuote(row: MessageRow): MessageRow {
  const { quoted: _, ...others } = detailsOf(row)
  return { ...row, details: JSON.stringify(others) }
}
