/** The archive against the double's own log: nothing lost, nothing twice, in order, whatever happened meanwhile. */
import { afterEach, describe, expect, it } from 'vitest'
import { archiveOf, keptMessages, readArchive, worldMessages } from './archive-rows.ts'
import { browserPid } from './browser-processes.ts'
import { type Harness, type HarnessOptions, openHarness, openLinked } from './harness.ts'

let harness: Harness
afterEach(() => harness.close())

async function linked(options: HarnessOptions = {}): Promise<void> {
  harness = await openLinked(options)
}

const { file, kept, events, bodies, expectComplete } = archiveOf(() => harness)
const AMARA = '15550001101'

describe('messages that arrived without an event', () => {
  it('because the browser was gone', async () => {
    await linked()
    // A link that is seconds old does not survive a killed browser (F14).
    await harness.restart()
    await harness.until('ready')
    // From now on: it is `starting` again a second later.
    const gone = harness.until('disconnected')
    process.kill(browserPid(harness.authDir), 'SIGKILL')
    for (let n = 0; n < 20; n += 1) await harness.world.write({ from: AMARA, text: `missed ${n}` })
    await gone
    await harness.world.write({ from: AMARA, text: 'still nobody there' })
    await harness.until('ready')
    await harness.synced()
    await expectComplete()
  })

  it('in an unknown chat, from an unknown person', async () => {
    await linked()
    await harness.app.close()
    harness.world.addContact({ phone: '15557770001', name: null, pushname: 'Nobody yet' })
    for (let n = 0; n < 70; n += 1) await harness.world.write({ from: '15557770001', text: `hello ${n}` })
    await harness.restart()
    await harness.synced()
    await expectComplete()
    expect(events()).toHaveLength(70)
  })
})

describe('messages that arrived without an event, continued', () => {
  it('because the connection was lost, in the same page', async () => {
    await linked()
    await harness.world.setFault({ name: 'offline', value: true })
    await expect.poll(async () => (await harness.status()).connected).toBe(false)
    expect((await harness.status()).archive?.stale_since).not.toBeNull()
    for (let n = 0; n < 20; n += 1) await harness.world.write({ from: AMARA, text: `missed ${n}` })
    await harness.world.setFault({ name: 'offline', value: false })
    await expect.poll(async () => (await harness.status()).connected).toBe(true)
    await harness.synced()
    await expectComplete()
    expect(events()).toHaveLength(20)
  })

  it('more than is looked back for: the rest is a gap, known and then filled', async () => {
    await linked({ env: { WHATSAPP_HISTORY_PER_CHAT: '0' } })
    await harness.app.close()
    for (let n = 0; n < 2_100; n += 1) await harness.world.write({ from: AMARA, text: `missed ${n}` })
    await harness.restart()
    await harness.synced()
    const kinds = readArchive(file(), ({ events }) => events.after(0, 10_000).map(({ kind }) => kind))
    expect(kinds.filter((kind) => kind.startsWith('gap.'))).toEqual(['gap.found', 'gap.filled'])
    const chat = `${AMARA}@c.us`
    const [known = [], expected = []] = [kept().get(chat), worldMessages(harness.world).get(chat)]
    // Older ones are history, of which none was wanted.
    expect(known).toEqual(expected.slice(-known.length))
    expect(known.length).toBeGreaterThanOrEqual(2_100)
    expect(new Set(events().map(({ id }) => id)).size).toBe(2_100)
  })
})

