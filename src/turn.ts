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
  return new Promise((resolve) => {
    waiting[of].push(resolve)
    if (!isTaken) setImmediate(next)
    isTaken = true
  })
}

function queue(): (() => void)[] {
  return []
}

function next(): void {
  const run = waiting.events.shift() ?? waiting.others.shift()
  if (run === undefined) {
    isTaken = false
    return
  }
  const from = performance.now()
  run()
  // Runs after the piece and after a poll of the network. A timer alone would already be due and run before the poll.
  setImmediate(() => {
    const pauseMs = performance.now() - from
    // A timer takes at least 1 ms: for short pieces the poll is pause enough.
    if (pauseMs < 1) setImmediate(next)
    else setTimeout(next, pauseMs)
  })
}
