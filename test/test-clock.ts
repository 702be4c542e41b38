/** Real time that a test can also push ahead: a minute passes in no time, and nothing else changes. */
import type { Clock } from '../src/clock.ts'

export type TestClock = Clock & {
  /** Let this much time pass now: timers that come due run, in order. */
  advance(ms: number): void
}

export function createTestClock(): TestClock {
  let ahead = 0
  const timers = new Set<{ at: number; fire: () => void }>()
  const now = () => Date.now() + ahead
  return {
    now,
    after(ms, run) {
      const timer = {
        at: now() + ms,
        fire() {
          if (!timers.delete(timer)) return
          clearTimeout(real)
          run()
        },
      }
      const real = setTimeout(timer.fire, ms)
      timers.add(timer)
      return () => {
        clearTimeout(real)
        timers.delete(timer)
      }
    },
    advance(ms) {
      ahead += ms
      const due = [...timers].filter(({ at }) => at <= now()).sort((a, b) => a.at - b.at)
      for (const timer of due) timer.fire()
    },
  }
}
