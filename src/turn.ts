/** Turns for work that blocks the event loop for milliseconds, so that other requests are served in between. Imports nothing. */

/** Processor time. Shorter pieces run one after the other until they have taken this long together; a poll of the network follows. */
const SHORT_MS = 1

/** What measures pieces and waits after them. Times in milliseconds, from any origin. */
export type Meter = {
  now(): number
  /** The processor time of this process, other threads included. */
  cpu(): number
  /** Calls `run` after this time, and not before the network was polled. */
  pause(ms: number, run: () => void): void
}

/**
 * Resolves when the next piece of such work may run: one at a time in the whole process, with an equal pause after each for other
 * requests, also if the next piece comes late. Without the pause a new connection waits for as many pieces as connections
 * are open before it, because a turn of the event loop accepts only one connection (libuv 1.45). Events come before all others.
 * A piece ends where it waits for anything but promises that are settled.
 */
export type Turn = (of?: 'events' | 'others') => Promise<void>

/** The turns of this process. */
export const turn = createTurns({
  now: () => performance.now(),
  cpu() {
    const { user, system } = process.cpuUsage()
    return (user + system) / 1_000
  },
  // The clock of timers stands still during a piece, so the first timer may be early: then there is a second.
  pause: (ms, run) => void (ms < SHORT_MS ? setImmediate(run) : setTimeout(run, ms)),
})

/** Creates turns that are independent of all others. */
export function createTurns({ now, cpu, pause }: Meter): Turn {
  const waiting = { events: queue(), others: queue() }
  let isRunning = false
  let isPausing = false
  /** When the pause after the last long piece ends. */
  let restedAt = 0
  /** What short pieces have taken since the last pause. */
  let shortMs = 0

  function next(): void {
    const isEmpty = waiting.events.length + waiting.others.length === 0
    if (isEmpty || isRunning || isPausing) return
    const from = now()
    if (shortMs >= SHORT_MS || restedAt - from >= SHORT_MS) return rest(restedAt - from)
    const run = waiting.events.shift() ?? waiting.others.shift()
    const before = cpu()
    isRunning = true
    run?.()
    // A tick that a microtask asks for runs when no microtask is left, those of the piece included.
    queueMicrotask(() =>
      process.nextTick(() => {
        const ended = now()
        const wallMs = ended - from
        // On a busy computer a short piece takes long, and pauses would make it busier.
        const tookMs = wallMs < SHORT_MS ? wallMs : Math.min(wallMs, cpu() - before)
        if (tookMs < SHORT_MS) shortMs += tookMs
        else restedAt = ended + tookMs
        isRunning = false
        next()
      }),
    )
  }

  function rest(ms: number): void {
    isPausing = true
    pause(ms, () => {
      isPausing = false
      shortMs = 0
      next()
    })
  }

  return (of = 'others') =>
    new Promise((resolve) => {
      waiting[of].push(resolve)
      next()
    })
}

function queue(): (() => void)[] {
  return []
}
