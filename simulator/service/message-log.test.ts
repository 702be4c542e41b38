/** The log of messages against a plain sorted list, and worlds too large to be held. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSimulator } from '../open-simulator.ts'
import type { Simulator } from '../simulator.ts'
import { openMessageLog } from './message-log.ts'
import { openStore } from './store.ts'

const amara = '15550001101'

/** CPU time of this process since then, in ms: other tests use the same processors. */
function cpuMsSince(then: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(then)
  return (user + system) / 1_000
}

describe('a chat with made-up and written messages', () => {
  let directory: string
  let simulator: Simulator
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), 'log-'))
    simulator = await openSimulator({ dataDir: directory })
  })
  afterEach(async () => {
    await simulator.close()
    rmSync(directory, { recursive: true, force: true })
  })

  it('is the same by seed, in order, of the size that was asked for, and has something in every script', async () => {
    const options = { chats: 40, messages: 3000, groups: 10, from: 1_600_000_000, to: 1_700_000_000, seed: 3 }
    const { world } = simulator
    const before = world.countMessages()
    expect(await world.seedHistory(options)).toMatchObject({ chats: 40, messages: 3000, groups: 10 })
    expect(world.countMessages()).toBe(before + 3000)
    const all = world.messages()
    expect(all).toHaveLength(before + 3000)
    expect(all.every((message, index) => index === 0 || (all[index - 1]?.t ?? 0) <= message.t)).toBe(true)
    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const script of [/[a-z]/, /[а-я]/, /[一-龥]/, /[ء-ي]/, /[ऀ-ॿ]/, /[א-ת]/]) {
      expect(all.some(({ body }) => script.test(body))).toBe(true)
    }
    const twin = await openSimulator({ dataDir: null })
    await twin.world.seedHistory(options)
    const ofSeed = (message: { t: number }): boolean => message.t <= options.to
    expect(twin.world.messages().filter(ofSeed)).toEqual(all.filter(ofSeed))
    await twin.close()
  })

  it('pages backwards without gap or repetition, over written ones of the same second, edits and deletions', async () => {
    const { world } = simulator
    await world.seedHistory({ chats: 5, messages: 400, groups: 0, from: 1_600_000_000, to: 1_600_000_300 })
    const chat = world.chats().reduce((one, other) => (one.messageCount > other.messageCount ? one : other))
    const old = world.messages({ chat: chat.id })
    for (const index of [3, 3, 50, 70]) {
      await world.writeFromPhone({ chat: chat.id, text: `at ${index}`, t: old[index]?.t ?? 0 })
    }
    const texts = old.filter(({ type }) => type === 'chat')
    await world.edit({ id: texts[5]?.id ?? '', text: 'changed' })
    await world.deleteForMe({ ids: [texts[6]?.id ?? ''] })
    const all = world.messages({ chat: chat.id })
    expect(all).toHaveLength(old.length + 3)
    expect(world.countMessages({ chat: chat.id })).toBe(all.length)
    expect(all.find(({ id }) => id === texts[5]?.id)?.body).toBe('changed')
    expect(world.messages({ chat: chat.id, limit: 7 })).toEqual(all.slice(-7))
    const facts = (): unknown => world.messages({ chat: chat.id }).map(({ id, body }) => [id, body])
    const left = facts()
    await simulator.close()
    simulator = await openSimulator({ dataDir: directory })
    expect(simulator.world.messages({ chat: chat.id }).map(({ id, body }) => [id, body])).toEqual(left)
  })
})

it('goes backwards from any message, page by page, whatever stands in the same second', () => {
  const store = openStore(null)
  const log = openMessageLog({
    me: '15550001000',
    devices: store.map('devices'),
    kept: store.map('kept'),
    histories: store.map('histories'),
    gone: store.map('gone'),
  })
  const chat = `${amara}@c.us`
  // Five made-up messages a second, and three written ones in every second of them.
  log.addHistories([{ chat, ordinal: 0, seed: 1, count: 100, from: 1000, to: 1020, people: [amara] }])
  for (let index = 0; index < 60; index += 1) {
    const facts = { chat, from: chat, fromMe: false, origin: 'contact', type: 'chat', body: '', ack: 1 }
    log.put({ ...facts, id: `W${index}`, t: 1000 + (index % 20), deliveredTo: {} })
  }
  const all = log.all(chat)
  expect(all).toHaveLength(160)
  expect(new Set(all.map(({ id }) => id)).size).toBe(160)
  expect(all.every((message, index) => index === 0 || (all[index - 1]?.t ?? 0) <= message.t)).toBe(true)
  for (const size of [1, 7, 30]) {
    const found: typeof all = []
    while (found.length <= all.length) {
      const [oldest] = found
      const page = log.earlier(chat, oldest ? { id: oldest.id, t: oldest.t } : null, size)
      if (page.length === 0) break
      found.unshift(...page)
    }
    expect(found.map(({ id }) => id)).toEqual(all.map(({ id }) => id))
  }
  // From where one stood that is gone: everything that is not newer.
  const [, second] = all.filter(({ t }) => t === 1010)
  log.remove(second?.id ?? '')
  expect(log.earlier(chat, { id: second?.id ?? '', t: 1010 }, 1)[0]?.t).toBeLessThanOrEqual(1010)
})

it('a million messages in 5,000 chats cost neither time nor memory until they are asked for', async () => {
  const simulator = await openSimulator({ dataDir: null })
  const { world } = simulator
  const before = process.memoryUsage().heapUsed
  const start = process.cpuUsage()
  await world.seedHistory({ chats: 5000, messages: 1_000_000 })
  expect(world.countMessages()).toBeGreaterThan(1_000_000)
  expect(world.chats()).toHaveLength(5000 + 8)
  expect(cpuMsSince(start)).toBeLessThan(5000)
  expect((process.memoryUsage().heapUsed - before) / 1e6).toBeLessThan(200)
  const sizes = world.chats().map((chat) => chat.messageCount)
  expect(Math.max(...sizes)).toBeGreaterThan(5000)
  expect(sizes.filter((size) => size === 0).length).toBeGreaterThan(10)
  await simulator.close()
})

it('appending to a long chat stays cheap', async () => {
  const simulator = await openSimulator({ dataDir: null })
  const start = process.cpuUsage()
  for (let index = 0; index < 20_000; index += 1) {
    await simulator.world.write({ from: amara, text: `text ${index}` })
  }
  expect(cpuMsSince(start)).toBeLessThan(5000)
  expect(simulator.world.messages({ chat: amara, limit: 2 }).map(({ body }) => body)).toEqual([
    'text 19998',
    'text 19999',
  ])
  await simulator.close()
})
