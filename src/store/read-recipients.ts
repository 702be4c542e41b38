/** Finds the recipient of a message: a chat or person by address or name, and the message to reply to. */
import { fail } from '../errors.ts'
import { bareName, createMatcher } from '../model/fold.ts'
import {
  chatKindOf,
  type Jid,
  type KeyParts,
  type MessageKey,
  phoneOf,
  toJid,
  toMessageKey,
} from '../model/ids.ts'
import { FITS, type Fit, type NamedRecipient, type Quoted, type Recipient } from '../model/recipient.ts'
import type { MessageRow } from './message-row.ts'
import { ME, type PersonRow } from './people.ts'
import { timeOf } from './position.ts'
import type { Finder } from './read-finder.ts'
import { FACE_TABLES, type Loader, VIEW } from './read-loader.ts'
import {
  type ChatView,
  chatId,
  chatName,
  hasAuthors,
  isOwnChat,
  jidOf,
  type Own,
  personJid,
  personName,
  toKey,
} from './render.ts'
import type { Connection } from './sqlite.ts'
import { toIso } from './times.ts'

/** The reader's functions for recipients. */
export type RecipientReader = {
  /** Returns null if the address is unknown. Every phone number counts as a person's. */
  recipientAt(address: Jid): Recipient | null
  /**
   * True if the owner knows this chat: it is the owner's own, or that of a person of the address book, or a device of the owner has
   * written in it, or the owner has approved a message to this group.
   */
  isKnown(address: Jid): boolean
  /**
   * Finds chats and people by name, ignoring case, accents, and emoji and punctuation around the words: the
   * best matches first, then the latest. Names of chats and of the address book count; names that people gave
   * themselves are marked. `total`: the number of all matches.
   */
  recipientsNamed(name: string, limit: number): { total: number; first: NamedRecipient[] }
  /**
   * The message with this key, which may contain phone numbers or LIDs; `place`: its position. @throws AppError `message_not_found`
   */
  quoted(key: KeyParts): Quoted & { place: number }
}

const QUERIES = {
  // One text each: with thousands of names, the transfer of rows takes most of the time.
  chats: `SELECT json_group_array(json_array(c.id, c.name, coalesce(c.last_message, 0))) AS rows FROM chats c
    WHERE c.person IS NULL AND c.name IS NOT NULL AND c.removed_at IS NULL AND c.merged_into IS NULL`,
  people: `SELECT json_group_array(json_array(p.id, p.name, p.pushname, p.in_address_book, coalesce(c.last_message, 0)))
    AS rows FROM people p LEFT JOIN chats c ON c.person = p.id
    WHERE p.same_as IS NULL AND (p.name IS NOT NULL OR p.pushname IS NOT NULL)`,
  chat: `SELECT ${VIEW} FROM ${FACE_TABLES} WHERE c.id = ?`,
  /** 0 is this account. */
  written: 'SELECT 1 AS found FROM messages WHERE chat = ? AND sender = 0 LIMIT 1',
  chatOf: `SELECT ${VIEW} FROM ${FACE_TABLES} WHERE c.person = ?`,
}

type ChatNames = [id: number, name: string, last: number]
type PersonNames = [
  id: number,
  name: string | null,
  pushname: string | null,
  inAddressBook: number,
  last: number,
]
/** A match, before its data is loaded. `last`: position of its last message. */
type Fitting = ({ chat: number } | { person: number }) & { why: Fit; last: number }

