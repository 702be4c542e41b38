/** Loads whole pages of messages and chats, with all data to show them, in a handful of statements. */
import type { Clock } from '../clock.ts'
import type { Chat, ChatKind } from '../model/chat.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { MediaState, Message, Wordless } from '../model/message.ts'
import { type Acquaintance, createAcquaintance, type IsOurs } from './acquaintance.ts'
import type { ReactionRow, VoteRow } from './changes.ts'
import { byMessage } from './export-pages.ts'
import { MEDIA_STATE, MEDIA_TABLES, MEDIA_WORDS } from './media-files.ts'
import type { MessageDetails, MessageRow } from './message-row.ts'
import { ME, NOBODY, type PersonRow } from './people.ts'
import {
  type ChatFace,
  type ChatView,
  detailsOf,
  hasAuthors,
  jidOf,
  type Own,
  toChat,
  toKey,
  toMessage,
} from './render.ts'
import { isLimited } from './sight.ts'
import type { Connection } from './sqlite.ts'

/** The columns of a {@link ChatFace}, from {@link FACE_TABLES}. */
export const FACE = 'c.id, c.kind, c.jid, c.name, p.phone, p.lid, p.name AS person_name, p.pushname'
/** The columns of a {@link ChatView}. */
export const VIEW = `${FACE}, c.person, c.unread_count, c.timestamp, c.archived, c.pinned_at, c.muted_until,
  c.is_read_only, c.removed_at, c.last_message, c.history, c.history_reason,
  c.history_next_at`
/** Chats with the people of the direct ones. */
export const FACE_TABLES = 'chats c LEFT JOIN people p ON p.id = c.person'

/** Shared by all readers: loads rows by id in one statement, and converts rows to the form of the API. */
export type Loader = {
  /** The currently known addresses of this account. */
  own(): Own
  /** The people with these ids; a merged person is found under both ids. */
  people(ids: Iterable<number>): Map<number, PersonRow>
  /** The chats of these ids. */
  faces(ids: Iterable<number>): Map<number, ChatFace>
  /** The messages at these positions, ascending; skips positions without a message. */
  rows(positions: Iterable<number>): MessageRow[]
  /** The messages in the form of the API, in the same order. `faces` holds the chat of each. */
  render(rows: readonly MessageRow[], faces: ReadonlyMap<number, ChatFace>, own: Own): Message[]
  /** The chats in the form of the API, each with its last message, in the same order. */
  renderChats(rows: readonly ChatView[], own: Own): Chat[]
  /**
   * Returns a function that is true for a quoted message, by bare id, that the reader does not see: nothing shows its text. Outside of
   * groups, a quote may be of another chat, so one that the archive does not have counts as not seen either.
   */
  hiddenAmong(bareIds: readonly string[]): (bareId: string, kind: ChatKind) => boolean
  /** True if a device of the owner has written in this chat, see {@link Acquaintance}. */
  hasWritten: Acquaintance['hasWritten']
  /** The current time, in Unix seconds. */
  now(): number
}

type QuotedRow = ChatFace & { bare_id: string; sender: number }

