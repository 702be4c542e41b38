/** Names are found however people type them, by every way of looking one up; and a name that nobody sees is none. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { toJid } from '../model/ids.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const PERSON = toJid('15551110000@c.us')
const GROUP = toJid('120363000000000001@g.us')

/** What each lookup finds for this text, among one person with a chat and one group. */
function lookUp(query: string): number[] {
  const { reader } = archive
  const chats = reader.listChats({ query, unreadOnly: false, kinds: ['direct', 'group'] }, { limit: 10 })
  return [
    reader.listContacts({ query }, { limit: 10 }).items.length,
    chats.items.length,
    reader.recipientsNamed(query, 10).first.filter(({ why }) => why === 'same name').length,
  ]
}

describe('a name', () => {
  it.each([
    ['Sinéad O’Brien', "sinead o'brien"],
    ['D‘Angelo', "D'Angelo"],
    ['Лукʼян', "Лук'ян"],
    ['Jean‐Luc', 'Jean-Luc'],
    ['Jean–Luc', 'jean-luc'],
    ['„Max“ Mustermann', '"max" mustermann'],
    ['«Otto» Müller', '“otto” muller'],
    ['ＡＮＮＡ', 'anna'],
    ['A\u200bnna\u3164', 'anna'],
  ])('%j is found by %j, and the other way round', (name, typed) => {
    for (const [own, query] of [
      [name, typed],
      [typed, name],
    ] as const) {
      archive.close()
      archive = openTestArchive()
      const person = archive.person({ phone: PERSON, lid: '99001@lid', name: own })
      archive.chat('direct', { person })
      archive.chat('group', { jid: GROUP }, { name: own })
      expect([query, lookUp(query)]).toEqual([query, [1, 2, 2]])
    }
  })

  it.each([
    '\u200b',
    ' \u2060\ufeff',
    '\u3164',
    '\uffa0\u115f',
    '\u2800',
    '\u0301\u20dd',
    '\u202e',
    '\u{e0041}',
    '\ufff9\ufffb',
  ])('that nobody sees is none: %j', (name) => {
    const person = archive.person({ phone: PERSON, lid: '99001@lid', name, pushname: name })
    archive.chat('direct', { person })
    archive.chat('group', { jid: GROUP }, { name })
    const page = { unreadOnly: false, kinds: ['direct', 'group'] } as const
    const names = archive.reader.listChats(page, { limit: 10 }).items.map((chat) => chat.name)
    expect(names.sort()).toEqual(['+15551110000', GROUP])
    expect(archive.reader.listContacts({}, { limit: 10 }).items.map((one) => one.name)).toEqual([
      '+15551110000',
    ])
  })
})
