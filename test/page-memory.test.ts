/**
 * What reading the history leaves in WhatsApp Web's memory: nothing. The page's own code on a page in the test's hand;
 * memory.test.ts has the same in a browser.
 */
import { expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import type { HistoryPage } from '../src/engine/engine.ts'
import { toJid } from '../src/model/ids.ts'
import { openFakePage } from './fake-page.ts'
import { createRandom } from './random.ts'

const AMARA = toJid('15551110000@c.us')
const T = 1_700_000_000
const IDLE_MS = 20
const DAY_S = 86_400

/** A page whose database has `count` messages, sent `at` these seconds, and memory the newest one. */
function open(count: number, { most = 5_000, at = (n: number) => T + Math.floor(n / 4) } = {}) {
  const page = openFakePage(AMARA, createRandom(5), {
    place: 'front',
    limits: { most, idleMs: IDLE_MS, changeableS: 3 * DAY_S },
  })
  const names = Array.from({ length: count }, (_, n) => `M${n}`)
  page.hold(names.map((id, n) => ({ id, t: at(n) })))
  const engine = page.engine(systemClock)
  const read = (before: HistoryPage['next'], size = 50) => engine.readMessages(AMARA, { before, count: size })
  /** From the newest message to the beginning. */
  async function readAll(onPage: () => Promise<unknown> | unknown = () => {}): Promise<string[]> {
    const found: string[] = []
    for (let before: HistoryPage['next'] = null; ; ) {
      const answer = await read(before)
      found.unshift(...answer.messages.map(({ bareId }) => bareId))
      await onPage()
      if (answer.end) return found
      before = answer.next
    }
  }
  const letGo = (left: string[]) => expect.poll(() => page.inMemory(), { interval: 5 }).toEqual(left)
  return { page, names, read, readAll, letGo }
}

it('is let go when nobody reads the chat any more, and can be read again', async () => {
  const { names, readAll, letGo } = open(600)
  for (let round = 0; round < 3; round += 1) {
    expect(await readAll()).toEqual(names)
    await letGo(['M599'])
  }
})

it('can be read on from any place after it was let go', async () => {
  const { names, read, letGo } = open(600)
  const { next } = await read(null, 200)
  await letGo(['M599'])
  const older = await read(next, 100)
  expect(older.messages.map(({ bareId }) => bareId)).toEqual(names.slice(300, 400))
  expect(older.end).toBe(false)
})

it('stays within its limit in a chat of any length', async () => {
  const { page, names, readAll } = open(3_000, { most: 200 })
  const held: number[] = []
  expect(await readAll(() => held.push(page.inMemory().length))).toEqual(names)
  // The limit, and what one request loads above it.
  expect(Math.max(...held)).toBeLessThan(200 + 300)
})

it('can be read on beyond its limit, from a place that was let go', async () => {
  const { names, read, letGo } = open(3_000, { most: 100 })
  const { next } = await read(null, 2_000)
  await letGo(['M2999'])
  const older = await read(next, 100)
  expect(older.messages.map(({ bareId }) => bareId)).toEqual(names.slice(900, 1_000))
})

it('is right for two readers of one chat that is longer than the limit', async () => {
  const { names, read, readAll } = open(1_000, { most: 100 })
  const newest = async () =>
    expect((await read(null)).messages.map(({ bareId }) => bareId)).toEqual(names.slice(-50))
  expect(await readAll(newest)).toEqual(names)
  const [one, other] = await Promise.all([readAll(), readAll()])
  expect([one, other]).toEqual([names, names])
})

it('keeps what may still be edited or deleted: WhatsApp Web reports that only of messages in memory', async () => {
  const now = Math.floor(Date.now() / 1_000)
  // The older half is an hour beyond the three days, the other an hour within: no second that passes meanwhile ends them.
  const at = (n: number) => now - 3 * DAY_S + (n < 100 ? -3_600 : 3_600) + Math.floor(n / 4)
  const { page, names, readAll, read, letGo } = open(200, { at })
  page.add({ id: 'LIVE', t: now })
  expect(await readAll()).toEqual([...names, 'LIVE'])
  await expect.poll(() => page.inMemory().length, { interval: 5 }).toBeLessThan(130)
  const kept = page.inMemory()
  expect(kept).toEqual(expect.arrayContaining([...names.slice(-100), 'LIVE']))
  expect(await readAll()).toEqual([...names, 'LIVE'])
  await read(null)
  await letGo(kept)
})
