/** Turns for work that blocks the event loop for milliseconds, so that other requests are served in between. Imports nothing. */

const waiting: (() => void)[] = []
let isTaken = false

/**
 * Resolves when the next piece of such work may run: one at a time in the whole process, with an equal pause after each for other
 * requests, also if the next piece comes late. Without the pause a new connection waits for as many pieces as connections
 * are open before it, because a turn of the event loop accepts only one connection (libuv 1.45).
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (!isTaken) setImmediate(next)
    isTaken = true
  })
}

function next(): void {
  const run = waiting.shift()
  if (run === undefined) {
    isTaken = false
    return
  }
  const from = performance.now()
  run()
  // Runs after the piece and after a poll of the network. A timer alone would already be due and run before the poll.
  setImmediate(() => setTimeout(next, performance.now() - from))
}
