import { describe, expect, it } from 'vitest'
import { createReconnects } from './reconnect.ts'

const MINUTE = 60_000

describe('createReconnects', () => {
  it('waits longer each time, then a minute', () => {
    const reconnects = createReconnects(() => 0)
    const waits = Array.from({ length: 8 }, () => reconnects.next(0, 'lost'))
    expect(waits).toEqual([1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 60_000, 60_000])
    expect(reconnects.attempt()).toBe(8)
  })

  it('begins again after a reset', () => {
    const reconnects = createReconnects(() => 0)
    reconnects.next(0, 'lost')
    reconnects.next(0, 'lost')
    reconnects.reset()
    expect(reconnects.next(0, 'lost')).toBe(1_000)
    expect(reconnects.attempt()).toBe(1)
  })

  it('spreads attempts by at most a fifth', () => {
    expect(createReconnects(() => 1).next(0, 'lost')).toBe(1_200)
  })

  it('never makes more than ten attempts in any hour, and never stops', () => {
    const reconnects = createReconnects(() => 0)
    const made: number[] = []
    for (let now = 0; made.length < 60; ) {
      now += reconnects.next(now, 'lost') ?? Number.NaN
      made.push(now)
    }
    for (const at of made) {
      expect(made.filter((other) => other >= at && other < at + 60 * MINUTE).length).toBeLessThanOrEqual(10)
    }
  })

  it('goes on every minute while there is no network: WhatsApp did not see those attempts', () => {
    const reconnects = createReconnects(() => 0)
    let now = 0
    for (let n = 0; n < 60; n += 1) now += reconnects.next(now, n < 3 ? 'lost' : 'unreached') ?? Number.NaN
    expect(reconnects.next(now, 'unreached')).toBe(MINUTE)
    // Two that it saw, and the present one, still count.
    const waits = Array.from({ length: 8 }, () => reconnects.next(now, 'lost') ?? 0)
    expect(waits.slice(0, 7).every((ms) => ms === MINUTE)).toBe(true)
    expect(waits[7]).toBeGreaterThan(MINUTE)
  })

  it('waits a minute after a conflict and stops after three', () => {
    const reconnects = createReconnects(() => 0)
    const waits = Array.from({ length: 4 }, () => reconnects.next(0, 'conflict'))
    expect(waits).toEqual([MINUTE, MINUTE, MINUTE, null])
  })
})
