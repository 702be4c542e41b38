/**
 * The people and messages that the documentation's examples name: with them in the world, each example can be
 * pasted.
 */

import type { Account } from './accounts.ts'
import { chatOf, type Person, toSelf } from './addresses.ts'
import { makeMedia } from './media.ts'
import type { MediaHost } from './media-host.ts'
import { emptyChat } from './messages.ts'
import { samplePicture } from './pictures.ts'
import type { Random } from './random.ts'
import { makeLid, makePhoneMessageId, toOldMessage } from './seed.ts'

const day = 86_400

/**
 * Adds the person with the number +1 555 123 4567, and a conversation about a dinner with a photo and a menu, to a new world; another person,
 * to whom the account has just written; and a group of all three.
 */
export function seedExamples(account: Account, random: Random, now: number, mediaHost: MediaHost): void {
  const noor = addPerson(account, random, { phone: '15551234567', name: 'Noor Haddad', pushname: 'Noor' })
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
  const media = makeMedia(random, 'image', { sizeBytes: 48_000 })
  account.messages.put({
    ...toOldMessage(account, {
      from: noor.phone,
      body: '',
      t: now - day - 1_800,
      id: '3EB0A1B2C3D4E5F607',
      chat,
      fromMe: false,
    }),
    type: 'image',
    caption: 'This is the place',
    media: { ...media, ...mediaHost.publish('image', null, media) },
  })
  const menu = Buffer.from('Dinner at the mill\n\nSoup 6\nDumplings 11\nPlum cake 5\n')
  const about = { mimetype: 'text/plain', filename: 'menu.txt', thumbnail: '', sizeBytes: menu.length }
  const document = makeMedia(random, 'document', about)
  account.messages.put({
    ...toOldMessage(account, {
      from: noor.phone,
      body: '',
      t: now - day - 10_800,
      id: '3EB0B7D2E9F4A51C08',
      chat,
      fromMe: false,
    }),
    type: 'document',
    media: { ...document, ...mediaHost.publish('document', menu, document) },
  })
  account.chats.set(chat, { ...emptyChat(chat, now - day), unreadCount: 1 })
  const kai = addPerson(account, random, { phone: '15551234568', name: 'Kai Lind', pushname: 'Kai' })
  writeJustNow(account, kai, now)
  addGroup(account, BOOK_CLUB, [noor, kai], now)
  addGroup(account, SCHOOL_TRIP, [noor, kai], now)
  for (const key of [noor.phone, self.phone, BOOK_CLUB.id]) account.pictures.set(key, samplePicture(random))
  account.channels.set(TRAIL_NEWS.id, TRAIL_NEWS)
  const post = { id: '3EB0C767D097B7C7C2', chat: 'status@broadcast', from: self.phone, fromMe: true }
  account.messages.put(toOldMessage(account, { ...post, body: 'Dinner!', t: now - 600 }))
}

function addPerson(
  account: Account,
  random: Random,
  names: { phone: string; name: string; pushname: string },
): Person {
  const person = { ...names, lid: makeLid(random), lidChat: false }
  account.contacts.set(person.phone, person)
  return person
}

/** Groups of the examples: one that stays, and one that is left and deleted. */
const BOOK_CLUB = { id: '120363041234567890@g.us', subject: 'Book club', invite: 'Bk7cLubF1rstM0ndayS1xA' }
const SCHOOL_TRIP = {
  id: '120363041234567891@g.us',
  subject: 'School trip',
  invite: 'Sc7h00lTr1pT0TheM1llS2',
}

/** A channel of the examples, which the account can follow. */
const TRAIL_NEWS = {
  id: '120363041234567892@newsletter',
  name: 'Trail news',
  description: 'Which paths are open',
  foreign: true,
}

/** The account is its admin. */
function addGroup(account: Account, group: typeof BOOK_CLUB, members: readonly Person[], now: number): void {
  account.groups.set(group.id, {
    ...group,
    owner: account.info.phone,
    creation: now - 60 * day,
    announce: false,
    lidMode: true,
    members: members.map(({ phone }) => phone),
  })
  account.chats.set(group.id, emptyChat(group.id, now - 60 * day))
}

/** A message that can still be edited. */
function writeJustNow(account: Account, person: Person, now: number): void {
  const [chat, t] = [chatOf(person), now - 60]
  const message = {
    id: '3EB0D1C8E4F2A69B07',
    chat,
    from: toSelf(account).phone,
    body: 'See you at seven.',
    t,
  }
  account.messages.put(toOldMessage(account, { ...message, fromMe: true }))
  const poll = { name: 'When shall we meet?', options: ['Friday', 'Saturday'], multiple: false }
  account.messages.put({
    ...toOldMessage(account, { ...message, id: '3EB0A7C1D2E3F40516', body: '', t: t - 60, fromMe: true }),
    type: 'poll_creation',
    poll,
  })
  account.chats.set(chat, emptyChat(chat, t))
}
