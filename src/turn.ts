/** Turns for work that blocks the event loop for milliseconds, so that other requests are served in between. Imports nothing. */

/** Processor time. Shorter pieces follow each other until they have taken this long together; then a poll of the network is pause enough. */
const SHORT_MS = 1

/** Those of events, and all others. */
const waiting = { events: queue(), others: queue() }
let isRunning = false
let isPausing = false
/** When the pause after the last long piece ends, by `performance.now()`. */
let restedAt = 0
/** What short pieces have taken since the last pause. */
let shortMs = 0

/**
 * Resolves when the next piece of such work may run: one at a time in the whole process, with an equal pause after each for other
 * requests, also if the next piece comes late. Without the pause a new connection waits for as many pieces as connections
 * are open before it, because a turn of the event loop accepts only one connection (libuv 1.45). Events come before all others.
 * A piece ends where it waits for anything but promises that are settled.
 */
export function turn(of: keyof typeof waiting = 'others'): Promise<void> {
  return new Promise((resolve) => {
    waiting[of].push(resolve)
    next()
  })
}

function queue(): (() => void)[] {
  return []
}

function next(): void {
  const isEmpty = waiting.events.length + waiting.others.length === 0
  if (isEmpty || isRunning || isPausing) return
  const from = performance.now()
  if (shortMs >= SHORT_MS || restedAt - from >= SHORT_MS) return pause(restedAt - from)
  const run = waiting.events.shift() ?? waiting.others.shift()
  const before = process.cpuUsage()
  isRunning = true
  run?.()
  // A tick that a microtask asks for runs when no microtask is left, those of the piece included.
  queueMicrotask(() =>
    process.nextTick(() => {
      const ended = performance.now()
      const wallMs = ended - from
      const tookMs = wallMs < SHORT_MS ? wallMs : Math.min(wallMs, cpuMsSince(before))
      if (tookMs < SHORT_MS) shortMs += tookMs
      else restedAt = ended + tookMs
      isRunning = false
      next()
    }),
  )
}

/** On a busy computer a short piece takes long, and pauses would make it busier. Other threads of this process count too. */
function cpuMsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1_000
}

/** The clock of timers stands still during a piece, so the first timer may be early: then there is a second. */
function pause(ms: number): void {
  isPausing = true
  const proceed = () => {
    isPausing = false
    shortMs = 0
    next()
  }
  if (ms < SHORT_MS) setImmediate(proceed)
  else setTimeout(proceed, ms)
}
