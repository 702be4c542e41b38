/** What every group of verbs needs: the account in the hand, and who or what an address means. */
import type { Account, Group } from '../accounts.ts'
import { findChatId, findPerson, type Person } from '../addresses.ts'
import type { Context } from '../context.ts'

export type Reach = {
  context: Context
  /** Whose phone is in the hand now. */
  account(): Account
  /** JID of the chat at an address; throws a sentence if there is none. */
  chatId(address: string): string
  /** Throws a sentence for a stranger. */
  person(address: string): Person
  group(id: string): Group
}

/** Reach over `context`. */
export function createReach(context: Context): Reach {
  const account = (): Account => context.accounts.current()
  return {
    context,
    account,
    chatId(address) {
      const id = findChatId(account(), address)
      if (id) return id
      throw new Error(`${address} is neither a person on WhatsApp nor a group.`)
    },
    person(address) {
      const person = findPerson(account(), address)
      if (person) return person
      throw new Error(`${address} is not on WhatsApp.`)
    },
    group(id) {
      const group = account().groups.get(id)
      if (group) return group
      throw new Error(`No group ${id}.`)
    },
  }
}

/** Returns a copy, so that callers cannot change the world. */
export function copyOf<T>(value: T): T {
  return structuredClone(value)
}
