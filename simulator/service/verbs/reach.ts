/** Shared by all verbs: the account of the current phone, and finding people, chats and groups by address. */
import type { Account, Group } from '../accounts.ts'
import { demandPerson, findChatId, type Person } from '../addresses.ts'
import type { Context } from '../context.ts'

export type Reach = {
  context: Context
  /** Returns the account of the current phone. */
  account(): Account
  /** Returns the JID of the chat at an address. Throws an error with a sentence if there is none. */
  chatId(address: string): string
  /** Throws an error with a sentence if the person is unknown. */
  person(address: string): Person
  group(id: string): Group
}

/** Creates the {@link Reach} of `context`. */
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
    person: (address) => demandPerson(account(), address),
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
