/**
 * The people and messages that the documentation's examples name: with them in the world, each example can be
 * pasted.
 */
import type { Account } from './accounts.ts'
import { chatOf, toSelf } from './addresses.ts'
import { emptyChat } from './messages.ts'
import type { Random } from './random.ts'
import { makeLid, makePhoneMessageId, toOldMessage } from './seed.ts'

const day = 86_400

/** Adds the person with the number +1 555 123 4567, and a conversation about a dinner, to a new world. */
export function seedExamples(account: Account, random: Random, now: number): void {
  const noor = {
    phone: '15551234567',
    lid: makeLid(random),
    name: 'Noor Haddad',
    pushname: 'Noor',
    lidChat: false,
  }
  account.contacts.set(noor.phone, noor)
  const chat = chatOf(noor)
  const self = toSelf(account)
  const talk = [
    {
      from: noor.phone,
      body: 'Are you in town this week?',
      t: now - day - 7_200,
      id: makePhoneMessageId(random),
    },
    { from: self.phone, body: 'Yes! Dinner on Friday?', t: now - day - 3_600, id: '3EB0C767D097B7C7C0' },
    {
      from: noor.phone,
      body: 'Friday is good. Where shall we meet?',
      t: now - day,
      id: makePhoneMessageId(random),
    },
  ]
  for (const one of talk) {
    account.messages.put(toOldMessage(account, { ...one, chat, fromMe: one.from === self.phone }))
  }
  account.chats.set(chat, { ...emptyChat(chat, now - day), unreadCount: 1 })
}
