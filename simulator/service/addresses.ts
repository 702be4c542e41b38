/** JIDs on the service's side: how people and chats are addressed. */
import type { WorldContact } from '../world-types.ts'
import type { Account } from './accounts.ts'

/** A person as the service sees it: a contact, or the account itself. */
export type Person = WorldContact

/** The account as a person. Its chat with itself is addressed by phone. */
export function toSelf(account: Account): Person {
  const { phone, lid, pushname } = account.info
  return { phone, lid, pushname, name: null, lidChat: false }
}

/** Where everybody's status posts are. */
export const statusChat = 'status@broadcast'

/** The word that stands for the owner's own phone where a verb asks who acts. */
const me = 'me'

/** Whoever is meant by `me`, a phone in digits, `<phone>@c.us` or `<lid>@lid`; undefined if nobody has WhatsApp there. */
export function findPerson(account: Account, address: string): Person | undefined {
  if (address === me) return toSelf(account)
  const [user = '', server] = address.replace(/^\+/, '').split('@')
  if (server === 'lid') {
    return user === account.info.lid ? toSelf(account) : account.contacts.byLid(user)
  }
  return user === account.info.phone ? toSelf(account) : account.contacts.get(user)
}

/** JID of the direct chat with a person. */
export function chatOf(person: Person | WorldContact): string {
  return person.lidChat ? `${person.lid}@lid` : `${person.phone}@c.us`
}

/**
 * JID of the chat that is meant by a group's or channel's JID, a phone, `<phone>@c.us` or `<lid>@lid`, as this account addresses
 * it; undefined if there is no such person or group.
 */
export function findChatId(account: Account, address: string): string | undefined {
  if (address.endsWith('@g.us')) return account.groups.has(address) ? address : undefined
  if (address.endsWith('@newsletter')) return account.channels.has(address) ? address : undefined
  if (address === statusChat) return address
  const person = findPerson(account, address)
  return person && chatOf(person)
}
