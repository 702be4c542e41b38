/** Reads people: the list of contacts, and one contact with all stored details. */
import { z } from 'zod'
import { fromCursor, toCursor } from '../cursor.ts'
import { fail } from '../errors.ts'
import type { Chat } from '../model/chat.ts'
import type { Contact } from '../model/contact.ts'
import { createMatcher, fold } from '../model/fold.ts'
import { type Jid, keyAliases } from '../model/ids.ts'
import { isVisible } from '../model/text.ts'
import { timeOf } from './position.ts'
import type { Page, PageOptions } from './read-chats.ts'
import type { Finder } from './read-finder.ts'
import { FACE_TABLES, type Loader, VIEW } from './read-loader.ts'
import { type ChatView, chatId, chatName, type Own, toContact } from './render.ts'
import type { Connection } from './sqlite.ts'
import { toIso } from './times.ts'

/** Messages in one direction. Times are ISO 8601; null if there are none. */
export type Traffic = { count: number; first_at: string | null; last_at: string | null }

/** One person with all stored details. */
export type ContactDetails = {
  contact: Contact
  /** The direct chat with them; null if there is none. */
  chat: Chat | null
  /** Groups that both are members of, latest activity first. */
  groups: { id: string; name: string }[]
  /** Messages of the direct chat, as far as it is archived. */
  received: Traffic
  sent: Traffic
}

/** The reader's functions for people. */
export type ContactReader = {
  /** Lists the address book first, then by name, without this account. @throws `invalid_input` (cursor) */
  listContacts(filter: { query?: string | undefined }, page: PageOptions): Page<Contact>
  /** Returns one person, by phone number or LID. @throws `contact_not_found` */
  getContact(address: Jid): ContactDetails
  /**
   * Returns the phone number and LID of the person with this address, if known; otherwise only the address.
   */
  addressesOf(address: Jid): Jid[]
  /** Returns every address whose {@link addressesOf} may have this one: also the numbers by which that person was asked for. */
  namesOf(address: Jid): Jid[]
  /** Returns all ids of the message with this id: with phone numbers and with LIDs. */
  spellingsOf(message: string): string[]
}

/** 0 for people in the address book, else 1; the folded name; the id. */
const ContactPlace = z.tuple([z.int(), z.string(), z.int()])
type Place = z.infer<typeof ContactPlace>
/** Characters of a name that decide its position, so that a cursor stays short. */
const MAX_SORTED = 100

const QUERIES = {
  asked: 'SELECT asked FROM phone_aliases WHERE phone IN (SELECT value FROM json_each(?))',
  // Arrays: with thousands of people, the transfer of rows takes most of the time.
  names: `SELECT json_group_array(id) AS ids, json_group_array(1 - in_address_book) AS ranks,
      json_group_array(coalesce(phone, '')) AS phones, json_group_array(coalesce(lid, '')) AS lids,
      json_group_array(coalesce(name, '')) AS names, json_group_array(coalesce(pushname, '')) AS pushnames
    FROM people WHERE same_as IS NULL`,
  groups: `SELECT ${VIEW} FROM members m CROSS JOIN chats c ON c.id = m.chat LEFT JOIN people p ON p.id = c.person
    WHERE m.person = ? AND c.kind = 'group' AND c.removed_at IS NULL`,
  chat: `SELECT ${VIEW} FROM ${FACE_TABLES} WHERE c.person = ?`,
  traffic: `SELECT count(*) FILTER (WHERE sender = 0) AS sent, min(id) FILTER (WHERE sender = 0) AS sent_first,
    max(id) FILTER (WHERE sender = 0) AS sent_last, count(*) FILTER (WHERE sender <> 0) AS received,
    min(id) FILTER (WHERE sender <> 0) AS received_first, max(id) FILTER (WHERE sender <> 0) AS received_last
    FROM messages WHERE chat = ?`,
}

type TrafficRow = {
  sent: number
  sent_first: number | null
  sent_last: number | null
  received: number
  received_first: number | null
  received_last: number | null
}

