import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { codeOf } from '../../test/code-of.ts'
import { type KeyParts, parseMessageKey, toJid } from '../model/ids.ts'
import { Message } from '../model/message.ts'
import { firstPositionOf } from './position.ts'
import type { WindowOptions } from './read-messages.ts'
import { ME_JID, ME_LID, NOW, openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const ANNA = '15551234567@c.us'
const key = (text: string): KeyParts => parseMessageKey(text) ?? expect.fail(`no key: ${text}`)
const read = (address: string, options: Partial<WindowOptions> = {}) =>
  archive.reader.readMessages(toJid(address), { limit: 10, ...options })

describe('a message', () => {
  it('in a direct chat, theirs and own', () => {
    const anna = archive.person({ phone: ANNA, lid: '42@lid', name: 'Anna' })
    const chat = archive.chat('direct', { person: anna })
    archive.message(chat, { from: anna, id: 'A1', ago: 9, body: 'hi' })
    archive.message(chat, { id: 'A2', ago: 5, body: 'hello', ack: 3 })
    const { messages } = read(ANNA)
    expect(messages.map((one) => Message.strict().parse(one))).toEqual([
      {
        id: `false_${ANNA}_A1`,
        from: ANNA,
        to: ME_JID,
        author: null,
        from_me: false,
        type: 'chat',
        body: 'hi',
        timestamp: NOW - 9,
        has_media: false,
        sender_name: 'Anna',
      },
      {
        id: `true_${ANNA}_A2`,
        from: ME_JID,
        to: ANNA,
        author: null,
        from_me: true,
        type: 'chat',
        body: 'hello',
        timestamp: NOW - 5,
        has_media: false,
        ack: 3,
      },
    ])
  })

  it.each([
    ['group', '9@g.us'],
    ['status', 'status@broadcast'],
  ] as const)('in a %s names its author in itself and in its key', (kind, jid) => {
    const anna = archive.person({ lid: '42@lid', pushname: 'ann' })
    const chat = archive.chat(kind, { jid }, { name: 'Here' })
    archive.message(chat, { from: anna, id: 'A1' })
    archive.message(chat, { id: 'A2' })
    expect(read(jid).messages).toMatchObject([
      { id: `false_${jid}_A1_42@lid`, from: jid, to: ME_JID, author: '42@lid', sender_name: 'ann' },
      { id: `true_${jid}_A2_${ME_JID}`, from: ME_JID, to: jid, author: ME_JID, from_me: true },
    ])
  })

  it('to oneself ends in out', () => {
    const chat = archive.chat('direct', { person: archive.person({ phone: ME_JID }) })
    archive.message(chat, { id: 'A1' })
    const sent = { id: `true_${ME_JID}_A1_out`, from: ME_JID, to: ME_JID, author: null, from_me: true }
    expect(read(ME_JID).messages).toMatchObject([sent])
    for (const form of [`true_${ME_JID}_A1_out`, `false_${ME_JID}_A1`, `true_${ME_LID}_A1`]) {
      expect(archive.reader.getMessage(key(form), { before: 0, after: 0 }).message).toMatchObject(sent)
    }
  })

  it('of a channel speaks as the channel', () => {
    const chat = archive.chat('channel', { jid: '5@newsletter' }, { name: 'News' })
    archive.message(chat, { from: -1, id: 'A1' })
    expect(read('5@newsletter').messages).toMatchObject([
      {
        id: 'false_5@newsletter_A1',
        from: '5@newsletter',
        author: null,
        from_me: false,
        sender_name: 'News',
      },
    ])
  })

  it('says what there is to say, and no more', () => {
    const anna = archive.person({ phone: ANNA, name: 'Anna' })
    const gone = archive.person({ lid: '77@lid' })
    archive.store.people.retire(gone, anna)
    const chat = archive.chat('group', { jid: '9@g.us' })
    const position = archive.message(chat, {
      from: anna,
      type: 'image',
      body: 'caption',
      hasMedia: true,
      details: {
        media: { mimetype: 'image/jpeg', size_bytes: 5 },
        mentions: [0, anna, gone, 999],
        forwarded: 1,
        expires_at: NOW + 60,
      },
    })
    const row = archive.store.messages.get(position) ?? expect.fail()
    archive.store.messages.update({ ...row, edited_at_ms: NOW * 1000 + 5, revoked_at_ms: NOW * 1000 })
    archive.store.changes.setReaction({ message: position, sender: 0, emoji: '👍', at_ms: NOW * 1000 })
    archive.store.changes.setReaction({ message: position, sender: anna, emoji: '❤️', at_ms: NOW * 1000 + 1 })
    const [message] = read('9@g.us').messages
    expect(Message.strict().parse(message)).toEqual({
      id: `false_9@g.us_3EB01_${ANNA}`,
      from: '9@g.us',
      to: ME_JID,
      author: ANNA,
      from_me: false,
      type: 'image',
      body: 'caption',
      timestamp: NOW,
      has_media: true,
      sender_name: 'Anna',
      media: { mimetype: 'image/jpeg', size_bytes: 5, state: 'at_whatsapp' },
      mentions: [ME_JID, ANNA, ANNA],
      forwarded: true,
      edited_at: '2025-01-02T12:00:00.005Z',
      revoked_at: '2025-01-02T12:00:00.000Z',
      expires_at: '2025-01-02T12:01:00.000Z',
      reactions: [
        { emoji: '👍', from: ME_JID, from_me: true, at: '2025-01-02T12:00:00.000Z' },
        { emoji: '❤️', from: ANNA, from_me: false, at: '2025-01-02T12:00:00.001Z' },
      ],
    })
  })

  it('that an earlier version stored with odd numbers is shown without them', () => {
    const chat = archive.chat('group', { jid: '9@g.us' })
    const media = { mimetype: 'image/jpeg', size_bytes: 2 ** 63, width: 1e300, height: 2.5 }
    const options = [
      { name: 'Fri', votes: 2.5 },
      { name: 'Sat', votes: 2 },
    ]
    archive.message(chat, { type: 'image', hasMedia: true, details: { media } })
    const poll = { question: 'When?', multiple: true, options }
    archive.message(chat, { type: 'poll_result_snapshot', details: { poll } })
    const [file, snapshot] = read('9@g.us').messages.map((one) => Message.strict().parse(one))
    expect(file?.media).toEqual({ mimetype: 'image/jpeg', state: 'at_whatsapp' })
    expect(snapshot?.poll?.options).toEqual([
      { name: 'Fri', votes: 0 },
      { name: 'Sat', votes: 2 },
    ])
  })

  it('that answers another names it as far as it is known', () => {
    const anna = archive.person({ phone: ANNA })
    const bob = archive.person({ phone: '15557654321@c.us' })
    const direct = archive.chat('direct', { person: anna })
    const group = archive.chat('group', { jid: '9@g.us' })
    archive.message(group, { from: bob, id: 'G1', ago: 90 })
    archive.message(direct, { from: anna, id: 'D1', ago: 90 })
    const answers: [
      quoted: { bare_id: string; sender: number | null },
      id: string | null,
      author: string | null,
    ][] = [
      [{ bare_id: 'D1', sender: anna }, `false_${ANNA}_D1`, ANNA],
      [{ bare_id: 'D1', sender: null }, `false_${ANNA}_D1`, null],
      // Not here, but certain: there are only two in a direct chat.
      [{ bare_id: 'D0', sender: 0 }, `true_${ANNA}_D0`, ME_JID],
      [{ bare_id: 'D0', sender: anna }, `false_${ANNA}_D0`, ANNA],
      [{ bare_id: 'D0', sender: null }, null, null],
      // Quoted from a group, in private.
      [{ bare_id: 'G1', sender: bob }, 'false_9@g.us_G1_15557654321@c.us', '15557654321@c.us'],
      [{ bare_id: 'G0', sender: bob }, null, '15557654321@c.us'],
    ]
    for (const [quoted] of answers) archive.message(direct, { details: { quoted: { ...quoted, body: 'q' } } })
    const shown = read(ANNA).messages.slice(1)
    expect(shown.map(({ reply_to }) => reply_to)).toMatchObject(
      answers.map(([, id, author]) => ({ id, author, body: 'q' })),
    )
    archive.message(group, { details: { quoted: { bare_id: 'G0', sender: 0, body: 'q' } } })
    expect(read('9@g.us').messages.at(-1)?.reply_to?.id).toBe(`true_9@g.us_G0_${ME_JID}`)
  })
})

describe('people who appear nowhere else', () => {
  it.each([
    ['whom a quote names', 'Q0', true, 'false_9@g.us_Q0_15557654321@c.us', '15557654321@c.us'],
    ['who wrote what is quoted', 'Q1', false, 'false_9@g.us_Q1_15557654321@c.us', null],
    ['among two who took the same id', 'Q2', true, 'false_9@g.us_Q2_15557654321@c.us', '15557654321@c.us'],
  ])('%s', (_, bare_id, isNamed, id, author) => {
    const [anna, bob] = [archive.person({ phone: ANNA }), archive.person({ phone: '15557654321@c.us' })]
    const group = archive.chat('group', { jid: '9@g.us' })
    archive.message(group, { from: bob, id: 'Q1', ago: 90 })
    archive.message(group, { from: anna, id: 'Q2', ago: 90 })
    archive.message(group, { from: bob, id: 'Q2', ago: 90 })
    archive.message(group, { details: { quoted: { bare_id, sender: isNamed ? bob : null, body: '' } } })
    const { messages } = read('9@g.us', { limit: 1 })
    expect(messages[0]?.reply_to).toEqual({ id, author, body: '', untrusted: true })
  })

  it('but in a reaction', () => {
    const message = archive.message(archive.chat('group', { jid: '9@g.us' }))
    archive.store.changes.setReaction({
      message,
      sender: archive.person({ lid: '42@lid' }),
      emoji: '👍',
      at_ms: 0,
    })
    expect(read('9@g.us').messages[0]?.reactions).toMatchObject([{ from: '42@lid', from_me: false }])
  })
})

describe('a window', () => {
  let bodies: (options?: Partial<WindowOptions>) => string[]
  beforeEach(() => {
    const anna = archive.person({ phone: ANNA, lid: '42@lid' })
    const chat = archive.chat('direct', { person: anna })
    const other = archive.chat('group', { jid: '9@g.us' })
    for (let index = 0; index < 10; index += 1) {
      archive.message(chat, { from: anna, id: `M${index}`, ago: 100 - index * 10, body: `${index}` })
      archive.message(other, { from: anna, id: `M${index}`, ago: 100 - index * 10 })
    }
    bodies = (options) => read(ANNA, options).messages.map(({ body }) => body)
  })
  const at = (index: number) => ({ key: key(`false_${ANNA}_M${index}`) })
  const time = (ago: number) => ({ time: NOW - ago })

  it.each<[Partial<WindowOptions>, string]>([
    [{ limit: 3 }, '789'],
    [{ limit: 100 }, '0123456789'],
    [{ limit: 3, before: at(5) }, '234'],
    [{ limit: 3, before: { key: key('false_42@lid_M5') } }, '234'],
    [{ limit: 3, before: at(0) }, ''],
    [{ limit: 3, after: at(5) }, '678'],
    [{ limit: 3, after: at(9) }, ''],
    [{ limit: 3, before: time(50) }, '234'],
    [{ limit: 3, before: time(49.5) }, '345'],
    [{ limit: 3, after: time(50) }, '567'],
    [{ limit: 3, after: time(49.5) }, '678'],
    [{ limit: 9, after: at(2), before: at(6) }, '345'],
    [{ limit: 2, after: at(2), before: at(6) }, '34'],
    [{ limit: 2, after: at(6), before: at(2) }, ''],
    [{ limit: 3, before: { time: 0 } }, ''],
    [{ limit: 3, after: { time: 0 } }, '012'],
    [{ limit: 3, before: { time: 9e10 } }, '789'],
    [{ limit: 3, after: { time: 9e10 } }, ''],
  ])('%j', (options, expected) => {
    expect(bodies(options).join('')).toBe(expected)
  })

  it('from a time on begins with the very first place of that second', () => {
    archive.message(1, { position: firstPositionOf(NOW - 5), body: 'first' })
    expect(bodies({ after: time(5) })).toEqual(['first'])
    expect(bodies({ limit: 1, before: time(5) })).toEqual(['9'])
  })

  it('returns whether there are more on either side', () => {
    const sides = (options: Partial<WindowOptions>) => {
      const { hasEarlier, hasLater } = read(ANNA, options)
      return [hasEarlier, hasLater]
    }
    expect(sides({ limit: 3 })).toEqual([true, false])
    expect(sides({ limit: 10 })).toEqual([false, false])
    expect(sides({ limit: 3, before: at(5) })).toEqual([true, true])
    expect(sides({ limit: 3, before: at(2) })).toEqual([false, true])
    expect(sides({ limit: 3, after: at(6) })).toEqual([true, false])
    expect(sides({ limit: 3, before: at(0) })).toEqual([false, false])
  })

  it('returns the gaps that touch it', () => {
    const { store } = archive
    const place = (index: number) => store.messages.findAll(`M${index}`, 1)[0]?.id ?? 0
    store.gaps.add({ chat: 1, after_message: null, before_message: place(0), found_at_ms: 0 })
    store.gaps.add({ chat: 1, after_message: place(3), before_message: place(4), found_at_ms: 0 })
    store.gaps.add({ chat: 2, after_message: null, before_message: place(4), found_at_ms: 0 })
    const befores = (options: Partial<WindowOptions>) =>
      read(ANNA, options).gaps.map(({ before }) => before?.slice(-2))
    expect(befores({ limit: 10 })).toEqual(['M4', 'M0'])
    expect(befores({ limit: 5 })).toEqual([])
    expect(befores({ limit: 6 })).toEqual(['M4'])
    expect(befores({ limit: 2, before: at(4) })).toEqual(['M4'])
    expect(befores({ limit: 2, before: at(3) })).toEqual([])
    expect(befores({ limit: 2, before: at(2) })).toEqual(['M0'])
    expect(befores({ limit: 2, before: at(0) })).toEqual(['M0'])
  })

  it('returns the ends of a gap as the messages that are stored, once others have left', () => {
    const { store } = archive
    const place = (index: number) => store.messages.findAll(`M${index}`, 1)[0]?.id ?? 0
    store.gaps.add({ chat: 1, after_message: place(3), before_message: place(6), found_at_ms: 0 })
    const leave = (...indexes: number[]) => store.messages.remove(indexes.map(place))
    const ends = (options: Partial<WindowOptions>) =>
      read(ANNA, options).gaps.map(({ after, before }) => [after, before].map((id) => id?.slice(-2) ?? null))
    leave(3, 4, 5, 6)
    expect(ends({ limit: 10 })).toEqual([['M2', 'M7']])
    expect(ends({ limit: 3 })).toEqual([['M2', 'M7']])
    expect(ends({ limit: 2 })).toEqual([])
    expect(ends({ limit: 1, before: at(7) })).toEqual([['M2', 'M7']])
    expect(ends({ limit: 1, before: at(2) })).toEqual([])
    leave(0, 1, 2)
    expect(ends({ limit: 10 })).toEqual([[null, 'M7']])
    leave(7, 8, 9)
    expect(ends({ limit: 10 })).toEqual([[null, null]])
  })

  it.each<[string, Partial<WindowOptions>, string]>([
    ['15559999999@c.us', {}, 'chat_not_found'],
    [ANNA, { before: at(99) }, 'message_not_found'],
    [ANNA, { after: { key: key('false_15559999999@c.us_M1') } }, 'message_not_found'],
    [ANNA, { before: { key: key(`true_${ANNA}_M1`) } }, 'message_not_found'],
    [ANNA, { before: { key: key('false_9@g.us_M1') } }, 'invalid_input'],
  ])('of %s with %j is %s', (address, options, code) => {
    expect(codeOf(() => read(address, options))).toBe(code)
  })
})

describe('one message', () => {
  it('comes with what it said before and what stands around it', () => {
    const chat = archive.chat('group', { jid: '9@g.us' }, { name: 'Family' })
    const anna = archive.person({ phone: ANNA, lid: '42@lid' })
    for (let index = 0; index < 9; index += 1)
      archive.message(chat, { from: anna, id: `M${index}`, ago: 9 - index })
    const { id } = archive.store.messages.findAll('M4', chat)[0] ?? expect.fail()
    archive.store.changes.addRevision(id, { what: 'edited', type: 'chat', body: 'one', untilMs: NOW * 1000 })
    archive.store.changes.addRevision(id, { what: 'revoked', type: 'chat', body: 'two', untilMs: NOW * 1000 })
    for (const participant of ['', `_${ANNA}`, '_42@lid']) {
      const found = archive.reader.getMessage(key(`false_9@g.us_M4${participant}`), { before: 2, after: 3 })
      expect(found).toMatchObject({
        message: { id: `false_9@g.us_M4_${ANNA}` },
        chat: { id: '9@g.us', name: 'Family' },
        revisions: [
          { what: 'edited', type: 'chat', body: 'one', until_at: '2025-01-02T12:00:00.000Z' },
          { what: 'revoked', type: 'chat', body: 'two', until_at: '2025-01-02T12:00:00.000Z' },
        ],
      })
      expect(found.before.map((one) => one.id.split('_')[2])).toEqual(['M2', 'M3'])
      expect(found.after.map((one) => one.id.split('_')[2])).toEqual(['M5', 'M6', 'M7'])
    }
    expect(archive.reader.getMessage(key('false_9@g.us_M0'), { before: 5, after: 0 })).toMatchObject({
      before: [],
      after: [],
      revisions: [],
    })
  })

  it('differs from another one with the same id by its author', () => {
    const chat = archive.chat('group', { jid: '9@g.us' })
    const people = ['1@c.us', '2@c.us'].map((phone) => archive.person({ phone }))
    for (const from of people) archive.message(chat, { from, id: 'M1', body: `by ${from}` })
    archive.message(chat, { id: 'M1', body: 'mine' })
    const body = (text: string) => archive.reader.getMessage(key(text), { before: 0, after: 0 }).message.body
    expect(body('false_9@g.us_M1_1@c.us')).toBe(`by ${people[0]}`)
    expect(body('false_9@g.us_M1_2@c.us')).toBe(`by ${people[1]}`)
    expect(body('true_9@g.us_M1')).toBe('mine')
    expect(body(`true_9@g.us_M1_${ME_LID}`)).toBe('mine')
    expect(codeOf(() => body('false_9@g.us_M1_3@c.us'))).toBe('message_not_found')
    expect(codeOf(() => body('false_9@g.us_M2'))).toBe('message_not_found')
    expect(codeOf(() => body('false_8@g.us_M1'))).toBe('message_not_found')
  })

  it('differs from an own one with the same id by its direction', () => {
    const anna = archive.person({ phone: ANNA })
    const chat = archive.chat('direct', { person: anna })
    archive.message(chat, { id: 'M1', body: 'mine' })
    archive.message(chat, { from: anna, id: 'M1', body: 'theirs' })
    const body = (text: string) => archive.reader.getMessage(key(text), { before: 0, after: 0 }).message.body
    expect([body(`true_${ANNA}_M1`), body(`false_${ANNA}_M1`)]).toEqual(['mine', 'theirs'])
  })

  it('is found by its key, also while the LID of this account is not known', () => {
    const other = openTestArchive(null)
    const anna = other.person({ phone: ANNA })
    other.message(other.chat('direct', { person: anna }), { from: anna, id: 'A1' })
    other.message(other.chat('group', { jid: '9@g.us' }), { from: anna, id: 'G1' })
    for (const text of [`false_${ANNA}_A1`, 'false_9@g.us_G1', `false_9@g.us_G1_${ANNA}`]) {
      expect(other.reader.getMessage(key(text), { before: 0, after: 0 }).message.from_me).toBe(false)
    }
    other.close()
  })

  it('can be had by its position, among those of other chats', () => {
    const chats = ['8@g.us', '9@g.us'].map((jid) => archive.chat('group', { jid }, { name: jid }))
    const places = chats.map((chat) => archive.message(chat, { id: 'M1' }))
    const found = archive.reader.messagesAt([places[1] ?? 0, 5, places[0] ?? 0])
    expect(found).toMatchObject([
      { message: { id: `true_9@g.us_M1_${ME_JID}` }, chat: { id: '9@g.us', name: '9@g.us' } },
      { message: { id: `true_8@g.us_M1_${ME_JID}` }, chat: { id: '8@g.us', name: '8@g.us' } },
    ])
  })
})
