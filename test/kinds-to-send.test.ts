/** Sending places, cards, polls, mentions and link previews: over HTTP, the real library, the double's phone as the witness. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { sampleBytes } from '../simulator/service/media-samples.ts'
import { type Harness, openLinked } from './harness.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
const OLENA = '15550001104'

let harness: Harness
const bare = (id: string) => id.split('_')[2] ?? ''
const world = (id: string) => harness.world.messages().find((one) => one.id === bare(id))
const send = (chat: string, what: string, body: object) =>
  harness.post(`/api/chats/${encodeURIComponent(chat)}/${what}`, body)
const seen = async (id: string) => (await harness.get(`/api/messages/${id}`)).json.message
const hike = () => harness.world.state().groups.find(({ subject }) => subject.startsWith('Weekend'))?.id ?? ''
const mine = () => harness.world.messages().filter(({ fromMe }) => fromMe).length

describe.each(['2.3000.1049045808', '2.3000.1045210364', '2.3000.1034728815'])('on build %s', (build) => {
  beforeAll(async () => {
    harness = await openLinked({ build })
  })
  afterAll(() => harness.close())

  it('sends a place with a name and an address, and one without', async () => {
    const place = { latitude: 48.2104, longitude: -16.3655, name: 'Café Central', address: 'Herrengasse 14' }
    const { status, json } = await send(AMARA, 'location', place)
    expect([status, json.chat]).toEqual([200, { id: `${AMARA}@c.us`, name: 'Amara Okafor' }])
    expect(world(json.message_id)).toMatchObject({
      type: 'location',
      location: { lat: 48.2104, lng: -16.3655, name: 'Café Central', address: 'Herrengasse 14' },
    })
    expect(await seen(json.message_id)).toMatchObject({ type: 'location', location: place, from_me: true })
    const bareOne = await send('weekend hike', 'location', { latitude: 0, longitude: 0 })
    expect(world(bareOne.json.message_id)?.location).toEqual({ lat: 0, lng: 0 })
  })

  it('sends the card of a person, with the number that WhatsApp knows', async () => {
    const { status, json } = await send(hike(), 'contacts', { contacts: [JURGEN] })
    expect(status, JSON.stringify(json)).toBe(200)
    const { type, vcards } = world(json.message_id) ?? {}
    expect(type).toBe('vcard')
    expect(vcards?.[0]).toMatch(/FN:Jürgen Müller\n[\s\S]*waid=15550001102:\+15550001102/)
    expect((await seen(json.message_id)).contacts).toEqual([
      { name: 'Jürgen Müller', phone_numbers: [JURGEN] },
    ])
  })

  it('sends several cards, also of people whom this account does not know', async () => {
    const card = {
      name: 'Ada; "A", L\\ovelace',
      phone_numbers: ['+44 20 7946 0000'],
      organization: 'Analytical',
    }
    const { json } = await send(AMARA, 'contacts', { contacts: [`${OLENA}@c.us`, card] })
    expect(world(json.message_id)).toMatchObject({ type: 'multi_vcard' })
    expect((await seen(json.message_id)).contacts).toEqual([
      { name: 'Олена Коваль', phone_numbers: [OLENA] },
      card,
    ])
  })

  it('sends a poll for one and for several options', async () => {
    const { status, json } = await send('weekend hike', 'polls', {
      question: 'When?',
      options: ['Saturday', ' Sunday '],
    })
    expect(status, JSON.stringify(json)).toBe(200)
    expect(world(json.message_id)).toMatchObject({
      type: 'poll_creation',
      poll: { name: 'When?', options: ['Saturday', 'Sunday'], multiple: false },
    })
    expect(await seen(json.message_id)).toMatchObject({
      body: 'When?',
      poll: { question: 'When?', multiple: false, options: [{ name: 'Saturday' }, { name: 'Sunday' }] },
    })
    const many = await send(AMARA, 'polls', { question: 'What?', options: ['a', 'b', 'c'], multiple: true })
    expect(world(many.json.message_id)?.poll?.multiple).toBe(true)
  })

  it('names people, and everyone', async () => {
    const one = await send(hike(), 'messages', { message: `@${AMARA} you too?`, mentions: [`+${AMARA}`] })
    expect(one.status, JSON.stringify(one.json)).toBe(200)
    expect(world(one.json.message_id)?.mentions).toEqual([`${AMARA}@c.us`])
    expect((await seen(one.json.message_id)).mentions).toEqual([`${AMARA}@c.us`])
    const all = await send(hike(), 'messages', { message: 'All of you?', mentions: 'all' })
    expect(world(all.json.message_id)?.mentions?.sort()).toEqual(
      [AMARA, JURGEN, OLENA].map((one) => `${one}@c.us`),
    )
    const none = await send(hike(), 'messages', { message: `@${AMARA} is only text` })
    expect(world(none.json.message_id)?.mentions).toBeUndefined()
  })

  it('names people under a picture, once in a list', async () => {
    const data = sampleBytes('image', 2_000, 'named').toString('base64')
    const caption = `@${AMARA} look`
    const one = await send(hike(), 'media', { media: { data }, caption, mentions: AMARA })
    expect(one.status, JSON.stringify(one.json)).toBe(200)
    expect(world(one.json.message_id)?.mentions).toEqual([`${AMARA}@c.us`])
    expect((await seen(one.json.message_id)).mentions).toEqual([`${AMARA}@c.us`])
    const other = sampleBytes('image', 2_001, 'named').toString('base64')
    const list = await send(hike(), 'media', {
      media: [{ data }, { data: other }],
      caption,
      mentions: 'all',
    })
    const [first, second] = list.json.results.map(({ message_id }: { message_id: string }) =>
      world(message_id),
    )
    expect(first.mentions).toHaveLength(3)
    expect(second.mentions).toBeUndefined()
    const direct = await send(AMARA, 'media', { media: { data }, mentions: 'all' })
    expect(direct.json.code).toBe('invalid_input')
  })

  it('adds a preview on request only, and sends without one if it fails', async () => {
    const text = 'look: https://example.com/page'
    const plain = await send(AMARA, 'messages', { message: text })
    expect(world(plain.json.message_id)?.preview).toBeUndefined()
    const shown = await send(AMARA, 'messages', { message: text, link_preview: true })
    expect(world(shown.json.message_id)).toMatchObject({
      body: text,
      preview: { title: 'Title of https://example.com/page' },
    })
    // The 5 s of one that hangs are ours, on any build.
    for (const name of build.startsWith('2.3000.1049')
      ? ['preview_fails', 'preview_hangs']
      : ['preview_fails']) {
      await harness.world.setFault({ name, value: true })
      const sent = await send(AMARA, 'messages', { message: `${text}?${name}`, link_preview: true })
      await harness.world.clearFaults()
      expect([name, sent.status]).toEqual([name, 200])
      expect(world(sent.json.message_id)?.preview).toBeUndefined()
    }
  })

  it('replies with any kind', async () => {
    const question = await harness.world.write({ from: AMARA, text: 'where?' })
    const id = `false_${AMARA}@c.us_${question.id}`
    await expect.poll(async () => (await seen(id))?.id).toBe(id)
    const { json } = await send(AMARA, 'location', { latitude: 1, longitude: 2, reply_to: id })
    expect(json.reply_to).toBe(id)
    expect(world(json.message_id)).toMatchObject({ type: 'location', quoted: question.id })
  })

  it.each([
    ['a latitude beyond the pole', 'location', { latitude: 91, longitude: 0 }],
    ['no longitude', 'location', { latitude: 1 }],
    ['no contact', 'contacts', { contacts: [] }],
    ['a card without a number', 'contacts', { contacts: [{ name: 'Ada', phone_numbers: [] }] }],
    ['one option', 'polls', { question: 'Why?', options: ['a'] }],
    ['13 options', 'polls', { question: 'Why?', options: [...'abcdefghijklm'] }],
    ['an option twice', 'polls', { question: 'Why?', options: ['a', ' a'] }],
    ['no question', 'polls', { question: ' ', options: ['a', 'b'] }],
    ['everyone of a direct chat', 'messages', { message: 'hi', mentions: 'all' }],
    ['a name to mention', 'messages', { message: 'hi', mentions: ['Amara'] }],
  ])('%s is a 400, and nothing is sent', async (_, what, body) => {
    const before = mine()
    const { status, json } = await send(AMARA, what, body)
    expect([status, json.code]).toEqual([400, 'invalid_input'])
    expect(mine()).toBe(before)
  })
})