describe('history', () => {
  it('stops at the budget; what is older comes on demand', async () => {
    harness = await openHarness({ env: { WHATSAPP_HISTORY_PER_CHAT: '100' } })
    for (let n = 0; n < 300; n += 1) await harness.world.write({ from: AMARA, text: `old ${n}` })
    await harness.link()
    await harness.synced()
    const texts = () => bodies(`${AMARA}@c.us`) ?? []
    expect(texts()).toEqual(Array.from({ length: 100 }, (_, n) => `old ${n + 200}`))
    const path = `/api/chats/${AMARA}@c.us/load-earlier`
    const first = await harness.post(path, { count: 150 })
    expect(first.json).toMatchObject({ ok: true, added: 150, history_complete: false })
    expect(texts()).toHaveLength(250)
    const rest = await harness.post(path, { count: 200 })
    expect(rest.json).toMatchObject({ ok: true, history_complete: true })
    await expectComplete()
    expect((await harness.post(path, {})).json).toMatchObject({ added: 0, history_complete: true })
  })

  it('that was cut short goes on with the next start', async () => {
    harness = await openHarness({ env: { WHATSAPP_HISTORY_PAUSE_MS: '20' } })
    for (let n = 0; n < 800; n += 1) await harness.world.write({ from: AMARA, text: `old ${n}` })
    await harness.link()
    await expect.poll(() => harness.app.session.status().sync?.messages, { interval: 5 }).toBeGreaterThan(100)
    await harness.app.close()
    const before = bodies(`${AMARA}@c.us`)?.length ?? 0
    expect(before).toBeLessThan(800)
    await harness.restart()
    await harness.until('ready')
    await harness.synced()
    await expectComplete()
  })

  it('that is still on the phone is named so, and comes when the phone is asked', async () => {
    harness = await openHarness()
    const chat = `${AMARA}@c.us`
    for (let n = 0; n < 100; n += 1) await harness.world.write({ from: AMARA, text: `old ${n}` })
    await harness.world.setFault({
      name: 'earlier_messages',
      value: { mode: 'incomplete', keep: 3, transfer: 0, chat },
    })
    await harness.link()
    await harness.synced()
    expect((await harness.get(`/api/messages?chat_id=${chat}&limit=100`)).json).toMatchObject({
      count: 3,
      history_complete: false,
      history: { state: 'on_phone', reason: 'phone_has_more', next_try_at: expect.any(String) },
    })
    expect(harness.world.state().phoneAsked).toEqual([])
    const answer = await harness.post(`/api/chats/${chat}/load-earlier`, {})
    expect(answer.json).toMatchObject({ added: 0, history_complete: false })
    await expectComplete()
    const { json } = await harness.get(`/api/messages?chat_id=${chat}`)
    expect([json.history_complete, json.history]).toEqual([true, undefined])
    expect(harness.world.state().phoneAsked).toEqual([chat])
  })

  it('is not asked for where none is wanted', async () => {
    harness = await openHarness({ env: { WHATSAPP_HISTORY_DAYS: '0' } })
    for (let n = 0; n < 200; n += 1)
      await harness.world.write({ from: AMARA, text: `old ${n}`, t: 1_750_000_000 + n })
    await harness.link()
    await harness.synced()
    expect(bodies(`${AMARA}@c.us`)?.length).toBeLessThanOrEqual(50)
  })
})

describe('two accounts in one directory', () => {
  it('have an archive each, and only the linked one is served', async () => {
    await linked()
    const first = file()
    await harness.post('/api/logout')
    harness.world.switchAccount({ phone: '15550002000', pushname: 'Somebody else' })
    await harness.link()
    await harness.synced()
    expect(file()).not.toBe(first)
    const chats = new Set([...kept().keys()])
    expect([...readArchive(first, keptMessages).keys()].some((chat) => chats.has(chat))).toBe(false)
    const { json } = await harness.get('/api/chats?limit=100')
    expect(json.chats.every(({ id }: { id: string }) => chats.has(id))).toBe(true)
  })
})

describe('reading', () => {
  it('goes on in every state, and says since when it may lack something', async () => {
    harness = await openHarness()
    expect((await harness.get('/api/chats')).json).toMatchObject({ code: 'not_linked' })
    await harness.link()
    await harness.synced()
    expect((await harness.get('/api/chats')).json).not.toHaveProperty('stale_since')
    await harness.restart()
    // Not ready yet.
    const starting = (await harness.get('/api/chats')).json
    expect(starting).toMatchObject({ ok: true, stale_since: expect.stringMatching(/^20.*Z$/) })
    expect(starting.count).toBeGreaterThan(5)
    await harness.until('ready')
    await harness.synced()
    await harness.world.unlink()
    await harness.until('stopped')
    expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true, count: starting.count })
    expect((await harness.post('/api/logout')).json).toMatchObject({ ok: true })
    expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true, count: starting.count })
  })
})