/** Prepares its statements once, here. */
export function createRecipientReader(db: Connection, loader: Loader, finder: Finder): RecipientReader {
  const chats = db.query<{ rows: string }>(QUERIES.chats)
  const people = db.query<{ rows: string }>(QUERIES.people)
  const chatBy = db.query<ChatView>(QUERIES.chat)
  const chatOf = db.query<ChatView>(QUERIES.chatOf)
  const written = db.query<{ found: number }>(QUERIES.written)

  function ofChat(chat: ChatView): Recipient {
    const isGone = chat.removed_at !== null && chat.kind !== 'direct'
    return {
      id: toJid(chatId(chat)),
      name: chatName(chat, loader.own()),
      kind: chat.kind,
      lastMessageAt: chat.last_message === null ? null : toIso(timeOf(chat.last_message)),
      closed: isGone ? 'deleted' : chat.is_read_only === 1 ? 'read_only' : null,
    }
  }

  /** The direct chat with the person, even if none exists yet. */
  function ofPerson(person: PersonRow): Recipient | null {
    const [chat] = chatOf.all(person.id)
    if (chat !== undefined) return ofChat(chat)
    const id = personJid(person)
    return id === null
      ? null
      : { id, name: personName(person), kind: 'direct', lastMessageAt: null, closed: null }
  }

  function fitting(asked: string): Fitting[] {
    const holds = createMatcher(asked)
    const fits = (name: string): Fit | null => {
      const bare = bareName(name)
      if (bare === asked) return 'same name'
      return holds(bare, '') ? 'part of the name' : null
    }
    const named = parse<ChatNames>(chats.all()).flatMap(([chat, name, last]): Fitting[] => {
      const why = fits(name)
      return why === null ? [] : [{ chat, why, last }]
    })
    const persons = parse<PersonNames>(people.all()).flatMap(
      ([person, name, pushname, inAddressBook, last]): Fitting[] => {
        const given = inAddressBook === 1 && name !== null ? fits(name) : null
        if (given !== null) return [{ person, why: given, last }]
        const isSo = [name, pushname].some((one) => one !== null && fits(one) !== null)
        return isSo ? [{ person, why: 'calls themselves so', last }] : []
      },
    )
    return [...named, ...persons]
  }

  function read({ why, ...found }: Fitting): NamedRecipient | null {
    if ('person' in found) {
      const person = loader.people([found.person]).get(found.person)
      const recipient = person === undefined ? null : ofPerson(person)
      return recipient === null ? null : { ...recipient, why, isOurs: why !== 'calls themselves so' }
    }
    const [chat] = chatBy.all(found.chat)
    if (chat === undefined) return null
    return { ...ofChat(chat), why, isOurs: written.all(found.chat).length > 0 }
  }

  return {
    recipientAt(address) {
      const chat = finder.chat(address)
      if (chat !== null) return ofChat(chat)
      if (chatKindOf(address) !== 'direct') return null
      const person = finder.person(address)
      if (person !== null) return ofPerson(person)
      const phone = phoneOf(address)
      return phone === null
        ? null
        : { id: address, name: `+${phone}`, kind: 'direct', lastMessageAt: null, closed: null }
    },
    isKnown(address) {
      const own = loader.own()
      if (address === own.jid || address === own.lid) return true
      if (finder.person(address)?.in_address_book === 1) return true
      const chat = finder.chat(address)
      return chat !== null && loader.hasWritten(chat.id)
    },
    recipientsNamed(name, limit) {
      const asked = bareName(name)
      if (asked === '') return { total: 0, first: [] }
      const found = fitting(asked).sort(
        (one, other) => FITS.indexOf(one.why) - FITS.indexOf(other.why) || other.last - one.last,
      )
      const first = found.slice(0, limit).flatMap((one) => read(one) ?? [])
      return { total: found.length, first }
    },
    quoted(key) {
      const { row, chat } = finder.message(key) ?? fail('message_not_found')
      const own = loader.own()
      const people = loader.people([row.sender])
      return {
        id: toKey(chat, row.bare_id, row.sender, jidOf(row.sender, { own, people }), own),
        place: row.id,
        chat: toJid(chatId(chat)),
        type: row.type,
        text: row.body,
        keys: keysOf(row, chat, people.get(row.sender), own),
      }
    },
  }
}

/**
 * All keys that WhatsApp Web may use for a message: each address of its chat with each address of its author.
 */
function keysOf(row: MessageRow, chat: ChatView, author: PersonRow | undefined, own: Own): MessageKey[] {
  const key = (fromMe: boolean, ...rest: string[]) => toMessageKey([fromMe, ...rest].join('_'))
  const mine = [own.jid, own.lid].filter((address) => address !== null)
  // Builds disagree about the direction of notes to oneself.
  if (isOwnChat(chat, own)) {
    return mine.flatMap((me) =>
      [true, false].flatMap((fromMe) => ['out', 'in'].map((end) => key(fromMe, me, row.bare_id, end))),
    )
  }
  const isMine = row.sender === ME
  // A number that is somebody else's by now stays in the keys.
  const then = row.by_phone == null ? [] : [`${row.by_phone}@c.us`]
  const chats = [chat.jid, chat.phone, chat.lid].filter((address) => address !== null)
  if (!hasAuthors(chat.kind))
    return [...new Set([...chats, ...then])].map((address) => key(isMine, address, row.bare_id))
  const authors = isMine
    ? mine
    : [...new Set([author?.phone, author?.lid, ...then])].filter((address) => typeof address === 'string')
  return chats.flatMap((address) => authors.map((from) => key(isMine, address, row.bare_id, from)))
}

function parse<Row>([found]: { rows: string }[]): Row[] {
  return found === undefined ? [] : JSON.parse(found.rows)
}
