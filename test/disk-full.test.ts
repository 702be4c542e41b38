/** A full disk (F29, G17): nothing that was acknowledged is lost, everybody is told the truth, and it mends by itself. */
import { mkdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it, type TestContext } from 'vitest'
import { createRandom } from '../simulator/service/random.ts'
import type { WorldMessage } from '../simulator/world-types.ts'
import { RESERVE_BYTES } from '../src/store/reserve.ts'
import { openStore } from '../src/store/store.ts'
import { type Harness, openHarness } from './harness.ts'
import { compareArchive } from './soak/compare.ts'
import { openSmallDisk, type SmallDisk } from './soak/small-disk.ts'
import { createTraffic } from './soak/traffic.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

/** A browser profile takes some 10 MB of it. */
const DISK_MB = 96
const PAGE_BYTES = 4096
/** How often a disk that refused is tried again, see archive.ts. */
const RETRY_MS = 5_000
const LIMIT_MS = 300_000

let disk: SmallDisk | null = null
let harness: Harness | null = null
let clock: TestClock

afterEach(async () => {
  const [usedDisk, usedHarness] = [disk, harness]
  disk = null
  harness = null
  usedDisk?.free()
  try {
    await usedHarness?.close()
  } finally {
    usedDisk?.close()
  }
})

/** Linked for good and everything archived, on a small disk; skips the test where there can be none. */
async function linkedOnSmallDisk(context: TestContext) {
  const opened = openSmallDisk(DISK_MB)
  if (typeof opened === 'string') return context.skip(opened)
  disk = opened
  const authDir = join(opened.path, 'auth')
  mkdirSync(authDir, { mode: 0o700 })
  clock = createTestClock()
  const own = await openHarness({ authDir, clock })
  harness = own
  await own.link()
  await own.restart()
  await own.until('ready')
  await own.synced()
  return { disk: opened, harness: own, file: own.app.session.status().archive?.file ?? '' }
}

const AMARA = '15550001101'
const archive = ({ app }: Harness) => app.session.status().archive
const isDelivered = ({ deliveredTo }: WorldMessage) => Object.values(deliveredTo).every(Boolean)
const isComplete = (one: Harness) => archive(one)?.messages === one.world.messages().length

/** Free the disk, and everything is there without anybody's doing. */
async function expectMended(one: Harness, disk: SmallDisk): Promise<void> {
  disk.free()
  clock.advance(RETRY_MS)
  await expect.poll(() => archive(one)?.problem, { timeout: 60_000, interval: 20 }).toBeNull()
  await one.synced()
  await expect.poll(() => isComplete(one), { timeout: 60_000, interval: 20 }).toBe(true)
}

it(
  'at any moment of writing: told of, and made up for once there is space again',
  async (context) => {
    const { disk, harness, file } = await linkedOnSmallDisk(context)
    const { world } = harness
    const before = new Set(world.messages().map(({ id }) => id))
    const random = createRandom(29)
    const sent: string[] = []
    let refused = 0
    for (let round = 0; round < 20; round += 1) {
      disk.fill(random.between(0, 16) * PAGE_BYTES)
      for (let count = random.between(5, 40); count > 0; count -= 1) {
        const text = `${round}/${count} ${random.text(random.between(0, 600), 'abcd ')}`
        if (random.fraction() < 0.2) await world.writeFromPhone({ chat: `${AMARA}@c.us`, text })
        else await world.write({ from: AMARA, text })
      }
      // In the page, what is still on its way stands behind what is sent from it.
      await expect.poll(() => world.messages().every(isDelivered)).toBe(true)
      const answer = await harness.post('/api/send', {
        phone_number: AMARA,
        message: `sent in round ${round}`,
      })
      // Nothing leaves before it is noted that it does: the space for that is kept.
      expect(answer).toMatchObject({ status: 200, json: { ok: true } })
      sent.push(answer.json.message_id)
      // What fits goes in; what does not is said.
      await expect
        .poll(() => isComplete(harness) || archive(harness)?.problem, { timeout: 60_000, interval: 20 })
        .toBeTruthy()
      const problem = archive(harness)?.problem
      if (problem !== null) {
        refused += 1
        expect(problem).toBe('archive_full')
        expect(archive(harness)?.stale_since).toMatch(/^20.*Z$/)
      }
      expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true })
      expect((await harness.get(`/api/messages?chat_id=${AMARA}@c.us`)).json).toMatchObject({ ok: true })
      await expectMended(harness, disk)
    }
    expect(refused).toBeGreaterThan(5)
    expect(harness.app.session.status().state).toBe('ready')

    await harness.app.close()
    const { problems, faults } = compareArchive(file, world, { before })
    expect(problems).toEqual([])
    expect(faults).toMatchObject({ lost: 0, damaged: 0 })
    const ids = world.messages().map(({ id }) => id)
    expect(sent.filter((key) => !ids.some((id) => key.includes(id)))).toEqual([])
  },
  LIMIT_MS,
)

