/** The verbs about people, and the verb that adds many of them. */
import type { World } from '../../simulator.ts'
import type { WorldContact } from '../../world-types.ts'
import { endCall, ring } from '../calls.ts'
import { tellPeople } from '../messages.ts'
import { moveNumber } from '../moved-numbers.ts'
import { pictureOf, setPicture } from '../pictures.ts'
import { setBusiness, setProfile } from '../profile.ts'
import { makeLid } from '../seed.ts'
import { seedHistory } from '../seed-history.ts'
import type { Reach } from './reach.ts'

type PeopleVerbs = Pick<
  World,
  | 'ring'
  | 'hangUp'
  | 'addContact'
  | 'renameContact'
  | 'setPushname'
  | 'setContact'
  | 'setProfile'
  | 'setPicture'
  | 'pictureOf'
  | 'revealPhone'
  | 'moveNumber'
  | 'seedHistory'
>

/** See {@link World}. */
export function peopleVerbs({ context, account, person }: Reach): PeopleVerbs {
  const change = (address: string, changes: Partial<WorldContact>): WorldContact => {
    const contact = account().contacts.get(person(address).phone)
    if (!contact) throw new Error(`No contact ${address}.`)
    const changed = { ...contact, ...changes }
    account().contacts.set(contact.phone, changed)
    tellPeople(context, account(), [changed])
    return { ...changed }
  }
  return {
    addContact({ phone, name = null, pushname, lidChat = false, phoneHidden = false }) {
      if (!/^\d{8,15}$/.test(phone)) throw new Error(`${phone} is not a phone number of 8 to 15 digits.`)
      const known = account().contacts.get(phone)
      const contact: WorldContact = {
        phone,
        lid: known?.lid ?? makeLid(context.random),
        name,
        pushname: pushname ?? name ?? '',
        lidChat: lidChat || phoneHidden,
        ...(phoneHidden ? { phoneHidden } : {}),
      }
      account().contacts.set(phone, contact)
      if (name !== null) tellPeople(context, account(), [contact])
      return contact
    },
    renameContact: async ({ phone, name }) => change(phone, { name }),
    setPushname: async ({ phone, pushname }) => change(phone, { pushname }),
    setContact: async ({ phone, ...changes }) => change(phone, changes),
    setProfile({ business, ...changes }) {
      if (business !== undefined) setBusiness(context, account(), business)
      const refused = setProfile(context, account(), changes)
      if (refused) throw new Error(`The server refuses it: ${refused.error.text}.`)
    },
    setPicture: (picture) => setPicture(context, account(), picture),
    pictureOf: ({ of }) => pictureOf(account(), of)?.data ?? null,
    async revealPhone({ lid }) {
      const contact = account().contacts.byLid(lid.replace(/@lid$/, ''))
      if (!contact) throw new Error(`${lid} is not on WhatsApp.`)
      return change(contact.phone, { phoneHidden: false })
    },
    moveNumber: async ({ phone, pushname }) => ({
      ...moveNumber(context, account(), person(phone), pushname),
    }),
    async ring({ from, video = false, group }) {
      if (group !== undefined && !account().groups.has(group)) throw new Error(`No group ${group}.`)
      const call = { from: `${person(from).phone}@c.us`, video, ...(group === undefined ? {} : { group }) }
      return ring(context, account(), call)
    },
    hangUp: async ({ id }) => endCall(context, account(), id, 'missed'),
    seedHistory: (options) => seedHistory(context, account(), options),
  }
}
