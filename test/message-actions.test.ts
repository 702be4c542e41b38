/** What can be done to a message: over HTTP and MCP, the real library, the double's world as the witness. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { NewContent, WorldMessage } from '../simulator/simulator.ts'
import { type Answer, archivedId, type Harness, openHarness, openLinked } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
/** A person whose chat is addressed by LID. */
const MING = '15550001103'
const DAY = 86_400

let harness: Harness
/** A test that fails leaves no fault to the next one. */
afterEach(() => harness.world.clearFaults())
const ago = (seconds: number) => Math.floor(Date.now() / 1000) - seconds
const world = (id: string) => harness.world.messages().find((one) => one.id === id)
const bare = (id: string) => id.split('_')[2] ?? ''
const seen = async (id: string) => (await harness.get(`/api/messages/${id}`)).json.message
/** The id of this message, once the archive has it. */
const idOf = (message: Pick<WorldMessage, 'id' | 'chat'>) => archivedId(harness, message)
const theirs = async (text: string, from = AMARA, chat?: string) =>
  idOf(await harness.world.write({ from, text, ...(chat === undefined ? {} : { chat }) }))
const mine = async (text: string, chat = AMARA, ageS = 0) =>
  idOf(await harness.world.writeFromPhone({ chat, text, t: ago(ageS) }))
const events = async (kind: string, id: string) => {
  const { json } = await harness.get(`/api/events?after=0&limit=100&kind=${kind}`)
  return json.events.filter((one: { message: { id: string } | null }) => one.message?.id === id)
}

/** The calls of this file: method, path after the id, body. */
const call = {
  react: (id: string, emoji = '👍') => at('PUT', id, '/reaction', { emoji }),
  unreact: (id: string) => at('DELETE', id, '/reaction'),
  edit: (id: string, message = 'better') => at('PATCH', id, '', { message }),
  revoke: (id: string) => at('DELETE', id, '?for=everyone'),
  forget: (id: string) => at('DELETE', id, '?for=me'),
  star: (id: string) => at('PUT', id, '/star'),
  unstar: (id: string) => at('DELETE', id, '/star'),
  pin: (id: string, time = '24h') => at('PUT', id, '/pin', { for: time }),
  unpin: (id: string) => at('DELETE', id, '/pin'),
}
function at(method: string, id: string, rest: string, body?: object): Promise<Answer> {
  return harness.call({ method, path: `/api/messages/${id}${rest}`, ...(body === undefined ? {} : { body }) })
}

