import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { createLog } from '../log.ts'
import { openStore, type Store } from '../store/store.ts'
import { startEventTrimmer } from './event-trimmer.ts'

let dir: string
let store: Store
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-trim-'))
  store = openStore(join(dir, 'a.db'))
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

it('drops what is too old, but for what a consumer has still to read', () => {
  const clock = createTestClock()
  const append = () =>
    store.events.append({ at_ms: clock.now(), kind: 'chat.removed', chat: null, message: null, data: null })
  for (let n = 0; n < 4; n += 1) append()
  clock.advance(31 * 86_400_000)
  append()
  const places = [3, 1]
  const log = createLog({ level: 'silent' })
  const stop = startEventTrimmer({ store, days: 30, clock, log, places: () => places })
  const kept = () => store.events.after(0, 10).map(({ cursor }) => cursor)
  clock.advance(3_600_000)
  expect(kept()).toEqual([2, 3, 4, 5])
  places[1] = 3
  clock.advance(3_600_000)
  expect(kept()).toEqual([4, 5])
  places.length = 0
  clock.advance(3_600_000)
  expect(kept()).toEqual([5])
  stop()
})

it('waits a week for a consumer, and then says that it did not', () => {
  const clock = createTestClock()
  store.events.append({ at_ms: clock.now(), kind: 'chat.removed', chat: null, message: null, data: null })
  const lines: { msg: string; events?: number }[] = []
  const log = createLog({ level: 'warn', write: (line) => lines.push(JSON.parse(line)) })
  const stop = startEventTrimmer({ store, days: 30, clock, log, places: () => [0] })
  const kept = () => store.events.after(0, 10).length
  clock.advance(36 * 86_400_000)
  expect([kept(), lines.length]).toEqual([1, 0])
  clock.advance(86_400_000)
  expect(kept()).toBe(0)
  expect(lines).toMatchObject([
    { events: 1, msg: 'old events were deleted before a webhook had received them' },
  ])
  stop()
})
