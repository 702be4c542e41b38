/** The table of chats, and the members of groups. */
import type { ChatKind } from '../model/chat.ts'
import type { HistoryFacts } from '../model/history.ts'
import type { Jid } from '../model/ids.ts'
import type { Connection } from './sqlite.ts'

export type ChatRow = {
  id: number
  kind: ChatKind
  jid: Jid | null
  person: number | null
  name: string | null
  unread_count: number
  timestamp: number
  archived: number
  pinned_at: number
  muted_until: number
  is_read_only: number
  removed_at: number | null
  last_message: number | null
  caught_up_to: number | null
  /** Unix seconds: older messages are deleted. */
  forgotten_before: number
  /** Unix seconds: older messages are not added; those of another chat that turned out to be this one stay. */
  forgotten_until: number
  /** Unix seconds: what comes live from then on is new, and added if it was not forgotten itself. */
  goes_on_from: number
  merged_into: number | null
  /** From the newest message back to this position all were read; null: none. */
  history_from: number | null
  /** Unix seconds. */
  phone_asked_at: number | null
  /** 1 if a device of the owner has written in it, or the owner approved a message to this group. */
  familiar: number
} & HistoryFacts

/** The columns that WhatsApp reports for a chat. */
export type ChatFacts = Pick<
  ChatRow,
  'name' | 'unread_count' | 'timestamp' | 'archived' | 'pinned_at' | 'muted_until' | 'is_read_only'
>

/** `present`: members that came, or became admin or not. `gone`: the people who left. */
export type MemberChange = {
  present: readonly { person: number; isAdmin: boolean }[]
  gone: readonly number[]
}

/** How much of a chat is stored: for planning what to fetch. `oldest`: position of its first message. */
export type Extent = { chat: number; messages: number; oldest: number | null }

export type Chats = {
  get(id: number): ChatRow | undefined
  /** Returns the chat that this one was merged into, or itself: ids from before a merge stay valid. */
  currentId(id: number): number
  byPerson(person: number): ChatRow | undefined
  byJid(jid: Jid): ChatRow | undefined
  /** Returns the chat's JID, or that of its person, by phone number if known. */
  addressOf(id: number): Jid | null
  /** Returns all known addresses of the chat. */
  addressesOf(id: number): Jid[]
  /** All chats that were not merged into another, latest activity first. */
  all(): ChatRow[]
  insert(kind: ChatKind, address: { person: number } | { jid: Jid }): number
  /** Also marks the chat as existing on WhatsApp. */
  setFacts(id: number, facts: ChatFacts): void
  /** Records that a message at `position`, sent at `sentAt`, is in the chat. */
  noteMessage(id: number, position: number, sentAt: number): void
  setRemoved(id: number, removedAt: number): void
  /** Never decreases. */
  setCaughtUp(id: number, position: number): void
  setHistory(id: number, facts: HistoryFacts): void
  /** All messages from this position on were read. Never increases, unless it was not set. */
  setHistoryFrom(id: number, position: number): void
  setPhoneAsked(id: number, at: number): void
  setFamiliar(id: number, familiar: boolean): void
  /** When the next chat's history is due to be read again, in Unix seconds; null if none is. */
  nextHistoryAt(): number | null
  /**
   * Messages sent before these times (Unix seconds) are deleted, and not added again. Neither decreases.
   * @param until default: `before`. @param goesOnFrom default: `until`
   */
  setForgotten(id: number, before: number, until?: number, goesOnFrom?: number): void
  /** Marks the history of every chat as possibly incomplete. */
  doubtHistory(): void
  /** A complete history is so by the settings from now on: messages that they no longer keep were deleted. */
  limitHistory(id: number): void
  setPerson(id: number, person: number): void
  /** Finds the newest message again, after messages were moved. */
  refreshLast(id: number): void
  /** Marks `id` as the same chat as `other`. The row of `id` stays and points to `other`. */
  retire(id: number, other: number): void
  extents(): Extent[]
  members(chat: number): { person: number; is_admin: number }[]
  /**
   * Adds or updates those who are present, and removes those who are gone. All other members stay.
   * @param atMs when it was noticed that people came or went; null: they were members before
   */
  changeMembers(chat: number, change: MemberChange, atMs: number | null): void
  /** Adds a stay in a group. Call it before `changeMembers`, which begins a stay for each member who has none without an end. */
  addStay(chat: number, stay: StayRow): void
}

/** When it was noticed that a person came to a group, and that they left; see migrations/archive/15-member-spans.sql. */
export type StayRow = { person: number; since_ms: number | null; until_ms: number | null }

