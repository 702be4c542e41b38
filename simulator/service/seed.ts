/**
 * The world that a new service starts with: an account, people with names in several scripts, groups, old
 * messages.
 */
import type { WorldMessage } from '../world-types.ts'
import type { Account, AccountInfo, Group } from './accounts.ts'
import { chatOf, type Person, toSelf } from './addresses.ts'
import type { Random } from './random.ts'

/** The account of a new world. The number is from the range kept for fiction. */
export function seedAccount(random: Random, phone = '15550001000', pushname = 'Robin Example'): AccountInfo {
  return { phone, lid: makeLid(random), pushname, platform: 'android' }
}

/** A LID: 15 digits that are unrelated to the phone number. */
export function makeLid(random: Random): string {
  return `${random.between(1, 9)}${random.text(14, '0123456789')}`
}

/** A group's JID. */
export function makeGroupId(random: Random): string {
  return `120363${random.text(12, '0123456789')}@g.us`
}

/** The code of an invitation to a group. */
export function makeInviteCode(random: Random): string {
  return random.text(22, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789')
}

/** Id of a message from an Android phone: 32 characters, from which the library derives the device type. */
export function makePhoneMessageId(random: Random): string {
  return random.hex(32)
}

const people = [
  { name: 'Amara Okafor', pushname: 'Amara', lidChat: false },
  { name: 'Jürgen Müller', pushname: 'Jürgen 🚲', lidChat: false },
  { name: '王小明', pushname: '小明', lidChat: true },
  { name: 'Олена Коваль', pushname: 'Олена', lidChat: false },
  { name: 'يوسف حداد', pushname: 'يوسف', lidChat: true },
  { name: null, pushname: 'प्रिया', lidChat: false },
]

const oldTexts: [author: number | 'me', text: string][] = [
  [0, 'Are we still on for Thursday?'],
  ['me', 'Yes, 6 pm at the usual place'],
  [1, 'Das Fahrrad ist fertig, du kannst es abholen.'],
  [2, '你好！明天见 👋'],
  ['me', 'See you at 10'],
  [3, 'Дякую за допомогу!'],
  [4, 'مرحبا، كيف الحال؟'],
  [5, 'नमस्ते, मैं प्रिया हूँ। यह मेरा नया नंबर है।'],
]

/** Fills a new account. `phoneBase` keeps the contacts of two accounts apart. */
export function seedWorld(account: Account, random: Random, now: number, phoneBase = 15550001100): void {
  const contacts = people.map((person, index) => {
    const contact = { ...person, phone: String(phoneBase + index + 1), lid: makeLid(random) }
    account.contacts.set(contact.phone, contact)
    return contact
  })
  const [amara, jurgen, ming, olena] = contacts
  if (!amara || !jurgen || !ming || !olena) return
  const groups: Group[] = [
    {
      id: makeGroupId(random),
      subject: 'Weekend hike ⛰️',
      owner: amara.phone,
      creation: now - 90 * 86_400,
      announce: false,
      lidMode: false,
      members: [amara.phone, jurgen.phone, olena.phone],
    },
    {
      id: makeGroupId(random),
      subject: 'Haus 12 – Nachbarn',
      owner: account.info.phone,
      creation: now - 30 * 86_400,
      announce: false,
      lidMode: true,
      members: [jurgen.phone, ming.phone],
    },
  ]
  for (const group of groups) account.groups.set(group.id, group)

  let t = now - 3 * 86_400
  let partner: Person = amara
  const add = (author: Person, chat: string, text: string): void => {
    t += random.between(60, 7200)
    const fromMe = author.phone === account.info.phone
    const id = makePhoneMessageId(random)
    account.messages.put(toOldMessage(account, { id, chat, from: author.phone, fromMe, body: text, t }))
    const before = account.chats.get(chat)
    account.chats.set(chat, {
      id: chat,
      t,
      unreadCount: fromMe ? 0 : (before?.unreadCount ?? 0) + 1,
      archived: false,
      pinned: 0,
      muteExpiration: 0,
    })
  }
  for (const [who, text] of oldTexts) {
    const author = who === 'me' ? toSelf(account) : contacts[who]
    if (!author) continue
    if (who !== 'me') partner = author
    add(author, chatOf(partner), text)
  }
  const [hike, house] = groups
  if (hike) {
    add(amara, hike.id, 'Who brings the map?')
    add(toSelf(account), hike.id, 'I do')
    add(olena, hike.id, 'Чудово 🙌')
  }
  if (house) add(ming, house.id, '电梯又坏了')
}

type OldMessage = Pick<WorldMessage, 'id' | 'chat' | 'from' | 'fromMe' | 'body' | 't'>

/** A message from before the world began, delivered to every linked device. */
export function toOldMessage(account: Account, message: OldMessage): WorldMessage {
  return {
    ...message,
    from: `${message.from}@c.us`,
    origin: message.fromMe ? 'phone' : 'contact',
    type: 'chat',
    ack: message.fromMe ? 3 : 1,
    deliveredTo: Object.fromEntries(account.devices.values().map((device) => [device.id, true])),
  }
}
