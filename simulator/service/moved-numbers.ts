/** A phone number passes to somebody else, who has another LID. */
import type { WorldContact } from '../world-types.ts'
import type { Account } from './accounts.ts'
import type { Person } from './addresses.ts'
import type { Context } from './context.ts'
import { tellPeople } from './messages.ts'
import { makeLid } from './seed.ts'

/**
 * Gives the number of `person` to a new person. A chat by phone number stays where it is, with the messages of both; the former
 * person is known by LID only. Throws for the account itself.
 */
export function moveNumber(
  context: Context,
  account: Account,
  { phone }: Person,
  pushname: string,
): WorldContact {
  const contact = account.contacts.get(phone)
  if (!contact) throw new Error(`No contact ${phone}.`)
  // WhatsApp knows everybody's number, pages do not.
  const former = {
    ...contact,
    phone: `8${context.random.text(14, '0123456789')}`,
    lidChat: true,
    phoneHidden: true,
  }
  const next = { ...contact, lid: makeLid(context.random), pushname }
  account.contacts.setAll([
    [former.phone, former],
    [phone, next],
  ])
  for (const group of account.groups.values()) {
    const members = group.members.map((member) => (member === phone ? former.phone : member))
    account.groups.set(group.id, { ...group, members })
  }
  for (const message of account.messages.all()) {
    if (message.from === `${phone}@c.us`) account.messages.put({ ...message, from: `${former.phone}@c.us` })
  }
  tellPeople(context, account, [former, next])
  return next
}
