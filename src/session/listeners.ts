/** Those who are called after every change of a session. */
import type { Clock } from '../clock.ts'

export type Listeners = {
  /** Calls every listener. */
  tell(): void
  /** Returns the unsubscribe function. */
  add(listener: () => void): () => void
  /** Resolves once `when` is true, now or after a change, at the latest after `ms`. Never fails. */
  waitUntil(when: () => boolean, ms: number): Promise<void>
}

export function createListeners(clock: Clock): Listeners {
  const listeners = new Set<() => void>()

  function add(listener: () => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    tell() {
      for (const listener of listeners) listener()
    },
    add,
    waitUntil: (when, ms) =>
      new Promise((resolve) => {
        if (when()) return resolve()
        const finish = () => {
          cancel()
          stopListening()
          resolve()
        }
        const cancel = clock.after(ms, finish)
        const stopListening = add(() => {
          if (when()) finish()
        })
      }),
  }
}