describe.each(['2.3000.1049045808', '2.3000.1045210364', '2.3000.1034728815'])('on build %s', (build) => {
  let hike: string
  let house: string
  let left: string
  let channel: string

  beforeAll(async () => {
    harness = await openHarness({ build })
    const { world } = harness
    hike = world.state().groups.find(({ subject }) => subject.startsWith('Weekend'))?.id ?? ''
    house = world.state().groups.find(({ subject }) => subject.startsWith('Haus'))?.id ?? ''
    left = world.addGroup({ subject: 'Left behind', members: [AMARA] }).id
    await world.write({ from: AMARA, chat: left, text: 'bye' })
    await world.leaveGroup({ group: left, member: 'me' })
    channel = (await world.addChannel({ name: 'News' })).id
    await world.writeInChannel({ channel, content: { type: 'chat', text: 'news' } })
    await harness.link()
    await harness.synced()
  })
  afterAll(() => harness.close())

  it.each([
    ['of another person', () => theirs('react to me')],
    ['of this account', () => mine('react to mine')],
    ['in a chat by LID', () => theirs('by lid', MING)],
    ['in a group', () => theirs('in the group', AMARA, hike)],
    ['in a group by LID', () => theirs('in the house', JURGEN, house)],
    ['to oneself', () => mine('a note', 'me')],
  ])('reacts to a message %s, and takes the reaction back', async (_, message) => {
    const id = await message()
    const answer = await call.react(id, '🎉')
    expect([answer.status, answer.json]).toEqual([200, { ok: true, message_id: id, emoji: '🎉' }])
    expect(world(bare(id))?.reactions).toMatchObject([{ emoji: '🎉', by: '15550001000@c.us' }])
    expect((await seen(id)).reactions).toMatchObject([{ emoji: '🎉', from_me: true }])
    await call.react(id, '👍🏽')
    expect((await call.unreact(id)).json).toEqual({ ok: true, message_id: id, emoji: '' })
    expect(world(bare(id))?.reactions).toBeUndefined()
    expect((await seen(id)).reactions).toBeUndefined()
    const emojis = async () =>
      (await events('message.reaction', id)).map((one: { data: { emoji: string } }) => one.data.emoji)
    expect(await emojis()).toEqual(['🎉', '👍🏽', ''])
  })

  it('edits a text and a caption; the earlier text stays in the archive', async () => {
    const id = await mine('at fvie')
    expect((await call.edit(id, ' at five ')).json).toEqual({ ok: true, message_id: id })
    expect(world(bare(id))).toMatchObject({ body: 'at five' })
    expect(await seen(id)).toMatchObject({ id, body: 'at five', edited_at: expect.any(String) })
    expect(await events('message.edited', id)).toMatchObject([{ data: { before: { body: 'at fvie' } } }])
    const photo = await harness.world.writeContent({
      from: 'me',
      chat: AMARA,
      content: { type: 'image', caption: 'our cta' },
    })
    const photoId = await idOf(photo)
    expect((await call.edit(photoId, 'our cat')).status).toBe(200)
    expect(world(photo.id)?.caption).toBe('our cat')
    expect((await seen(photoId)).body).toBe('our cat')
  })

  it('keeps the people that an edited text still mentions', async () => {
    const content: NewContent = {
      type: 'chat',
      text: `@${JURGEN} and @${AMARA} at 5`,
      mentions: [JURGEN, AMARA],
    } as const
    const message = await harness.world.writeContent({ from: 'me', chat: hike, content })
    const id = await idOf(message)
    expect((await call.edit(id, `@${AMARA} at 6`)).status).toBe(200)
    expect(world(message.id)?.mentions).toEqual([`${AMARA}@c.us`])
  })

  it('deletes for everyone, in the archive too, and never twice', async () => {
    const id = await mine('a secret')
    expect((await call.revoke(id)).json).toEqual({ ok: true, message_id: id, for: 'everyone' })
    expect(world(bare(id))).toMatchObject({ type: 'revoked', body: '' })
    expect(await seen(id)).toMatchObject({ id, type: 'revoked', body: '' })
    expect(await events('message.revoked', id)).toMatchObject([{ data: { before: { body: 'a secret' } } }])
    const forward = () => at('POST', id, '/forward', { chats: [AMARA] })
    const receipts = () => at('GET', id, '/receipts')
    for (const again of [
      call.revoke,
      call.edit,
      call.react,
      call.star,
      call.pin,
      forward,
      receipts,
    ] as const) {
      const { status, json } = await again(id)
      expect([status, json.code]).toEqual([422, 'action_refused'])
      expect(json.results?.[0].detail ?? json.detail).toBe('This message was deleted for everyone.')
    }
  })

  it('deletes for this account only', async () => {
    const id = await theirs('for my eyes')
    expect((await call.forget(id)).json).toEqual({ ok: true, message_id: id, for: 'me' })
    expect(world(bare(id))).toBeUndefined()
    expect(await seen(id)).toMatchObject({ id, body: 'for my eyes' })
    expect((await call.react(id)).json.code).toBe('message_not_found')
  })

  it('deletes the message of a member as an admin', async () => {
    const id = await theirs('spam', JURGEN, house)
    expect((await call.revoke(id)).status).toBe(200)
    expect(world(bare(id))).toMatchObject({ type: 'revoked', revokedBy: '15550001000@c.us' })
  })

  it('stars, here and on the phone', async () => {
    const id = await theirs('remember this')
    expect((await call.star(id)).json).toEqual({ ok: true, message_id: id, starred: true })
    expect(world(bare(id))?.starred).toBe(true)
    expect((await seen(id)).starred).toBe(true)
    expect((await call.star(id)).status).toBe(200)
    await harness.world.star({ id: bare(id), starred: false })
    await expect.poll(async () => (await seen(id)).starred).toBeUndefined()
    const starred = async () =>
      (await events('message.starred', id)).map((one: { data: { starred: boolean } }) => one.data.starred)
    expect(await starred()).toEqual([true, false])
    expect((await call.unstar(id)).json).toEqual({ ok: true, message_id: id, starred: false })
  })

  it('stars several messages of a chat at once', async () => {
    const ids = [await theirs('one'), await theirs('two'), await theirs('three')]
    const answers = await Promise.all(ids.map(call.star))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(ids.map((id) => world(bare(id))?.starred)).toEqual([true, true, true])
  })

  it.each([
    ['24h', DAY],
    ['7d', 7 * DAY],
    ['30d', 30 * DAY],
  ])('pins for %s, and unpins', async (time, seconds) => {
    const id = await theirs(`pin me for ${time}`)
    expect((await call.pin(id, time)).json).toEqual({ ok: true, message_id: id, for: time })
    const { until = 0 } = world(bare(id))?.pinned ?? {}
    expect(Math.abs(until - ago(-seconds))).toBeLessThan(60)
    expect(Math.abs(Date.parse((await seen(id)).pinned_until) / 1000 - until)).toBeLessThan(60)
    expect((await call.unpin(id)).json).toEqual({ ok: true, message_id: id, for: 'off' })
    expect(world(bare(id))?.pinned).toBeUndefined()
    expect((await seen(id)).pinned_until).toBeUndefined()
  })

  it('votes in polls of others and in own ones, changes the vote and takes it back', async () => {
    const ask = (from: string, multiple: boolean) =>
      harness.world.writeContent({
        from,
        chat: hike,
        content: { type: 'poll_creation', poll: { name: 'When?', options: ['Fri', 'Sat', 'Sun'], multiple } },
      })
    const vote = (id: string, ...options: string[]) => at('POST', id, '/vote', { options })
    const mine = (id: string) => world(bare(id))?.poll?.votes?.['15550001000@c.us']
    const many = await idOf(await ask(AMARA, true))
    expect((await vote(many, 'Sun', 'Fri')).json).toEqual({
      ok: true,
      message_id: many,
      options: ['Sun', 'Fri'],
    })
    expect(mine(many)?.sort()).toEqual([0, 2])
    expect((await vote(many, 'Sat')).status).toBe(200)
    expect(mine(many)).toEqual([1])
    expect((await vote(many)).json.options).toEqual([])
    expect(mine(many)).toBeUndefined()
    const one = await idOf(await ask('me', false))
    expect((await vote(one, 'Fri')).status).toBe(200)
    expect(mine(one)).toEqual([0])
    for (const wrong of [['Mon'], ['Fri', 'Mon'], ['fri'], ['Fri', 'Sat']]) {
      const answer = await vote(one, ...wrong)
      expect([wrong, answer.status, answer.json.code]).toEqual([wrong, 400, 'invalid_input'])
    }
    expect(mine(one)).toEqual([0])
    const text = await vote(await theirs('no poll'), 'Fri')
    expect([text.status, text.json.code]).toEqual([422, 'action_refused'])
  })

  it('hears what others pin', async () => {
    const id = await theirs('important', AMARA, hike)
    await harness.world.pinMessage({ id: bare(id), by: JURGEN, seconds: DAY })
    await expect.poll(async () => (await seen(id)).pinned_until).toBeTruthy()
    expect(await events('message.pinned', id)).toMatchObject([{ data: { until: expect.any(String) } }])
  })

  describe('changes nothing', () => {
    it.each([
      ['the edit of a message of another person', call.edit, () => theirs('not yours'), 'action_refused'],
      ['an edit after 20 minutes', call.edit, () => mine('old', AMARA, 1_300), 'too_late'],
      ['an edit in a group that was left', call.edit, () => theirs('x', AMARA, hike), 'action_refused'],
      [
        'the deletion for everyone of a message of another person',
        call.revoke,
        () => theirs('x'),
        'action_refused',
      ],
      [
        'a deletion for everyone after three days',
        call.revoke,
        () => mine('old', AMARA, 3 * DAY),
        'too_late',
      ],
      [
        'a deletion for everyone in a group without being an admin',
        call.revoke,
        () => theirs('x', AMARA, hike),
        'action_refused',
      ],
      [
        'a deletion for everyone of a note to oneself',
        call.revoke,
        () => mine('note', 'me'),
        'action_refused',
      ],
      ['a reaction in a channel', call.react, () => inChannel(), 'action_refused'],
      ['a star in a channel', call.star, () => inChannel(), 'action_refused'],
      ['a pin in a channel', call.pin, () => inChannel(), 'action_refused'],
      ['an edit in a channel', call.edit, () => inChannel(), 'action_refused'],
      ['a reaction in a group that was left', call.react, () => inLeft(), 'action_refused'],
      ['a pin in a group that was left', call.pin, () => inLeft(), 'action_refused'],
    ])('for %s', async (_, act, message, code) => {
      const id = await message()
      const before = JSON.stringify(harness.world.messages())
      const answer = await act(id)
      expect([answer.status, answer.json.code, answer.json.retry]).toEqual([422, code, 'never'])
      expect(JSON.stringify(harness.world.messages())).toBe(before)
    })

    it.each([
      ['react', call.react],
      ['edit', call.edit],
      ['delete', call.revoke],
      ['star', call.star],
      ['pin', call.pin],
    ])('for a message that nobody knows: %s', async (_, act) => {
      const answer = await act(`true_${AMARA}@c.us_3EB0FFFFFFFF`)
      expect([answer.status, answer.json.code]).toEqual([404, 'message_not_found'])
    })
  })

  const inLeft = () =>
    idOf(harness.world.messages({ chat: left }).find(({ body }) => body === 'bye') ?? expect.fail())
  const inChannel = () => idOf(harness.world.messages({ chat: channel })[0] ?? expect.fail())
})

