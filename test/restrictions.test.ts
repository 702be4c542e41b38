/** Restrictions that WhatsApp imposes on the account (its codes 463 and 475), from its page to every face. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const HOUR_MS = 3_600_000
const STRANGER = '15550009911'
/** The session asks the page this often. */
const PROBE_MS = 30_000

const clock = createTestClock()
let harness: Harness
let amara: string
let endsAt: number

beforeAll(async () => {
  harness = await openHarness({ clock })
})
afterAll(() => harness.close())

const send = (phone_number: string) => harness.post('/api/send', { phone_number, message: 'hello' })
const restriction = async () => (await harness.status()).restriction
const restrict = (value: unknown) => harness.world.setFault({ name: 'restricted', value })
const kinds = async () =>
  (await harness.get('/api/events?after=0&kind=account.restricted,account.unrestricted')).json.events.map(
    ({ kind, data }: { kind: string; data: object }) => [kind, data],
  )
const starts = () => harness.log.filter(({ state }) => state === 'starting').length

it('begins with a linked account that nothing restricts', async () => {
  await harness.link()
  amara = harness.world.state().contacts[0]?.phone ?? ''
  harness.world.addContact({ phone: STRANGER, pushname: 'Nobody yet' })
  await harness.world.write({ from: amara, text: 'hello?' })
  await harness.synced()
  expect(await restriction()).toBeNull()
})

it('is recognised by a refused send, and says when it ends', async () => {
  endsAt = Math.floor((clock.now() + 2 * HOUR_MS) / 1_000) * 1_000
  await restrict({ code: 463, endsAt })
  const ends_at = new Date(endsAt).toISOString()
  const refused = await send(STRANGER)
  expect([refused.status, refused.json.code]).toEqual([429, 'account_restricted'])
  expect(refused.json).toMatchObject({ kind: 'new_chats', ends_at })
  expect(Number(refused.headers['retry-after'])).toBeGreaterThan(7_000)
  expect(await restriction()).toEqual({ kind: 'new_chats', ends_at })
  expect(await harness.status()).toMatchObject({
    state: 'ready',
    next_step: expect.stringContaining(`until ${ends_at}`),
  })
  await expect.poll(kinds).toEqual([['account.restricted', { kind: 'new_chats', ends_at }]])
})

it('holds sends to people who never wrote, and lets replies through', async () => {
  const held = await harness.post(`/api/chats/${STRANGER}/messages`, { message: 'hello' })
  expect([held.status, held.json.code]).toEqual([429, 'account_restricted'])
  expect((await send(amara)).status).toBe(200)
  const group = harness.world.state().groups[0]?.id ?? ''
  expect((await harness.post(`/api/chats/${group}/messages`, { message: 'to the group' })).status).toBe(200)
  expect(harness.world.messages({ chat: `${STRANGER}@c.us` })).toEqual([])
})

it('is seen without a send too, and is another one with another code', async () => {
  await restrict({ code: 475, endsAt })
  clock.advance(PROBE_MS + 1)
  await expect.poll(async () => (await restriction())?.kind).toBe('quota')
  expect(await restriction()).toEqual({ kind: 'quota', ends_at: new Date(endsAt).toISOString() })
})

it('ends at its end, with an event, and nothing was restarted or linked again because of it', async () => {
  const before = starts()
  clock.advance(2 * HOUR_MS)
  await expect.poll(restriction).toBeNull()
  await restrict(false)
  await expect.poll(async () => (await kinds()).at(-1)).toEqual(['account.unrestricted', {}])
  await harness.until('ready')
  expect((await send(STRANGER)).status).toBe(200)
  expect([starts(), harness.world.state().devices.length]).toEqual([before, 1])
})

it('is over at the next connection if WhatsApp lifted it while the browser was closed', async () => {
  await restrict({ code: 463 })
  clock.advance(PROBE_MS + 1)
  await expect.poll(restriction).toEqual({ kind: 'new_chats', ends_at: null })
  await harness.post('/api/accounts/default/stop')
  expect(await restriction()).toEqual({ kind: 'new_chats', ends_at: null })
  await restrict(false)
  await harness.post('/api/accounts/default/restart')
  await harness.until('ready')
  await expect.poll(restriction).toBeNull()
  await expect.poll(async () => (await kinds()).at(-1)).toEqual(['account.unrestricted', {}])
})
