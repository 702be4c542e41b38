/** Limits repeated notifications to one a second. The last one is always sent. */
import type { Clock } from '../../clock.ts'

const PAUSE_MS = 1_000

export type Pacer = {
  /** Sends immediately, or at the end of the second if the same was sent within the last second. */
  tell(what: string): void
  /** Sends nothing more. */
  stop(): void
}

/** @param say sends one notification; must not throw */
export function createPacer(clock: Clock, say: (what: string) => void): Pacer {
  /** What was sent within the last second, and whether it must be sent again at the end of that second. */
  const recent = new Map<string, { isDue: boolean; cancel: () => void }>()

  function sendNow(what: string): void {
    const cancel = clock.after(PAUSE_MS, () => {
      const isDue = recent.get(what)?.isDue
      recent.delete(what)
      if (isDue) sendNow(what)
    })
    recent.set(what, { isDue: false, cancel })
    say(what)
  }

  return {
    tell(what) {
      const entry = recent.get(what)
      if (entry === undefined) sendNow(what)
      else entry.isDue = true
    },
    stop() {
      for (const { cancel } of recent.values()) cancel()
      recent.clear()
    },
  }
}
