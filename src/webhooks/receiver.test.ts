/** A webhook at work: when it looks for the tombstones of what waits, and how it waits for its account. */
import { afterEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import type { Clock } from '../clock.ts'
import type { LaneRow } from '../control.ts'
import { fail } from '../errors.ts'
import { createLog } from '../log.ts'
import { createPlaces } from './places.ts'
import { openReceiver, type ReceiverOptions, type Receiving } from './receiver.ts'

type Options = ReceiverOptions<Receiving, string>

const turns = () => new Promise((resolve) => setTimeout(resolve, 20))
let close = async () => {}
afterEach(() => close())

/** A webhook that is paused, with these lanes. @param get returns its account */
async function open(stored: LaneRow[], get: () => unknown, clock: Clock) {
  const webhooks = { reached: async () => {}, begun: async () => {}, wipe: async () => {} }
  const receiver = await openReceiver<Receiving, string>(
    {
      id: 'wh_1',
      account: 'default',
      filter: { kinds: null, chats: null, fromMe: null, mentionsMe: false },
      paused: 'owner',
      place: '1',
    } as Receiving,
    {
      control: {
        lanes: async () => stored,
        sending: async () => [],
        putLane: async () => {},
        removeLane: async () => {},
      },
      places: createPlaces(webhooks, () => {}, clock),
      accounts: { get: () => get() as ReturnType<Options['accounts']['get']> },
      clock,
      log: createLog({ level: 'error', write() {} }),
      delivering: () => ({ deliver: async () => null, close() {} }),
      onPaused() {},
      onLost() {},
    },
  )
  close = receiver.close
  return receiver
}

it('looks again at the next event if no log could be read when a tombstone came', async () => {
  let isOpen = true
  let end = 1
  let append: (hasForgotten: boolean) => void = () => {}
  const source = {
    last: () => end,
    fromText: (text: string) => Number(text),
    toText: String,
    before: () => 0,
    readEvents: async () => ({
      events: end === 1 ? [] : [{ kind: 'message.forgotten', data: { id: 'false_15551234567@c.us_3EB0' } }],
      next: end,
      hasMore: false,
    }),
  }
  const events = { log: () => (isOpen ? source : fail('not_linked')), keepFor: () => () => {} }
  const account = {
    archive: {
      events,
      onAppend(listener: typeof append) {
        append = listener
        return () => {}
      },
    },
    session: { status: () => ({ linked: true }), onChange: () => () => {} },
  }
  const message = 'false_15551234567@c.us_3EB0'
  const sending = [{ event: '1', message, body: 'a text' }]
  const stored: LaneRow = { webhook: 'wh_1', chat: '15551234567@c.us', event: '1', head: null, sending }
  const receiver = await open([stored], () => account, createTestClock())
  await turns()
  end = 2
  isOpen = false
  append(true)
  await turns()
  expect(receiver.lanes.waiting()).toHaveLength(1)
  isOpen = true
  append(false)
  await turns()
  expect(receiver.lanes.waiting()).toEqual([])
})

it('has one timer while its account cannot be opened, and none once it is closed', async () => {
  const clock = createTestClock()
  let [tries, cancelled] = [0, 0]
  const after: Clock['after'] = (ms, run) => {
    const cancel = clock.after(ms, run)
    return () => {
      cancelled += 1
      cancel()
    }
  }
  const get = () => {
    tries += 1
    return fail('account_not_found')
  }
  const receiver = await open([], get, { ...clock, after })
  await turns()
  tries = 0
  for (let n = 0; n < 20; n += 1) clock.advance(5_000)
  expect(tries).toBe(20)
  await receiver.close()
  clock.advance(5_000)
  expect({ tries, cancelled }).toEqual({ tries: 20, cancelled: 1 })
})