/** Prepares its statements once, here. @param isOurs left out: this server has sent nothing */
export function createLoader(db: Connection, clock: Clock, isOurs: IsOurs = () => false): Loader {
  const acquaintance = createAcquaintance(db, isOurs)
  const meta = db.query<{ name: string; value: string }>(
    `SELECT name, value FROM meta WHERE name IN ('account_wid', 'account_lid')`,
  )
  // main: a reader who sees a chat sees the addresses of all who wrote in it.
  const people = db.query<PersonRow & { asked: number }>(
    `SELECT asked.value AS asked, p.* FROM json_each(?) asked CROSS JOIN main.people first ON first.id = asked.value
     CROSS JOIN main.people p ON p.id = coalesce(first.same_as, first.id)`,
  )
  const faces = db.query<ChatFace>(
    `SELECT ${FACE} FROM json_each(?) asked CROSS JOIN chats c ON c.id = asked.value
     LEFT JOIN people p ON p.id = c.person`,
  )
  const rows = db.query<MessageRow>(
    'SELECT m.* FROM json_each(?) asked CROSS JOIN messages m ON m.id = asked.value',
  )
  const reactions = db.query<ReactionRow>(
    `SELECT r.* FROM json_each(?) asked CROSS JOIN reactions r ON r.message = asked.value
     WHERE r.emoji <> ''`,
  )
  const votes = db.query<VoteRow>(
    'SELECT v.* FROM json_each(?) asked CROSS JOIN poll_votes v ON v.message = asked.value',
  )
  const mediaStates = db.query<{ message: number; state: MediaState; words: Wordless | null }>(
    `SELECT m.message, ${MEDIA_STATE} AS state, ${MEDIA_WORDS} AS words FROM json_each(?) asked CROSS JOIN ${MEDIA_TABLES}
     WHERE m.message = asked.value`,
  )
  const quoted = db.query<QuotedRow>(
    `SELECT m.bare_id, m.sender, ${FACE} FROM json_each(?) asked CROSS JOIN messages m ON m.bare_id = asked.value
     CROSS JOIN chats c ON c.id = m.chat LEFT JOIN people p ON p.id = c.person`,
  )

  /** Bare ids of messages that the archive has, but the reader does not see. */
  const unseen = isLimited(db)
    ? db.query<{ bare_id: string }>(
        `SELECT m.bare_id FROM json_each(?) asked CROSS JOIN main.messages m ON m.bare_id = asked.value
         WHERE NOT EXISTS (SELECT 1 FROM messages s WHERE s.id = m.id)`,
      )
    : null

  function hiddenAmong(bareIds: readonly string[]): (bareId: string, kind: ChatKind) => boolean {
    if (unseen === null || bareIds.length === 0) return () => false
    const asked = JSON.stringify(bareIds)
    const seen = new Set(quoted.all(asked).map(({ bare_id }) => bare_id))
    const hidden = new Set(unseen.all(asked).map(({ bare_id }) => bare_id))
    return (bareId, kind) => !seen.has(bareId) && (kind !== 'group' || hidden.has(bareId))
  }

  function own(): Own {
    const known = new Map(meta.all().map(({ name, value }) => [name, toJid(value)]))
    const lid = known.get('account_lid') ?? null
    return { jid: known.get('account_wid') ?? lid ?? toJid('unknown@c.us'), lid }
  }

  function loadPeople(ids: Iterable<number>): Map<number, PersonRow> {
    const wanted = [...new Set(ids)].filter((id) => id > 0)
    if (wanted.length === 0) return new Map()
    return new Map(people.all(JSON.stringify(wanted)).map((row) => [row.asked, row]))
  }

  const now = () => Math.floor(clock.now() / 1000)
  const load = (positions: Iterable<number>) =>
    rows.all(JSON.stringify([...positions].sort((one, other) => one - other)))

  function render(page: readonly MessageRow[], chats: ReadonlyMap<number, ChatFace>, me: Own): Message[] {
    if (page.length === 0) return []
    const details = page.map(detailsOf)
    const quotes = details.map((one) => one.quoted).filter((one) => one !== undefined)
    const found =
      quotes.length === 0 ? [] : quoted.all(JSON.stringify([...new Set(quotes.map((one) => one.bare_id))]))
    const hidden = hiddenAmong(quotes.map((one) => one.bare_id))
    const withMedia = page.filter(({ has_media }) => has_media === 1).map(({ id }) => id)
    const states = withMedia.length === 0 ? [] : mediaStates.all(JSON.stringify(withMedia))
    const statesOf = new Map(
      states.map(({ message, state, words }) => [message, words === null ? { state } : { state, words }]),
    )
    const reactionsOf = byMessage(reactions.all(JSON.stringify(page.map(({ id }) => id))))
    const polls = page.filter((_, index) => details[index]?.poll !== undefined).map(({ id }) => id)
    const votesOf = byMessage(polls.length === 0 ? [] : votes.all(JSON.stringify(polls)))
    const reactors = [...reactionsOf.values()].flat().map(({ sender }) => sender)
    const known = loadPeople([
      ...page.map(({ sender }) => sender),
      ...details.flatMap(({ mentions = [] }) => mentions),
      ...quotes.map(({ sender }) => sender ?? ME),
      ...found.map(({ sender }) => sender),
      ...reactors,
      ...[...votesOf.values()].flat().map(({ voter }) => voter),
    ])
    const authors = new Set([
      ...page.map(({ sender }) => sender),
      ...quotes.map(({ sender }) => sender ?? NOBODY),
      ...reactors,
    ])
    const acquainted = acquaintance.among(new Map([...known].filter(([id]) => authors.has(id))))
    const whose = (sender: number): Jid | null => jidOf(sender, { own: me, people: known })
    return page.flatMap((row) => {
      const chat = chats.get(row.chat)
      if (chat === undefined) return []
      const message = toMessage(row, chat, {
        own: me,
        people: known,
        reactions: reactionsOf,
        votes: votesOf,
        mediaStates: statesOf,
        isStranger: (sender) => sender !== ME && !acquainted.has(sender),
        isHidden: ({ bare_id }) => hidden(bare_id, chat.kind),
        quotedKey: (quote) => quotedKey(quote, chat, found, whose, me),
      })
      return [message]
    })
  }

  return {
    now,
    own,
    hiddenAmong,
    hasWritten: acquaintance.hasWritten,
    people: loadPeople,
    faces: (ids) => new Map(faces.all(JSON.stringify([...new Set(ids)])).map((row) => [row.id, row])),
    rows: load,
    render,
    renderChats(page, me) {
      const faces = new Map(page.map((row) => [row.id, row]))
      const last = load(page.map((row) => row.last_message).filter((place) => place !== null))
      const shown = new Map(render(last, faces, me).map((message, index) => [last[index]?.chat, message]))
      return page.map((row) => toChat(row, shown.get(row.id) ?? null, me, now()))
    },
  }
}

/** The key of a quoted message: as stored in the archive, else composed if that is certain, else null. */
function quotedKey(
  { bare_id, sender }: NonNullable<MessageDetails['quoted']>,
  chat: ChatFace,
  found: readonly QuotedRow[],
  whose: (sender: number) => Jid | null,
  own: Own,
): string | null {
  const fitting = found.filter((row) => row.bare_id === bare_id && (sender === null || row.sender === sender))
  // A reply to a status update, or a private reply to a group message, quotes from another chat.
  const original =
    fitting.find((row) => row.id === chat.id) ?? (fitting.length === 1 ? fitting[0] : undefined)
  if (original !== undefined) return toKey(original, bare_id, original.sender, whose(original.sender), own)
  if (sender === null) return null
  const author = whose(sender)
  if (hasAuthors(chat.kind)) return author === null ? null : toKey(chat, bare_id, sender, author, own)
  const isTheirs = author !== null && (author === chat.phone || author === chat.lid)
  return sender === ME || isTheirs ? toKey(chat, bare_id, sender, author, own) : null
}
