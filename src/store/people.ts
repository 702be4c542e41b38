/** The table of people: one row each, identified by phone number, LID or both. */
import type { Jid } from '../model/ids.ts'
import type { SeenContact } from '../model/seen.ts'
import type { Connection } from './sqlite.ts'

/** Senders that are not a person: this account, or none (the channel itself is the sender). */
export const ME = 0
export const NOBODY = -1

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
  /** The person with this address; undefined if unknown. */
  find(jid: Jid): PersonRow | undefined
  /** The id of the person with this address; creates the row if it is new. */
  idOf(jid: Jid): number
  insert(contact: SeenContact): number
  update(id: number, contact: SeenContact): void
  setPushname(id: number, pushname: string): void
  setAddresses(id: number, phone: Jid, lid: Jid): void
  /** `id` is the same person as `other`: its addresses move there, its row stays as a pointer. */
  retire(id: number, other: number): void
}

export function createPeople(db: Connection): People {
  const rows = db.memory<Jid, PersonRow | undefined>('people')
  const byPhone = db.query<PersonRow, [Jid]>('SELECT * FROM people WHERE phone = ?')
  const byLid = db.query<PersonRow, [Jid]>('SELECT * FROM people WHERE lid = ?')
  const insert = db.command(
    `INSERT INTO people (phone, lid, name, pushname, in_address_book, is_business, is_blocked)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  const update = db.command(
    `UPDATE people SET phone = coalesce(?, phone), lid = coalesce(?, lid), name = ?, pushname = coalesce(?, pushname),
     in_address_book = ?, is_business = ?, is_blocked = ? WHERE id = ?`,
  )
  const setPushname = db.command('UPDATE people SET pushname = ? WHERE id = ?')
  const setAddresses = db.command('UPDATE people SET phone = ?, lid = ? WHERE id = ?')
  const retire = db.command('UPDATE people SET phone = NULL, lid = NULL, same_as = ? WHERE id = ?')
  const follow = db.command('UPDATE people SET same_as = ? WHERE same_as = ?')

  const find = (jid: Jid) => rows.get(jid, () => (jid.endsWith('@lid') ? byLid : byPhone).get(jid))
  const add = (one: SeenContact) =>
    insert.run(
      one.phone,
      one.lid,
      one.name,
      one.pushname,
      Number(one.inAddressBook),
      Number(one.isBusiness),
      Number(one.isBlocked),
    ).lastInsertRowid
  return {
    find,
    idOf: (jid) => find(jid)?.id ?? add(stranger(jid)),
    insert: add,
    update(id, one) {
      const flags = [Number(one.inAddressBook), Number(one.isBusiness), Number(one.isBlocked)]
      update.run(one.phone, one.lid, one.name, one.pushname, ...flags, id)
    },
    setPushname: (id, pushname) => void setPushname.run(pushname, id),
    setAddresses: (id, phone, lid) => void setAddresses.run(phone, lid, id),
    retire(id, other) {
      retire.run(other, id)
      follow.run(other, id)
    },
  }
}

function stranger(jid: Jid): SeenContact {
  const isLid = jid.endsWith('@lid')
  return {
    phone: isLid ? null : jid,
    lid: isLid ? jid : null,
    name: null,
    pushname: null,
    inAddressBook: false,
    isBusiness: false,
    isBlocked: false,
  }
}
