import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { bareName } from '../model/fold.ts'
import { parseMessageKey, toJid } from '../model/ids.ts'
import { ME_JID, ME_LID, NOW, openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const at = (address: string) => archive.reader.recipientAt(toJid(address))
const named = (name: string, limit = 10) => archive.reader.recipientsNamed(name, limit)
const fits = (name: string) => named(name).first.map(({ id, why }) => [id, why])
const quoted = (key: string) => {
  const parts = parseMessageKey(key)
  if (parts === null) throw new Error(`${key} is no key`)
  return archive.reader.quoted(parts)
}

describe('a name to compare by', () => {
  it.each([
    ['Weekend hike ⛰️', 'weekend hike'],
    ['  ¡Jürgen,  Müller! ', 'jurgen muller'],
    ['Haus 12 – Nachbarn', 'haus 12 nachbarn'],
    ['👩‍👩‍👧 Mom ❤️‍🔥', 'mom'],
    ['प्रिया', bareName('प्रिया')],
    ['ПРИВЕТ…', 'привет'],
    ['❤️', '❤'],
    ['...', '...'],
    ['\u200b', ''],
  ])('of %j is %j', (name, bare) => {
    expect(bareName(name)).toBe(bare)
  })
})

describe('by address', () => {
  it('finds the account that WhatsApp found for another number, unless the number has a chat of its own', () => {
    const [asked, phone] = [toJid('5511987654321@c.us'), toJid('551187654321@c.us')]
    const anna = archive.person({ phone, name: 'Anna' })
    archive.chat('direct', { person: anna })
    archive.store.people.setAlias(asked, phone)
    expect(at(asked)).toMatchObject({ id: phone, name: 'Anna' })
    archive.chat('direct', { person: archive.person({ phone: asked, name: 'Bea' }) })
    expect(at(asked)).toMatchObject({ id: asked, name: 'Bea' })
  })

  it('finds a person by phone and by LID, with and without a chat', () => {
    const anna = archive.person({ phone: '15551234567@c.us', lid: '42@lid', name: 'Anna' })
    const alone = { id: '15551234567@c.us', name: 'Anna', kind: 'direct', lastMessageAt: null, closed: null }
    expect([at('42@lid'), at('15551234567@c.us')]).toEqual([alone, alone])
    const chat = archive.chat('direct', { person: anna })
    archive.message(chat, { from: anna, ago: 60 })
    const lastMessageAt = new Date((NOW - 60) * 1000).toISOString()
    expect(at('42@lid')).toEqual({ ...alone, lastMessageAt })
  })

  it('accepts every phone number, but no unknown LID and no unknown group', () => {
    expect(at('15559999999@c.us')).toMatchObject({ id: '15559999999@c.us', name: '+15559999999' })
    expect([at('77@lid'), at('120363@g.us'), at('1@newsletter')]).toEqual([null, null, null])
  })

  it('returns where the account may not write', () => {
    archive.chat('group', { jid: '1@g.us' }, { name: 'Announcements', is_read_only: 1 })
    const gone = archive.chat('group', { jid: '2@g.us' }, { name: 'Gone' })
    archive.store.chats.setRemoved(gone, NOW)
    archive.chat('group', { jid: '3@g.us' }, { name: 'Open' })
    const person = archive.person({ phone: '15551234567@c.us', name: 'Anna' })
    archive.store.chats.setRemoved(archive.chat('direct', { person }), NOW)
    expect(['1@g.us', '2@g.us', '3@g.us', '15551234567@c.us'].map((one) => at(one)?.closed)).toEqual([
      'read_only',
      'deleted',
      null,
      null,
    ])
  })
})

describe('by name', () => {
  it('puts whole names first, then parts, then what people call themselves; of each the latest', () => {
    const [old, stranger, wanted, business] = [
      archive.person({ phone: '15550000011@c.us', name: 'Annabel' }),
      archive.person({ phone: '15550000012@c.us', pushname: 'anna' }),
      archive.person({ phone: '15550000013@c.us', name: 'Ánna ✨', pushname: 'Queen' }),
      archive.person({ phone: '15550000014@c.us', name: 'Anna', inAddressBook: false }),
    ]
    archive.message(archive.chat('direct', { person: old }), { from: old, ago: 100 })
    archive.message(archive.chat('direct', { person: stranger }), { from: stranger, ago: 1 })
    archive.chat('group', { jid: '5@g.us' }, { name: 'For Anna and Bo' })
    expect([wanted, business]).not.toContain(undefined)
    expect(fits('ANNA!')).toEqual([
      ['15550000013@c.us', 'same name'],
      ['15550000011@c.us', 'part of the name'],
      ['5@g.us', 'part of the name'],
      ['15550000012@c.us', 'calls themselves so'],
      ['15550000014@c.us', 'calls themselves so'],
    ])
    expect(fits('queen')).toEqual([['15550000013@c.us', 'calls themselves so']])
    expect(named('anna', 2)).toMatchObject({ total: 5, first: [{ name: 'Ánna ✨' }, { name: 'Annabel' }] })
  })

  it('leaves out chats that are gone, people that turned out to be others, and names of nothing', () => {
    const [phone, lid] = [
      archive.person({ phone: '15550000011@c.us', name: 'Bo' }),
      archive.person({ lid: '43@lid', name: 'Bo' }),
    ]
    expect(fits('bo')).toHaveLength(2)
    archive.store.mergePeople(lid, phone)
    archive.store.chats.setRemoved(archive.chat('group', { jid: '2@g.us' }, { name: 'Bo' }), NOW)
    expect(fits('bo')).toEqual([['15550000011@c.us', 'same name']])
    expect([named('\u200b'), named('nobody')]).toEqual([
      { total: 0, first: [] },
      { total: 0, first: [] },
    ])
  })
})

describe('a message that is to be answered', () => {
  it('has every key that WhatsApp Web may know it by', () => {
    const anna = archive.person({ phone: '15551234567@c.us', lid: '42@lid', name: 'Anna' })
    archive.message(archive.chat('direct', { person: anna }), { from: anna, id: 'A1' })
    expect(quoted('false_42@lid_A1')).toEqual({
      id: 'false_15551234567@c.us_A1',
      chat: '15551234567@c.us',
      type: 'chat',
      text: 'text 1',
      place: expect.any(Number),
      keys: ['false_15551234567@c.us_A1', 'false_42@lid_A1'],
    })
    const group = archive.chat('group', { jid: '1@g.us' }, { name: 'Group' })
    archive.message(group, { from: anna, id: 'G1' })
    archive.message(group, { id: 'G2' })
    expect(quoted('false_1@g.us_G1_42@lid').keys).toEqual([
      'false_1@g.us_G1_15551234567@c.us',
      'false_1@g.us_G1_42@lid',
    ])
    expect(quoted(`true_1@g.us_G2`)).toMatchObject({
      id: `true_1@g.us_G2_${ME_JID}`,
      keys: [`true_1@g.us_G2_${ME_JID}`, `true_1@g.us_G2_${ME_LID}`],
    })
  })

  it('is found by the number that its person had then, and has it among its keys', () => {
    const phone = toJid('15551234567@c.us')
    const anna = archive.person({ phone, lid: '42@lid', name: 'Anna' })
    const chat = archive.chat('direct', { person: anna })
    const group = archive.chat('group', { jid: '1@g.us' }, { name: 'Group' })
    archive.message(chat, { from: anna, id: 'A1', byPhone: phone })
    archive.message(group, { from: anna, id: 'G1', byPhone: phone })
    archive.store.identify(phone, toJid('43@lid'), (NOW + 60) * 1000)
    expect(quoted(`false_${phone}_A1`)).toEqual({
      id: 'false_42@lid_A1',
      chat: '42@lid',
      type: 'chat',
      text: 'text 1',
      place: expect.any(Number),
      keys: ['false_42@lid_A1', `false_${phone}_A1`],
    })
    expect(quoted(`false_1@g.us_G1_${phone}`).keys).toEqual([
      `false_1@g.us_G1_42@lid`,
      `false_1@g.us_G1_${phone}`,
    ])
    expect(at(phone)).toMatchObject({ id: phone })
    expect(() => quoted('false_43@lid_A1')).toThrow(AppError)
  })

  it('has keys of both directions in the chat with oneself', () => {
    const me = archive.person({ phone: ME_JID, lid: ME_LID })
    archive.message(archive.chat('direct', { person: me }), { id: 'N1' })
    expect(quoted(`true_${ME_JID}_N1_out`).keys).toContain(`false_${ME_LID}_N1_in`)
    expect(quoted(`false_${ME_LID}_N1_in`).keys).toContain(`true_${ME_JID}_N1_out`)
  })

  it('is not found where it is not', () => {
    expect(() => quoted('false_15551234567@c.us_A1')).toThrow(AppError)
  })
})