describe('the input', () => {
  beforeAll(async () => {
    harness = await openHarness()
    await harness.link()
    await harness.synced()
  })
  afterAll(() => harness.close())

  it.each([
    ['two emojis', 'PUT', '/reaction', { emoji: '👍👍' }],
    ['a word', 'PUT', '/reaction', { emoji: 'ok' }],
    ['a digit', 'PUT', '/reaction', { emoji: '1' }],
    ['no emoji', 'PUT', '/reaction', {}],
    ['an emoji to take back', 'DELETE', '/reaction?emoji=x', undefined],
    ['an empty text', 'PATCH', '', { message: ' ' }],
    ['nobody to delete for', 'DELETE', '', undefined],
    ['another word', 'DELETE', '?for=all', undefined],
    ['a field of the row that the route sets', 'PUT', '/star', { starred: false }],
    ['a time', 'PUT', '/pin', { for: '1h' }],
  ])('%s is a 400', async (_, method, rest, body) => {
    const answer = await at(method, await theirs('input'), rest, body)
    expect([answer.status, answer.json.code]).toEqual([400, 'invalid_input'])
  })

  it.each(['❤️', '👨‍👩‍👧', '🇦🇹', '1️⃣', '👍🏿'])('%s is one emoji', async (emoji) => {
    const id = await theirs('emoji')
    expect((await call.react(id, emoji)).status).toBe(200)
    expect(world(bare(id))?.reactions?.[0]?.emoji).toBe(emoji)
  })

  it('is the same for the tools: one for both routes', async () => {
    const client = await harness.mcp('plain')
    const id = await theirs('by tool')
    const tool = (name: string, args: object) =>
      client.callTool({ name, arguments: { message_id: id, ...args } })
    expect((await tool('whatsapp_react', { emoji: '🎈' })).structuredContent).toMatchObject({ emoji: '🎈' })
    expect((await tool('whatsapp_react', { emoji: '' })).isError).not.toBe(true)
    expect(world(bare(id))?.reactions).toBeUndefined()
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).not.toContain('whatsapp_star_message')
  })
})

