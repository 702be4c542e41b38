/** The table of messages, ordered by time. */
import { type MessageRow, type NewMessage, numberOf } from './message-row.ts'
import { firstPositionOf } from './position.ts'
import type { RawModels } from './raw-models.ts'
import type { SearchIndex } from './search-index.ts'
import type { Connection } from './sqlite.ts'

export type Messages = {
  find(bareId: string, chat: number, sender: number): MessageRow | undefined
  /**
   * Messages with this id in the chat, from any sender: more than one only if a sender reused another's id.
   */
  findAll(bareId: string, chat: number): MessageRow[]
  /** Messages with this id in any chat. */
  everywhere(bareId: string): MessageRow[]
  /** The ack of the own message with this id, in any chat; null if there is none. */
  ownAck(bareId: string): number | null
  insert(row: NewMessage): void
  /** Updates everything except position and id. */
  update(row: MessageRow): void
  setAck(id: number, ack: number): void
  /**
   * Moves all messages of one sender, or of one chat, to another; messages that exist there already stay as
   * they are.
   */
  setSender(from: number, into: number): void
  setChat(from: number, into: number): void
  /** Moves one message, with its events, to another chat or sender, where it does not exist yet: see `MoveMessages`. */
  move(row: MessageRow, to: Pick<MessageRow, 'chat' | 'sender'>): void
  /**
   * Deletes these messages with everything that belongs to them: revisions, reactions, events, raw models. The only way
   * to delete messages. Call within a transaction, with some hundreds at most. Returns the number of messages
   * that existed.
   */
  remove(ids: readonly number[]): number
  /** Up to `limit` messages of a chat at positions below `before`, oldest first. */
  below(chat: number, before: number, limit: number): number[]
  /** All messages of a chat from this position on, oldest first. */
  from(chat: number, position: number): number[]
  /** The messages of a chat at positions from `from` to before `until` that the event log reports as forgotten. */
  reported(chat: number, from: number, until: number): number[]
  /**
   * Up to `limit` messages that have disappeared from WhatsApp by `until` (Unix seconds), with their chats.
   */
  expired(until: number, limit: number): { id: number; chat: number }[]
  /** When the next message disappears, in Unix seconds; null if none does. */
  nextExpiry(): number | null
  /**
   * The nearest used position of the second `sentAt` below `place`, in any chat; null if there is none.
   */
  takenBelow(place: number, sentAt: number): number | null
  /** The `count` highest free positions of that second below `place`, ascending; fewer if there are no more. */
  freeBelow(place: number, sentAt: number, count: number): number[]
  /** The position of the chat's first message after this position; null if there is none. */
  nextIn(chat: number, place: number): number | null
  /** The position of the chat's last message up to and including this position; null if there is none. */
  lastUpTo(chat: number, place: number): number | null
  /** The bare ids of the chat's messages at positions from `from` to `to`, both included. */
  bareIdsBetween(chat: number, from: number, to: number): string[]
  newest(chat: number): MessageRow | undefined
  /** The newest position of all chats; -1 if there is none. */
  newestOfAll(): number
  /** The newest position of all messages that were not sent by this account; -1 if there is none. */
  newestReceived(): number
  oldest(chat: number): MessageRow | undefined
  get(id: number): MessageRow | undefined
  /** Messages in all chats; counted once and then kept. */
  count(): number
  /** Messages of unknown kinds, and those that could not be read; likewise. */
  countUnknown(): number
  /** Discards both counts, for when rows changed without {@link Messages}, as in a rollback. */
  recount(): void
}

/** Spelled as in the index messages_by_expiry, which SQLite uses for exactly this expression only. */
const EXPIRES_AT = "json_extract(details, '$.expires_at')"

const UNKNOWN = numberOf('unknown')
/** Used positions that are looked through at once. */
const STRIDE = 500

