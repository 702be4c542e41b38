/** Channels and labels: over HTTP, the real library, the double's world as the witness. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import { type Answer, type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
/** Their chat is addressed by LID. */
const MING = '15550001103'
const jid = (phone: string) => `${phone}@c.us`
const UNKNOWN = '120363999999999999@newsletter'

let harness: Harness
const code = ({ status, json }: Answer) => [status, json.code]
const listed = async () => (await harness.get('/api/channels')).json.channels
const follow = (id: string, how = 'follow'): Promise<Answer> => harness.post(`/api/channels/${id}/${how}`)
const post = (id: string, message: string): Promise<Answer> =>
  harness.post(`/api/chats/${id}/messages`, { message })
const inWorld = (id: string) => harness.world.state().channels.find((one) => one.id === id)
const bodies = async (id: string) =>
  (await harness.get(`/api/messages?chat_id=${id}`)).json.messages?.map(({ body }: { body: string }) => body)

describe.each(['2.3000.1049045808', '2.3000.1034728815'])('on build %s', (build) => {
  let own: string
  let theirs: string
  let foreign: string
  beforeAll(async () => {
    harness = await openHarness({ build })
    const { world } = harness
    own = (await world.addChannel({ name: 'Ours', description: 'What we do', own: true })).id
    theirs = (await world.addChannel({ name: 'Theirs' })).id
    foreign = (await world.addChannel({ name: 'Trail news', foreign: true })).id
    const old = { type: 'chat', text: 'Written before the link' } as const
    await world.writeInChannel({ channel: theirs, content: old })
    await harness.link()
    await harness.synced()
  })
  afterAll(() => harness.close())
  afterEach(() => harness.world.clearFaults())

  it('lists the channels that it follows or owns, by name', async () => {
    expect(await listed()).toEqual([
      { id: own, name: 'Ours', description: 'What we do', role: 'owner', followers: 1_000 },
      { id: theirs, name: 'Theirs', description: null, role: 'follower', followers: 1_000 },
    ])
  })

  it('follows a channel, reads its posts, and unfollows it', async () => {
    for (const _ of [1, 2])
      expect((await follow(foreign)).json).toEqual({ ok: true, channel_id: foreign, follow: true })
    expect(inWorld(foreign)?.foreign).toBe(false)
    expect((await listed()).map(({ id }: { id: string }) => id)).toEqual([own, theirs, foreign])
    await harness.world.writeInChannel({
      channel: foreign,
      content: { type: 'chat', text: 'Path 7 is open' },
    })
    await expect.poll(() => bodies(foreign)).toEqual(['Path 7 is open'])
    for (const _ of [1, 2]) expect((await follow(foreign, 'unfollow')).json.follow).toBe(false)
    expect(inWorld(foreign)?.foreign).toBe(true)
    expect((await listed()).map(({ id }: { id: string }) => id)).toEqual([own, theirs])
  })

  it('reads the posts of before the link too', async () => {
    const loaded = await harness.post(`/api/chats/${theirs}/load-earlier`)
    expect(loaded.status, loaded.text).toBe(200)
    await expect.poll(() => bodies(theirs)).toEqual(['Written before the link'])
  })

  it.each<[what: string, call: () => Promise<Answer>, answer: unknown[]]>([
    ['an unknown channel', () => follow(UNKNOWN), [404, 'chat_not_found']],
    ['to unfollow an unknown channel', () => follow(UNKNOWN, 'unfollow'), [404, 'chat_not_found']],
    ['to unfollow an own one', () => follow(own, 'unfollow'), [422, 'change_refused']],
    ['what is no channel', () => follow(jid(AMARA)), [400, 'invalid_input']],
  ])('refuses %s', async (_, call, answer) => {
    expect(code(await call())).toEqual(answer)
  })

  it('says so if WhatsApp lets it follow no more', async () => {
    await harness.world.setFault({ name: 'channels_full', value: true })
    expect(code(await follow(foreign))).toEqual([422, 'change_refused'])
    await harness.world.setFault({ name: 'channels_full', value: false })
    expect(inWorld(foreign)?.foreign).toBe(true)
  })

  it('posts a text in an own channel, and says so if the server does not take it', async () => {
    const sent = await post(own, 'We are open')
    expect(sent.json).toMatchObject({ ok: true, chat: { id: own, name: 'Ours' } })
    expect(harness.world.messages({ chat: own, limit: 1 })).toMatchObject([
      { body: 'We are open', fromMe: true },
    ])
    expect(await bodies(own)).toContain('We are open')
    const { events } = (await harness.get('/api/events?after=0&kind=message.sent')).json
    expect(events.at(-1)).toMatchObject({ chat: { id: own }, message: { id: sent.json.message_id } })
    await harness.world.setFault({ name: 'send_fails', value: true })
    expect(code(await post(own, 'Lost'))).toEqual([422, 'send_refused'])
    await harness.world.setFault({ name: 'send_fails', value: false })
    expect(harness.world.messages({ chat: own }).map(({ body }) => body)).not.toContain('Lost')
  })

  it('posts a picture in an own channel, and nothing that channels do not show', async () => {
    const send = (id: string, media: object, more = {}): Promise<Answer> =>
      harness.post(`/api/chats/${id}/media`, { media, ...more })
    const picture = { data: sampleBytes('image', 230, 'channel').toString('base64') }
    const sent = await send(own, picture, { caption: 'Look' })
    expect(sent.json, sent.text).toMatchObject({ ok: true, chat: { id: own }, type: 'image' })
    const { id = '', ...seen } = harness.world.messages({ chat: own, limit: 1 })[0] ?? {}
    expect(seen).toMatchObject({ type: 'image', caption: 'Look', fromMe: true })
    expect(harness.world.openMedia({ id })).toEqual({ data: expect.any(String), problem: null })
    const count = harness.world.countMessages({ chat: own })
    const document = { data: Buffer.from('%PDF-1.4 a document').toString('base64') }
    expect(code(await send(own, document))).toEqual([422, 'media_refused'])
    expect(code(await send(own, picture, { view_once: true }))).toEqual([400, 'invalid_input'])
    expect(code(await send(theirs, picture))).toEqual([422, 'send_refused'])
    expect(harness.world.countMessages({ chat: own })).toBe(count)
    const two = await send(own, [picture, picture] as never)
    expect([two.json.album, two.json.results.map(({ ok }: { ok: boolean }) => ok)]).toEqual([
      false,
      [true, true],
    ])
  })

  it('posts nothing in a channel that it follows, and only text and media in its own', async () => {
    const before = harness.world.countMessages({ chat: theirs })
    expect(code(await post(theirs, 'mine?'))).toEqual([422, 'send_refused'])
    const place = { latitude: 48.2, longitude: 16.4 }
    expect(code(await harness.post(`/api/chats/${own}/location`, place))).toEqual([422, 'send_refused'])
    expect(harness.world.countMessages({ chat: theirs })).toBe(before)
  })

  it('labels a chat of a business account, and reads what the phone did', async () => {
    const { world } = harness
    const get = async (query = '') => (await harness.get(`/api/labels${query}`)).json
    const set = (phone: string, labels: string[]): Promise<Answer> =>
      harness.call({ method: 'PUT', path: `/api/chats/${jid(phone)}/labels`, body: { labels } })
    expect(code(await harness.get('/api/labels'))).toEqual([422, 'not_supported_by_account'])
    expect(code(await set(AMARA, []))).toEqual([422, 'not_supported_by_account'])
    world.setProfile({ business: true })
    const [one, two] = ['New', 'Paid'].map((name, color) => world.addLabel({ name, color }))
    if (!one || !two) throw new Error('two labels')
    await expect.poll(async () => (await get()).count).toBe(2)
    const shown = { id: one.id, name: 'New', color: '#ff9485' }
    expect((await get()).labels[0]).toEqual(shown)
    for (const phone of [AMARA, MING]) {
      const chat = () => {
        const lid = world.state().contacts.find((person) => person.phone === phone)?.lid
        return world.chats().find(({ id }) => id === jid(phone) || id === `${lid}@lid`)
      }
      const path = `?chat_id=${jid(phone)}`
      expect((await get(path)).labels).toEqual([])
      expect((await set(phone, [one.id, two.id])).json.labels).toHaveLength(2)
      expect(chat()?.labels).toEqual([one.id, two.id])
      expect((await set(phone, [one.id])).json.labels).toEqual([shown])
      expect(chat()?.labels).toEqual([one.id])
      expect(code(await set(phone, ['99']))).toEqual([422, 'change_refused'])
      await world.setLabels({ chat: phone, labels: [two.id] })
      await expect.poll(async () => (await get(path)).labels).toMatchObject([{ name: 'Paid' }])
      expect((await set(phone, [])).json.labels).toEqual([])
      expect(chat()?.labels).toEqual([])
    }
    world.setProfile({ business: false })
  })
})
