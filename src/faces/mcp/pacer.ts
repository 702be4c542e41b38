/** Says the same thing at most once a second, and never leaves out the last time. */
import type { Clock } from '../../clock.ts'

const PAUSE_MS = 1_000

export type Pacer = {
  /** At once; where this was said within the last second, at its end. */
  tell(what: string): void
  /** Nothing more is said. */
  stop(): void
}

/** @param say what is to be done; it must not throw */
export function createPacer(clock: Clock, say: (what: string) => void): Pacer {
  /** What was said within the last second, and whether it is to be said again at its end. */
  const recent = new Map<string, { isDue: boolean; cancel: () => void }>()

  function now(what: string): void {
    const cancel = clock.after(PAUSE_MS, () => {
      const isDue = recent.get(what)?.isDue
      recent.delete(what)
      if (isDue) now(what)
    })
    recent.set(what, { isDue: false, cancel })
    say(what)
  }

  return {
    tell(what) {
      const entry = recent.get(what)
      if (entry === undefined) now(what)
      else entry.isDue = true
    },
    stop() {
      for (const { cancel } of recent.values()) cancel()
      recent.clear()
    },
  }
}
