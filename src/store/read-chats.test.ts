import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../test/code-of.ts'
import { Chat } from '../model/chat.ts'
import { afterEnd } from '../model/history.ts'
import { toJid } from '../model/ids.ts'
import type { ChatFilter } from './read-chats.ts'
import { ME_JID, ME_LID, NOW, openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const ALL: ChatFilter = { unreadOnly: false, kinds: ['direct', 'group'] }
const list = (filter: Partial<ChatFilter> = {}, limit = 100) =>
  archive.reader.listChats({ ...ALL, ...filter }, { limit })
const names = (filter: Partial<ChatFilter> = {}) => list(filter).items.map(({ name }) => name)

describe('a chat', () => {
  it('has every documented field', () => {
    const anna = archive.person({ phone: '15551234567@c.us', lid: '42@lid', name: 'Anna', pushname: 'ann' })
    const chat = archive.chat('direct', { person: anna }, { unread_count: 2, archived: 1, pinned_at: 5 })
    archive.message(chat, { from: anna, id: 'A1', ago: 60, body: 'hello' })
    const [shown] = list().items
    expect(Chat.strict().parse(shown)).toEqual({
      id: '15551234567@c.us',
      name: 'Anna',
      is_group: false,
      is_read_only: false,
      unread_count: 2,
      timestamp: NOW - 60,
      archived: true,
      pinned: true,
      muted: false,
      last_message: {
        id: 'false_15551234567@c.us_A1',
        from: '15551234567@c.us',
        to: ME_JID,
        author: null,
        from_me: false,
        type: 'chat',
        body: 'hello',
        timestamp: NOW - 60,
        has_media: false,
        sender_name: 'Anna',
      },
      kind: 'direct',
    })
    expect(Object.keys(shown ?? {}).slice(0, 10)).toEqual([
      'id',
      'name',
      'is_group',
      'is_read_only',
      'unread_count',
      'timestamp',
      'archived',
      'pinned',
      'muted',
      'last_message',
    ])
  })

  it.each([
    ['from the address book', { phone: '15551234567@c.us', name: 'Anna', pushname: 'ann' }, 'Anna'],
    ['by their own', { phone: '15551234567@c.us', pushname: 'ann' }, 'ann'],
    ['by number', { phone: '15551234567@c.us', name: ' ', pushname: '' }, '+15551234567'],
    ['by LID', { lid: '123456789@lid', pushname: 'ann' }, 'ann'],
    ['by nothing', { lid: '123456789@lid' }, 'Unknown (LID …6789)'],
    ['as oneself', { phone: ME_JID, pushname: 'Me' }, 'Me (You)'],
    ['as oneself by LID', { lid: ME_LID, pushname: 'Me' }, 'Me (You)'],
  ])('with a person is named %s', (_, facts, name) => {
    archive.chat('direct', { person: archive.person(facts) })
    expect(names()).toEqual([name])
  })

  it.each([
    ['group', '120363@g.us', 'Family', 'Family'],
    ['group', '120363@g.us', null, '120363@g.us'],
    ['channel', '120363@newsletter', 'News', 'News'],
    ['status', 'status@broadcast', null, 'Status'],
    ['broadcast', '77@broadcast', null, '77@broadcast'],
  ] as const)('of kind %s (%s, named %s) is called %s', (kind, jid, given, name) => {
    archive.chat(kind, { jid }, { name: given })
    const { items } = list({ kinds: [kind] })
    expect(items).toMatchObject([{ id: jid, name, kind, is_group: kind === 'group', last_message: null }])
  })

  it.each([
    [{ muted_until: -1 }, { muted: true }],
    [{ muted_until: NOW + 1 }, { muted: true }],
    [{ muted_until: NOW }, { muted: false }],
    [{ unread_count: -1 }, { unread_count: 0, marked_unread: true }],
    [{ is_read_only: 1 }, { is_read_only: true }],
  ])('with %o shows %o', (facts, shown) => {
    archive.chat('group', { jid: '1@g.us' }, facts)
    expect(list().items).toMatchObject([shown])
  })
})

describe('the list', () => {
  it('asked for again is of what was written meanwhile, and of mutes that ended', () => {
    const group = archive.chat('group', { jid: '1@g.us' }, { name: 'Old', muted_until: NOW + 10 })
    archive.chat('group', { jid: '2@g.us' }, { name: 'For ever', muted_until: -1 })
    const muted = () => list().items.map((one) => [one.name, one.muted])
    expect(muted()).toEqual([
      ['For ever', true],
      ['Old', true],
    ])
    archive.pass(9)
    expect(muted()).toEqual([
      ['For ever', true],
      ['Old', true],
    ])
    archive.pass(1)
    expect(muted()).toEqual([
      ['For ever', true],
      ['Old', false],
    ])
    archive.message(group, { body: 'hello' })
    expect(list().items[0]).toMatchObject({ name: 'Old', last_message: { body: 'hello' } })
  })

  it('goes by latest activity, with archived chats, those without messages, not with removed ones and channels', () => {
    const person = archive.person({ phone: '15551234567@c.us', name: 'No word yet' })
    archive.chat('direct', { person })
    archive.message(archive.chat('group', { jid: '1@g.us' }, { name: 'Old' }), { ago: 500 })
    archive.message(archive.chat('group', { jid: '2@g.us' }, { name: 'New', archived: 1 }))
    archive.chat('channel', { jid: '3@newsletter' }, { name: 'News', timestamp: NOW })
    archive.chat('status', { jid: 'status@broadcast' }, { timestamp: NOW })
    archive.chat('broadcast', { jid: '5@broadcast' }, { timestamp: NOW })
    const gone = archive.chat('group', { jid: '6@g.us' }, { name: 'Gone', timestamp: NOW })
    archive.store.chats.setRemoved(gone, NOW)
    expect(names()).toEqual(['New', 'Old', 'No word yet'])
    expect(names({ archived: true })).toEqual(['New'])
    expect(names({ archived: false })).toEqual(['Old', 'No word yet'])
    expect(names({ kinds: ['direct'] })).toEqual(['No word yet'])
    expect(names({ kinds: ['channel', 'status'] })).toEqual(['Status', 'News'])
  })

  it('can be of unread chats, marked ones among them', () => {
    archive.chat('group', { jid: '1@g.us' }, { name: 'read' })
    archive.chat('group', { jid: '2@g.us' }, { name: 'marked', unread_count: -1 })
    archive.chat('group', { jid: '3@g.us' }, { name: 'unread', unread_count: 3 })
    expect(names({ unreadOnly: true })).toEqual(['unread', 'marked'])
  })

  it.each([
    ['müller', ['Jörg MULLER']],
    ['muller JORG', ['Jörg MULLER']],
    ['王小', ['王小明']],
    ['محمد', ['مُحَمَّد']],
    ['555 123', ['Jörg MULLER']],
    ['+1 (555) 123-4567', ['Jörg MULLER']],
    ['0555123', ['Jörg MULLER']],
    ['jo@push', ['Jörg MULLER']],
    ['club', ['Book CLUB 123']],
    ['123', ['Jörg MULLER', 'Book CLUB 123']],
    ['%', []],
    ['nobody', []],
  ])('finds %s', (query, found) => {
    const people = [
      { phone: '15551234567@c.us', name: 'Jörg MULLER', pushname: 'jo@push' },
      { phone: '8613800000000@c.us', name: '王小明' },
      { lid: '15551239999@lid', pushname: 'مُحَمَّد' },
    ]
    for (const one of people) archive.chat('direct', { person: archive.person(one) }, { timestamp: NOW })
    archive.chat('group', { jid: '99@g.us' }, { name: 'Book CLUB 123' })
    archive.chat('channel', { jid: '98@newsletter' }, { name: 'Club 123' })
    expect(names({ query })).toEqual(found)
  })

  it('finds a chat by the number under which WhatsApp found the person, too', () => {
    const [asked, phone] = [toJid('5511987654321@c.us'), toJid('551187654321@c.us')]
    archive.chat('direct', { person: archive.person({ phone, name: 'Bruno' }) })
    archive.chat('direct', { person: archive.person({ phone: '15551234567@c.us', name: 'Anna' }) })
    archive.store.people.setAlias(asked, phone)
    expect(names({ query: '+55 11 98765-4321' })).toEqual(['Bruno'])
    expect(names({ query: '551187654321' })).toEqual(['Bruno'])
  })

  it('finds a chat by the number that WhatsApp found under a LID', () => {
    archive.chat('direct', { person: archive.person({ lid: '777@lid', pushname: 'Bruno' }) })
    archive.chat('direct', { person: archive.person({ phone: '15551234567@c.us', name: 'Anna' }) })
    archive.store.people.setAlias(toJid('5511987654321@c.us'), toJid('777@lid'))
    expect(names({ query: '+55 11 98765-4321' })).toEqual(['Bruno'])
    expect(names({ query: '777' })).toEqual([])
  })

  it('is the same page by page, also while chats move to the front', () => {
    for (let index = 0; index < 25; index += 1) {
      archive.chat(
        'group',
        { jid: `${index}@g.us` },
        { name: `name ${index}`, timestamp: NOW - (index >> 2) },
      )
    }
    for (const query of [undefined, 'name']) {
      const whole = list({ query }).items.map(({ id }) => id)
      const seen: string[] = []
      let cursor: string | undefined
      do {
        const page = archive.reader.listChats({ ...ALL, query }, { limit: 7, cursor })
        seen.push(...page.items.map(({ id }) => id))
        cursor = page.next ?? undefined
        if (seen.length === 7) archive.store.chats.noteMessage(1, 0, NOW + 1)
      } while (cursor !== undefined)
      expect(seen).toEqual(whole)
      expect(new Set(seen).size).toBe(25)
    }
  })

  it.each([
    '',
    'x',
    'W10',
    Buffer.from('["chats",[1]]').toString('base64url'),
    Buffer.from('["unread",[1,2]]').toString('base64url'),
  ])('refuses the cursor %j', (cursor) => {
    expect(codeOf(() => archive.reader.listChats(ALL, { limit: 5, cursor }))).toBe('invalid_input')
  })
})

describe('one chat', () => {
  it.each(['15551234567@c.us', '15551234567@s.whatsapp.net', '42@lid'])('is found by %s', (address) => {
    archive.chat('direct', { person: archive.person({ phone: '15551234567@c.us', lid: '42@lid' }) })
    const found = archive.reader.getChat(toJid(address))
    expect(found).toMatchObject({ chat: { id: '15551234567@c.us' }, members: null, removedAt: null })
  })

  it.each([ME_JID, ME_LID])('with oneself is found by %s', (address) => {
    archive.chat('direct', { person: archive.person({ phone: ME_JID, name: 'Me' }) })
    expect(archive.reader.getChat(toJid(address)).chat.name).toBe('Me (You)')
  })

  it.each(['15559999999@c.us', '1@g.us', '1@newsletter', '42@lid', 'x@example.com'])(
    'is not found by %s',
    (address) => {
      archive.person({ lid: '42@lid' })
      expect(codeOf(() => archive.reader.getChat(toJid(address)))).toBe('chat_not_found')
    },
  )

  it('has its members, and how far its history goes', () => {
    const [ann, bob, cem] = [
      archive.person({ phone: '1@c.us', name: 'ann' }),
      archive.person({ lid: '2@lid', name: 'Bob' }),
      archive.person({ phone: '3@c.us', name: 'Çem' }),
    ]
    const chat = archive.chat('group', { jid: '9@g.us' }, { name: 'Family' })
    archive.members(
      chat,
      { person: ann, isAdmin: false },
      { person: cem, isAdmin: true },
      { person: bob, isAdmin: false },
    )
    const first = archive.message(chat, { from: ann, id: 'F1', ago: 100 })
    const second = archive.message(chat, { id: 'F2', ago: 50 })
    archive.store.gaps.add({ chat, after_message: null, before_message: first, found_at_ms: NOW * 1000 })
    archive.store.gaps.add({ chat, after_message: first, before_message: second, found_at_ms: NOW * 1000 })
    archive.store.chats.setRemoved(chat, NOW)
    const found_at = '2025-01-02T12:00:00.000Z'
    expect(archive.reader.getChat(toJid('9@g.us'))).toMatchObject({
      members: [
        { id: '3@c.us', name: 'Çem', is_admin: true },
        { id: '1@c.us', name: 'ann', is_admin: false },
        { id: '2@lid', name: 'Bob', is_admin: false },
      ],
      history: {
        messages: 2,
        oldest_at: '2025-01-02T11:58:20.000Z',
        complete: false,
        state: 'more',
        gaps: [
          { after: 'false_9@g.us_F1_1@c.us', before: `true_9@g.us_F2_${ME_JID}`, found_at },
          { after: null, before: 'false_9@g.us_F1_1@c.us', found_at },
        ],
      },
      removedAt: found_at,
    })
    archive.store.chats.setHistory(chat, afterEnd({ history_tries: 0 }, 'none', 0, 0))
    expect(archive.reader.getChat(toJid('9@g.us')).history.complete).toBe(true)
  })

  it('without a message has no oldest one', () => {
    archive.chat('group', { jid: '9@g.us' })
    expect(archive.reader.getChat(toJid('9@g.us'))).toMatchObject({
      members: [],
      history: { messages: 0, oldest_at: null, complete: false, state: 'more', gaps: [] },
    })
  })
})
