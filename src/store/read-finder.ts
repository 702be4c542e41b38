/** Maps addresses to rows of the archive: a person is the same by phone number and by LID. */
import { chatKindOf, type Jid, type KeyParts } from '../model/ids.ts'
import type { MessageRow } from './message-row.ts'
import { ME, type PersonRow } from './people.ts'
import { FACE_TABLES, type Loader, VIEW } from './read-loader.ts'
import { type ChatView, isOwnChat } from './render.ts'
import type { Connection } from './sqlite.ts'

/** Null means: not in the archive. */
export type Finder = {
  /** The chat at this address, including one deleted on WhatsApp. */
  chat(address: Jid): ChatView | null
  person(address: Jid): PersonRow | null
  /** Like {@link Finder.person}, also where the reader does not see the direct chat: people write in groups too. */
  anybody(address: Jid): PersonRow | null
  /**
   * Returns a function that gives, for a search, the phone number of a person and all numbers by which the account with this number
   * or LID was asked for. An unknown number or LID is ''.
   */
  numbers(): (phone: string, lid: string) => string
  /**
   * The message with this key, and its chat. The key may contain phone numbers or LIDs; a number may have been its chat's when the
   * message was sent.
   */
  message(key: KeyParts): { row: MessageRow; chat: ChatView } | null
}

const QUERIES = {
  chatByJid: `SELECT ${VIEW} FROM ${FACE_TABLES} WHERE c.jid = ?`,
  chatByPerson: `SELECT ${VIEW} FROM ${FACE_TABLES} WHERE c.person = ?`,
  personByPhone: 'SELECT * FROM main.people WHERE phone = ?',
  personByLid: 'SELECT * FROM main.people WHERE lid = ?',
  isSeen: 'SELECT id FROM people WHERE id = ?',
  formerPeople: 'SELECT person FROM person_phones WHERE phone = ?',
  alias: 'SELECT phone FROM phone_aliases WHERE asked = ?',
  aliases: 'SELECT asked, phone FROM phone_aliases',
  messages: 'SELECT * FROM messages WHERE bare_id = ? AND chat = ?',
}

/** Prepares its statements once, here. */
export function createFinder(db: Connection, loader: Loader): Finder {
  const chatByJid = db.query<ChatView>(QUERIES.chatByJid)
  const chatByPerson = db.query<ChatView>(QUERIES.chatByPerson)
  const personByPhone = db.query<PersonRow>(QUERIES.personByPhone)
  const personByLid = db.query<PersonRow>(QUERIES.personByLid)
  const isSeen = db.query<{ id: number }>(QUERIES.isSeen)
  const formerPeople = db.query<{ person: number }>(QUERIES.formerPeople)
  const alias = db.query<{ phone: Jid }>(QUERIES.alias)
  const allAliases = db.query<{ asked: string; phone: string }>(QUERIES.aliases)
  const messages = db.query<MessageRow>(QUERIES.messages)

  function lookUp(address: Jid): PersonRow | null {
    const [row] = (address.endsWith('@lid') ? personByLid : personByPhone).all(address)
    return row ?? null
  }

  /**
   * The addresses of a person: both own ones for this account, which are known apart from its row; else this address, then the number
   * that WhatsApp found for it.
   */
  function aliases(address: Jid): Jid[] {
    const { jid, lid } = loader.own()
    if (address === jid || address === lid) return [jid, ...(lid === null ? [] : [lid])]
    return [address, ...alias.all(address).map(({ phone }) => phone)]
  }

  function anybody(address: Jid): PersonRow | null {
    for (const one of aliases(address)) {
      const row = lookUp(one)
      if (row !== null) return row
    }
    return null
  }

  function person(address: Jid): PersonRow | null {
    const found = anybody(address)
    return found === null || isSeen.get(found.id) === undefined ? null : found
  }

  function chat(address: Jid): ChatView | null {
    if (chatKindOf(address) !== 'direct') return chatByJid.all(address)[0] ?? null
    for (const one of aliases(address)) {
      const row = lookUp(one)
      const [found] = row === null ? [] : chatByPerson.all(row.id)
      if (found !== undefined) return found
    }
    return null
  }

  /** Everyone who has or had this address. */
  function everyone(address: Jid): number[] {
    const now = anybody(address)?.id ?? []
    return [...new Set([now, ...formerPeople.all(address).map((one) => one.person)].flat())]
  }

  function chats(address: Jid): ChatView[] {
    const now = chat(address) ?? []
    if (chatKindOf(address) !== 'direct') return [now].flat()
    return [now, ...everyone(address).flatMap((one) => chatByPerson.all(one))].flat()
  }

  function messageIn(where: ChatView, { bareId, fromMe, participant }: KeyParts) {
    const rows = messages.all(bareId, where.id)
    if (rows.length === 0) return null
    const own = loader.own()
    const isMine = fromMe || (participant !== null && (participant === own.jid || participant === own.lid))
    // In the chat with oneself, builds disagree about the direction.
    if (isOwnChat(where, own)) return first(rows, where)
    if (isMine) return first(rows, where, (sender) => sender === ME)
    if (participant === null || where.kind === 'direct') return first(rows, where, (sender) => sender !== ME)
    const authors = everyone(participant)
    return first(rows, where, (sender) => authors.includes(sender))
  }

  return {
    chat,
    person,
    anybody,
    numbers() {
      const typed = new Map<string, string[]>()
      for (const { asked, phone } of allAliases.all()) typed.set(phone, [...(typed.get(phone) ?? []), asked])
      return (phone, lid) => [phone, ...[phone, lid].flatMap((one) => typed.get(one) ?? [])].join(' ')
    },
    message(key) {
      for (const where of chats(key.chat)) {
        const found = messageIn(where, key)
        if (found !== null) return found
      }
      return null
    },
  }
}

function first(
  rows: readonly MessageRow[],
  chat: ChatView,
  fits: (sender: number) => boolean = () => true,
): { row: MessageRow; chat: ChatView } | null {
  const row = rows.find(({ sender }) => fits(sender))
  return row === undefined ? null : { row, chat }
}
