/**
 * A group of a thousand members, three of ten known by LID only: created in steps, read, searched and shown. The door ends every
 * call at its time limit (contract: 2 s, changes 30 s), so an answer is one in time.
 */
import { afterAll, beforeAll, expect, it as test } from 'vitest'
import { buildOfRun } from '../simulator/builds.ts'
import { BUDGET } from '../src/faces/mcp/answer.ts'
import { type Harness, openHarness } from './harness.ts'

/** One build of WhatsApp Web creates no groups. */
const it = test.runIf(buildOfRun().createsGroups)

const STEP = 50
/** Without this account. */
const OTHERS = 999
const isHidden = (n: number) => n % 10 < 3
const HIDDEN = Array.from({ length: OTHERS }, (_, n) => n).filter(isHidden).length

let harness: Harness
/** As a caller knows them: a phone number, or a LID. */
let people: string[]
let group = ''

beforeAll(async () => {
  harness = await openHarness()
  people = Array.from({ length: OTHERS }, (_, n) => {
    const facts = { phone: `${15_560_000_000 + n}`, name: isHidden(n) ? null : `Member ${n}` }
    const { phone, lid } = harness.world.addContact({ ...facts, pushname: `m${n}`, phoneHidden: isHidden(n) })
    return isHidden(n) ? `${lid}@lid` : `${phone}@c.us`
  })
})
afterAll(() => harness.close())

it('begins with a linked account', async () => {
  await harness.link()
  await harness.synced()
})

it('is created in steps, with a result for each person', async () => {
  const codes: string[] = []
  const first = await harness.post('/api/groups', { name: 'Everybody', members: people.slice(0, STEP) })
  expect(first.status).toBe(201)
  group = first.json.group_id
  const note = ({ results }: { results: { code: string }[] }) =>
    codes.push(...results.map(({ code }) => code))
  note(first.json)
  for (let from = STEP; from < OTHERS; from += STEP) {
    const members = people.slice(from, from + STEP)
    const answer = await harness.post(`/api/groups/${group}/members`, { action: 'add', members })
    expect(answer.status).toBe(200)
    note(answer.json)
  }
  expect(codes).toEqual(Array(OTHERS).fill('done'))
  expect(harness.world.state().groups.find(({ id }) => id === group)?.members).toHaveLength(OTHERS)
}, 240_000)

it('has few events for so many people, none of them large', async () => {
  const read = async () =>
    (await harness.get('/api/events?after=0&limit=100&kind=group.member_added')).json.events
  const sizesOf = (events: { data: { members: unknown[] } }[]) =>
    events.map(({ data }) => data.members.length)
  const told = async () => sizesOf(await read()).reduce((sum, one) => sum + one, 0)
  // Those with whom it was created were there before it was seen. WhatsApp Web reports the last ones after the answer.
  await expect.poll(told).toBe(OTHERS - STEP)
  const events = await read()
  const lists = sizesOf(events)
  expect(lists.length).toBeLessThanOrEqual(2 * Math.ceil(OTHERS / STEP))
  for (const event of events) expect(JSON.stringify(event).length).toBeLessThan(OTHERS * 80)
})

it('is read whole over REST', async () => {
  expect((await harness.get(`/api/groups/${group}`)).json.group).toMatchObject({ members: OTHERS + 1 })
  const { members } = (await harness.get(`/api/chats/${group}`)).json
  expect(members.map(({ id }: { id: string }) => id).sort()).toEqual([...people].sort())
  expect(members.filter(({ id }: { id: string }) => id.endsWith('@lid'))).toHaveLength(HIDDEN)
  const stays = await harness.get(`/api/groups/${group}/members?limit=1024`)
  expect(stays.json).toMatchObject({ count: OTHERS, more: 0 })
  expect((await harness.get('/api/groups?query=everyb')).json).toMatchObject({ count: 1 })
})

it('is searched, also for what people known by LID alone wrote', async () => {
  await harness.world.write({ from: people[0] ?? '', chat: group, text: 'Who has the projector?' })
  await harness.world.write({ from: people[5] ?? '', chat: group, text: 'The projector is here' })
  const search = async (query: string) => (await harness.get(`/api/search?q=projector${query}`)).json
  await expect.poll(async () => (await search(`&chat_id=${group}`)).count).toBe(2)
  expect((await search(`&from=${people[0]}`)).messages).toMatchObject([
    { author: people[0], sender_name: 'm0', chat: { id: group } },
  ])
})

it('is shown to an agent within its budget, and says what is left out', async () => {
  const client = await harness.mcp('current')
  const shown = await client.callTool({ name: 'whatsapp_get_chat', arguments: { chat_id: group } })
  const whole = JSON.stringify([shown.structuredContent, shown.content])
  expect(whole.length).toBeLessThan(BUDGET.standard * 8)
  expect(shown.structuredContent).toMatchObject({ note: expect.stringContaining('members') })
  const { contents } = await client.readResource({ uri: `whatsapp://chats/${encodeURIComponent(group)}` })
  expect(JSON.stringify(contents)).toContain('Everybody')
  await client.close()
})

it('notifies every member by one message', async () => {
  const sent = await harness.post(`/api/chats/${group}/messages`, { message: 'Hello all', mentions: 'all' })
  expect(sent.status).toBe(200)
  expect(harness.world.messages({ chat: group }).at(-1)?.mentions).toHaveLength(OTHERS)
})

it('reports one person who leaves as one event', async () => {
  const { next_after } = (await harness.get('/api/events')).json
  const { phone } = harness.world.state().contacts.find(({ pushname }) => pushname === 'm7') ?? { phone: '' }
  await harness.world.leaveGroup({ group, member: phone })
  const events = async () =>
    (await harness.get(`/api/events?after=${next_after}&kind=group.member_removed`)).json.events
  await expect.poll(async () => (await events()).length).toBe(1)
  expect(await events()).toMatchObject([{ chat: { id: group }, data: { members: [{ id: people[7] }] } }])
})
