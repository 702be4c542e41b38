/** Polls: votes from here, other devices and other people, over HTTP and MCP, the double's world as the witness. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { archivedId, type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'
const JURGEN = '15550001102'
/** A person whose chat is addressed by LID. */
const MING = '15550001103'
const ME = '15550001000@c.us'
const OPTIONS = ['Fri', 'Sat', 'Sun']

let harness: Harness
let hike: string
const bare = (id: string) => id.split('_')[2] ?? ''
const seen = async (id: string) => (await harness.get(`/api/messages/${id}`)).json.message
const votesOf = async (id: string) =>
  (await seen(id)).poll.options.map(({ votes }: { votes: number }) => votes)
const results = (id: string) => harness.get(`/api/messages/${id}/votes`)
const voted = async (id: string) => {
  const { json } = await harness.get('/api/events?after=0&limit=100&kind=poll.voted')
  return json.events.filter((one: { message: { id: string } | null }) => one.message?.id === id)
}
const vote = (id: string, ...options: string[]) => harness.post(`/api/messages/${id}/vote`, { options })

async function ask(from: string, chat: string, multiple: boolean, t?: number): Promise<string> {
  const poll = { name: 'When?', options: OPTIONS, multiple }
  const { id } = await harness.world.writeContent({
    from,
    chat,
    content: { type: 'poll_creation', poll },
    ...(t === undefined ? {} : { t }),
  })
  return known(id, chat)
}

const known = (id: string, chat: string) => archivedId(harness, { id, chat })

describe.each(['2.3000.1049045808', '2.3000.1045210364', '2.3000.1034728815'])('on build %s', (build) => {
  let early: string

  beforeAll(async () => {
    harness = await openHarness({ build })
    const { world } = harness
    hike = world.state().groups.find(({ subject }) => subject.startsWith('Weekend'))?.id ?? ''
    const poll = { name: 'Before us?', options: OPTIONS, multiple: true }
    const asked = { from: AMARA, chat: hike, content: { type: 'poll_creation' as const, poll } }
    early = (await world.writeContent(asked)).id
    await world.vote({ id: early, by: JURGEN, options: [0, 2] })
    await world.vote({ id: early, by: AMARA, options: [1] })
    await world.vote({ id: early, by: AMARA, options: [] })
    await harness.link()
    await harness.synced()
  })
  afterAll(() => harness.close())

  it('counts what others vote, by phone number and by LID', async () => {
    const { world } = harness
    const id = await ask('me', hike, true)
    expect(await votesOf(id)).toEqual([0, 0, 0])
    await world.vote({ id: bare(id), by: AMARA, options: [2, 0] })
    await world.vote({ id: bare(id), by: JURGEN, options: [0] })
    await expect.poll(() => votesOf(id)).toEqual([2, 0, 1])
    const { voters } = (await seen(id)).poll.options[0]
    expect([...voters].sort()).toEqual([`${AMARA}@c.us`, `${JURGEN}@c.us`].sort())
    await world.vote({ id: bare(id), by: JURGEN, options: [1] })
    await world.vote({ id: bare(id), by: AMARA, options: [] })
    await expect.poll(() => votesOf(id)).toEqual([0, 1, 0])
    expect((await voted(id)).map(({ data }: { data: object }) => data)).toEqual([
      { voter: `${AMARA}@c.us`, from_me: false, options: ['Sun', 'Fri'] },
      { voter: `${JURGEN}@c.us`, from_me: false, options: ['Fri'] },
      { voter: `${JURGEN}@c.us`, from_me: false, options: ['Sat'] },
      { voter: `${AMARA}@c.us`, from_me: false, options: [] },
    ])
    const direct = await ask(MING, MING, false)
    await world.vote({ id: bare(direct), by: MING, options: [1] })
    await expect.poll(() => votesOf(direct)).toEqual([0, 1, 0])
    expect((await voted(direct))[0].data.voter).toBe(`${MING}@c.us`)
  })

  it('stores a vote of this account once: from here, and from another device', async () => {
    const id = await ask(AMARA, hike, true)
    expect((await vote(id, 'Fri', 'Sun')).status).toBe(200)
    expect(await votesOf(id)).toEqual([1, 0, 1])
    expect(await voted(id)).toMatchObject([{ data: { voter: ME, from_me: true, options: ['Fri', 'Sun'] } }])
    await harness.world.vote({ id: bare(id), by: 'me', options: [1] })
    await expect.poll(() => votesOf(id)).toEqual([0, 1, 0])
    expect((await voted(id)).length).toBe(2)
    expect((await vote(id)).status).toBe(200)
    expect(await votesOf(id)).toEqual([0, 0, 0])
    const { json } = await results(id)
    expect(json).toMatchObject({ ok: true, message_id: id, question: 'When?', count: 0, unreadable_votes: 0 })
  })

  it('says that the results of a poll of a stranger have their words', async () => {
    const stranger = '15550009901'
    harness.world.addContact({ phone: stranger, name: null, pushname: 'Amara Okafor' })
    const marks = []
    for (const from of [stranger, AMARA])
      marks.push((await results(await ask(from, from, false))).json.untrusted)
    expect(marks).toEqual([true, undefined])
  })

  it('says how many votes could not be read', async () => {
    const id = await ask(AMARA, hike, false)
    await harness.world.vote({ id: bare(id), by: JURGEN, options: null })
    await harness.world.vote({ id: bare(id), by: AMARA, options: [0] })
    await expect.poll(() => votesOf(id)).toEqual([1, 0, 0])
    expect((await seen(id)).poll.unreadable_votes).toBe(1)
    expect((await voted(id))[0].data).toEqual({ voter: `${JURGEN}@c.us`, from_me: false, options: null })
    const { status, json } = await results(id)
    expect([status, json.count, json.unreadable_votes]).toEqual([200, 1, 1])
    expect(json.options.map(({ votes }: { votes: number }) => votes)).toEqual([1, 0, 0])
    expect(json.options[0].voters).toEqual([
      { id: `${AMARA}@c.us`, name: expect.any(String), at: expect.stringMatching(/Z$/) },
    ])
    await harness.world.vote({ id: bare(id), by: JURGEN, options: [2] })
    await expect.poll(() => votesOf(id)).toEqual([1, 0, 1])
    expect((await seen(id)).poll.unreadable_votes).toBeUndefined()
  })

  it('has the votes of before the link', async () => {
    const id = await known(early, hike)
    await expect.poll(() => votesOf(id)).toEqual([1, 0, 1])
    expect((await results(id)).json).toMatchObject({ count: 1, options: [{ votes: 1 }, { votes: 0 }, {}] })
  })

  it('is no result for what is no poll, or not there', async () => {
    const { id } = await harness.world.write({ from: AMARA, text: 'no poll' })
    const text = await results(await known(id, `${AMARA}@c.us`))
    expect([text.status, text.json.code]).toEqual([422, 'action_refused'])
    const none = await results(`true_${AMARA}@c.us_3EB0FFFFFFFF`)
    expect([none.status, none.json.code]).toEqual([404, 'message_not_found'])
  })
})
