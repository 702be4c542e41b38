/** Sending to a chat by id or name, and answering messages: over HTTP, the real library, the double's world as the witness. */
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { WorldContact } from '../simulator/simulator.ts'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
const MING = '15550001103'
/** Of whom nothing came for a month: nothing can have changed, so nobody looks at the chat again after a restart. */
const LENA = '15550003009'

let harness: Harness
const send = (chat: string, message: string, reply_to?: string) =>
  harness.post(`/api/chats/${encodeURIComponent(chat)}/messages`, {
    message,
    ...(reply_to === undefined ? {} : { reply_to }),
  })
const arrived = (text: string) => harness.world.messages().filter(({ body }) => body === text)
const mine = () => harness.world.messages().filter(({ fromMe }) => fromMe).length
const group = (subject: string) =>
  harness.world.state().groups.find((one) => one.subject.startsWith(subject))?.id ?? ''
const archived = async (id: string) => (await harness.get(`/api/messages/${id}`)).json
/** The id of the message of this chat that says this, as the archive has it. */
const idOf = async (chat: string, body: string): Promise<string> => {
  const read = async () => {
    const { json } = await harness.get(`/api/messages?limit=100&chat_id=${chat}`)
    return json.messages?.find((one: { body: string }) => one.body === body)?.id
  }
  await expect.poll(read).toBeTruthy()
  return read()
}

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  let hidden: WorldContact
  let leaders: string
  let jurgens: string
  let left: string

  // All of it before the first test, so that each can be run by itself.
  beforeAll(async () => {
    harness = await openHarness({ build })
    const { world } = harness
    hidden = world.addContact({ phone: '15550002222', name: 'Hana Hidden', phoneHidden: true })
    await world.write({ from: `${hidden.lid}@lid`, text: 'only by LID' })
    for (const [phone, name, pushname] of [
      ['15550003001', 'Sam Twin', 'Sam'],
      ['15550003002', 'Sam Twin 🎾', 'Sam'],
      ['15550003003', 'Jules', 'J'],
      ['15550003004', 'Nora Neu', 'N'],
      ['15550003005', 'Anna', 'A'],
      ['15550003006', null, 'Anna'],
      ['15550003007', null, 'Mom'],
      ['15550003008', '+15550003008', 'ivo'],
      [LENA, 'Lena', 'lena'],
    ] as const) {
      world.addContact({ phone, name, pushname })
    }
    await world.write({ from: '15550003006', text: 'I am Anna' })
    await world.write({ from: '15550003007', text: 'send me money' })
    world.addGroup({ subject: 'Jules', members: [AMARA] })
    world.addGroup({ subject: '20242025', members: [AMARA] })
    jurgens = world.addGroup({ subject: 'Jürgen', members: ['15550003007'] }).id
    leaders = world.addGroup({ subject: 'Leaders only', members: [AMARA], announce: true }).id
    left = world.addGroup({ subject: 'Left behind', members: [AMARA] }).id
    await world.leaveGroup({ group: left, member: 'me' })
    await world.write({ from: AMARA, chat: leaders, text: 'hear me' })
    await world.addChannel({ name: 'News' })
    await world.writeStatus({ from: AMARA, content: { type: 'chat', text: 'my status' } })
    const monthAgo = Math.floor(Date.now() / 1000) - 30 * 86_400
    for (const n of [0, 1, 2]) await world.write({ from: LENA, text: `long ago ${n}`, t: monthAgo + n })
    await harness.link()
    await vi.waitFor(
      () => {
        expect(harness.app.archive.staleSince()).toBeNull()
        expect(harness.app.session.status().sync?.phase).toBe('done')
      },
      { timeout: 60_000, interval: 20 },
    )
  })
  afterAll(() => harness.close())

  describe('finds the chat', () => {
    it.each([
      ['a JID', () => `${AMARA}@c.us`, `${AMARA}@c.us`, 'Amara Okafor'],
      ['a phone number', () => '+1 (555) 000-1101', `${AMARA}@c.us`, 'Amara Okafor'],
      [
        'the number of somebody saved under their number',
        () => '15550003008',
        '15550003008@c.us',
        '+15550003008',
      ],
      ['the other JID of a person', () => `${personOf(MING).lid}@lid`, `${MING}@c.us`, '王小明'],
      ['a name', () => 'Amara Okafor', `${AMARA}@c.us`, 'Amara Okafor'],
      ['a name in other letters', () => ' jurgen  MULLER! ', `${JURGEN}@c.us`, 'Jürgen Müller'],
      ['a name that somebody else gave themselves', () => 'anna', '15550003005@c.us', 'Anna'],
      ['the name of a person without a chat', () => 'nora neu', '15550003004@c.us', 'Nora Neu'],
      ['a group', () => group('Haus'), () => group('Haus'), 'Haus 12 – Nachbarn'],
      ['the name of a group', () => 'weekend hike', () => group('Weekend'), 'Weekend hike ⛰️'],
      ['a LID', () => `${hidden.lid}@lid`, () => `${hidden.lid}@lid`, 'Hana Hidden'],
      [
        'the number of somebody known by LID only',
        () => '15550002222',
        () => `${hidden.lid}@lid`,
        '+15550002222',
      ],
      [
        'the name of somebody known by LID only',
        () => 'Hana Hidden',
        () => `${hidden.lid}@lid`,
        'Hana Hidden',
      ],
    ])('by %s', async (how, chat, expected, name) => {
      const text = `found by ${how}`
      const answer = await send(chat(), text)
      expect(answer.status, answer.text).toBe(200)
      const id = typeof expected === 'string' ? expected : expected()
      expect(Object.keys(answer.json)).toEqual(['ok', 'chat', 'message_id', 'timestamp'])
      expect(answer.json).toMatchObject({ ok: true, chat: { id, name } })
      expect(answer.json.timestamp).toMatch(/^\d{4}-.*Z$/)
      const [message, ...more] = arrived(text)
      expect(more).toEqual([])
      expect(answer.json.message_id).toContain(message?.id)
      const kept = await archived(answer.json.message_id)
      expect(kept).toMatchObject({
        chat: { id },
        message: { id: answer.json.message_id, body: text, from_me: true },
      })
    })
  })

  describe('sends nothing', () => {
    it.each([
      [
        'two people of one name',
        'sam twin',
        ['same name', 'same name'],
        ['15550003001@c.us', '15550003002@c.us'],
      ],
      ['a group and a person of one name', 'JULES', ['same name', 'same name'], ['15550003003@c.us']],
      ['what people call themselves', 'Mom', ['calls themselves so'], ['15550003007@c.us']],
      ['a part of a name', 'weekend', ['part of the name'], []],
      ['a part of a name of a person', 'Okafor', ['part of the name'], [`${AMARA}@c.us`]],
      ['a number that is the name of a group', '20242025', ['same name', 'same name'], ['20242025@c.us']],
    ])('for %s', async (_, chat, why, ids) => {
      const before = mine()
      const { status, json } = await send(chat, 'to nobody')
      expect([status, json.code, json.retry]).toEqual([422, 'chat_ambiguous', 'never'])
      expect(json.candidates.map((one: { why: string }) => one.why)).toEqual(why)
      expect(json.candidates.map(({ id }: { id: string }) => id)).toEqual(expect.arrayContaining(ids))
      for (const { name } of json.candidates) expect(json.detail + json.hint).not.toContain(name)
      expect(mine()).toBe(before)
    })

    it('for the name of a group in which nothing was written from here, where others come close', async () => {
      const before = mine()
      const { status, json } = await send('jurgen', 'to nobody')
      expect([status, json.code, json.detail]).toEqual([
        422,
        'chat_ambiguous',
        expect.stringContaining('group'),
      ])
      expect(json.candidates.map(({ id }: { id: string }) => id)).toEqual([jurgens, `${JURGEN}@c.us`])
      expect(mine()).toBe(before)
      await send(jurgens, 'I am in')
      expect((await send('jurgen', 'to the group')).json.chat).toEqual({ id: jurgens, name: 'Jürgen' })
    })

    it('and returns candidates with what distinguishes them', async () => {
      const { json } = await send('Mom', 'to nobody')
      expect(json.candidates).toEqual([
        {
          id: '15550003007@c.us',
          name: 'Mom',
          kind: 'direct',
          last_message_at: expect.stringMatching(/Z$/),
          why: 'calls themselves so',
        },
      ])
      const chosen = await send(json.candidates[0].id, 'to the chosen one')
      expect(chosen.json.chat).toEqual({ id: '15550003007@c.us', name: 'Mom' })
    })

    it.each([
      ['a name that nobody has', () => 'Nobody At All', 404, 'chat_not_found'],
      ['a group that is not there', () => '120363000000000000@g.us', 404, 'chat_not_found'],
      ['a LID that nobody knows', () => '999999999999999@lid', 404, 'chat_not_found'],
      ['a number without WhatsApp', () => '99900011122233', 422, 'not_on_whatsapp'],
      ['a channel', () => 'News', 422, 'send_refused'],
      ['the status', () => 'status@broadcast', 422, 'send_refused'],
      ['a group in which only admins write', () => 'Leaders only', 422, 'send_refused'],
      ['the same group by its id', () => leaders, 422, 'send_refused'],
      ['a group that was left', () => left, 422, 'send_refused'],
      ['no name', () => ' ', 400, 'invalid_input'],
    ])('to %s', async (_, chat, status, code) => {
      const before = mine()
      const answer = await send(chat(), 'to nobody')
      expect([answer.status, answer.json.code]).toEqual([status, code])
      // Not left to WhatsApp, which would fail it only after it stands in the chat.
      if (code === 'send_refused') expect(answer.json.detail).toContain('Nothing was sent')
      expect(mine()).toBe(before)
    })

    it('to a number that WhatsApp knows as another one says where it went', async () => {
      await harness.world.setFault({ name: 'other_number', value: { '5511987654321': AMARA } })
      const id = `${AMARA}@c.us`
      const sent = await harness.post('/api/send', { phone_number: '+55 11 98765-4321', message: 'olá' })
      expect(sent.json).toMatchObject({ ok: true, to: '5511987654321', chat_id: id })
      expect(sent.json.message_id).toContain(id)
      expect((await send('+55 11 98765-4321', 'oi')).json.chat.id).toBe(id)
      await harness.world.setFault({ name: 'other_number', value: false })
      const asked = '5511987654321'
      const read = await harness.get(`/api/messages?phone_number=${asked}&limit=2`)
      expect(read.json).toMatchObject({ chat: { id }, messages: [{ body: 'olá' }, { body: 'oi' }] })
      expect((await harness.get(`/api/contacts/${asked}`)).json.contact).toMatchObject({ id })
      const key = sent.json.message_id.replace(AMARA, asked)
      expect((await harness.get(`/api/messages/${key}`)).json.message).toMatchObject({ body: 'olá' })
    })

    it('to a number that WhatsApp knows as another one leads what is asked about it to that one', async () => {
      const { world } = harness
      const [looked, sent] = ['5511987654322', '5511987654323']
      world.setPicture({ of: AMARA })
      const groups = [true, false].map(
        (lidMode) => world.addGroup({ subject: 'Pair', members: [MING], lidMode }).id,
      )
      for (const group of groups) await world.setAdmin({ group, member: 'me', admin: true })
      const isBlocked = () => world.state().contacts.find(({ phone }) => phone === AMARA)?.blocked
      const about = (asked: string, what: string, method = 'GET') =>
        harness.call({ method, path: `/api/contacts/${asked}/${what}` })
      const demandOne = async (asked: string) => {
        expect((await about(asked, 'picture')).status).toBe(200)
        for (const blocked of [true, false]) {
          const answer = await about(asked, 'block', blocked ? 'PUT' : 'DELETE')
          expect([answer.status, isBlocked()]).toEqual([200, blocked])
        }
        for (const group of groups)
          for (const action of ['add', 'promote', 'remove']) {
            const { json } = await harness.post(`/api/groups/${group}/members`, {
              action,
              members: [asked, AMARA],
            })
            const results = [asked, AMARA].map((one) => [`${one}@c.us`, 'done'])
            const codes = json.results.map(({ member, code }: Record<string, string>) => [member, code])
            expect(codes, action).toEqual(results)
          }
      }
      await world.setFault({ name: 'other_number', value: { [looked]: AMARA, [sent]: AMARA } })
      await demandOne(looked)
      await harness.post('/api/send', { phone_number: sent, message: 'olá' })
      await world.setFault({ name: 'other_number', value: false })
      await demandOne(sent)
      await harness.restart()
      await harness.until('ready')
      await harness.synced()
      await demandOne(sent)
      expect((await about(sent, 'presence')).status).toBe(200)
    })

    it('of nothing', async () => {
      expect((await send(AMARA, ' ')).json.code).toBe('invalid_input')
    })
  })

  it('writes in a group of admins as one of them', async () => {
    await harness.world.setAdmin({ group: leaders, member: 'me', admin: true })
    await expect.poll(async () => (await send(leaders, 'as an admin')).status).toBe(200)
    expect(arrived('as an admin')).toHaveLength(1)
  })

  describe('answers', () => {
    const answers = async (chat: string, id: string, text: string) => {
      const answer = await send(chat, text, id)
      expect(answer.status, answer.text).toBe(200)
      expect(answer.json.reply_to).toBe(id)
      const [message] = arrived(text)
      const kept = await archived(answer.json.message_id)
      return { quoted: message?.quoted, reply_to: kept.message.reply_to, message_id: answer.json.message_id }
    }

    it('a message in a direct chat', async () => {
      const { id: bareId } = await harness.world.write({ from: AMARA, text: 'Tea or coffee?' })
      const id = await idOf(`${AMARA}@c.us`, 'Tea or coffee?')
      const { quoted, reply_to } = await answers('Amara Okafor', id, 'Tea')
      expect(quoted).toBe(bareId)
      expect(reply_to).toEqual({ id, author: `${AMARA}@c.us`, body: 'Tea or coffee?' })
    })

    it('a message in a group whose members have LIDs', async () => {
      const id = await idOf(group('Haus'), '电梯又坏了')
      const { quoted, reply_to } = await answers(group('Haus'), id, 'Again?')
      expect(id).toContain(quoted)
      expect(reply_to).toEqual({ id, author: `${MING}@c.us`, body: '电梯又坏了' })
    })

    it('own messages, in both kinds of groups', async () => {
      for (const name of ['Haus', 'Weekend']) {
        const first = (await send(group(name), `own in ${name}`)).json.message_id
        const { quoted, reply_to } = await answers(group(name), first, `more in ${name}`)
        expect(first).toContain(quoted)
        expect(reply_to).toMatchObject({ id: first, body: `own in ${name}` })
      }
    })

    it('notes to oneself', async () => {
      const { phone } = harness.world.state().account
      const first = (await send(phone, 'note')).json.message_id
      const { reply_to } = await answers(phone, first, 'second note')
      expect(reply_to).toMatchObject({ id: first, body: 'note' })
    })

    it('a picture, by its caption', async () => {
      await harness.world.writeContent({ from: AMARA, content: { type: 'image', caption: 'the map' } })
      const id = await idOf(`${AMARA}@c.us`, 'the map')
      const { reply_to } = await answers(AMARA, id, 'nice map')
      expect(reply_to).toMatchObject({ id, body: 'the map' })
    })

    it('what was written before the chat moved to its LID', async () => {
      const { id: bareId } = await harness.world.write({ from: JURGEN, text: 'before the move' })
      const id = await idOf(`${JURGEN}@c.us`, 'before the move')
      await harness.world.migrateChat({ phone: JURGEN })
      const { quoted, reply_to } = await answers(JURGEN, id, 'after the move')
      expect(quoted).toBe(bareId)
      expect(reply_to?.id).toBe(id)
    })

    it('what only the archive has, and the page has to load', async () => {
      await harness.restart()
      await harness.until('ready')
      await harness.synced()
      const id = await idOf(`${LENA}@c.us`, 'long ago 0')
      const { quoted, reply_to } = await answers(LENA, id, 'It is')
      expect(id).toContain(quoted)
      expect(reply_to).toMatchObject({ id, body: 'long ago 0' })
    })
  })

  it('names the author of the quoted message as WhatsApp does', () => {
    expect(harness.world.state().refusals.filter((text) => /answer|quote/.test(text))).toEqual([])
  })

  describe('answers nothing, and sends nothing,', () => {
    const refused = async (chat: string, id: string) => {
      const before = mine()
      const { status, json } = await send(chat, 'a loose end', id)
      expect(mine()).toBe(before)
      return { status, code: json.code, detail: json.detail }
    }

    it('to a message of another chat', async () => {
      const id = await idOf(group('Weekend'), 'Who brings the map?')
      expect(await refused(AMARA, id)).toMatchObject({
        status: 400,
        code: 'invalid_input',
        detail: expect.stringMatching(/another chat/),
      })
    })

    it('to one that is not there, or is no id', async () => {
      expect(await refused(AMARA, `false_${AMARA}@c.us_3EB0NOTHING`)).toMatchObject({
        status: 404,
        code: 'message_not_found',
      })
      expect(await refused(AMARA, '3EB0')).toMatchObject({ status: 400, code: 'invalid_input' })
    })

    it('to one that was deleted for everyone', async () => {
      const { id: bareId } = await harness.world.write({ from: AMARA, text: 'oops' })
      const id = await idOf(`${AMARA}@c.us`, 'oops')
      await harness.world.revoke({ id: bareId })
      await expect.poll(async () => (await archived(id)).message.type).toBe('revoked')
      expect(await refused(AMARA, id)).toMatchObject({
        status: 422,
        code: 'send_refused',
        detail: expect.stringMatching(/deleted/),
      })
    })

    it('to one that WhatsApp Web no longer has', async () => {
      const { id: bareId } = await harness.world.write({ from: AMARA, text: 'gone here' })
      const id = await idOf(`${AMARA}@c.us`, 'gone here')
      await harness.world.deleteForMe({ ids: [bareId] })
      await expect
        .poll(() => refused(AMARA, id))
        .toMatchObject({ status: 404, code: 'message_not_found', detail: expect.stringMatching(/no longer/) })
    })

    it('to one that WhatsApp Web does not let be answered', async () => {
      await harness.world.setFault({ name: 'undecryptable', value: { never: true } })
      const { id: bareId } = await harness.world.write({ from: AMARA, text: 'secret' })
      await harness.world.setFault({ name: 'undecryptable', value: false })
      const id = `false_${AMARA}@c.us_${bareId}`
      await expect.poll(async () => (await archived(id)).message?.type).toBe('ciphertext')
      expect(await refused(AMARA, id)).toMatchObject({
        status: 422,
        code: 'send_refused',
        detail: expect.stringMatching(/reply/),
      })
    })
  })

  function personOf(phone: string): WorldContact {
    const found = harness.world.state().contacts.find((one) => one.phone === phone)
    if (found === undefined) throw new Error(`nobody at ${phone}`)
    return found
  }
})

describe('an answer', () => {
  let clock: TestClock
  afterEach(() => harness.close())

  it.each([true, { delivered: true }])(
    'of which nothing is heard (%j) is unknown, and never repeated',
    async (value) => {
      clock = createTestClock()
      harness = await openHarness({ clock })
      await harness.link()
      const id = await idOf(`${AMARA}@c.us`, 'Are we still on for Thursday?')
      await harness.world.setFault({ name: 'send_hangs', value })
      const answer = send(AMARA, 'uncertain', id)
      await expect.poll(() => harness.log.some(({ msg }) => msg === 'message.sent')).toBe(true)
      clock.advance(28_500)
      expect(await answer).toMatchObject({
        status: 504,
        json: { code: 'send_outcome_unknown', retry: 'check_first' },
      })
      expect((await answer).json.message_id).toMatch(/^true_/)
      expect(arrived('uncertain').length).toBe(value === true ? 0 : 1)
    },
  )
})
