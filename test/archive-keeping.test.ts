/** What is not to be kept: never written, not fetched again, and gone from the file when it goes. */
import { readFileSync, statSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { keptMessages, messageEvents, readArchive } from './archive-rows.ts'
import { type Harness, type HarnessOptions, openHarness } from './harness.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

const AMARA = '15550001101'
const CHAT = `${AMARA}@c.us`
/** Has no messages unless a test writes some. */
const NADIA = '15557770001'
const NADIAS = `${NADIA}@c.us`
const DAY_S = 86_400

let harness: Harness
afterEach(() => harness.close())

async function linked(env: Record<string, string>, options: HarnessOptions = {}): Promise<void> {
  harness = await openHarness({ env, ...options })
}
const file = () => harness.app.session.status().archive?.file ?? ''
const bodies = (chat = CHAT) =>
  readArchive(file(), keptMessages)
    .get(chat)
    ?.map(({ body }) => body) ?? []
const isOnDisk = (text: string) => [file(), `${file()}-wal`].some((path) => readFileSync(path).includes(text))
const now = () => Math.floor(Date.now() / 1000)

it('of a chat that is never stored nothing is written, neither live nor from history', async () => {
  await linked({ WHATSAPP_NEVER_STORE: `+${AMARA}, status` })
  await harness.world.write({ from: AMARA, text: 'canary of before' })
  await harness.link()
  await harness.synced()
  await harness.world.write({ from: AMARA, text: 'canary live' })
  await harness.world.write({ from: '15550001102', text: 'kept' })
  await expect.poll(() => bodies('15550001102@c.us')).toContain('kept')
  await harness.post('/api/send', { phone_number: AMARA, message: 'canary of mine' })
  expect((await harness.post(`/api/chats/${CHAT}/load-earlier`)).json).toMatchObject({
    added: 0,
    history_complete: true,
  })
  await harness.app.close()
  await harness.world.write({ from: AMARA, text: 'canary while away' })
  await harness.restart()
  await harness.synced()
  expect(bodies()).toEqual([])
  expect(readArchive(file(), messageEvents).filter(({ id }) => id === '?')).toEqual([])
  expect(isOnDisk('canary')).toBe(false)
  const { json } = await harness.get('/api/chats?limit=100')
  expect(json.chats.find(({ id }: { id: string }) => id === CHAT)).toMatchObject({ last_message: null })
})

it('what is too old is not fetched, and what becomes too old leaves and is not fetched again', async () => {
  const clock = createTestClock()
  await linked({ WHATSAPP_KEEP_DAYS: '10', WHATSAPP_KEEP_DAYS_PER_CHAT: '15557770002=0' }, { clock })
  for (const phone of [NADIA, '15557770002']) harness.world.addContact({ phone, name: `Number ${phone}` })
  for (const days of [40, 20, 9, 1])
    for (const from of [NADIA, '15557770002'])
      await harness.world.write({ from, text: `canary${days}.`, t: now() - days * DAY_S })
  await harness.link()
  await harness.synced()
  expect(bodies(NADIAS)).toEqual(['canary9.', 'canary1.'])
  expect(bodies('15557770002@c.us')).toEqual(['canary40.', 'canary20.', 'canary9.', 'canary1.'])
  // WhatsApp Web may say that more came while it loads: the chat is then read once more.
  const history = async () => (await harness.get(`/api/chats/${NADIAS}`)).json.history
  await expect.poll(history).toMatchObject({ complete: true, messages: 2 })
  await harness.app.close()
  clock.advance(2 * DAY_S * 1000)
  await harness.restart()
  await harness.synced()
  await expect.poll(() => bodies(NADIAS)).toEqual(['canary1.'])
  expect((await harness.post(`/api/chats/${NADIAS}/load-earlier`)).json).toMatchObject({
    added: 0,
    history_complete: true,
  })
  expect(bodies(NADIAS)).toEqual(['canary1.'])
})

it('a forgotten chat stays on WhatsApp, and does not come back', async () => {
  await linked({})
  for (const text of ['canary one', 'canary two']) await harness.world.write({ from: AMARA, text })
  await harness.link()
  await harness.synced()
  const before = bodies().length
  expect(before).toBeGreaterThanOrEqual(2)
  const forgotten = await harness.call({ method: 'DELETE', path: `/api/chats/${CHAT}/messages` })
  expect([forgotten.status, forgotten.json]).toEqual([200, { ok: true, forgotten: before }])
  expect(isOnDisk('canary')).toBe(false)
  expect(harness.world.messages().filter(({ body }) => body.startsWith('canary'))).toHaveLength(2)
  await harness.restart()
  await harness.synced()
  await harness.post(`/api/chats/${CHAT}/load-earlier`)
  expect(bodies()).toEqual([])
  await harness.world.write({ from: AMARA, text: 'new' })
  await expect.poll(() => bodies()).toEqual(['new'])
  const unknown = await harness.call({ method: 'DELETE', path: '/api/chats/15559998877@c.us/messages' })
  expect([unknown.status, unknown.json.code]).toEqual([404, 'chat_not_found'])
})

it('what a forgotten chat took on the disk is given back', async () => {
  await linked({})
  for (let n = 0; n < 20; n += 1)
    await harness.world.write({ from: AMARA, text: `canary ${n} ${'x'.repeat(50_000)}` })
  await harness.link()
  await harness.synced()
  const size = async () => (await harness.get('/api/archive')).json.size_bytes
  const before = await size()
  expect(before).toBeGreaterThan(1_000_000)
  await harness.call({ method: 'DELETE', path: `/api/chats/${CHAT}/messages` })
  expect(await size()).toBeLessThan(before - 1_000_000)
  expect(statSync(file()).size).toBeLessThan(before - 1_000_000)
  const free = readArchive(file(), ({ db }) => db.query('PRAGMA freelist_count').get())
  expect(free).toMatchObject({ freelist_count: 0 })
})

it('a chat that takes longer than an answer may is said to be still forgotten, and is in the end', async () => {
  const clock = createTestClock()
  await linked({}, { clock })
  harness.world.addContact({ phone: NADIA, name: 'Nadia' })
  for (let n = 0; n < 400; n += 1) await harness.world.write({ from: NADIA, text: `canary ${n}` })
  await harness.link()
  await harness.synced()
  await expect.poll(() => bodies(NADIAS).length).toBe(400)
  const kept = () => harness.app.session.status().archive?.messages ?? 0
  const before = kept()
  const forget = () => harness.call({ method: 'DELETE', path: `/api/chats/${NADIAS}/messages` })
  const late = forget()
  await expect.poll(kept, { interval: 1 }).toBeLessThan(before)
  clock.advance(60_000)
  expect(await late).toMatchObject({ status: 503, json: { code: 'still_forgetting', retry: 'later' } })
  expect(await forget()).toMatchObject({ status: 200, json: { ok: true } })
  expect(bodies(NADIAS)).toEqual([])
  expect(isOnDisk('canary')).toBe(false)
})

describe('a disappearing message', () => {
  const texts = async () =>
    (await harness.get(`/api/messages?chat_id=${CHAT}`)).json.messages.map(
      ({ body }: { body: string }) => body,
    )
  /** Written, seen here, and gone from WhatsApp; by the clock of this computer it is an hour before that. */
  async function goneFromWhatsApp(clock: TestClock): Promise<void> {
    await harness.link()
    await harness.synced()
    await harness.world.setDisappearing({ chat: AMARA, seconds: DAY_S })
    await harness.world.write({ from: AMARA, text: 'canary that goes' })
    await expect.poll(texts).toContain('canary that goes')
    clock.advance((DAY_S - 3_600) * 1_000)
    expect(await texts()).toContain('canary that goes')
    await harness.world.moveClock({ seconds: DAY_S + 60 })
    expect(harness.world.messages({ chat: AMARA }).map(({ body }) => body)).not.toContain('canary that goes')
  }

  it('leaves when it leaves WhatsApp, also from the file', async () => {
    const clock = createTestClock()
    await linked({}, { clock })
    await goneFromWhatsApp(clock)
    expect(isOnDisk('canary')).toBe(true)
    clock.advance(3_600_000)
    await expect.poll(texts).not.toContain('canary that goes')
    await expect.poll(() => isOnDisk('canary')).toBe(false)
  })

  it('stays where the setting says so, over restarts', async () => {
    const clock = createTestClock()
    await linked({ WHATSAPP_KEEP_DISAPPEARING: 'true' }, { clock })
    await goneFromWhatsApp(clock)
    clock.advance(3_600_000)
    await harness.world.write({ from: AMARA, text: 'later' })
    await expect.poll(texts).toContain('later')
    expect(await texts()).toContain('canary that goes')
    await harness.restart()
    await harness.synced()
    clock.advance(3_600_000)
    expect(await texts()).toContain('canary that goes')
  })
})

it('with other rules, older messages come after all', async () => {
  await linked({ WHATSAPP_KEEP_DAYS: '10' })
  harness.world.addContact({ phone: NADIA, name: 'Nadia' })
  await harness.world.write({ from: NADIA, text: 'old', t: now() - 20 * DAY_S })
  await harness.world.write({ from: NADIA, text: 'young', t: now() - 9 * DAY_S })
  await harness.link()
  await harness.synced()
  const { authDir, simulator } = harness
  expect(bodies(NADIAS)).toEqual(['young'])
  await harness.app.close()
  const wider = await openHarness({ authDir, simulator })
  try {
    await wider.until('ready')
    await wider.synced()
    const path = wider.app.session.status().archive?.file ?? ''
    const texts = readArchive(path, keptMessages).get(NADIAS)
    expect(texts?.map(({ body }) => body)).toEqual(['old', 'young'])
  } finally {
    await wider.app.close()
  }
})
