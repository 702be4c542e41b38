/** A webhook that cannot go on: how often it tries. And one that names chats, on a real archive. */
import { afterEach, expect, it } from 'vitest'
import { openArchiveStage } from '../../test/archive-stage.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { fail } from '../errors.ts'
import { createLog } from '../log.ts'
import { toJid } from '../model/ids.ts'
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
    namesOf: async () => [],
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

const [PHONE, LID, ASKED] = [toJid('551187654321@c.us'), toJid('42@lid'), toJid('5511987654321@c.us')]
const NAMED = Array.from({ length: 999 }, (_, index) => toJid(`${15_550_100_000 + index}@c.us`))

it.each([
  ['its number', [PHONE], 1],
  ['its LID', [LID], 1],
  ['the number by which it was asked for', [ASKED], 1],
  ['none of its addresses', [], 0],
])('finds a chat by %s among a thousand, and looks up only a few of them', async (_, named, delivered) => {
  const clock = createTestClock()
  const stage = await openArchiveStage(clock)
  try {
    stage.archive.take({ type: 'identity', phone: PHONE, lid: LID })
    stage.archive.take({ type: 'number', asked: ASKED, phone: PHONE })
    stage.archive.take({ type: 'message', message: seenMessage({ chat: LID, bareId: '3EB0AA', body: 'hi' }) })
    stage.archive.flush()
    const log = createLog({ level: 'error', write() {} })
    const filter = { kinds: null, chats: [...NAMED, ...named], fromMe: null, mentionsMe: false }
    let lookUps = 0
    let sends = 0
    const reader = stage.archive.reader()
    const counted = (read: (chat: typeof LID) => Promise<readonly (typeof LID)[]>) => (chat: typeof LID) => {
      lookUps += 1
      return read(chat)
    }
    const pump = createPump({
      row: () => ({ filter, paused: null }),
      ...{ place: '0', sending: [], clock, logger: log, log: () => stage.archive.events.log() },
      lanes: createLanes({
        ...{ webhook: 'wh_1', stored: [], clock, log, onWait() {} },
        store: { putLane: async () => {}, removeLane: async () => {} },
      }),
      addressesOf: counted(reader.addressesOf),
      namesOf: counted(reader.namesOf),
      async deliver() {
        sends += 1
        return { status: 200, error: null, ms: 1 } as never
      },
      ...{ onMoved() {}, onSending: async () => {}, onAttempt() {}, onPaused() {}, onLost() {} },
    })
    halt = pump.halt
    pump.start()
    await pump.settled()
    expect([sends, lookUps < 10]).toEqual([delivered, true])
    await pump.halt()
  } finally {
    await stage.close()
  }
})

it('ends an attempt by hand, while it is paused, before it has halted', async () => {
  const clock = createTestClock()
  const log = createLog({ level: 'error', write() {} })
  const event = '00000000-1-1'
  const attempts = { attempts: 1, firstAtMs: 0, status: 500, error: 'status_refused' }
  const head = { kind: 'message.received', message: 'M', body: '{}', nextAtMs: 0, ...attempts } as const
  let isHalted = false
  const storedLate: string[] = []
  const note = (what: string) => async () => void (isHalted && storedLate.push(what))
  const pump = createPump({
    row: () => ({
      filter: { kinds: null, chats: null, fromMe: null, mentionsMe: false },
      paused: 'owner',
    }),
    ...{ place: '0', sending: [], clock, logger: log, log: () => fail('not_linked') },
    lanes: createLanes({
      ...{ webhook: 'wh_1', clock, log, onWait() {} },
      stored: [{ webhook: 'wh_1', chat: PHONE, event, head, sending: [] }],
      store: { putLane: note('put'), removeLane: note('remove') },
    }),
    ...{ addressesOf: async () => [], namesOf: async () => [] },
    async deliver(_id, _body, signal) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
      // The response came with the end.
      await turns()
      return { status: 500, error: 'status_refused', ms: 1 } as never
    },
    ...{ onMoved() {}, onSending: async () => {}, onAttempt() {}, onPaused() {}, onLost() {} },
  })
  const retried = pump.retry(event)
  await turns()
  await pump.halt()
  isHalted = true
  await retried
  expect(storedLate).toEqual([])
})
