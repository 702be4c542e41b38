/**
 * No message is lost, whatever WhatsApp Web's page does: the page's own code on a page in the test's hand, up to
 * the archive. Below the browser, so that hundreds of histories can be tried.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { MEMORY_LIMITS } from '../src/engine/wweb/page-memory.ts'
import { createLog } from '../src/log.ts'
import { toJid } from '../src/model/ids.ts'
import { KEEP_ALL } from '../src/model/keeping.ts'
import { createCatchUp } from '../src/session/catch-up.ts'
import { createInbox } from '../src/session/inbox.ts'
import { createKeeping } from '../src/session/keeping.ts'
import { openStore } from '../src/store/store.ts'
import { type FakePage, openFakePage } from './fake-page.ts'
import { createRandom } from './random.ts'
import { createTestClock } from './test-clock.ts'

const AMARA = toJid('15551110000@c.us')
const T = 1_700_000_000

let close: (() => void) | undefined
afterEach(() => close?.())

function openArchive(page: FakePage) {
  const dir = mkdtempSync(join(tmpdir(), 'wma-loss-'))
  const store = openStore(join(dir, 'a.db'))
  const clock = createTestClock()
  const log = createLog({ level: 'silent' })
  const keeping = createKeeping(store, KEEP_ALL, clock)
  const own = () => new Set([toJid('15551110009@c.us')])
  let knownUntil: number | null = null
  let catchUp: ReturnType<typeof createCatchUp> | undefined
  close = () => {
    catchUp?.stop()
    store.close()
    rmSync(dir, { recursive: true, force: true })
    close = undefined
  }
  const inbox = createInbox({
    ...{ store, keeping, own, clock, log, hash: () => '', onLost: () => {} },
    onUnheard: (chat, from) => catchUp?.checkChat(chat, from),
    onMore: () => catchUp?.more(),
  })
  return {
    /** A new connection at this time (Unix seconds): reads until nothing is left to do. */
    async connect(now: number, perChat = 100_000): Promise<void> {
      catchUp?.stop()
      clock.advance(now * 1000 - clock.now())
      inbox.invalidateSync()
      catchUp = createCatchUp({
        ...{ engine: page.engine(clock), store, inbox, keeping, clock, log, onFailed: () => {} },
        budget: { perChat, days: 36_500, total: 1_000_000, pauseMs: 0 },
        knownUntil: () => knownUntil,
        onCaughtUp: () => {
          knownUntil = Math.floor(clock.now() / 1000)
          return true
        },
      })
      catchUp.run()
      await expect
        .poll(
          () => {
            clock.advance(1_000)
            return catchUp?.progress().phase
          },
          { interval: 1, timeout: 60_000 },
        )
        .toBe('done')
    },
    bodies: () =>
      store.db
        .query<{ bare_id: string }>('SELECT bare_id FROM messages ORDER BY id')
        .all()
        .map(({ bare_id }) => bare_id),
    gaps: () => store.gaps.all().length,
  }
}

/** Messages in runs of one second, up to `longest` of them. */
function history(random: (end: number) => number, count: number, longest: number) {
  const list: { id: string; t: number }[] = []
  for (let t = T; list.length < count; t += 1 + random(90))
    for (let left = 1 + random(longest); left > 0; left -= 1) list.push({ id: `M${list.length}`, t })
  return list.slice(0, count)
}

describe('every message is found, in any order, with any page size and any number of equal seconds', () => {
  const seeds = Array.from({ length: 40 }, () => Math.floor(Math.random() * 1e6))
  it.each(seeds)('seed %i', async (seed) => {
    const random = createRandom(seed)
    const all = history(random, 20 + random(400), [1, 3, 12, 60, 200][random(5)] ?? 1)
    const split = random(all.length)
    // Half of the pages let go of almost everything at once.
    const limits = random(2) === 0 ? MEMORY_LIMITS : { most: random(60), idleMs: 1_000, changeableS: 0 }
    const page = openFakePage(AMARA, random, { shuffled: random(2) === 0, limits })
    const archive = openArchive(page)
    page.hold(all.slice(0, split))
    const first = all[Math.max(0, split - 1)]?.t ?? T
    await archive.connect(first, random(2) === 0 ? 10 : undefined)
    // A new page, with what came while the server was down.
    page.hold(all)
    await archive.connect(first + 100_000)
    const found = archive.bodies()
    const names = all.map(({ id }) => id)
    expect([...found].sort(), `seed ${seed}`).toEqual([...names].sort())
    expect(archive.gaps()).toBe(0)
  })
})

describe('a message that arrives late, with an old time', () => {
  it('is not taken for the beginning of what lies between', async () => {
    const random = createRandom(3)
    const page = openFakePage(AMARA, random, { place: 'end' })
    const archive = openArchive(page)
    const all = history(random, 300, 3)
    page.hold(all)
    for (let n = 0; n < 60; n += 1) page.add({ id: `LATE${n}`, t: T - 1_000 + n })
    await archive.connect(T + 40_000)
    expect(archive.bodies()).toHaveLength(360)
  })
})

describe('the order within a second', () => {
  it.each(['front', 'end', 'anywhere'] as const)(
    'is that in which WhatsApp Web loads messages, at whichever end of the chat it puts them: %s',
    async (place) => {
      const random = createRandom(7)
      const page = openFakePage(AMARA, random, { place })
      const archive = openArchive(page)
      const before = history(random, 160, 80)
      page.hold(before)
      const later = T + 40_000
      await archive.connect(later - 10, 40)
      // What is loaded in a later connection stands before what is there.
      page.hold(before)
      await archive.connect(later - 5)
      expect(archive.bodies()).toEqual(before.map(({ id }) => id))
      const down = Array.from({ length: 120 }, (_, n) => ({ id: `D${n}`, t: later }))
      page.hold([...before, ...down])
      await archive.connect(later + 10)
      const names = [...before, ...down].map(({ id }) => id)
      expect(archive.bodies()).toEqual(names)
      // Stable, and what comes live follows.
      page.hold([...before, ...down])
      page.add({ id: 'LIVE', t: later })
      await archive.connect(later + 20)
      expect(archive.bodies()).toEqual([...names, 'LIVE'])
    },
  )
})
