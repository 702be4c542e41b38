/** What WhatsApp does not let the account do now. It ends by itself at its time, also while no browser runs. */
import type { Clock } from '../clock.ts'
import type { Restriction } from '../model/restriction.ts'
import { createTimers } from './timers.ts'

export type RestrictionWatch = {
  view(): Restriction | null
  /** WhatsApp reports this restriction, or none. */
  set(next: Restriction | null): void
  /** The account is no longer linked: nothing is known, and no change is reported. */
  forget(): void
  /** Stops the timer. */
  stop(): void
}

/** @param tell called after each change; must not throw */
export function createRestrictionWatch(
  clock: Clock,
  tell: (restriction: Restriction | null) => void,
): RestrictionWatch {
  const timers = createTimers<'end'>(clock)
  let restriction: Restriction | null = null

  function set(next: Restriction | null): void {
    if (JSON.stringify(next) === JSON.stringify(restriction)) return
    timers.clearAll()
    restriction = next
    if (next !== null && next.ends_at !== null)
      timers.set('end', Math.max(0, Date.parse(next.ends_at) - clock.now()), () => set(null))
    tell(next)
  }

  return {
    view: () => restriction,
    set,
    forget() {
      restriction = null
      timers.clearAll()
    },
    stop: timers.clearAll,
  }
}
