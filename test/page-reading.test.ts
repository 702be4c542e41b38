/** What the server reads of WhatsApp Web's page by itself: everything that the page stores, and nothing of the status. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'
import { createRandom } from './random.ts'

const AMARA = '15550001101'

let harness: Harness
const fault = (name: string, value: unknown = true) => harness.world.setFault({ name, value })
const post = (text: string) => harness.world.writeStatus({ from: AMARA, content: { type: 'chat', text } })
const bodiesOf = async (chat: string): Promise<string[]> => {
  const { json } = await harness.get(`/api/messages?chat_id=${chat}&limit=100`)
  return (json.messages ?? []).map(({ body }: { body: string }) => body)
}

beforeAll(async () => {
  harness = await openHarness()
  await fault('status_risky')
  await post('before the link')
  await harness.link()
})
afterAll(() => harness.close())

describe('status updates', () => {
  it('are never read by itself: a fresh link outlives the next loads of the page', async () => {
    await harness.synced()
    await post('live')
    await expect.poll(() => bodiesOf('status@broadcast')).toContain('live')
    await harness.restart()
    await harness.until('ready')
    await harness.synced()
    await fault('reload_burst', { times: 1 })
    await expect.poll(() => harness.app.session.status().connected, { interval: 5 }).toBe(false)
    await expect.poll(() => harness.app.session.status().connected).toBe(true)
    await post('live again')
    await expect.poll(() => bodiesOf('status@broadcast')).toEqual(['live', 'live again'])
    expect(harness.world.state().devices).toHaveLength(1)
  })
})

describe('messages that WhatsApp Web stores without calling them new', () => {
  it('are read while the connection lasts, however many lie between usual ones', async () => {
    const seed = Math.floor(Math.random() * 1e6)
    const random = createRandom(seed)
    const chats = [AMARA, '15550001102', harness.world.state().groups[0]?.id ?? '']
    const written = new Map<string, string[]>(chats.map((chat) => [chat, []]))
    const write = async (chat: string) => {
      const text = `${seed} ${chat} ${written.get(chat)?.length}`
      written.get(chat)?.push(text)
      await harness.world.write({ from: chat.includes('@') ? AMARA : chat, chat, text })
    }
    for (let round = 0; round < 8; round += 1) {
      const chat = chats[random(chats.length)] ?? AMARA
      await fault('stored_silently', { share: 0.5 })
      for (let left = 2 + random(6); left > 0; left -= 1) await write(chat)
      // The newest one is usual: it is known by the time at which the chat is looked at.
      await fault('stored_silently', false)
      await write(chat)
      const id = chat.includes('@') ? chat : `${chat}@c.us`
      const told = async () => (await bodiesOf(id)).filter((body) => body.startsWith(`${seed} `))
      await expect.poll(told, { message: `seed ${seed}, round ${round}` }).toEqual(written.get(chat))
    }
  })
})

it('a chat whose data cannot be read was not deleted, and its messages are read', async () => {
  const chat = `${AMARA}@c.us`
  await fault('chat_unreadable', { chat })
  await harness.app.session.stop()
  await harness.world.write({ from: AMARA, text: 'meanwhile' })
  await harness.call({ method: 'POST', path: '/api/auth/start' })
  await harness.until('ready')
  await harness.synced()
  expect(harness.log.filter(({ msg }) => msg === 'the data of some chats could not be read')).not.toEqual([])
  expect(await bodiesOf(chat)).toContain('meanwhile')
  const { json } = await harness.get('/api/chats?limit=100')
  expect(json.chats.map(({ id }: { id: string }) => id)).toContain(chat)
  await fault('chat_unreadable', false)
})

describe('fields of another type, and times that are none', () => {
  afterEach(() => fault('odd_fields', false))
  const JURGEN = '15550001102'
  const id = `${JURGEN}@c.us`
  const typesOf = async () => {
    const { json } = await harness.get(`/api/messages?chat_id=${id}&limit=100`)
    return json.messages.map(({ type }: { type: string }) => type)
  }

  it.each([
    { body: 42 },
    { body: { text: 'x' } },
    { directPath: '/x', caption: [] },
    { type: null },
    { mentionedJidList: 7 },
  ])('in a message make a placeholder of it: %j', async (messages) => {
    const before = (await typesOf()).length
    await fault('odd_fields', { messages })
    const { id: bareId } = await harness.world.write({ from: JURGEN, text: 'odd' })
    await fault('odd_fields', false)
    await harness.world.write({ from: JURGEN, text: 'usual' })
    await expect.poll(async () => (await typesOf()).slice(before)).toEqual(['unknown', 'chat'])
    const { json } = await harness.get(`/api/messages/false_${id}_${bareId}`)
    expect(json.message).toMatchObject({ body: '', timestamp: expect.any(Number) })
    expect(harness.log.filter(({ msg }) => msg === 'a message could not be read')).not.toEqual([])
  })

  it('do not keep the rest of a list from being read at the next start', async () => {
    await fault('odd_fields', {
      messages: { body: 42, t: 1e308 },
      chats: { t: 1e308, pin: 1e308, muteExpiration: 1e308, unreadCount: 1.5, formattedTitle: {} },
      contacts: { pushname: { x: 1 }, name: '\u200b' },
    })
    await harness.restart()
    await harness.until('ready')
    await harness.world.write({ from: AMARA, text: 'while all is odd' })
    await harness.synced()
    const mcp = await harness.mcp('auto')
    expect((await mcp.callTool({ name: 'whatsapp_list_unread', arguments: {} })).isError).not.toBe(true)
    for (const path of ['/api/chats', '/api/unread', '/api/waiting', `/api/messages?chat_id=${id}`])
      expect((await harness.get(path)).status, path).toBe(200)
    const { json } = await harness.get('/api/chats?limit=100')
    const now = Date.now() / 1_000
    for (const { name, timestamp } of json.chats) {
      expect(name).toMatch(/[\p{L}\p{N}]/u)
      expect(timestamp).toBeLessThan(now + 86_400)
    }
  })
})
