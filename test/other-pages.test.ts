/**
 * What WhatsApp Web may do another way than the double does by default, or at another time: each operation has the same outcome. Over
 * HTTP, the real library, the double's world as the witness.
 */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import type { WorldMessage } from '../simulator/simulator.ts'
import { type Answer, archivedId, type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
const MING = '15550001103'
const OLENA = '15550001104'
/** A person of the address book, with a business account, in a group by LID. */
const NORA = '15550003004'

const clock = createTestClock()
let harness: Harness
let house: string
let own: string
let channels: string[]
const jid = (phone: string) => `${phone}@c.us`
const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const bare = (id: string) => id.split('_')[2] ?? ''
const world = (id: string) => harness.world.messages().find((one) => one.id === bare(id))
const code = ({ status, json }: Answer) => [status, json.code]
const idOf = (message: Pick<WorldMessage, 'id' | 'chat'>) => archivedId(harness, message)
const theirs = async (text: string) => idOf(await harness.world.write({ from: AMARA, text }))
const emojis = async (id: string) =>
  (await harness.get(`/api/messages/${id}`)).json.message.reactions?.map(
    ({ emoji }: { emoji: string }) => emoji,
  )
const chat = async (id: string) => (await harness.get(`/api/chats/${id}`)).json.chat
const send = (id: string, message = 'hello') => harness.post(`/api/chats/${id}/messages`, { message })
const members = (action: string, people: string[]) =>
  harness.post(`/api/groups/${house}/members`, { action, members: people })

/** The same with this fault. */
async function during<T>(name: string, value: unknown, work: () => Promise<T>): Promise<T> {
  await fault(name, value)
  try {
    return await work()
  } finally {
    await fault(name, false)
  }
}

beforeAll(async () => {
  harness = await openHarness({ build: '2.3000.1048116627', clock })
  const { world } = harness
  house = world.state().groups.find(({ subject }) => subject.startsWith('Haus'))?.id ?? ''
  world.addContact({ phone: NORA, name: 'Nora Neu' })
  await world.setContact({ phone: NORA, business: true })
  world.setPicture({ of: AMARA })
  await world.addMembers({ group: house, members: [NORA] })
  own = world.addGroup({ subject: 'Announcements', members: [AMARA] }).id
  await world.setAdmin({ group: own, member: 'me', admin: true, by: AMARA })
  await world.setAnnounce({ group: own, announce: true })
  channels = []
  for (const name of ['News', 'Weather', 'Trains']) channels.push((await world.addChannel({ name })).id)
  await harness.link()
  await harness.synced()
})
afterAll(() => harness.close())
afterEach(() => harness.world.clearFaults())

it('somebody with two contacts, of which one says nothing, keeps name, mark and address', async () => {
  const { json } = await harness.get(`/api/contacts/${NORA}`)
  expect(json.contact).toMatchObject({ name: 'Nora Neu', is_business: true, in_address_book: true })
})

it('a reaction that comes before its message is stored and reported', async () => {
  await fault('message_late')
  const said = await harness.world.write({ from: AMARA, text: 'late' })
  await harness.world.react({ id: said.id, by: AMARA, emoji: '🎉' })
  await fault('message_late', false)
  const id = await idOf(said)
  await expect.poll(() => emojis(id)).toEqual(['🎉'])
  const { events } = (await harness.get('/api/events?after=0&limit=100&kind=message.reaction')).json
  expect(events.filter(({ message }: { message: { id: string } }) => message.id === id)).toHaveLength(1)
})

describe('a chat that WhatsApp Web does not open', () => {
  it.each([
    ['without a word', true],
    ['of a LID', { text: 'findOrCreateLatestChat: could not find phone number for lid while …' }],
    ['of a group that is gone', { text: 'findChat: new chat not found' }],
  ])('%s is an error, at once: nothing was sent', async (_, value) => {
    const before = harness.world.countMessages()
    const answer = await during('no_chat', value, () => send(jid(NORA)))
    expect(code(answer)).toEqual([502, 'whatsapp_error'])
    expect(answer.json.detail).toContain('Nothing was sent')
    expect(harness.world.countMessages()).toBe(before)
    const [item] = (await harness.get('/api/outbox?limit=1')).json.items
    expect(item).toMatchObject({ state: 'failed' })
  })
})

it('what has only the exports that whatsapp-web.js uses can do all the same', async () => {
  const names = [
    'WAWebGroupInviteJob.resetGroupInviteCode',
    ...['remove', 'promote', 'demote'].map(
      (what) => `WAWebGroupModifyParticipantsJob.${what}GroupParticipants`,
    ),
    'WAWebPinMsgConstants.getPinExpiryOption',
  ]
  await during('exports_missing', { names }, async () => {
    await harness.restart()
    await harness.until('ready')
    const { json } = await harness.get('/api/capabilities')
    expect(json.operations.filter(({ state }: { state: string }) => state === 'broken')).toEqual([])
    const first = (await harness.get(`/api/groups/${house}/invite`)).json.link
    expect(first).toContain('https://chat.whatsapp.com/')
    const reset = await harness.post(`/api/groups/${house}/invite/reset`)
    expect(reset.status, reset.text).toBe(200)
    expect(reset.json.link).not.toBe(first)
    const codes = async (action: string, people: string[]) => {
      const { json } = await members(action, people)
      return json.results.map((one: { code: string }) => one.code)
    }
    expect(await codes('add', [OLENA])).toEqual(['done'])
    expect(await codes('promote', [OLENA, '15559990001'])).toEqual(['done', 'not_member'])
    expect(await codes('demote', [OLENA])).toEqual(['done'])
    expect(await codes('remove', [OLENA])).toEqual(['done'])
    const id = await theirs('pin me')
    for (const [time, seconds] of [
      ['24h', 86_400],
      ['30d', 30 * 86_400],
    ] as const) {
      const pinned = await harness.call({
        method: 'PUT',
        path: `/api/messages/${id}/pin`,
        body: { for: time },
      })
      expect(pinned.status, pinned.text).toBe(200)
      expect(world(id)?.pinned?.until).toBeGreaterThan(Date.now() / 1000 + seconds - 120)
      expect(world(id)?.pinned?.until).toBeLessThan(Date.now() / 1000 + seconds + 120)
    }
    expect((await harness.call({ method: 'DELETE', path: `/api/messages/${id}/pin` })).status).toBe(200)
  })
})

it('a group and channels that load after `ready` are neither read-only nor deleted meanwhile', async () => {
  expect((await chat(own)).is_read_only).toBe(false)
  const after = (await harness.get('/api/events')).json.next_after
  await fault('members_late')
  await fault('channels_late')
  await harness.restart()
  await harness.until('ready')
  await harness.synced()
  expect((await chat(own)).is_read_only).toBe(false)
  for (const id of channels) expect((await harness.get(`/api/chats/${id}`)).status).toBe(200)
  await fault('members_late', false)
  await fault('channels_late', false)
  await theirs('all is loaded')
  const { events } = (await harness.get(`/api/events?after=${after}&limit=100`)).json
  const about = events.filter(({ kind }: { kind: string }) => /^chat\.(removed|changed)/.test(kind))
  expect(about.filter((one: { chat: { id: string } }) => [own, ...channels].includes(one.chat.id))).toEqual(
    [],
  )
})

it('a group whose members WhatsApp Web does not have: one that was left is shown as such, any other stays', async () => {
  const left = harness.world.addGroup({ subject: 'Left', members: [AMARA] }).id
  const here = harness.world.addGroup({ subject: 'Here', members: [AMARA] }).id
  await harness.world.leaveGroup({ group: left, member: 'me' })
  await during('members_late', true, async () => {
    await harness.restart()
    await harness.until('ready')
    const shown = await harness.get(`/api/groups/${left}`)
    expect(shown.json.group, shown.text).toMatchObject({ name: 'Left', role: 'none' })
    expect(
      code(await harness.call({ method: 'PATCH', path: `/api/groups/${left}`, body: { name: 'L' } })),
    ).toEqual([422, 'not_member'])
    const remove = (id: string) => harness.call({ method: 'DELETE', path: `/api/chats/${id}` })
    expect(code(await remove(here))).toEqual([422, 'change_refused'])
    expect((await remove(left)).status).toBe(200)
    const ids = harness.world.chats().map(({ id }) => id)
    expect([ids.includes(here), ids.includes(left)]).toEqual([true, false])
  })
})

it('a forward that WhatsApp Web sends by itself is done, with its own id', async () => {
  const id = await theirs('pass it on')
  const { json } = await during('forward_inside', true, () =>
    harness.post(`/api/messages/${id}/forward`, { chats: [jid(JURGEN), jid(MING)] }),
  )
  for (const result of json.results) {
    expect(result).toMatchObject({ ok: true })
    expect(world(result.message_id)).toMatchObject({ body: 'pass it on', fromMe: true })
  }
})

it('a status update that only the result has is posted', async () => {
  const answer = await during('status_elsewhere', true, () =>
    harness.post('/api/status-updates', { message: 'elsewhere' }),
  )
  expect(answer.json, answer.text).toMatchObject({ ok: true })
  expect(world(answer.json.message_id)).toMatchObject({ body: 'elsewhere' })
  const media = { data: sampleBytes('image', 230, 'elsewhere').toString('base64') }
  const picture = await during('status_elsewhere', true, () => harness.post('/api/status-updates', { media }))
  expect(picture.json, picture.text).toMatchObject({ ok: true })
  expect(world(picture.json.message_id)).toMatchObject({ type: 'image' })
})

it('a setting of a group that shows later is changed', async () => {
  const answer = await during('settings_late', true, () =>
    harness.call({
      method: 'PATCH',
      path: `/api/groups/${house}`,
      body: { only_admins_send: true, only_admins_add: true, only_admins_edit: false },
    }),
  )
  expect([answer.status, answer.json.code], answer.text).toEqual([200, undefined])
})

it('a reaction stays where WhatsApp Web does not say that a message has some', async () => {
  await fault('reactions_unsaid')
  const id = await theirs('react to me')
  await harness.world.react({ id: bare(id), by: AMARA, emoji: '👍' })
  await expect.poll(() => emojis(id)).toEqual(['👍'])
  // A newer one may be missing from what is being read.
  clock.advance(11_000)
  await harness.restart()
  await harness.until('ready')
  await harness.synced()
  expect(await emojis(id)).toEqual(['👍'])
  await fault('reactions_unsaid', false)
})

it('a picture without a tag is known by its address', async () => {
  const path = `/api/contacts/${AMARA}/picture`
  await during('pictures_untagged', true, async () => {
    const answer = await harness.get(path)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'image/jpeg'])
    expect((await harness.get('/api/contacts/15550001102/picture')).json.code).toBe('picture_not_found')
  })
})

it('a message that WhatsApp Web no longer has in memory gets its star, and two stars in turn', async () => {
  const ids = [await theirs('one'), await theirs('two')]
  for (const method of ['PUT', 'DELETE', 'PUT'])
    for (const id of ids) {
      const answer = await harness.call({ method, path: `/api/messages/${id}/star` })
      expect(answer.status, answer.text).toBe(200)
    }
})

it('a chat with somebody whose number WhatsApp Web does not say is found by the number that was asked for', async () => {
  const phone = '15550003006'
  harness.world.addContact({ phone, name: null, pushname: 'Hidden', lidChat: true, phoneHidden: true })
  const sent = await harness.post('/api/send', { phone_number: phone, message: 'hello' })
  expect(sent.status, sent.text).toBe(200)
  const { json } = await harness.get(`/api/messages?phone_number=${phone}`)
  expect(json.messages?.map(({ body }: { body: string }) => body)).toEqual(['hello'])
})
