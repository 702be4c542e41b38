import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../test/code-of.ts'
import { Contact } from '../model/contact.ts'
import { toJid } from '../model/ids.ts'
import { ME_JID, ME_LID, NOW, openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const list = (query?: string) => archive.reader.listContacts({ query }, { limit: 100 }).items

describe('the list of contacts', () => {
  it('shows every field', () => {
    archive.person({ phone: '15551234567@c.us', lid: '42@lid', name: 'Anna', pushname: 'ann' })
    archive.store.people.insert({
      phone: null,
      lid: toJid('123456@lid'),
      name: null,
      pushname: null,
      inAddressBook: false,
      isBusiness: true,
      isBlocked: true,
    })
    expect(list().map((one) => Contact.strict().parse(one))).toEqual([
      {
        id: '15551234567@c.us',
        phone_number: '15551234567',
        lid: '42@lid',
        name: 'Anna',
        address_book_name: 'Anna',
        pushname: 'ann',
        in_address_book: true,
        is_business: false,
        is_blocked: false,
      },
      {
        id: '123456@lid',
        phone_number: null,
        lid: '123456@lid',
        name: 'Unknown (LID …3456)',
        address_book_name: null,
        pushname: null,
        in_address_book: false,
        is_business: true,
        is_blocked: true,
      },
    ])
  })

  it('finds a person by the number under which WhatsApp found them, too', () => {
    archive.person({ phone: '551187654321@c.us', name: 'Bruno' })
    archive.person({ phone: '15551234567@c.us', name: 'Anna' })
    archive.store.people.setAlias(toJid('5511987654321@c.us'), toJid('551187654321@c.us'))
    for (const query of ['5511987654321', '+55 (11) 98765-4321', '551187654321'])
      expect(list(query).map(({ name }) => name)).toEqual(['Bruno'])
    // Where one number ends and the other begins.
    expect(list('43215511')).toEqual([])
  })

  it('finds a person by the number that WhatsApp found under a LID', () => {
    archive.person({ lid: '777@lid', pushname: 'Bruno' })
    archive.person({ phone: '15551234567@c.us', lid: '778@lid', name: 'Anna' })
    archive.store.people.setAlias(toJid('5511987654321@c.us'), toJid('777@lid'))
    archive.store.people.setAlias(toJid('5511987654322@c.us'), toJid('778@lid'))
    expect(list('+55 11 98765-4321').map(({ name }) => name)).toEqual(['Bruno'])
    expect(list('5511987654322').map(({ name }) => name)).toEqual(['Anna'])
    expect(list('777')).toEqual([])
  })

  beforeEach(() => {
    archive.person({ phone: ME_JID, name: 'Myself' })
    archive.store.people.retire(archive.person({ phone: '9@c.us', name: 'Retired' }), 1)
  })
  const SOME = [
    { phone: '15550000013@c.us' },
    { phone: '15550000014@c.us', pushname: 'anna' },
    { phone: '15550000011@c.us', name: 'Zoë' },
    { phone: '15550000012@c.us', name: 'álvaro', pushname: 'Don' },
    { lid: '77770000000015@lid', pushname: 'bob' },
    { phone: '15550000016@c.us', name: 'Åke' },
  ]

  it('has the address book first, each by name; without oneself and who turned out to be another', () => {
    for (const one of SOME) archive.person(one)
    expect(list().map(({ name }) => name)).toEqual(['Åke', 'álvaro', 'Zoë', 'anna', 'bob', '+15550000013'])
    expect(list().slice(0, 1)).toMatchObject([{ id: '15550000016@c.us' }])
  })

  it.each([
    ['zoe', ['Zoë']],
    ['DON alv', ['álvaro']],
    ['0000014', ['anna']],
    ['7777', []],
    ['ann', ['anna']],
    ['retired', []],
    ['myself', []],
  ])('finds %s', (query, found) => {
    for (const one of SOME) archive.person(one)
    expect(list(query).map(({ name }) => name)).toEqual(found)
  })

  it('is the same page by page, also when a person of the previous page is renamed', () => {
    for (let index = 0; index < 20; index += 1) {
      archive.person({ phone: `1555${index}@c.us`, [index % 3 === 0 ? 'name' : 'pushname']: `n${index % 4}` })
    }
    const whole = list().map(({ id }) => id)
    const seen: string[] = []
    let cursor: string | undefined
    do {
      const page = archive.reader.listContacts({}, { limit: 3, cursor })
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.next ?? undefined
      if (seen.length === 3)
        archive.store.db.exec(`UPDATE people SET name = 'aaa' WHERE phone = '${seen[2]}'`)
    } while (cursor !== undefined)
    expect(seen).toEqual(whole)
    expect(seen).toHaveLength(20)
  })

  it('begins with the first, in whatever order people came', () => {
    for (const index of [5, 9, 1, 8, 2, 7, 3, 6, 4]) {
      for (const tens of [9, 0, 5])
        archive.person({ phone: `15550${tens}${index}@c.us`, name: `n${tens}${index}` })
    }
    const { items } = archive.reader.listContacts({}, { limit: 2 })
    expect(items.map(({ name }) => name)).toEqual(['n01', 'n02'])
  })

  it('refuses a cursor of another list', () => {
    const cursor = Buffer.from('["chats",[1,2]]').toString('base64url')
    expect(codeOf(() => archive.reader.listContacts({}, { limit: 5, cursor }))).toBe('invalid_input')
  })
})

describe('one contact', () => {
  it.each(['15551234567@c.us', '42@lid'])('is all that is known, by %s', (address) => {
    const anna = archive.person({ phone: '15551234567@c.us', lid: '42@lid', name: 'Anna' })
    const chat = archive.chat('direct', { person: anna })
    archive.message(chat, { from: anna, ago: 90 })
    archive.message(chat, { from: anna, ago: 60 })
    archive.message(chat, { ago: 30 })
    const groups = ['Old', 'New', 'Gone', 'Other'].map((name, index) =>
      archive.chat('group', { jid: `${index}@g.us` }, { name, timestamp: index }),
    )
    for (const group of groups.slice(0, 3)) archive.members(group, { person: anna, isAdmin: false })
    archive.store.chats.setRemoved(groups[2] ?? 0, NOW)
    expect(archive.reader.getContact(toJid(address))).toMatchObject({
      contact: { id: '15551234567@c.us', lid: '42@lid', name: 'Anna' },
      chat: { id: '15551234567@c.us', last_message: { from_me: true } },
      groups: [
        { id: '1@g.us', name: 'New' },
        { id: '0@g.us', name: 'Old' },
      ],
      received: { count: 2, first_at: '2025-01-02T11:58:30.000Z', last_at: '2025-01-02T11:59:00.000Z' },
      sent: { count: 1, first_at: '2025-01-02T11:59:30.000Z', last_at: '2025-01-02T11:59:30.000Z' },
    })
  })

  it('without a chat has none, and no messages', () => {
    archive.person({ lid: '42@lid' })
    const nothing = { count: 0, first_at: null, last_at: null }
    expect(archive.reader.getContact(toJid('42@lid'))).toMatchObject({
      chat: null,
      groups: [],
      received: nothing,
      sent: nothing,
    })
  })

  it('can be oneself', () => {
    archive.person({ phone: ME_JID, name: 'Me' })
    expect(archive.reader.getContact(toJid(ME_LID)).contact.id).toBe(ME_JID)
  })

  it('is not found if there is none', () => {
    expect(codeOf(() => archive.reader.getContact(toJid('1@c.us')))).toBe('contact_not_found')
  })
})
