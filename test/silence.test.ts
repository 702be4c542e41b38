/** A session that looks well and is not: WhatsApp answers nothing any more, and what shows that it does. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { type Harness, type HarnessOptions, openHarness } from './harness.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

const MINUTE = 60_000
const AMARA = '15550001101'

let harness: Harness
let clock: TestClock

async function open(options: HarnessOptions = {}): Promise<void> {
  clock = createTestClock()
  harness = await openHarness({ ...options, clock })
  await harness.link()
}
afterEach(() => harness.close())

const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const session = () => harness.app.session
const said = (words: string) => harness.log.filter(({ msg }) => String(msg).includes(words)).length

/** True once the page has a message that waits for its ack. */
const waits = () => harness.log.some(({ msg }) => msg === 'message.sent')

/** Lets up to this much time pass, as half minutes with a probe in each; ends when the session is not ready any more. */
async function pass(ms: number): Promise<void> {
  for (let left = ms; left > 0 && session().status().state === 'ready'; left -= MINUTE / 2) {
    clock.advance(MINUTE / 2)
    const at = clock.now()
    const isProbed = () => {
      const { state, proven_at } = session().status()
      return state !== 'ready' || Date.parse(proven_at ?? '') >= at
    }
    await expect.poll(isProbed).toBe(true)
    // What the page answers takes time of its own, which the clock of the test does not know.
    await sleep(200)
  }
}

describe('a connection that is open on this side only', () => {
  it('is found by a question to WhatsApp, restarted, and loses nothing', async () => {
    await open()
    // The first probe asks. No more time passes before the answer: it would be too late.
    await pass(MINUTE / 2)
    await expect.poll(() => session().answeredAt()).not.toBeNull()
    await fault('half_open')
    await harness.world.write({ from: AMARA, text: 'Does anybody hear me?' })
    expect(session().status()).toMatchObject({ state: 'ready', connected: true })
    // It is disconnected for a second: then the browser starts again.
    const seen: object[] = []
    const stop = session().onChange(() => seen.push(session().status()))
    await pass(13 * MINUTE)
    stop()
    expect(seen).toContainEqual(expect.objectContaining({ state: 'disconnected', reason: 'not_responding' }))
    expect(said('WhatsApp did not answer')).toBe(2)
    await harness.until('ready')
    await expect.poll(async () => (await harness.get('/api/search?q=anybody')).json.count).toBe(1)
  })

  it('is found within two minutes if a message gets no ack', async () => {
    await open()
    await pass(MINUTE)
    await fault('half_open')
    const began = clock.now()
    const sending = harness.post('/api/send', { phone_number: AMARA, message: 'Lost?' })
    await expect.poll(() => waits()).toBe(true)
    await pass(4 * MINUTE)
    expect(clock.now() - began).toBeLessThan(3 * MINUTE)
    expect((await sending).json.code).toBe('send_outcome_unknown')
    await harness.until('ready')
    expect((await harness.post('/api/send', { phone_number: AMARA, message: 'Here.' })).status).toBe(200)
  })
})

describe('the daily check', () => {
  const checks = () => harness.world.messages().filter(({ body }) => body?.startsWith('Daily check')).length

  it('is off by default', async () => {
    await open()
    clock.advance(2 * 60 * MINUTE)
    await sleep(1_000)
    expect(checks()).toBe(0)
  })

  it('is one message to oneself in a day, also after a restart', async () => {
    await open({ env: { WHATSAPP_CANARY: 'daily' } })
    clock.advance(61 * MINUTE)
    await expect.poll(checks).toBe(1)
    const item = async () => (await harness.get('/api/outbox')).json.items[0]
    const check = { operation: 'daily_check', caller: 'daily_check', state: 'sent' }
    await expect.poll(item).toMatchObject(check)
    const { created_at } = await item()
    await harness.restart()
    await harness.until('ready')
    clock.advance(61 * MINUTE)
    await sleep(1_000)
    const sameDay = new Date(clock.now()).toISOString().slice(0, 10) === created_at.slice(0, 10)
    await expect.poll(checks).toBe(sameDay ? 1 : 2)
    clock.advance(25 * 60 * MINUTE)
    await expect.poll(checks).toBe(sameDay ? 2 : 3)
  })
})