describe('an outcome that is not known', () => {
  const clock = createTestClock()
  beforeAll(async () => {
    harness = await openLinked({ clock })
  })
  afterAll(() => harness.close())

  it('is not a success', async () => {
    const { edit, react, pin, revoke, star } = call
    const acts = [edit, react, pin, revoke, star].map(async (act, n) => ({
      act,
      id: await mine(`fails ${n}`),
    }))
    const prepared = await Promise.all(acts)
    await harness.world.setFault({ name: 'act_fails', value: true })
    // At once: some of them wait 5 s for what does not come.
    const answers = await Promise.all(prepared.map(({ act, id }) => act(id)))
    await harness.world.clearFaults()
    expect(answers.map(({ json }) => [json.code, json.retry])).toEqual([
      ['whatsapp_error', 'check_first'],
      ...Array(4).fill(['outcome_unknown', 'check_first']),
    ])
    expect((await harness.get('/api/capabilities')).status).toBe(200)
  })

  it('leaves the archive as it was if an edit fails, although WhatsApp Web shows the new text', async () => {
    const id = await mine('as it was')
    await harness.world.setFault({ name: 'act_fails', value: true })
    expect((await call.edit(id, 'as it never was')).json.code).toBe('whatsapp_error')
    await harness.world.clearFaults()
    expect(await seen(id)).toMatchObject({ body: 'as it was' })
    await harness.restart()
    await harness.until('ready')
    await harness.synced()
    expect(await seen(id)).toMatchObject({ body: 'as it was' })
    expect(await seen(id)).not.toHaveProperty('edited_at')
    expect(await events('message.edited', id)).toEqual([])
    expect((await call.edit(id, 'better')).status).toBe(200)
    expect(await seen(id)).toMatchObject({ body: 'better', edited_at: expect.any(String) })
  })

  it('is unknown after 29 s without a response', async () => {
    const id = await mine('to hang')
    await harness.world.setFault({ name: 'act_hangs', value: true })
    const asked = call.react(id)
    await expect.poll(() => clock.waits(29_000)).toBe(true)
    clock.advance(29_000)
    const answer = await asked
    await harness.world.clearFaults()
    expect([answer.status, answer.json.code]).toEqual([504, 'outcome_unknown'])
  })
})
