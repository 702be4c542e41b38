/** Lookups of numbers, on a real store and a clock of the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { phoneJid, phoneNumberInput } from '../model/ids.ts'
import { openStore, type Store } from '../store/store.ts'
import { createNumberRoom } from './numbers.ts'

const KNOWN = phoneNumberInput.parse('15550001101')
const NOBODY = phoneNumberInput.parse('15559990001')
const DAY_MS = 24 * 3_600_000

let dir: string
let store: Store
let asked: string[]
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-numbers-'))
  store = openStore(join(dir, 'a.db'))
  asked = []
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

/** On this store, with a WhatsApp that has one of the numbers. */
function opened(clock = createTestClock(), isConnected = true) {
  const engine = {
    connected: () => isConnected,
    async findNumber(phone: string) {
      asked.push(phone)
      return phone === KNOWN ? phoneJid(KNOWN) : null
    },
  }
  return createNumberRoom({ store, engine: () => engine, clock })
}

it('looks each number up once a day, also one that is nobody, and also after a restart', async () => {
  const clock = createTestClock()
  const room = opened(clock)
  expect(await Promise.all([room.find(KNOWN), room.find(KNOWN)])).toEqual([phoneJid(KNOWN), phoneJid(KNOWN)])
  expect(await room.find(NOBODY)).toBeNull()
  expect(await opened(clock).find(NOBODY)).toBeNull()
  expect(asked).toEqual([KNOWN, NOBODY])
  clock.advance(DAY_MS + 1_000)
  expect(await room.find(KNOWN)).toBe(phoneJid(KNOWN))
  expect(asked).toEqual([KNOWN, NOBODY, KNOWN])
  // What is older than a day is not kept.
  expect(store.numbers.get(NOBODY, 0)).toBeUndefined()
})

it('waits between two lookups', async () => {
  const startedAt = performance.now()
  const room = opened()
  await Promise.all([room.find(KNOWN), room.find(NOBODY)])
  expect(performance.now() - startedAt).toBeGreaterThan(150)
})

it('remembers nothing of a lookup that failed', async () => {
  await expect(opened(createTestClock(), false).find(KNOWN)).rejects.toMatchObject({ code: 'not_connected' })
  expect(await opened().find(KNOWN)).toBe(phoneJid(KNOWN))
})
