/** A webhook that cannot go on: how often it tries. */
import { afterEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { fail } from '../errors.ts'
import { createLog } from '../log.ts'
import { createLanes } from './lanes.ts'
import { createPump } from './pump.ts'

const turns = () => new Promise((resolve) => setTimeout(resolve, 20))
let halt = async () => {}
afterEach(() => halt())

/** A webhook with a lane that is due, whose log cannot be read. */
function openPump(code: 'archive_key_missing' | 'not_linked') {
  const clock = createTestClock()
  const log = createLog({ level: 'error', write() {} })
  const lanes = createLanes({
    webhook: 'wh_1',
    stored: [{ webhook: 'wh_1', chat: '15551234567@c.us', event: '00000000-1-1', head: null, sending: [] }],
    store: { putLane: async () => {}, removeLane: async () => {} },
    onWait() {},
    clock,
    log,
  })
  let reads = 0
  const pump = createPump({
    row: () => ({ filter: { kinds: null, chats: null, fromMe: null, mentionsMe: false }, paused: null }),
    place: '0',
    sending: [],
    lanes,
    log() {
      reads += 1
      return fail(code)
    },
    addressesOf: async () => [],
    deliver: async () => null,
    clock,
    logger: log,
    onMoved() {},
    onSending: async () => {},
    onAttempt() {},
    onPaused() {},
    onLost() {},
  })
  halt = pump.halt
  pump.start()
  return { pump, clock, reads: () => reads }
}

it('tries again after 5 s, with its failing chats too', async () => {
  const { clock, reads } = openPump('archive_key_missing')
  for (let step = 0; step < 5; step += 1) await turns().then(() => clock.advance(1))
  // One for new events, one for the lane.
  expect(reads()).toBe(2)
  clock.advance(5_000)
  await turns()
  expect(reads()).toBe(4)
})

it('waits for the log if no account is linked', async () => {
  const { pump, clock, reads } = openPump('not_linked')
  for (let step = 0; step < 5; step += 1) await turns().then(() => clock.advance(60_000))
  expect(reads()).toBe(2)
  pump.wake()
  await turns()
  expect(reads()).toBe(4)
})
