/** Builds the search index of an archive that has none or a damaged one, in the background. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { createTimers } from './timers.ts'

/** Pause between two steps, so that requests come first; a step takes some milliseconds. */
const PAUSE_MS = 5
/** Interval between checks for work, and between retries after a disk error. */
const LOOK_MS = 30_000

/** Starts indexing, and continues what the last server left. Returns the function that stops it. */
export function startIndexing(store: Store, clock: Clock, log: Log): () => void {
  const timers = createTimers<'step'>(clock)
  let isRunning = false

  function step(): void {
    try {
      const goesOn = store.search.isIncomplete() && store.search.step()
      if (goesOn !== isRunning) log.info({ running: goesOn }, 'indexing older messages for search')
      isRunning = goesOn
    } catch (error) {
      isRunning = false
      log.warn({ err: error }, 'older messages could not be indexed for search; the next attempt follows')
    }
    timers.set('step', isRunning ? PAUSE_MS : LOOK_MS, step)
  }

  timers.set('step', PAUSE_MS, step)
  return () => timers.clearAll()
}
