/** JIDs on the service's side: how people and chats are addressed. */
import type { WorldContact } from '../simulator.ts'
import type { Account } from './accounts.ts'

/** A person as the service sees it: a contact, or the account itself. */
export type Person = { phone: string; lid: string; name: string | null; pushname: string; lidChat: boolean }

/** The account as a person. Its chat with itself is addressed by phone. */
export function toSelf(account: Account): Person {
  return { ...account.info, name: null, lidChat: false }
}

/** Whoever is meant by a phone in digits, `<phone>@c.us` or `<lid>@lid`; undefined if nobody has WhatsApp there. */
export function findPerson(account: Account, address: string): Person | undefined {
  const [user = '', server] = address.replace(/^\+/, '').split('@')
  if (server === 'lid') {
    return [toSelf(account), ...account.contacts.values()].find((person) => person.lid === user)
  }
  return user === account.info.phone ? toSelf(account) : account.contacts.get(user)
}

/** JID of the direct chat with a person. */
export function chatOf(person: Person | WorldContact): string {
  return person.lidChat ? `${person.lid}@lid` : `${person.phone}@c.us`
}

/**
 * JID of the chat that is meant by a group's JID, a phone, `<phone>@c.us` or `<lid>@lid`, as this account addresses
 * it; undefined if there is no such person or group.
 */
export function findChatId(account: Account, address: string): string | undefined {
  if (address.endsWith('@g.us')) return account.groups.has(address) ? address : undefined
  const person = findPerson(account, address)
  return person && chatOf(person)
}
