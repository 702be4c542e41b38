import { expect, it } from 'vitest'
import { delayAfter } from './retries.ts'

const HOUR_MS = 3_600_000

it('tries again after 1, 5 and 30 s, 2 and 10 minutes, then hourly with jitter', () => {
  const delays = [1, 2, 3, 4, 5].map((attempts) => delayAfter(attempts, 0, 0.9))
  expect(delays).toEqual([1_000, 5_000, 30_000, 120_000, 600_000])
  expect(delayAfter(6, 0, 0)).toBe(0.8 * HOUR_MS)
  expect(delayAfter(60, 0, 1)).toBe(1.2 * HOUR_MS)
})

it('ends 3 days after the first failure', () => {
  expect(delayAfter(70, 72 * HOUR_MS - 1, 0.5)).toBe(HOUR_MS)
  expect(delayAfter(70, 72 * HOUR_MS, 0.5)).toBe(null)
})
