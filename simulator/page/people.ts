/** Who is who: phones and LIDs of everybody that this page has heard of. */
import type { WirePerson } from '../wire.ts'
import { myAccount, page } from './page.ts'
import { Wid } from './wid.ts'

const byPhone = new Map<string, WirePerson>()
const byLid = new Map<string, WirePerson>()

/** Remember people, or learn new names for known ones. */
export function learnPeople(people: WirePerson[]): void {
  for (const person of people) {
    byPhone.set(person.phone, person)
    byLid.set(person.lid, person)
  }
}

/** The person behind a user wid, by phone or LID; undefined for a stranger. */
export function personOf(wid: Wid): WirePerson | undefined {
  if (wid.isLid()) return byLid.get(wid.user)
  const person = byPhone.get(wid.user)
  return person?.phoneHidden ? undefined : person
}

/** The person with this phone. */
export function personByPhone(phone: string): WirePerson | undefined {
  return byPhone.get(phone)
}

export function everybody(): WirePerson[] {
  return [...byPhone.values()]
}

export const phoneWidOf = (person: { phone: string }): Wid => new Wid(person.phone, 'c.us')
export const lidWidOf = (person: { lid: string }): Wid => new Wid(person.lid, 'lid')

/** My own wids. */
export const myPhoneWid = (): Wid => phoneWidOf(myAccount())
export const myLidWid = (): Wid => lidWidOf(myAccount())

/** Is this me, by phone or LID, on whichever device? False before the link. */
export function isMe(wid: Wid): boolean {
  const { account } = page
  if (!account) return false
  return wid.isLid() ? wid.user === account.lid : wid.server === 'c.us' && wid.user === account.phone
}

/** The other identity of a person: LID for a phone, phone for a LID; undefined for a stranger. */
export function alternateOf(wid: Wid): Wid | undefined {
  const person = personOf(wid)
  if (!person || person.phoneHidden) return undefined
  return wid.isLid() ? phoneWidOf(person) : lidWidOf(person)
}
