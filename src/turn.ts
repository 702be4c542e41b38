/** Turns for work that blocks the event loop for milliseconds, so that other requests are served in between. Imports nothing. */

/** Those of events, and all others. */
const waiting = { events: queue(), others: queue() }
let isTaken = false

/**
 * Resolves when the next piece of such work may run: one at a time in the whole process, with an equal pause after each for other
 * requests, also if the next piece comes late. Without the pause a new connection waits for as many pieces as connections
 * are open before it, because a turn of the event loop accepts only one connection (libuv 1.45). Events come before all others.
 */
export function turn(of: keyof typeof waiting = 'others'): Promise<void> {
  if (isTaken) return new Promise((resolve) => waiting[of].push(resolve))
  take()
  return Promise.resolve()
}

function queue(): (() => void)[] {
  return []
}

/** A piece begins now. */
function take(): void {
  isTaken = true
  const from = performance.now()
  // Runs after the piece, and between two that wait after a poll of the network. A timer alone would already be due and run
  // before the poll.
  setImmediate(() => {
    const pauseMs = performance.now() - from
    // A timer takes at least 1 ms: for short pieces the poll is pause enough.
    if (pauseMs < 1) next()
    else setTimeout(next, pauseMs)
  })
}

function next(): void {
  const run = waiting.events.shift() ?? waiting.others.shift()
  isTaken = run !== undefined
  if (run === undefined) return
  take()
  run()
}
