/** Accounts of one world that know each other: what one sends to another arrives there. */
import type { WorldMessage } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { chatOf, findPerson, toSelf } from './addresses.ts'
import type { Context } from './context.ts'
import { addMessage, tellPeople } from './messages.ts'

/** Makes every account a contact of every other, under the name that its owner chose. */
export function introduceAll(context: Context): void {
  const all = context.accounts.all()
  for (const account of all) {
    const others = all.filter((other) => other !== account).map(toSelf)
    const strangers = others.filter(({ phone }) => account.contacts.get(phone) === undefined)
    for (const person of strangers) account.contacts.set(person.phone, { ...person, name: person.pushname })
    tellPeople(context, account, strangers)
  }
  context.changed()
}

/**
 * Delivers a message of this account to the account that its direct chat is with, if that knows the sender. Both have the
 * same id, as in WhatsApp.
 */
export function deliverToAccount(context: Context, sender: Account, message: WorldMessage): void {
  const to = findPerson(sender, message.chat)?.phone
  const receiver = context.accounts.all().find(({ info }) => info.phone === to)
  if (receiver === undefined || receiver === sender) return
  const from = receiver.contacts.get(sender.info.phone)
  if (from === undefined) return
  const { id, type, body, t, quoted, media, caption, viewOnce, forwarded } = message
  const { location, vcards, poll } = message
  addMessage(context, receiver, {
    id,
    chat: chatOf(from),
    from: `${from.phone}@c.us`,
    fromMe: false,
    origin: 'contact',
    type,
    body,
    t,
    ack: 1,
    ...(media === undefined ? {} : { media }),
    ...(caption === undefined ? {} : { caption }),
    ...(viewOnce === undefined ? {} : { viewOnce }),
    ...(forwarded === undefined ? {} : { forwarded }),
    ...(location === undefined ? {} : { location }),
    ...(vcards === undefined ? {} : { vcards }),
    ...(poll === undefined ? {} : { poll }),
    ...(quoted !== undefined && receiver.messages.get(quoted) ? { quoted } : {}),
  })
}
