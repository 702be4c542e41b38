/** Makes an archive searchable that was written before it could be, or whose index was damaged: in the background. */
import type { Clock } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Store } from '../store/store.ts'
import { createTimers } from './timers.ts'

/** Between two steps, so that requests come first; a step takes some milliseconds itself. */
const PAUSE_MS = 5
/** So often it is looked whether there is anything to do, or tried again on a disk that refused. */
const LOOK_MS = 30_000

/** Goes on where it was when the server ended. The returned function ends it. */
export function startIndexing(store: Store, clock: Clock, log: Log): () => void {
  const timers = createTimers<'step'>(clock)
  let isRunning = false

  function step(): void {
    try {
      const goesOn = store.search.isIncomplete() && store.search.step()
      if (goesOn !== isRunning) log.info({ running: goesOn }, 'making older messages searchable')
      isRunning = goesOn
    } catch (error) {
      isRunning = false
      log.warn({ err: error }, 'older messages cannot be made searchable; it is tried again')
    }
    timers.set('step', isRunning ? PAUSE_MS : LOOK_MS, step)
  }

  timers.set('step', PAUSE_MS, step)
  return () => timers.clearAll()
}
