/** Real time that a test can also push ahead: a minute passes in no time, and nothing else changes. */
import type { Clock } from '../src/clock.ts'

export type TestClock = Clock & {
  /** Let this much time pass now: timers that come due run, in order. */
  advance(ms: number): void
  /** Until {@link TestClock.release}, the time is the same whatever happens; timers end as usual. */
  hold(): void
  release(): void
  /** Does anything wait that asked for exactly this long? */
  waits(ms: number): boolean
}

export function createTestClock(): TestClock {
  let ahead = 0
  let heldAt: number | null = null
  const timers = new Set<Timer>()
  const now = () => (heldAt ?? Date.now()) + ahead
  const arm = (timer: Timer) => setTimeout(() => fire(timer), Math.max(0, timer.at - now()))
  function fire(timer: Timer): void {
    clearTimeout(timer.real)
    if (timers.delete(timer)) timer.run()
  }
  return {
    now,
    after(ms, run) {
      const timer: Timer = { ms, at: now() + ms, run, real: undefined }
      timer.real = arm(timer)
      timers.add(timer)
      return () => {
        clearTimeout(timer.real)
        timers.delete(timer)
      }
    },
    advance(ms) {
      ahead += ms
      const due = [...timers].filter(({ at }) => at <= now()).sort((a, b) => a.at - b.at)
      for (const timer of due) fire(timer)
      for (const timer of timers) {
        clearTimeout(timer.real)
        timer.real = arm(timer)
      }
    },
    hold() {
      heldAt ??= Date.now()
    },
    release() {
      if (heldAt !== null) ahead += heldAt - Date.now()
      heldAt = null
    },
    waits: (wanted) => [...timers].some(({ ms }) => ms === wanted),
  }
}

type Timer = { ms: number; at: number; run: () => void; real: NodeJS.Timeout | undefined }
