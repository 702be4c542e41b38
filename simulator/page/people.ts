/** Phone numbers and LIDs of all people that this page knows. */
import type { WirePerson } from '../wire.ts'
import { myAccount, page } from './page.ts'
import { Wid } from './wid.ts'

const byPhone = new Map<string, WirePerson>()
const byLid = new Map<string, WirePerson>()

/** Stores people, or updates their names. */
export function learnPeople(people: WirePerson[]): void {
  for (const person of people) {
    byPhone.set(person.phone, person)
    byLid.set(person.lid, person)
  }
}

/** The person with this user wid, by phone number or LID; undefined if unknown. */
export function personOf(wid: Wid): WirePerson | undefined {
  if (wid.isLid()) return byLid.get(wid.user)
  const person = byPhone.get(wid.user)
  return person?.phoneHidden ? undefined : person
}

/** The person with this phone number. */
export function personByPhone(phone: string): WirePerson | undefined {
  return byPhone.get(phone)
}

export function everybody(): WirePerson[] {
  return [...byPhone.values()]
}

export const phoneWidOf = (person: { phone: string }): Wid => new Wid(person.phone, 'c.us')
export const lidWidOf = (person: { lid: string }): Wid => new Wid(person.lid, 'lid')

/** The account's own wids. */
export const myPhoneWid = (): Wid => phoneWidOf(myAccount())
export const myLidWid = (): Wid => lidWidOf(myAccount())

/** True if this is the account, by phone number or LID, on any device. False before linking. */
export function isMe(wid: Wid): boolean {
  const { account } = page
  if (!account) return false
  return wid.isLid() ? wid.user === account.lid : wid.server === 'c.us' && wid.user === account.phone
}

/** The other address of a person: LID for a phone number, and vice versa; undefined if unknown. */
export function alternateOf(wid: Wid): Wid | undefined {
  const person = personOf(wid)
  if (!person || person.phoneHidden) return undefined
  return wid.isLid() ? phoneWidOf(person) : lidWidOf(person)
}
