/**
 * The tables of people: one row each, and whose a phone number was when. A person with a LID is that LID; a row with a phone number
 * alone stands for the person whose LID is not known yet.
 */
import type { Jid } from '../model/ids.ts'
import type { SeenContact } from '../model/seen.ts'
import type { Connection } from './sqlite.ts'

/** Senders that are not a person: this account, or none (the channel itself is the sender). */
export const ME = 0
export const NOBODY = -1

/** A time in which a phone number was one person's; see migrations/archive/08-identities.sql. */
export type PhoneSpan = { phone: Jid; from_ms: number; until_ms: number | null }
type Span = Omit<PhoneSpan, 'phone'> & { person: number }

export type PersonRow = {
  id: number
  phone: Jid | null
  lid: Jid | null
  name: string | null
  pushname: string | null
  in_address_book: number
  is_business: number
  is_blocked: number
}

export type People = {
  get(id: number): PersonRow | undefined
  /** The person who has this address now; undefined if unknown. */
  find(jid: Jid): PersonRow | undefined
  /** The id of the person who has this address now; creates the row if it is new. */
  idOf(jid: Jid): number
  /** The id of the person who had this address at that time (Unix milliseconds); undefined if unknown. */
  at(jid: Jid, atMs: number): number | undefined
  /** Everyone who has or had this address, the latest first. */
  everyoneAt(jid: Jid): number[]
  /** True if the person had a phone number and has none now. */
  hasLostPhone(id: number): boolean
  insert(contact: SeenContact): number
  /** Changes names and flags; addresses change only by `identify`. */
  update(id: number, contact: SeenContact): void
  setPushname(id: number, pushname: string): void
  /** Sets the LID of a row that has only a phone number. */
  setLid(id: number, lid: Jid): void
  /** Gives the person this number, which nobody has now: from when its last person lost it, or from the beginning. */
  takePhone(id: number, phone: Jid): void
  /** Takes the number from the person at this time (Unix ms). Returns the stored time, which is after the last change of the number. */
  losePhone(id: number, phone: Jid, atMs: number): number
  /** Replaces the stored numbers of this person. */
  setPhones(id: number, spans: readonly PhoneSpan[]): void
  /** Stores that the number `asked` is the account with the address `phone`: another number, or a LID. */
  setAlias(asked: Jid, phone: Jid): void
  /** Returns the address that {@link People.setAlias} stored for this number; null if there is none. */
  aliasOf(asked: Jid): Jid | null
  /** Merges `id` into `other`, which keeps what is known of either. The row of `id` stays and points to `other`. */
  retire(id: number, other: number): void
}

