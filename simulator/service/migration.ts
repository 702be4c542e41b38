/**
 * WhatsApp moves accounts from phone numbers to LIDs: a direct chat gets another address while it is in use.
 */
import type { Account } from './accounts.ts'
import type { Person } from './addresses.ts'
import type { Context } from './context.ts'
import { tellPeople } from './messages.ts'
import { tell } from './telling.ts'
import { toWireChat } from './wire-forms.ts'

/** Moves the chat with `person` to its LID. Throws if it was moved already, or is the account itself. */
export function migrateChat(context: Context, account: Account, person: Person): Person {
  const contact = account.contacts.get(person.phone)
  if (!contact) throw new Error(`No contact ${person.phone}.`)
  if (contact.lidChat) throw new Error(`The chat with ${contact.phone} is addressed by LID already.`)
  const moved = { ...contact, lidChat: true }
  const from = `${contact.phone}@c.us`
  const to = `${contact.lid}@lid`
  account.contacts.set(contact.phone, moved)
  tellPeople(context, account, [moved])
  const chat = account.chats.get(from)
  account.messages.moveChat(from, to)
  if (!chat) return moved
  account.chats.delete(from)
  const next = { ...chat, id: to }
  account.chats.set(to, next)
  tell(context, account, (device) => ({ push: 'chat_moved', from, chat: toWireChat(account, device, next) }))
  return moved
}