/** Prepares its statements once, here. */
export function createContactReader(db: Connection, loader: Loader, finder: Finder): ContactReader {
  const names = db.query<Record<'ids' | 'ranks' | 'phones' | 'lids' | 'names' | 'pushnames', string>>(
    QUERIES.names,
  )
  const groups = db.query<ChatView>(QUERIES.groups)
  const asked = db.query<{ asked: Jid }>(QUERIES.asked)
  const chatOf = db.query<ChatView>(QUERIES.chat)
  const traffic = db.query<TrafficRow>(QUERIES.traffic)

  /** The first `count` positions of matching people after `start`, in order. */
  function places(query: string | undefined, start: Place | null, count: number, own: Own): Place[] {
    const [all] = names.all()
    if (all === undefined) return []
    const [ids, ranks]: number[][] = [JSON.parse(all.ids), JSON.parse(all.ranks)]
    const [phones, lids, given, pushed]: string[][] = [
      JSON.parse(all.phones),
      JSON.parse(all.lids),
      JSON.parse(all.names),
      JSON.parse(all.pushnames),
    ]
    const matches = query === undefined ? null : createMatcher(query)
    const numbersOf = matches === null ? () => '' : finder.numbers()
    const best = createBest<Place>(count, inOrder)
    ids?.forEach((id, index) => {
      const [rank = 1, phone = '', lid = '', name = '', pushname = ''] = [
        ranks?.[index],
        phones?.[index],
        lids?.[index],
        given?.[index],
        pushed?.[index],
      ]
      const address = phone || lid
      if (address === own.jid || address === own.lid) return
      if (matches !== null && !matches(fold(`${name}\n${pushname}`), numbersOf(phone, lid))) return
      // People without a name follow all names, by number.
      const shown = isVisible(name) ? name : pushname
      const place: Place = [rank, fold(shown).slice(0, MAX_SORTED) || `\uffff${address}`, id]
      if (start === null || inOrder(start, place) < 0) best.offer(place)
    })
    return best.take()
  }

  function toTraffic(count: number, first: number | null, last: number | null): Traffic {
    const at = (place: number | null) => (place === null ? null : toIso(timeOf(place)))
    return { count, first_at: at(first), last_at: at(last) }
  }

  function addressesOf(address: Jid): Jid[] {
    const { jid, lid } = loader.own()
    const isOwn = address === jid || address === lid
    const person = finder.anybody(address)
    const all = [address, ...(isOwn ? [jid, lid] : []), person?.phone, person?.lid]
    return [...new Set(all.filter((one) => one !== null && one !== undefined))]
  }

  return {
    addressesOf,
    namesOf(address) {
      const all = addressesOf(address)
      return [...all, ...asked.all(JSON.stringify(all)).map(({ asked }) => asked)]
    },
    spellingsOf: (message) => keyAliases(message, addressesOf),
    listContacts({ query }, { limit, cursor }) {
      const start = fromCursor('contacts', cursor, ContactPlace)
      const found = places(query, start, limit + 1, loader.own())
      const shown = found.slice(0, limit)
      const people = loader.people(shown.map(([, , id]) => id))
      const items = shown.flatMap(([, , id]) => {
        const person = people.get(id)
        return (person === undefined ? null : toContact(person)) ?? []
      })
      const last = shown.at(-1)
      return {
        items,
        next: found.length > limit && last !== undefined ? toCursor('contacts', last) : null,
      }
    },
    getContact(address) {
      const person = finder.person(address) ?? fail('contact_not_found')
      const contact = toContact(person) ?? fail('contact_not_found')
      const own = loader.own()
      const [row] = chatOf.all(person.id)
      const [chat = null] = row === undefined ? [] : loader.renderChats([row], own)
      const [counts] = row === undefined ? [] : traffic.all(row.id)
      return {
        contact,
        chat,
        groups: groups
          .all(person.id)
          .sort((one, other) => other.timestamp - one.timestamp)
          .map((group) => ({ id: chatId(group), name: chatName(group, own) })),
        received: toTraffic(
          counts?.received ?? 0,
          counts?.received_first ?? null,
          counts?.received_last ?? null,
        ),
        sent: toTraffic(counts?.sent ?? 0, counts?.sent_first ?? null, counts?.sent_last ?? null),
      }
    },
  }
}

function inOrder(one: Place, other: Place): number {
  if (one[0] !== other[0]) return one[0] - other[0]
  if (one[1] !== other[1]) return one[1] < other[1] ? -1 : 1
  return one[2] - other[2]
}

/** Keeps the first `count` of the offered items without sorting all of them. */
function createBest<T>(count: number, order: (one: T, other: T) => number) {
  let kept: T[] = []
  /** No item after this one can be among the first. Null until `count` items were kept. */
  let bound: T | null = null
  const tidy = () => {
    kept = kept.sort(order).slice(0, count)
    bound = kept[count - 1] ?? null
  }
  return {
    offer(one: T): void {
      if (bound !== null && order(bound, one) < 0) return
      kept.push(one)
      if (kept.length >= 4 * count) tidy()
    },
    take(): T[] {
      tidy()
      return kept
    },
  }
}
