/** JIDs in the service: the addresses of people and chats. */
import type { WorldContact } from '../world-types.ts'
import type { Account } from './accounts.ts'

/** A person in the service: a contact, or the account itself. */
export type Person = WorldContact

/** The account as a person. Its chat with itself is addressed by phone number. */
export function toSelf(account: Account): Person {
  const { phone, lid, pushname } = account.info
  return { phone, lid, pushname, name: null, lidChat: false }
}

/** The chat of all status posts. */
export const statusChat = 'status@broadcast'

/** The value that stands for the owner's own phone if a verb takes an actor. */
const me = 'me'

/**
 * Returns the person for `me`, a phone number, `<phone>@c.us` or `<lid>@lid`; undefined if not on WhatsApp.
 */
export function findPerson(account: Account, address: string): Person | undefined {
  if (address === me) return toSelf(account)
  const [user = '', server] = address.replace(/^\+/, '').split('@')
  if (server === 'lid') {
    return user === account.info.lid ? toSelf(account) : account.contacts.byLid(user)
  }
  return user === account.info.phone ? toSelf(account) : account.contacts.get(user)
}

/** The same. Throws with a sentence for somebody who is not on WhatsApp. */
export function demandPerson(account: Account, address: string): Person {
  const person = findPerson(account, address)
  if (person) return person
  throw new Error(`${address} is not on WhatsApp.`)
}

/** JID of the direct chat with a person. */
export function chatOf(person: Person | WorldContact): string {
  return person.lidChat ? `${person.lid}@lid` : `${person.phone}@c.us`
}

/**
 * Returns the JID of the chat for a group's or channel's JID, a phone number, `<phone>@c.us` or `<lid>@lid`,
 * in the form that this account uses; undefined if there is no such person or group.
 */
export function findChatId(account: Account, address: string): string | undefined {
  if (address.endsWith('@g.us')) return account.groups.has(address) ? address : undefined
  if (address.endsWith('@newsletter')) return account.channels.has(address) ? address : undefined
  if (address === statusChat) return address
  const person = findPerson(account, address)
  return person && chatOf(person)
}
