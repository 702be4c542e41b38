/** Every reading operation over HTTP: the documented fields, each state of the session, and what is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { WorldContact } from '../simulator/simulator.ts'
import { Chat } from '../src/model/chat.ts'
import { Contact } from '../src/model/contact.ts'
import { Message } from '../src/model/message.ts'
import { type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
const MING = '15550001103'

/** The documented fields, in their order; then ours that are always there. */
const CHAT = [
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
]
const MESSAGE = ['id', 'from', 'to', 'author', 'from_me', 'type', 'body', 'timestamp', 'has_media']

const READING = [
  '/api/chats',
  `/api/chats/${AMARA}@c.us`,
  '/api/unread',
  '/api/waiting',
  `/api/messages?phone_number=${AMARA}`,
  `/api/messages/true_${AMARA}@c.us_3EB0`,
  '/api/contacts',
  `/api/contacts/${AMARA}`,
]

describe('before an account was ever linked', () => {
  let harness: Harness
  beforeAll(async () => {
    harness = await openHarness()
  })
  afterAll(() => harness.close())

  it.each(READING)('GET %s is not_linked', async (path) => {
    const { status, json } = await harness.get(path)
    expect([status, json.code]).toEqual([409, 'not_linked'])
  })
})

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  let harness: Harness
  let me: string
  let hidden: WorldContact
  let hike: string
  let neighbours: string
  let channel: string
  let questionId: string

  const read = async (path: string) => {
    const { status, json } = await harness.get(path)
    expect(status, JSON.stringify(json)).toBe(200)
    expect(json.ok).toBe(true)
    return json
  }
  const messages = (chat: string, more = '') => read(`/api/messages?chat_id=${chat}${more}`)
  const bodies = (list: { body: string }[]) => list.map(({ body }) => body)
  const names = (list: { name: string }[]) => list.map(({ name }) => name)

  beforeAll(async () => {
    harness = await openHarness({ build })
  })
  afterAll(() => harness.close())

  it('comes to know everything that happens', async () => {
    const { world } = harness
    const state = world.state()
    me = `${state.account.phone}@c.us`
    hike = state.groups.find(({ subject }) => subject.startsWith('Weekend'))?.id ?? ''
    neighbours = state.groups.find(({ subject }) => subject.startsWith('Haus'))?.id ?? ''
    hidden = world.addContact({ phone: '15550002222', name: null, pushname: 'Hidden', phoneHidden: true })
    await world.write({ from: `${hidden.lid}@lid`, text: 'who am I' })
    channel = (await world.addChannel({ name: 'News' })).id
    await world.writeInChannel({ channel, content: { type: 'chat', text: 'breaking' } })
    await world.writeStatus({ from: AMARA, content: { type: 'chat', text: 'my status' } })
    await world.writeFromPhone({ chat: me, text: 'note to self' })
    await harness.link()
    await harness.synced()
    const question = await world.write({ from: AMARA, text: 'question' })
    questionId = question.id
    await world.write({ from: AMARA, text: 'answer', quote: question.id })
    await world.writeContent({
      from: MING,
      content: {
        type: 'document',
        caption: 'the plan',
        forwarded: 1,
        media: { mimetype: 'application/pdf', sizeBytes: 1234, filename: 'plan.pdf' },
      },
    })
    await world.react({ id: question.id, by: AMARA, emoji: '👍' })
    await world.edit({ id: question.id, text: 'question!' })
    await world.archiveChat({ chat: neighbours, archived: true })
    await world.pinChat({ chat: hike, pinned: true })
    await world.muteChat({ chat: `${JURGEN}@c.us`, until: -1 })
    await expect.poll(async () => (await read(`/api/chats/${JURGEN}@c.us`)).chat.muted).toBe(true)
    await expect.poll(async () => (await messages(`${AMARA}@c.us`)).messages.at(-2)?.body).toBe('question!')
    await expect.poll(async () => (await read('/api/chats?archived=true')).count).toBe(1)
  })

  describe('GET /api/chats', () => {
    it('has every documented field of a chat and of its last message, and nothing that is not described', async () => {
      const json = await read('/api/chats')
      expect(Object.keys(json)).toEqual(['ok', 'count', 'chats'])
      expect(json.count).toBe(json.chats.length)
      for (const chat of json.chats) {
        expect(Object.keys(chat).slice(0, CHAT.length)).toEqual(CHAT)
        Chat.strict().parse(chat)
        expect(Object.keys(chat.last_message).slice(0, MESSAGE.length)).toEqual(MESSAGE)
        Message.strict().parse(chat.last_message)
      }
    })

    it('goes by latest activity, archived ones among them, without channels and status', async () => {
      const { chats } = await read('/api/chats?limit=100')
      const times = chats.map(({ timestamp }: Chat) => timestamp)
      expect(times).toEqual([...times].sort((one, other) => other - one))
      const worlds = harness.world.chats().filter(({ id }) => !/newsletter|broadcast/.test(id))
      expect(chats.length).toBe(worlds.length)
      expect(chats.find(({ id }: Chat) => id === neighbours)).toMatchObject({ archived: true, kind: 'group' })
      expect(chats.find(({ id }: Chat) => id === hike)).toMatchObject({ pinned: true, archived: false })
      expect(chats.find(({ id }: Chat) => id === `${JURGEN}@c.us`)).toMatchObject({
        muted: true,
        pinned: false,
      })
    })

    it.each([
      ['query=muller', ['Jürgen Müller']],
      ['query=%E5%B0%8F%E6%98%8E', ['王小明']],
      ['query=%2B1%20555%20000%201101', ['Amara Okafor']],
      ['query=haus&archived=false', []],
      ['query=haus&archived=true', ['Haus 12 – Nachbarn']],
      ['kind=channel', ['News']],
      ['query=(you)', []],
      ['query=robin', ['Robin Example (You)']],
      ['kind=group&limit=100&archived=0', ['Weekend hike ⛰️']],
    ])('?%s', async (query, found) => {
      expect(names((await read(`/api/chats?${query}`)).chats)).toEqual(found)
    })

    it('comes page by page', async () => {
      const whole = (await read('/api/chats?limit=100')).chats
      const first = await read('/api/chats?limit=3')
      const second = await read(`/api/chats?limit=100&cursor=${first.next_cursor}`)
      expect([...first.chats, ...second.chats]).toEqual(whole)
      expect(second).not.toHaveProperty('next_cursor')
    })
  })

  describe('/api/messages', () => {
    it('has every documented field, oldest first, by GET and by POST alike', async () => {
      const json = await read(`/api/messages?phone_number=${AMARA}&limit=2`)
      expect(Object.keys(json)).toEqual([
        'ok',
        'chat',
        'count',
        'messages',
        'next_before',
        'history_complete',
      ])
      expect(json).toMatchObject({
        chat: { id: `${AMARA}@c.us`, name: 'Amara Okafor' },
        count: 2,
        history_complete: true,
      })
      expect(json.messages).toEqual([
        {
          id: `false_${AMARA}@c.us_${questionId}`,
          from: `${AMARA}@c.us`,
          to: me,
          author: null,
          from_me: false,
          type: 'chat',
          body: 'question!',
          timestamp: expect.any(Number),
          has_media: false,
          sender_name: 'Amara Okafor',
          edited_at: expect.stringMatching(/Z$/),
          reactions: [
            { emoji: '👍', from: `${AMARA}@c.us`, from_me: false, at: expect.stringMatching(/Z$/) },
          ],
        },
        {
          id: expect.stringMatching(new RegExp(`^false_${AMARA}@c.us_[0-9A-F]+$`)),
          from: `${AMARA}@c.us`,
          to: me,
          author: null,
          from_me: false,
          type: 'chat',
          body: 'answer',
          timestamp: expect.any(Number),
          has_media: false,
          sender_name: 'Amara Okafor',
          reply_to: { id: `false_${AMARA}@c.us_${questionId}`, author: `${AMARA}@c.us`, body: 'question' },
        },
      ])
      for (const body of [
        { phone_number: AMARA, limit: 2 },
        { chat_id: `${AMARA}@c.us`, limit: 2 },
        { phone_number: Number(AMARA), limit: 2 },
      ]) {
        expect((await harness.post('/api/messages', body)).json).toEqual(json)
      }
    })

    it('includes media and forwarded messages', async () => {
      const { messages: list } = await messages(`${MING}@c.us`, '&limit=1')
      expect(list).toMatchObject([
        {
          type: 'document',
          body: 'the plan',
          has_media: true,
          forwarded: true,
          media: { mimetype: 'application/pdf', size_bytes: 1234, filename: 'plan.pdf' },
        },
      ])
    })

    it('of a group name their author, by phone where it is known', async () => {
      const { chat, messages: list } = await messages(hike)
      expect(chat).toMatchObject({ id: hike, is_group: true, name: 'Weekend hike ⛰️' })
      const theirs = list.filter((one: Message) => !one.from_me)
      expect(theirs.length).toBeGreaterThan(0)
      for (const one of theirs) {
        expect(one).toMatchObject({
          from: hike,
          to: me,
          author: expect.stringMatching(/^1555000110\d@c\.us$/),
        })
        expect(one.id).toBe(`false_${hike}_${one.id.split('_')[2]}_${one.author}`)
        expect(one.sender_name).toBeTruthy()
      }
      const { messages: hidden } = await messages(neighbours)
      const authors = hidden.filter((one: Message) => !one.from_me).map((one: Message) => one.author)
      expect(authors.length).toBeGreaterThan(0)
      expect(authors.every((author: string) => author.endsWith('@c.us'))).toBe(true)
    })

    it('with oneself, of a channel, and with a person with a LID only', async () => {
      expect(await messages(me)).toMatchObject({
        chat: { name: 'Robin Example (You)' },
        messages: [
          { id: expect.stringMatching(/_out$/), from: me, to: me, from_me: true, body: 'note to self' },
        ],
      })
      expect((await messages(channel)).messages).toMatchObject([
        { from: channel, to: me, author: null, from_me: false, body: 'breaking', sender_name: 'News' },
      ])
      expect(await messages(`${hidden.lid}@lid`)).toMatchObject({
        chat: { id: `${hidden.lid}@lid`, name: 'Hidden' },
        messages: [{ from: `${hidden.lid}@lid`, body: 'who am I', sender_name: 'Hidden' }],
      })
    })

    it('of a person are the same by phone and by LID', async () => {
      const { lid = '' } = harness.world.state().contacts.find(({ phone }) => phone === MING) ?? {}
      expect(await messages(`${lid}@lid`)).toEqual(await messages(`${MING}@c.us`))
    })

    it('go on in both directions', async () => {
      const all = (await messages(`${AMARA}@c.us`, '&limit=100')).messages
      const newest = await messages(`${AMARA}@c.us`, '&limit=1')
      const earlier = await messages(`${AMARA}@c.us`, `&limit=2&before=${newest.next_before}`)
      expect([...earlier.messages, ...newest.messages]).toEqual(all.slice(-3))
      const later = await messages(`${AMARA}@c.us`, `&limit=100&after=${earlier.next_after}`)
      expect(later.messages).toEqual(newest.messages)
      expect(later).not.toHaveProperty('next_after')
      const since = new Date(all[1].timestamp * 1000).toISOString()
      expect((await messages(`${AMARA}@c.us`, `&limit=100&after=${since}`)).messages).toEqual(all.slice(1))
      expect((await messages(`${AMARA}@c.us`, `&limit=100&before=${all[1].timestamp}`)).messages).toEqual([
        all[0],
      ])
    })

    it('that were sent here are here at once, under the id that the answer gave', async () => {
      const sent = await harness.post('/api/send', { phone_number: '15550001106', message: 'from the API' })
      const { message, chat } = await read(`/api/messages/${sent.json.message_id}`)
      expect(message).toMatchObject({
        id: sent.json.message_id,
        body: 'from the API',
        from: me,
        from_me: true,
      })
      expect(message.ack).toBeGreaterThanOrEqual(1)
      expect(chat).toEqual({ id: '15550001106@c.us', name: 'प्रिया' })
    })
  })

  it('GET /api/chats/{chat_id} has the members, and how far the history goes', async () => {
    const group = await read(`/api/chats/${hike}`)
    expect(Object.keys(group)).toEqual(['ok', 'chat', 'members', 'history'])
    const { messages: list } = await messages(hike, '&limit=100')
    expect(group.history).toEqual({
      messages: list.length,
      oldest_at: new Date(list[0].timestamp * 1000).toISOString(),
      complete: true,
      gaps: [],
    })
    expect(names(group.members).sort()).toEqual(['Amara Okafor', 'Jürgen Müller', 'Олена Коваль'])
    expect(group.members[0]).toEqual({ id: `${AMARA}@c.us`, name: 'Amara Okafor', is_admin: true })
    const direct = await read(`/api/chats/${AMARA}%40s.whatsapp.net`)
    expect(direct).not.toHaveProperty('members')
    expect(Chat.strict().parse(direct.chat).id).toBe(`${AMARA}@c.us`)
  })

  it('GET /api/messages/{message_id} has what it said before, and its context', async () => {
    const found = await read(`/api/messages/false_${AMARA}@c.us_${questionId}?before=1&after=1`)
    expect(Object.keys(found)).toEqual(['ok', 'message', 'chat', 'revisions', 'context'])
    expect(found).toMatchObject({
      message: { body: 'question!' },
      chat: { id: `${AMARA}@c.us`, name: 'Amara Okafor' },
      revisions: [{ what: 'edited', type: 'chat', body: 'question', until_at: expect.stringMatching(/Z$/) }],
    })
    expect(bodies(found.context.after)).toEqual(['answer'])
    expect(found.context.before).toHaveLength(1)
  })

  it('GET /api/contacts lists people, the address book first', async () => {
    const { contacts, count } = await read('/api/contacts?limit=100')
    expect(count).toBe(contacts.length)
    for (const one of contacts) Contact.strict().parse(one)
    const book = contacts.map(({ in_address_book }: Contact) => in_address_book)
    expect(book).toEqual([...book].sort((one, other) => Number(other) - Number(one)))
    expect(names(contacts.slice(0, 2))).toEqual(['Amara Okafor', 'Jürgen Müller'])
    expect(contacts.map(({ id }: Contact) => id)).not.toContain(me)
    expect(names((await read('/api/contacts?query=muller')).contacts)).toEqual(['Jürgen Müller'])
  })

  it('GET /api/contacts/{contact_id} is the same by number, JID and LID', async () => {
    const { lid = '' } = harness.world.state().contacts.find(({ phone }) => phone === AMARA) ?? {}
    const found = await read(`/api/contacts/${AMARA}`)
    expect(Object.keys(found)).toEqual(['ok', 'contact', 'chat', 'common_groups', 'messages'])
    expect(found).toMatchObject({
      contact: {
        id: `${AMARA}@c.us`,
        phone_number: AMARA,
        lid: `${lid}@lid`,
        address_book_name: 'Amara Okafor',
        pushname: 'Amara',
      },
      chat: { id: `${AMARA}@c.us` },
      common_groups: [{ id: hike, name: 'Weekend hike ⛰️' }],
    })
    const list = (await messages(`${AMARA}@c.us`, '&limit=100')).messages
    const own = list.filter((one: Message) => one.from_me)
    expect([found.messages.sent.count, found.messages.received.count]).toEqual([
      own.length,
      list.length - own.length,
    ])
    expect(found.messages.received.last_at).toBe(new Date(list.at(-1).timestamp * 1000).toISOString())
    expect(await read(`/api/contacts/${AMARA}@c.us`)).toEqual(found)
    expect(await read(`/api/contacts/${lid}@lid`)).toEqual(found)
  })

  it('GET /api/unread has the unread messages, and leaves them unread', async () => {
    const unread = await read('/api/unread?messages_per_chat=1')
    const amara = unread.chats.find(({ id }: Chat) => id === `${AMARA}@c.us`)
    expect(Object.keys(amara).slice(0, CHAT.length)).toEqual(CHAT)
    expect(bodies(amara.unread_messages)).toEqual(['answer'])
    expect(unread.count).toBe(unread.chats.length)
    expect(unread.total_unread).toBe(
      unread.chats.reduce((sum: number, { unread_count }: Chat) => sum + unread_count, 0),
    )
    expect(names(unread.chats)).not.toContain('Jürgen Müller')
    expect(unread.left_out).toEqual({ muted: 1, archived: 1 })
    const everything = '/api/unread?include_muted=1&include_archived=true'
    // What was just written in other chats is counted a moment later.
    await expect
      .poll(async () => (await read(everything)).total_chats - (await read('/api/unread')).total_chats)
      .toBe(2)
    const all = await read(everything)
    expect(all.left_out).toEqual({ muted: 0, archived: 0 })
    expect(harness.world.chats().find(({ id }) => id === `${AMARA}@c.us`)?.unreadCount).toBe(
      amara.unread_count,
    )
  })

  it('GET /api/waiting lists the chats that wait for a reply, until there is one', async () => {
    const olena = { from: '15550001104', chat: '15550001104@c.us' }
    const waits = async (query = '') => names((await read(`/api/waiting?limit=100${query}`)).chats)
    expect(await waits()).toContain('Олена Коваль')
    const { chats } = await read('/api/waiting')
    const amara = chats.find(({ id }: Chat) => id === `${AMARA}@c.us`)
    expect(amara.waiting).toMatchObject({
      since_at: expect.stringMatching(/Z$/),
      seconds: expect.any(Number),
      messages: 2,
      message: { body: 'answer' },
    })
    expect(await waits()).not.toContain('Weekend hike ⛰️')
    expect(await waits('&include_groups=true')).toContain('Weekend hike ⛰️')
    expect(await waits('&include_muted=true')).toContain('Jürgen Müller')
    await harness.world.writeFromPhone({ chat: olena.chat, text: 'here you are' })
    await expect.poll(() => waits()).not.toContain('Олена Коваль')
  })

  it.each([
    ['/api/chats?limit=0', 400, 'invalid_input'],
    ['/api/chats?limit=1&limit=2', 400, 'invalid_input'],
    ['/api/chats?limits=1', 400, 'invalid_input'],
    ['/api/chats?cursor=abc', 400, 'invalid_input'],
    ['/api/chats?unread_only=maybe', 400, 'invalid_input'],
    ['/api/chats/15559999999@c.us', 404, 'chat_not_found'],
    ['/api/chats/nobody', 400, 'invalid_input'],
    ['/api/chats/', 400, 'invalid_input'],
    ['/api/chats/%ff', 400, 'malformed_request'],
    [`/api/chats/${'1'.repeat(300)}`, 414, 'uri_too_long'],
    ['/api/messages', 400, 'invalid_input'],
    ['/api/messages?phone_number=15559999999', 404, 'chat_not_found'],
    [`/api/messages?phone_number=${AMARA}&before=true_${AMARA}@c.us_ABC`, 404, 'message_not_found'],
    ['/api/messages/abc', 400, 'invalid_input'],
    [`/api/messages/true_${AMARA}@c.us_ABC`, 404, 'message_not_found'],
    ['/api/contacts/15559999999', 404, 'contact_not_found'],
    ['/api/contacts/1@g.us', 400, 'invalid_input'],
    ['/api/unread?messages_per_chat=99', 400, 'invalid_input'],
    ['/api/waiting?days=0', 400, 'invalid_input'],
  ])('GET %s is %d %s', async (path, status, code) => {
    const answer = await harness.get(path)
    expect([answer.status, answer.json.code]).toEqual([status, code])
  })

  it.each([
    ['/api/chats/1@g.us', 'GET, PATCH, DELETE, HEAD'],
    ['/api/messages/true_1@c.us_A', 'GET, PATCH, DELETE, HEAD'],
    ['/api/chats', 'GET, PATCH, HEAD'],
  ])('PUT %s names the methods that there are', async (path, methods) => {
    const answer = await harness.call({ method: 'PUT', path, body: {} })
    expect([answer.status, answer.json.code, answer.headers.allow]).toEqual([
      405,
      'method_not_allowed',
      methods,
    ])
  })

  it('answers in every state, and says since when it may be behind', async () => {
    const before = await messages(`${AMARA}@c.us`)
    expect(before).not.toHaveProperty('stale_since')
    await harness.restart()
    const whileStarting = await messages(`${AMARA}@c.us`)
    expect(whileStarting).toEqual({ ...before, stale_since: expect.stringMatching(/^\d{4}-.*Z$/) })
    await harness.until('ready')
    await harness.synced()
    expect(await messages(`${AMARA}@c.us`)).toEqual(before)
    await harness.post('/api/logout')
    for (const path of READING.filter((one) => !one.includes('3EB0'))) {
      expect((await read(path)).stale_since, path).toMatch(/Z$/)
    }
  })
})