export function createPeople(db: Connection): People {
  const rows = db.memory<Jid, PersonRow | undefined>('people')
  const byId = db.query<PersonRow, [number]>('SELECT * FROM people WHERE id = ? AND same_as IS NULL')
  const byPhone = db.query<PersonRow, [Jid]>('SELECT * FROM people WHERE phone = ?')
  const byLid = db.query<PersonRow, [Jid]>('SELECT * FROM people WHERE lid = ?')
  const insert = db.command(
    `INSERT INTO people (phone, lid, name, pushname, in_address_book, is_business, is_blocked)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const update = db.command(
    `UPDATE people SET name = ?, pushname = coalesce(?, pushname), in_address_book = ?, is_business = ?, is_blocked = ?
     WHERE id = ?`,
  )
  const setPushname = db.command('UPDATE people SET pushname = ? WHERE id = ?')
  const setLid = db.command('UPDATE people SET lid = ? WHERE id = ?')
  const setPhone = db.command('UPDATE people SET phone = ? WHERE id = ?')
  const spans = db.memory<Jid, Span[]>('person_phones')
  const spansOf = db.query<Span, [Jid]>(
    'SELECT from_ms, until_ms, person FROM person_phones WHERE phone = ? ORDER BY from_ms DESC',
  )
  const lost = db.query<{ id: number }>(
    `SELECT id FROM people WHERE id = ? AND phone IS NULL AND EXISTS
     (SELECT 1 FROM person_phones WHERE person = people.id)`,
  )
  const begin = db.command('INSERT INTO person_phones (phone, from_ms, person) VALUES (?, ?, ?)')
  const unspan = db.command('DELETE FROM person_phones WHERE person = ?')
  const span = db.command('INSERT INTO person_phones (phone, from_ms, until_ms, person) VALUES (?, ?, ?, ?)')
  const end = db.command('UPDATE person_phones SET until_ms = ? WHERE phone = ? AND until_ms IS NULL')
  const inherit = db.command(
    `UPDATE people SET name = coalesce(people.name, old.name), pushname = coalesce(people.pushname, old.pushname),
     in_address_book = max(people.in_address_book, old.in_address_book), is_business = max(people.is_business, old.is_business),
     is_blocked = max(people.is_blocked, old.is_blocked) FROM people old WHERE people.id = ? AND old.id = ?`,
  )
  const retire = db.command('UPDATE people SET phone = NULL, lid = NULL, same_as = ? WHERE id = ?')
  const follow = db.command('UPDATE people SET same_as = ? WHERE same_as = ?')

  const setAlias = db.command('INSERT OR REPLACE INTO phone_aliases (asked, phone) VALUES (?, ?)')
  const alias = db.query<{ phone: Jid }, [Jid]>('SELECT phone FROM phone_aliases WHERE asked = ?')
  const history = (phone: Jid) => (isLid(phone) ? [] : spans.get(phone, () => spansOf.all(phone)))
  const find = (jid: Jid) => rows.get(jid, () => (isLid(jid) ? byLid : byPhone).get(jid))
  const flagsOf = (one: SeenContact) => [one.inAddressBook, one.isBusiness, one.isBlocked].map(Number)

  function add(one: SeenContact): number {
    const id = Number(insert.run(one.phone, one.lid, one.name, one.pushname, ...flagsOf(one)).lastInsertRowid)
    if (one.phone !== null && one.lid !== null) begin.run(one.phone, startOf(one.phone), id)
    return id
  }

  /** The time from which a new person has this number: when the last person lost it, however late that was noticed (Unix ms). */
  const startOf = (phone: Jid) => history(phone)[0]?.until_ms ?? 0

  return {
    get: (id) => byId.get(id),
    find,
    idOf: (jid) => find(jid)?.id ?? add(stranger(jid)),
    at(jid, atMs) {
      const then = history(jid).find(({ from_ms }) => from_ms <= atMs)
      return then !== undefined && atMs < (then.until_ms ?? Infinity) ? then.person : find(jid)?.id
    },
    everyoneAt(jid) {
      const now = find(jid)?.id ?? []
      return [...new Set([now, ...history(jid).map(({ person }) => person)].flat())]
    },
    hasLostPhone: (id) => lost.get(id) !== undefined,
    insert: add,
    update: (id, one) => void update.run(one.name, one.pushname, ...flagsOf(one), id),
    setPushname: (id, pushname) => void setPushname.run(pushname, id),
    setLid: (id, lid) => void setLid.run(lid, id),
    takePhone(id, phone) {
      setPhone.run(phone, id)
      begin.run(phone, startOf(phone), id)
    },
    losePhone(id, phone, atMs) {
      // A clock that was put back must not turn the order around.
      const at = Math.max(atMs, (history(phone)[0]?.from_ms ?? 0) + 1)
      setPhone.run(null, id)
      end.run(at, phone)
      return at
    },
    setPhones(id, spans) {
      unspan.run(id)
      for (const { phone, from_ms, until_ms } of spans) span.run(phone, from_ms, until_ms, id)
    },
    setAlias: (asked, phone) => void setAlias.run(asked, phone),
    aliasOf: (asked) => alias.get(asked)?.phone ?? null,
    retire(id, other) {
      inherit.run(other, id)
      retire.run(other, id)
      follow.run(other, id)
    },
  }
}

const isLid = (jid: Jid) => jid.endsWith('@lid')

function stranger(jid: Jid): SeenContact {
  return {
    phone: isLid(jid) ? null : jid,
    lid: isLid(jid) ? jid : null,
    name: null,
    pushname: null,
    inAddressBook: false,
    isBusiness: false,
    isBlocked: false,
  }
}
