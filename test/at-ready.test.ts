/** What a client reads in the moment in which the session is `ready`: as much as WhatsApp has, as a script that polls the status does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEventStage } from './event-stage.ts'
import { type Answer, type Harness, openHarness } from './harness.ts'

const WRITER = '15557770201'
const NEWCOMER = '15557770202'

let harness: Harness
let groupId: string

beforeAll(async () => {
  harness = await openHarness()
  const { world } = harness
  await world.seedHistory({ chats: 60, messages: 600 })
  world.addContact({ phone: WRITER, name: 'Wanda Writer' })
  for (let n = 0; n < 12; n += 1) await world.write({ from: WRITER, text: `before ${n}` })
  groupId = world.state().groups[0]?.id ?? ''
})
afterAll(() => harness.close())

/** Without a pause: no reading of the test is kinder than a client's. */
async function pollUntilReady(): Promise<void> {
  while ((await harness.status()).state !== 'ready');
}

const chatOf = (phone: string) => `/api/messages?phone_number=${phone}&limit=10`
const bodies = ({ json }: Answer) => json.messages.map(({ body }: { body: string }) => body)
const from = (first: number) => Array.from({ length: 10 }, (_, n) => `before ${first + n}`)

describe('the first link', () => {
  it('answers `starting`, not that nothing is linked, while the account is loading', async () => {
    harness.world.setFault({ name: 'sync_slow', value: { percent: 10 } })
    await harness.post('/api/auth/start')
    await harness.world.scan()
    await harness.until('authenticated')
    for (const path of ['/api/chats', chatOf(WRITER)])
      expect(await harness.get(path)).toMatchObject({
        status: 503,
        headers: { 'retry-after': '2' },
        json: { code: 'starting' },
      })
    harness.world.setFault({ name: 'sync_slow', value: false })
  })

  it('has every chat, the messages and the groups as soon as it is ready', async () => {
    await pollUntilReady()
    const [list, messages, group] = await Promise.all([
      harness.get('/api/chats?limit=100'),
      harness.get(chatOf(WRITER)),
      harness.post(`/api/chats/${groupId}/messages`, { message: 'at once' }),
    ])
    const ofPhone = harness.world.chats().filter(({ id }) => !/@(newsletter|broadcast)$/.test(id))
    expect(list.json.count).toBe(ofPhone.length)
    expect(list.json.chats.filter(({ name }: { name: string }) => /^\+?\d+$|^$/.test(name))).toEqual([])
    expect(bodies(messages)).toEqual(from(2))
    expect(messages.json.chat).toMatchObject({ id: `${WRITER}@c.us`, name: 'Wanda Writer' })
    expect(group).toMatchObject({ status: 200, json: { chat: { id: groupId } } })
    expect(await harness.get(chatOf('15559998877'))).toMatchObject({
      status: 404,
      json: { code: 'chat_not_found' },
    })
  })

  it('has what came while the server did not run as soon as it is ready again', async () => {
    await harness.app.close()
    await harness.world.write({ from: WRITER, text: 'before 12' })
    harness.world.addContact({ phone: NEWCOMER, name: 'Nora New' })
    await harness.world.write({ from: NEWCOMER, text: 'a new person' })
    await harness.restart()
    await pollUntilReady()
    const { chats } = (await harness.get('/api/chats')).json
    const lastOf = (phone: string) =>
      chats.find(({ id }: { id: string }) => id === `${phone}@c.us`)?.last_message.body
    expect([NEWCOMER, WRITER].map(lastOf)).toEqual(['a new person', 'before 12'])
    expect(bodies(await harness.get(chatOf(WRITER)))).toEqual(from(3))
  })
})

describe('WhatsApp Web that does not list its chats', () => {
  it('is waited for within the time of an answer, and says nothing about a chat that is not here', async () => {
    const stage = await openEventStage()
    try {
      stage.switchAccount('15550002000')
      const began = Date.now()
      const [list, messages, person] = await Promise.all([
        stage.get('/api/chats'),
        stage.get(chatOf(WRITER)),
        stage.get(`/api/contacts/${WRITER}@c.us`),
      ])
      expect(Date.now() - began).toBeGreaterThan(1_000)
      expect(list).toMatchObject({ status: 200, json: { count: 0, stale_since: '1970-01-01T00:00:00.000Z' } })
      for (const answer of [messages, person])
        expect(answer).toMatchObject({
          status: 503,
          json: { code: 'starting', hint: 'Retry in a few seconds.' },
        })
      // A client that asks for long is not held up each time.
      stage.clock.advance(5_000)
      const later = performance.now()
      expect(await stage.get('/api/chats')).toMatchObject({ status: 200 })
      expect(performance.now() - later).toBeLessThan(1_000)
    } finally {
      await stage.close()
    }
  })
})
