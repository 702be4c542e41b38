import { afterEach, expect, it, vi } from 'vitest'
import { systemClock } from './clock.ts'

const HOUR_MS = 3_600_000
const DAY_MS = 24 * HOUR_MS

afterEach(() => {
  vi.useRealTimers()
})

it('waits longer than a timer of Node can', () => {
  vi.useFakeTimers()
  const run = vi.fn()
  systemClock.after(30 * DAY_MS, run)
  const cancel = systemClock.after(30 * DAY_MS, () => expect.fail('was cancelled'))
  vi.advanceTimersByTime(30 * DAY_MS - 1)
  expect(run).not.toHaveBeenCalled()
  cancel()
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledOnce()
})

it('waits no longer because the computer sleeps, nor because its clock is set back', () => {
  vi.useFakeTimers()
  const run = vi.fn()
  systemClock.after(DAY_MS, run)
  vi.setSystemTime(Date.now() + 20 * HOUR_MS)
  vi.advanceTimersByTime(3 * HOUR_MS)
  expect(run).not.toHaveBeenCalled()
  vi.setSystemTime(Date.now() + HOUR_MS)
  vi.advanceTimersByTime(61_000)
  expect(run).toHaveBeenCalledOnce()
  systemClock.after(HOUR_MS, run)
  vi.setSystemTime(Date.now() - DAY_MS)
  vi.advanceTimersByTime(HOUR_MS)
  expect(run).toHaveBeenCalledTimes(2)
})
