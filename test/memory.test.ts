/**
 * The memory of WhatsApp Web's page: what reading the history loads into it is let go again and lost to nobody, and a
 * browser above its limit is restarted.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const JURGEN = '15550001102'
const CHAT = `${JURGEN}@c.us`
const clock = createTestClock()
let harness: Harness

beforeAll(async () => {
  harness = await openHarness({
    clock,
    env: { WHATSAPP_HISTORY_PER_CHAT: '0', WHATSAPP_MEMORY_SOFT_MIB: '1', WHATSAPP_MEMORY_HARD_MIB: '0' },
  })
  const now = Math.floor(Date.now() / 1_000)
  // Too old to be edited or deleted.
  for (let n = 0; n < 200; n += 1)
    await harness.world.write({ from: JURGEN, text: `old ${n}`, t: now - 40 * 86_400 + n * 60 })
  await harness.world.write({ from: JURGEN, text: 'the newest', t: now - 30 * 86_400 })
})
afterAll(() => harness.close())

const inPage = async () => (await harness.world.countInPages())[0]
const messages = async (query = '') =>
  (await harness.get(`/api/messages?chat_id=${CHAT}&limit=100${query}`)).json.messages
const loadEarlier = async (count: number) =>
  (await harness.post(`/api/chats/${CHAT}/load-earlier`, { count })).json

it('begins with a linked account, of whose history nothing was read', async () => {
  await harness.link()
  await harness.synced()
})

describe('history that was read', () => {
  it('is in the memory of the page no longer than it is needed', async () => {
    const before = await inPage()
    expect((await loadEarlier(150)).added).toBeGreaterThanOrEqual(150)
    expect((await inPage())?.inChats).toBeGreaterThan(100)
    // The sample of the memory lets go of it; without one, ten seconds without a reader do.
    clock.advance(31_000)
    await expect.poll(inPage).toEqual(before)
  })

  it('can be quoted', async () => {
    const [old] = (await messages()).filter(({ body }: { body: string }) => body === 'old 120')
    const answer = await harness.post(`/api/chats/${CHAT}/messages`, { message: 'yes', reply_to: old.id })
    expect(answer.status).toBe(200)
    await expect
      .poll(() => harness.world.messages({ chat: CHAT, limit: 1 }))
      .toMatchObject([{ body: 'yes', quoted: old.id.split('_')[2] }])
  })

  it('can be read on, up to the beginning', async () => {
    for (let turn = 0; turn < 20; turn += 1) {
      const { history_complete } = await loadEarlier(100)
      clock.advance(31_000)
      if (history_complete) break
    }
    const { archive } = await harness.status()
    expect(harness.world.countMessages({ chat: CHAT })).toBeLessThanOrEqual(archive?.messages ?? 0)
    expect((await loadEarlier(100)).history_complete).toBe(true)
  })

  it('is not reported as deleted, and new messages arrive as before', async () => {
    const events = await harness.get('/api/events?after=0&kind=message.revoked,chat.removed&limit=100')
    expect(events.json.events).toEqual([])
    await harness.world.write({ from: JURGEN, text: 'after it' })
    await expect.poll(async () => (await messages()).at(-1)?.body).toBe('after it')
  })
})

describe('a browser above its hard limit', () => {
  it('is restarted, and what comes meanwhile is there', async () => {
    await harness.close()
    // Any browser is above it: the first sample restarts the first one, and the second one stays for an hour.
    harness = await openHarness({ clock, env: { WHATSAPP_MEMORY_HARD_MIB: '1' } })
    const { session } = harness.app
    const reasons: (string | null)[] = []
    session.onChange(() => reasons.push(session.status().reason))
    await harness.link()
    await harness.synced()
    const restarted = () => {
      clock.advance(5_001)
      return reasons
    }
    await expect.poll(restarted, { interval: 200, timeout: 30_000 }).toContain('memory')
    const texts = Array.from({ length: 20 }, (_, n) => `meanwhile ${n}`)
    for (const text of texts) await harness.world.write({ from: JURGEN, text })
    await harness.until('ready')
    await harness.synced()
    const bodies = (await messages()).map(({ body }: { body: string }) => body)
    expect(bodies.filter((body: string) => body.startsWith('meanwhile'))).toEqual(texts)
    expect(harness.world.state().devices).toHaveLength(1)
    const { memory } = await harness.status()
    expect(memory).toMatchObject({ level: 'hard', hard_limit_bytes: 2 ** 20 })
    expect(memory?.browser_bytes).toBeGreaterThan(50 * 2 ** 20)
    expect(harness.log.filter(({ state }) => state === 'starting')).toHaveLength(2)
  })
})
