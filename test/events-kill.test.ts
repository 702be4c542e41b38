/** A reader of the event stream while the server under it is killed again and again: every event once, in order. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, it } from 'vitest'
import { createRandom } from '../simulator/service/random.ts'
import { readArchive } from './archive-rows.ts'
import { type EventStream, openStream } from './event-reader.ts'
import { waitFor } from './soak/server-process.ts'
import { openStage, type Stage } from './soak/stage.ts'
import { createTraffic } from './soak/traffic.ts'

const KILLS = 4
const LIMIT_MS = 400_000

let stage: Stage
afterEach(() => stage.close())

/** Follows the stream of whatever server runs; comes back with the last id that it saw, as the standard says. */
function createFollower(after: string) {
  const cursors: string[] = []
  let lastId = after
  let open: EventStream | null = null
  let isOver = false
  let times = 0
  const done = (async () => {
    while (!isOver) {
      const url = stage.server().url()
      try {
        if (url === null) throw new Error('not yet')
        open = await openStream(url, {
          headers: { 'last-event-id': lastId },
          heard: ({ id, event }) => cursors.push(event === 'error' ? 'error' : (id ?? 'no id')),
        })
        times += 1
        await open.ended
        lastId = open.lastId() ?? lastId
      } catch {
        await sleep(10)
      }
    }
  })()
  return {
    cursors,
    /** How often a stream began. */
    times: () => times,
    stop() {
      isOver = true
      open?.close()
      return done
    },
  }
}

it(
  'misses nothing and hears nothing twice',
  async () => {
    stage = await openStage(11)
    const random = createRandom(11)
    const traffic = createTraffic(stage.world, random)
    await stage.linkForGood()
    const now = await fetch(`${stage.server().url()}/api/events`)
    const begin: { next_after: string } = JSON.parse(await now.text())
    const follower = createFollower(begin.next_after)
    for (let kill = 0; kill < KILLS; kill += 1) {
      await waitFor('a stream', 60_000, () => (follower.times() > kill ? true : null))
      await traffic.burst(10)
      const more = traffic.burst(40)
      await sleep(random.between(0, 150))
      await stage.server().kill()
      await more
      stage.start()
      await stage.ready(stage.server().startedAt)
    }
    await traffic.burst(20)
    const { archive } = await stage.synced()
    const logged = () =>
      readArchive(archive?.file ?? '', ({ events }) =>
        events.after(Number(begin.next_after.split('-')[1]), 1_000_000),
      )
    await waitFor('everything told', 60_000, () =>
      follower.cursors.length >= logged().length && follower.cursors.length > 0 ? true : null,
    )
    await stage.stop()
    await follower.stop()
    expect(follower.cursors.map((cursor) => Number(cursor.split('-')[1]))).toEqual(
      logged().map(({ cursor }) => cursor),
    )
    expect(logged().filter(({ kind }) => /received|sent/.test(kind))).toHaveLength(traffic.written())
    expect(follower.times()).toBeGreaterThan(KILLS)
  },
  LIMIT_MS,
)