export function createChats(db: Connection): Chats {
  const rows = db.memory<number, ChatRow | undefined>('chats')
  const ids = db.memory<Jid | number, number | undefined>('chats')
  const addresses = db.memory<number, Jid | null>('chats', 'people')
  const get = db.query<ChatRow, [number]>('SELECT * FROM chats WHERE id = ?')
  const byPerson = db.query<ChatRow, [number]>('SELECT * FROM chats WHERE person = ?')
  const byJid = db.query<ChatRow, [Jid]>('SELECT * FROM chats WHERE jid = ?')
  const addressOf = db.query<{ jid: Jid | null }, [number]>(
    `SELECT coalesce(chats.jid, people.phone, people.lid) AS jid
     FROM chats LEFT JOIN people ON people.id = chats.person WHERE chats.id = ?`,
  )
  const addressesOf = db.query<{ jid: Jid | null; phone: Jid | null; lid: Jid | null }, [number]>(
    `SELECT chats.jid, people.phone, people.lid FROM chats LEFT JOIN people ON people.id = chats.person
     WHERE chats.id = ?`,
  )
  const all = db.query<ChatRow, []>(
    'SELECT * FROM chats WHERE merged_into IS NULL ORDER BY timestamp DESC, id DESC',
  )
  const insert = db.command('INSERT INTO chats (kind, jid, person) VALUES (?, ?, ?)')
  const setFacts = db.command(
    `UPDATE chats SET name = ?, unread_count = ?, timestamp = max(timestamp, ?), archived = ?, pinned_at = ?,
     muted_until = ?, is_read_only = ?, removed_at = NULL WHERE id = ?`,
  )
  const noteMessage = db.command(
    `UPDATE chats SET timestamp = max(timestamp, ?), last_message = max(coalesce(last_message, 0), ?) WHERE id = ?`,
    { keepsMemory: true },
  )
  const setRemoved = db.command('UPDATE chats SET removed_at = ? WHERE id = ?')
  const setCaughtUp = db.command(
    'UPDATE chats SET caught_up_to = max(coalesce(caught_up_to, 0), ?) WHERE id = ?',
    { keepsMemory: true },
  )
  const setHistory = db.command(
    'UPDATE chats SET history = ?, history_reason = ?, history_tries = ?, history_next_at = ? WHERE id = ?',
  )
  const setHistoryFrom = db.command(
    'UPDATE chats SET history_from = min(coalesce(history_from, ?), ?) WHERE id = ?',
  )
  const setPhoneAsked = db.command('UPDATE chats SET phone_asked_at = ? WHERE id = ?')
  const setFamiliar = db.command('UPDATE chats SET familiar = ? WHERE id = ?')
  const nextHistoryAt = db.query<{ at: number | null }, []>(
    "SELECT min(history_next_at) AS at FROM chats WHERE merged_into IS NULL AND history <> 'all'",
  )
  const setForgotten = db.command(
    `UPDATE chats SET forgotten_before = max(forgotten_before, ?), forgotten_until = max(forgotten_until, ?),
     goes_on_from = max(goes_on_from, ?) WHERE id = ?`,
  )
  const doubtHistory = db.command(
    "UPDATE chats SET history = 'more', history_reason = NULL, history_tries = 0, history_next_at = NULL, history_from = NULL",
  )
  const limitHistory = db.command(
    "UPDATE chats SET history_reason = 'settings' WHERE id = ? AND history = 'all'",
  )
  const setPerson = db.command('UPDATE chats SET person = ? WHERE id = ?')
  const refreshLast = db.command(
    'UPDATE chats SET last_message = (SELECT max(id) FROM messages WHERE chat = chats.id AND standing <> 1) WHERE id = ?',
  )
  const current = db.query<{ merged_into: number | null }>('SELECT merged_into FROM chats WHERE id = ?')
  const retire = db.command(
    `UPDATE chats SET jid = NULL, person = NULL, last_message = NULL, removed_at = coalesce(removed_at, 0),
     merged_into = ? WHERE id = ?`,
  )
  const follow = db.command('UPDATE chats SET merged_into = ? WHERE merged_into = ?')
  const extents = db.query<Extent, []>(
    'SELECT chat, count(*) AS messages, min(id) AS oldest FROM messages GROUP BY chat',
  )
  const members = db.query<{ person: number; is_admin: number }, [number]>(
    'SELECT person, is_admin FROM members WHERE chat = ? ORDER BY person',
  )
  const putMember = db.command(
    `INSERT INTO members (chat, person, is_admin) VALUES (?, ?, ?)
     ON CONFLICT (chat, person) DO UPDATE SET is_admin = excluded.is_admin`,
  )
  const dropMember = db.command('DELETE FROM members WHERE chat = ? AND person = ?')
  // The plus makes SQLite search by person: a group may have a thousand members, but few people are in a thousand groups.
  const endSpan = db.command(
    'UPDATE member_spans SET until_ms = ? WHERE +chat = ? AND person = ? AND until_ms IS NULL',
  )
  const beginSpan = db.command(
    `INSERT INTO member_spans (chat, person, since_ms) SELECT ?1, ?2, ?3
     WHERE NOT EXISTS (SELECT 1 FROM member_spans WHERE +chat = ?1 AND person = ?2 AND until_ms IS NULL)`,
  )
  const addStay = db.command(
    'INSERT INTO member_spans (chat, person, since_ms, until_ms) VALUES (?, ?, ?, ?)',
  )
  const getRow = (id: number) => rows.get(id, () => get.get(id))

  function find(key: Jid | number, read: () => ChatRow | undefined): ChatRow | undefined {
    let row: ChatRow | undefined
    const id = ids.get(key, () => {
      row = read()
      if (row !== undefined) rows.set(row.id, row)
      return row?.id
    })
    return id === undefined ? undefined : (row ?? getRow(id))
  }

  /** Runs a command that keeps the memory, and changes the remembered row in the same way. */
  function patch(id: number, change: (row: ChatRow) => Partial<ChatRow>, write: () => void): void {
    const row = getRow(id)
    write()
    if (row !== undefined) rows.set(id, { ...row, ...change(row) })
  }

  return {
    get: getRow,
    currentId: (id) => current.get(id)?.merged_into ?? id,
    byPerson: (person) => find(person, () => byPerson.get(person)),
    byJid: (jid) => find(jid, () => byJid.get(jid)),
    addressOf: (id) => addresses.get(id, () => addressOf.get(id)?.jid ?? null),
    addressesOf(id) {
      const row = addressesOf.get(id)
      return row === undefined ? [] : [row.jid, row.phone, row.lid].filter((jid) => jid !== null)
    },
    all: () => all.all(),
    insert: (kind, address) =>
      insert.run(kind, 'jid' in address ? address.jid : null, 'person' in address ? address.person : null)
        .lastInsertRowid,
    setFacts(id, facts) {
      const { name, unread_count, timestamp, archived, pinned_at, muted_until, is_read_only } = facts
      setFacts.run(name, unread_count, timestamp, archived, pinned_at, muted_until, is_read_only, id)
    },
    noteMessage(id, position, sentAt) {
      const change = (row: ChatRow) => ({
        timestamp: Math.max(row.timestamp, sentAt),
        last_message: Math.max(row.last_message ?? 0, position),
      })
      patch(id, change, () => noteMessage.run(sentAt, position, id))
    },
    setRemoved: (id, removedAt) => void setRemoved.run(removedAt, id),
    setCaughtUp(id, position) {
      const change = (row: ChatRow) => ({ caught_up_to: Math.max(row.caught_up_to ?? 0, position) })
      patch(id, change, () => setCaughtUp.run(position, id))
    },
    setHistory(id, { history, history_reason, history_tries, history_next_at }) {
      setHistory.run(history, history_reason, history_tries, history_next_at, id)
    },
    setHistoryFrom: (id, position) => void setHistoryFrom.run(position, position, id),
    setPhoneAsked: (id, at) => void setPhoneAsked.run(at, id),
    setFamiliar: (id, familiar) => void setFamiliar.run(Number(familiar), id),
    nextHistoryAt: () => nextHistoryAt.get()?.at ?? null,
    setForgotten: (id, before, until = before, goesOnFrom = until) =>
      void setForgotten.run(before, until, goesOnFrom, id),
    doubtHistory: () => void doubtHistory.run(),
    limitHistory: (id) => void limitHistory.run(id),
    setPerson: (id, person) => void setPerson.run(person, id),
    refreshLast: (id) => void refreshLast.run(id),
    retire(id, other) {
      retire.run(other, id)
      follow.run(other, id)
    },
    extents: () => extents.all(),
    members: (chat) => members.all(chat),
    changeMembers(chat, { present, gone }, atMs) {
      for (const { person, isAdmin } of present) {
        putMember.run(chat, person, Number(isAdmin))
        beginSpan.run(chat, person, atMs)
      }
      for (const person of gone) {
        dropMember.run(chat, person)
        endSpan.run(atMs, chat, person)
      }
    },
    addStay: (chat, { person, since_ms, until_ms }) => void addStay.run(chat, person, since_ms, until_ms),
  }
}
