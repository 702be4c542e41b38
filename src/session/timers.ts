/** Named timers: setting one again replaces it, and all can be cleared at once. */
import type { Clock } from '../clock.ts'

export type Timers<Name extends string | number> = {
  set(name: Name, ms: number, run: () => void): void
  clear(name: Name): void
  clearAll(): void
  isSet(name: Name): boolean
}

export function createTimers<Name extends string | number>(clock: Clock): Timers<Name> {
  const cancels = new Map<Name, () => void>()
  const clear = (name: Name) => {
    cancels.get(name)?.()
    cancels.delete(name)
  }
  return {
    set(name, ms, run) {
      clear(name)
      cancels.set(
        name,
        clock.after(ms, () => {
          cancels.delete(name)
          run()
        }),
      )
    },
    clear,
    clearAll() {
      for (const name of [...cancels.keys()]) clear(name)
    },
    isSet: (name) => cancels.has(name),
  }
}
