import { afterEach, expect, it, vi } from 'vitest'
import { systemClock } from './clock.ts'

const DAY_MS = 86_400_000

afterEach(() => {
  vi.useRealTimers()
})

it('waits longer than a timer of Node can', () => {
  vi.useFakeTimers()
  const run = vi.fn()
  systemClock.after(60 * DAY_MS, run)
  const cancel = systemClock.after(60 * DAY_MS, () => expect.fail('was cancelled'))
  vi.advanceTimersByTime(60 * DAY_MS - 1)
  expect(run).not.toHaveBeenCalled()
  cancel()
  vi.advanceTimersByTime(1)
  expect(run).toHaveBeenCalledOnce()
})