/** @param index updated with every message, as `raws` with every deletion, so that no writer can forget them */
export function createMessages(db: Connection, index: SearchIndex, raws: Pick<RawModels, 'drop'>): Messages {
  const find = db.query<MessageRow>('SELECT * FROM messages WHERE bare_id = ? AND chat = ? AND sender = ?')
  const findAll = db.query<MessageRow>('SELECT * FROM messages WHERE bare_id = ? AND chat = ?')
  const everywhere = db.query<MessageRow>('SELECT * FROM messages WHERE bare_id = ?')
  const ownAck = db.query<{ ack: number }>(
    'SELECT max(ack) AS ack FROM messages WHERE bare_id = ? AND sender = 0',
  )
  const insert = db.command(
    `INSERT INTO messages (id, chat, bare_id, sender, type, body, ack, has_media, edited_at_ms, revoked_at_ms, details, standing,
     by_phone) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
    { keepsMemory: true },
  )
  const update = db.command(
    `UPDATE messages SET type = ?, body = ?, ack = ?, has_media = ?, edited_at_ms = ?, revoked_at_ms = ?, details = ?,
     standing = ? WHERE id = ?`,
  )
  const setAck = db.command('UPDATE messages SET ack = ? WHERE id = ?')
  const setSender = db.command('UPDATE OR IGNORE messages SET sender = ? WHERE id = ?')
  const setChat = db.command('UPDATE OR IGNORE messages SET chat = ? WHERE id = ?')
  const moveOne = db.command('UPDATE messages SET chat = ?, sender = ? WHERE id = ?')
  const moveEvents = db.command('UPDATE events SET chat = ? WHERE message = ? AND message IS NOT NULL')
  const sentBy = db.query<MessageRow>('SELECT * FROM messages WHERE sender = ? AND sender > 0 ORDER BY id')
  const inChat = db.query<MessageRow>('SELECT * FROM messages WHERE chat = ? ORDER BY id')
  const these = db.query<MessageRow>(
    'SELECT * FROM messages WHERE id IN (SELECT value FROM json_each(?)) ORDER BY id',
  )
  // A list of ids as JSON: one statement for any number of them.
  const removals = [
    'DELETE FROM revisions WHERE message IN (SELECT value FROM json_each(?))',
    'DELETE FROM reactions WHERE message IN (SELECT value FROM json_each(?))',
    'DELETE FROM poll_votes WHERE message IN (SELECT value FROM json_each(?))',
    'DELETE FROM events WHERE message IN (SELECT value FROM json_each(?))',
  ].map((sql) => db.command(sql))
  const remove = db.command('DELETE FROM messages WHERE id IN (SELECT value FROM json_each(?))')
  const older = db.query<{ id: number }>(
    'SELECT id FROM messages WHERE chat = ? AND id < ? ORDER BY id LIMIT ?',
  )
  const onwards = db.query<{ id: number }>('SELECT id FROM messages WHERE chat = ? AND id >= ? ORDER BY id')
  // Spelled as the index events_of_chats, which SQLite uses for exactly this condition only.
  const reported = db.query<{ id: number }>(
    `SELECT id FROM messages WHERE chat = ?1 AND id >= ?2 AND id < ?3 AND bare_id IN (SELECT data ->> 'bare_id' FROM events
     WHERE chat = ?1 AND message IS NULL AND chat IS NOT NULL AND kind = 'message.forgotten') ORDER BY id`,
  )
  const expired = db.query<{ id: number; chat: number }>(
    `SELECT id, chat FROM messages WHERE ${EXPIRES_AT} <= ? LIMIT ?`,
  )
  const nextExpiry = db.query<{ at: number | null }>(
    `SELECT min(${EXPIRES_AT}) AS at FROM messages WHERE ${EXPIRES_AT} IS NOT NULL`,
  )
  const highest = db.query<{ id: number | null }>(
    'SELECT max(id) AS id FROM messages WHERE id < ? AND id >= ?',
  )
  const downwards = db.query<{ id: number }>(
    'SELECT id FROM messages WHERE id < ? AND id >= ? ORDER BY id DESC LIMIT ?',
  )
  const top = db.query<{ id: number | null }>('SELECT max(id) AS id FROM messages')
  const tops = db.memory<'id', number>('messages')
  const newestOfAll = () => tops.get('id', () => top.get()?.id ?? -1)
  const next = db.query<{ id: number | null }>('SELECT min(id) AS id FROM messages WHERE chat = ? AND id > ?')
  const upTo = db.query<{ id: number | null }>(
    'SELECT max(id) AS id FROM messages WHERE chat = ? AND id <= ?',
  )
  const between = db.query<{ bare_id: string }>(
    'SELECT bare_id FROM messages WHERE chat = ? AND id BETWEEN ? AND ?',
  )
  const newest = db.query<MessageRow>('SELECT * FROM messages WHERE chat = ? ORDER BY id DESC LIMIT 1')
  const received = db.query<{ id: number }>(
    'SELECT id FROM messages WHERE sender <> 0 ORDER BY id DESC LIMIT 1',
  )
  const oldest = db.query<MessageRow>('SELECT * FROM messages WHERE chat = ? ORDER BY id LIMIT 1')
  const get = db.query<MessageRow>('SELECT * FROM messages WHERE id = ?')
  const count = db.query<{ n: number }>('SELECT count(*) AS n FROM messages')
  const unknown = db.query<{ n: number }>(`SELECT count(*) AS n FROM messages WHERE standing = ${UNKNOWN}`)
  let total: number | null = null
  let unknowns: number | null = null

  function removeAll(ids: readonly number[]): number {
    const list = JSON.stringify(ids)
    for (const row of these.all(list)) index.remove(row)
    for (const command of removals) command.run(list)
    raws.drop(ids)
    const { changes } = remove.run(list)
    if (total !== null) total -= changes
    unknowns = null
    return changes
  }

  return {
    find: (bareId, chat, sender) => find.get(bareId, chat, sender),
    findAll: (bareId, chat) => findAll.all(bareId, chat),
    everywhere: (bareId) => everywhere.all(bareId),
    ownAck: (bareId) => ownAck.get(bareId)?.ack ?? null,
    insert(given) {
      const row: MessageRow = { standing: numberOf('message'), ...given }
      const { id, chat, bare_id, sender, type, body, ack, has_media } = row
      const { edited_at_ms, revoked_at_ms, details, standing, by_phone = null } = row
      const newestId = Math.max(newestOfAll(), id)
      const facts = [type, body, ack, has_media, edited_at_ms, revoked_at_ms, details, standing]
      insert.run(id, chat, bare_id, sender, ...facts, by_phone)
      tops.set('id', newestId)
      index.add(row)
      if (total !== null) total += 1
      if (standing === UNKNOWN) unknowns = null
    },
    update(row) {
      const { id, type, body, ack, has_media, edited_at_ms, revoked_at_ms, details, standing } = row
      const before = get.get(id)
      if (before === undefined) return
      if (before.standing !== standing) unknowns = null
      update.run(type, body, ack, has_media, edited_at_ms, revoked_at_ms, details, standing, id)
      index.replace(before, row)
    },
    setAck: (id, ack) => void setAck.run(ack, id),
    setSender(from, into) {
      for (const row of sentBy.all(from)) {
        if (setSender.run(into, row.id).changes > 0) index.reassign(row, { sender: into })
      }
    },
    setChat(from, into) {
      for (const row of inChat.all(from)) {
        if (setChat.run(into, row.id).changes > 0) index.reassign(row, { chat: into })
      }
    },
    move(row, { chat, sender }) {
      moveOne.run(chat, sender, row.id)
      index.reassign(row, { chat, sender })
      moveEvents.run(chat, row.id)
    },
    remove: removeAll,
    below: (chat, before, limit) => older.all(chat, before, limit).map(({ id }) => id),
    from: (chat, position) => onwards.all(chat, position).map(({ id }) => id),
    reported: (chat, from, until) => reported.all(chat, from, until).map(({ id }) => id),
    expired: (until, limit) => expired.all(until, limit),
    nextExpiry: () => nextExpiry.get()?.at ?? null,
    takenBelow(place, sentAt) {
      const first = firstPositionOf(sentAt)
      // A message that just arrived is mostly newer than all others, and needs no search.
      return newestOfAll() < first ? null : (highest.get(place, first)?.id ?? null)
    },
    freeBelow(place, sentAt, count) {
      const first = firstPositionOf(sentAt)
      const free: number[] = []
      for (let high = place; high > first && free.length < count; ) {
        const used = downwards.all(high, first, STRIDE).map(({ id }) => id)
        // Below the last used position, the begin of the second is the end.
        const ends = used.length < STRIDE ? [...used, first - 1] : used
        for (const taken of ends) {
          for (let at = high - 1; at > taken && free.length < count; at -= 1) free.push(at)
          high = taken
        }
      }
      return free.reverse()
    },
    nextIn: (chat, place) => next.get(chat, place)?.id ?? null,
    lastUpTo: (chat, place) => upTo.get(chat, place)?.id ?? null,
    bareIdsBetween: (chat, from, to) => between.all(chat, from, to).map(({ bare_id }) => bare_id),
    newest: (chat) => newest.get(chat),
    newestOfAll,
    newestReceived: () => received.get()?.id ?? -1,
    oldest: (chat) => oldest.get(chat),
    get: (id) => get.get(id),
    count() {
      total ??= count.get()?.n ?? 0
      return total
    },
    countUnknown() {
      unknowns ??= unknown.get()?.n ?? 0
      return unknowns
    },
    recount() {
      total = null
      unknowns = null
    },
  }
}
