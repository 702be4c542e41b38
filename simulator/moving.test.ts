/** Things that move or vanish: chats to LID, messages that disappear, channels, status posts, pages of history. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type wweb from 'whatsapp-web.js'
import { amara, families, olena, openScene, type Scene } from './scene.ts'

let scene: Scene
const heardOf = (id: string): Promise<wweb.Message> =>
  scene.library.event<wweb.Message>('message_create', (message) => message.id.id === id)

describe.each(families)('a chat moves to LID, build %s', (build) => {
  let lid = ''
  beforeAll(async () => {
    scene = await openScene({ build })
    lid = scene.world.state().contacts.find(({ phone }) => phone === amara)?.lid ?? ''
    await scene.watch('Chat', 'add remove change:id')
  })
  afterAll(() => scene.close())

  it('another chat takes its place; old messages keep the phone in their keys, later ones carry the LID', async () => {
    const before = await scene.world.write({ from: amara, text: 'by phone' })
    await heardOf(before.id)
    await scene.world.migrateChat({ phone: amara })
    const after = await scene.world.write({ from: amara, text: 'by LID' })
    expect((await heardOf(after.id)).from).toBe(`${lid}@lid`)
    expect(await scene.heard()).toEqual([
      ['add', `${lid}@lid`],
      ['remove', `${amara}@c.us`],
    ])
    const keys = await scene.keys(`${lid}@lid`)
    expect(keys.slice(-2)).toEqual([`false_${amara}@c.us_${before.id}`, `false_${lid}@lid_${after.id}`])
    expect(scene.world.messages({ chat: amara })).toEqual(scene.world.messages({ chat: `${lid}@lid` }))
    await scene.world.edit({ id: before.id, text: 'by phone, once' })
    await expect.poll(async () => (await scene.message(before.id))?.body).toBe('by phone, once')
  })

  it('a later page shows one chat with both kinds of keys', async () => {
    await scene.restart(async () => {})
    expect(await scene.chat(`${amara}@c.us`)).toBeNull()
    await scene.loadEarlier(`${lid}@lid`)
    const keys = await scene.keys(`${lid}@lid`)
    expect(keys.some((key) => key.startsWith(`false_${amara}@c.us_`))).toBe(true)
    expect(keys.at(-1)).toMatch(`false_${lid}@lid_`)
    expect(keys).toHaveLength(scene.world.countMessages({ chat: amara }))
    expect(scene.world.state().refusals).toEqual([])
  })

  it('or the same chat gets another id (fault chat_moves_in_place)', async () => {
    await scene.watch('Chat', 'add remove change:id')
    await scene.world.setFault({ name: 'chat_moves_in_place', value: true })
    const { lid: other } = await scene.world.migrateChat({ phone: olena })
    await expect.poll(scene.heard).toEqual([['change:id', `${other}@lid`]])
    expect(await scene.keys(`${other}@lid`)).toHaveLength(1)
  })
})

describe('disappearing messages', () => {
  beforeAll(async () => {
    scene = await openScene()
  })
  afterAll(() => scene.close())

  it('carry their life span, and leave page and service when it is over', async () => {
    const { world } = scene
    const kept = await world.write({ from: amara, text: 'stays' })
    await world.setDisappearing({ chat: amara, seconds: 86_400 })
    const short = await world.write({ from: amara, text: 'goes' })
    const message = await heardOf(short.id)
    expect(message.isEphemeral).toBe(true)
    expect(message.rawData).toMatchObject({ ephemeralDuration: 86_400, ephemeralStartTimestamp: short.t })
    expect(await scene.chat(`${amara}@c.us`)).toMatchObject({ ephemeralDuration: 86_400 })
    const wanted = await world.write({ from: amara, text: 'is kept' })
    await heardOf(wanted.id)
    await world.keep({ id: wanted.id, kept: true })
    await expect.poll(() => scene.message(wanted.id)).toMatchObject({ kicState: 'KEPT' })
    await world.moveClock({ seconds: 86_000 })
    expect(await scene.message(short.id)).not.toBeNull()
    await world.moveClock({ seconds: 401 })
    await expect.poll(() => scene.message(short.id)).toBeNull()
    expect(await scene.message(kept.id)).not.toBeNull()
    expect(world.messages({ chat: amara }).map(({ id }) => id)).not.toContain(short.id)
    expect(await scene.message(wanted.id)).not.toBeNull()
    await world.keep({ id: wanted.id, kept: false })
    await expect.poll(() => scene.message(wanted.id)).toBeNull()
    expect(world.state().refusals).toEqual([])
  })
})

describe('channels and status', () => {
  beforeAll(async () => {
    scene = await openScene()
  })
  afterAll(() => scene.close())

  it('a channel is listed beside the chats, and writes by itself', async () => {
    const { world, library } = scene
    const { id } = await world.addChannel({ name: 'City news', description: 'What happens' })
    const post = await world.writeInChannel({ channel: id, content: { type: 'chat', text: 'It snows' } })
    const message = await heardOf(post.id)
    expect(message).toMatchObject({ from: id, body: 'It snows', fromMe: false })
    const channels = await library.client.getChannels()
    expect(channels).toMatchObject([{ name: 'City news', id: { _serialized: id } }])
    expect((await library.client.getChats()).some((chat) => chat.id._serialized === id)).toBe(false)
    await world.setFault({ name: 'channels_silent', value: true })
    const silent = await world.writeInChannel({ channel: id, content: { type: 'image', caption: 'photo' } })
    await expect
      .poll(() => Object.values(world.messages({ chat: id }).at(-1)?.deliveredTo ?? {}))
      .toEqual([true])
    expect(await scene.message(silent.id)).toBeNull()
  })

  it('a status post has an author, belongs to no chat and lives a day', async () => {
    const { world, library } = scene
    const post = await world.writeStatus({ from: amara, content: { type: 'chat', text: 'on holiday' } })
    const message = await heardOf(post.id)
    expect(message).toMatchObject({ isStatus: true, author: `${amara}@c.us`, from: 'status@broadcast' })
    expect(message.id._serialized).toBe(`false_status@broadcast_${post.id}_${amara}@c.us`)
    const chats = await library.client.getChats()
    expect(chats.some((chat) => chat.id._serialized.includes('broadcast'))).toBe(false)
    await world.moveClock({ seconds: 86_401 })
    await expect.poll(() => scene.message(post.id)).toBeNull()
    expect(world.state().refusals).toEqual([])
  })
})

describe('loadEarlierMsgs', () => {
  const chat = `${amara}@c.us`
  beforeAll(async () => {
    scene = await openScene()
    const from = Math.floor(Date.now() / 1000) - 200
    for (let index = 0; index < 100; index += 1) {
      await scene.world.write({ from: amara, text: `${index}`, t: from + index })
    }
    await vi.waitFor(() => {
      const [newest] = scene.world.messages({ chat, limit: 1 })
      expect(Object.values(newest?.deliveredTo ?? {})).toEqual([true])
    }, 60_000)
    await scene.restart(async () => {})
  })
  afterAll(() => scene.close())

  it('rejects, hangs or is slow, in one chat', async () => {
    const { world } = scene
    const set = (value: unknown) => world.setFault({ name: 'earlier_messages', value })
    await set({ mode: 'rejects', chat })
    await expect(scene.loadEarlier(chat)).rejects.toThrow('the database is gone')
    await set({ mode: 'hangs', chat })
    let isAnswered = false
    const note = () => {
      isAnswered = true
    }
    scene.loadEarlier(chat).then(note, note)
    await scene.loadEarlier(`${olena}@c.us`)
    expect(isAnswered).toBe(false)
    await set({ mode: 'slow', delayMs: 300 })
    const start = performance.now()
    expect(await scene.loadEarlier(chat)).not.toEqual([])
    expect(performance.now() - start).toBeGreaterThan(290)
    await world.clearFaults()
  })

  it('answers with messages that the page has already, and they are there once', async () => {
    await scene.world.setFault({ name: 'earlier_messages', value: { mode: 'overlaps', by: 4 } })
    const before = await scene.keys(chat)
    const page = await scene.loadEarlier(chat)
    expect(page.filter((id) => before.some((key) => key.endsWith(id)))).toHaveLength(4)
    const after = await scene.keys(chat)
    expect(new Set(after).size).toBe(after.length)
    await scene.world.clearFaults()
  })

  it('ends where the phone has not transferred more, and for good at the end: [] each time', async () => {
    await scene.world.setFault({ name: 'earlier_messages', value: { mode: 'incomplete', keep: 10 } })
    expect(await scene.loadEarlier(chat)).toEqual([])
    await scene.world.clearFaults()
    while ((await scene.loadEarlier(chat)).length > 0);
    expect(await scene.keys(chat)).toHaveLength(scene.world.countMessages({ chat }))
    expect(await scene.loadEarlier(chat)).toEqual([])
    expect(await scene.loadEarlier(chat)).toEqual([])
    expect(scene.world.state().refusals).toEqual([])
  })
})