it(
  'sends go on in the space that is kept for them, are refused once it is used up, and it is kept again',
  async (context) => {
    const { disk, harness } = await linkedOnSmallDisk(context)
    const { world } = harness
    const reserve = () => statSync(join(disk.path, 'auth/.whatsapp-mcp-api/control.db.reserve')).size
    expect(reserve()).toBe(RESERVE_BYTES)
    const send = async (message: string) => harness.post('/api/send', { phone_number: AMARA, message })
    const isThere = (text: string) => world.messages().some(({ body }) => body === text)
    let sent = 0
    // Another program takes whatever is given back.
    for (let refused = false; !refused; ) {
      disk.fill()
      const text = `sent as number ${sent}`
      const { status, json } = await send(text)
      refused = status !== 200
      expect([text, isThere(text)]).toEqual([text, !refused])
      if (!refused) sent += 1
      else
        expect([status, json]).toEqual([
          503,
          expect.objectContaining({
            code: 'control_unavailable',
            retry: 'after_action',
            detail: expect.stringContaining('The disk is full'),
            hint: expect.stringContaining('Free disk space'),
          }),
        ])
    }
    expect([sent >= 5, reserve()]).toEqual([true, 0])
    expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true })
    await expectMended(harness, disk)
    expect((await send('sent at last')).status).toBe(200)
    await expect.poll(reserve).toBe(RESERVE_BYTES)
    const countSent = async () => (await harness.get('/api/outbox?state=sent&limit=100')).json.items.length
    await expect.poll(countSent, { timeout: 60_000 }).toBe(sent + 1)
  },
  LIMIT_MS,
)

it(
  'what became of sends meanwhile is reported once there is space, in order, and nothing twice',
  async (context) => {
    const { disk, harness } = await linkedOnSmallDisk(context)
    const { world } = harness
    const { next_after } = (await harness.get('/api/events')).json
    const settled = async (): Promise<string[]> => {
      const events = await harness.get(`/api/events?after=${next_after}&limit=100&kind=send.settled`)
      return events.json.events.map(({ data }: { data: { item_id: string } }) => data.item_id)
    }
    // Another program takes whatever is given back.
    const greedy = setInterval(() => disk.fill(), 2)
    const sent: string[] = []
    try {
      // Until not even a short message fits into what the archive's files have.
      for (let before = -1, same = 0; same < 20 || archive(harness)?.problem === null; ) {
        await world.write({ from: AMARA, text: `${before} ${'much to store '.repeat(same === 0 ? 300 : 1)}` })
        await sleep(30)
        same = archive(harness)?.messages === before ? same + 1 : 0
        before = archive(harness)?.messages ?? -1
      }
      for (let n = 0; n < 5; n += 1) {
        const message = `sent ${n}`
        expect((await harness.post('/api/send', { phone_number: AMARA, message })).status).toBe(200)
        const { items } = (await harness.get('/api/outbox?limit=1')).json
        sent.push(items[0].id)
      }
      expect((await settled()).length).toBeLessThan(sent.length)
    } finally {
      clearInterval(greedy)
    }
    await expectMended(harness, disk)
    await expect.poll(settled, { timeout: 60_000, interval: 50 }).toEqual(sent)
  },
  LIMIT_MS,
)

it(
  'that comes and goes while messages come in',
  async (context) => {
    const { disk, harness, file } = await linkedOnSmallDisk(context)
    const { world } = harness
    const before = new Set(world.messages().map(({ id }) => id))
    const random = createRandom(17)
    const traffic = createTraffic(world, random)
    for (let count = 0; count < 120; count += 1) {
      if (random.fraction() < 0.2) disk.fill(random.between(0, 8) * PAGE_BYTES)
      await traffic.burst(random.between(1, 8))
      if (random.fraction() < 0.3) disk.free()
      if (random.fraction() < 0.1) clock.advance(RETRY_MS)
      await sleep(random.between(0, 60))
    }
    await expectMended(harness, disk)
    await harness.app.close()
    expect(compareArchive(file, world, { before }).problems).toEqual([])
  },
  LIMIT_MS,
)

it.for([1, 2, 8])(
  'at the start of the server, with %i pages left',
  { timeout: LIMIT_MS },
  async (pages, context) => {
    const { disk, harness, file } = await linkedOnSmallDisk(context)
    const { world } = harness
    const before = new Set(world.messages().map(({ id }) => id))
    await harness.app.close()
    for (let count = 0; count < 30; count += 1) await world.write({ from: AMARA, text: `missed ${count}` })
    // Room for the lock that says whose the directory is, and for hardly anything else.
    disk.fill(pages * PAGE_BYTES)
    await harness.restart()
    await expect.poll(() => archive(harness)?.problem, { timeout: 60_000 }).toBe('archive_full')
    await harness.until('ready')
    expect((await harness.get('/api/chats')).json).toMatchObject({ ok: true })
    disk.free()
    await expect
      .poll(
        () => {
          clock.advance(RETRY_MS)
          return isComplete(harness)
        },
        { timeout: 60_000, interval: 200 },
      )
      .toBe(true)
    await expectMended(harness, disk)
    await harness.app.close()
    expect(compareArchive(file, world, { before }).problems).toEqual([])
  },
)

it('while a database is created: with more room it is created, however far it came', (context) => {
  // Connections keep removed files until they are collected as garbage.
  const opened = openSmallDisk(48)
  if (typeof opened === 'string') return context.skip(opened)
  disk = opened
  let refused = 0
  for (let pages = 0; pages < 24; pages += 1) {
    const file = join(opened.path, `${pages}.db`)
    opened.fill(pages * PAGE_BYTES)
    try {
      openStore(file).close()
    } catch (error) {
      refused += 1
      expect(error, `${pages} pages left`).toMatchObject({ code: 'archive_full' })
    }
    opened.free()
    openStore(file).close()
    for (const suffix of ['', '-wal', '-shm', '-journal']) rmSync(`${file}${suffix}`, { force: true })
  }
  expect(refused).toBeGreaterThan(10)
})

it('without room even for the lock: the server does not start, and leaves nothing in the way', async (context) => {
  const { disk, harness } = await linkedOnSmallDisk(context)
  await harness.app.close()
  disk.fill()
  await expect(harness.restart()).rejects.toThrow()
  disk.free()
  await harness.restart()
  await harness.until('ready')
  await harness.synced()
})

it('without room for the archive itself: it is opened once there is some, while the account stays connected', async (context) => {
  const { disk, harness, file } = await linkedOnSmallDisk(context)
  await harness.app.close()
  rmSync(file)
  disk.fill(PAGE_BYTES)
  await harness.restart()
  await harness.until('ready')
  expect(archive(harness)).toMatchObject({ problem: 'archive_full', messages: null, stale_since: null })
  await harness.world.write({ from: AMARA, text: 'nowhere to put it' })
  await expectMended(harness, disk)
  expect(harness.app.session.status()).toMatchObject({ state: 'ready', reconnect: null })
})
