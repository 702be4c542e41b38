/** Starts the saved sessions of a starting server: a few at a time, and only while there is memory for another browser. */
import { freemem } from 'node:os'
import { type Clock, createDeferred } from '../clock.ts'
import type { Log } from '../log.ts'
import type { Session } from '../session/session.ts'
import { turn as turnOfProcess } from '../turn.ts'

/** Sessions that start at the same time. A start keeps about one core busy. */
const AT_ONCE = 2
/** Memory that must be free for one more browser. WhatsApp Web takes 300 to 400 MB when it has loaded. */
const BROWSER_BYTES = 400 * 1024 ** 2
/** A start that takes longer does not delay the others any more. */
const LONGEST_MS = 90_000
const LOOK_AGAIN_MS = 10_000

export type StartOptions = {
  clock: Clock
  log: Log
  /** Aborted when the server stops. */
  signal: AbortSignal
  /** Bytes that are free for other programs. */
  freeBytes?: () => number
  /** Resolves when the next piece of work that blocks may run. */
  turn?: () => Promise<void>
}

/** Resolves when the last start has its result. Each function opens the next account; null: it is not to be started. */
export async function startInTurn(
  sessions: readonly (() => Session | null)[],
  { clock, log, signal, freeBytes = freemem, turn = turnOfProcess }: StartOptions,
): Promise<void> {
  const running = new Set<Promise<void>>()
  for (const open of sessions) {
    // Opening an archive takes time, and requests are waiting.
    await turn()
    if (signal.aborted) return
    const session = open()
    if (session === null) continue
    session.setIdleReason('queued')
    while (running.size >= AT_ONCE) await Promise.race(running)
    for (let isTold = false; freeBytes() < BROWSER_BYTES && !signal.aborted; isTold = true) {
      if (!isTold) log.warn('an account waits until there is memory for its browser')
      await Promise.race([wait(clock, LOOK_AGAIN_MS, signal), ...running])
    }
    if (signal.aborted || session.status().reason !== 'queued') continue
    session.resume()
    const started = untilStarted(session, clock).finally(() => running.delete(started))
    running.add(started)
  }
  await Promise.all(running)
}

/** Resolves when the start has its result. */
function untilStarted(session: Session, clock: Clock): Promise<void> {
  const { promise, resolve } = createDeferred<void>()
  const check = () => {
    const { state } = session.status()
    if (state !== 'starting' && state !== 'authenticated') resolve()
  }
  const stopListening = session.onChange(check)
  const cancel = clock.after(LONGEST_MS, resolve)
  check()
  return promise.finally(() => {
    stopListening()
    cancel()
  })
}

function wait(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = createDeferred<void>()
  const cancel = clock.after(ms, resolve)
  const end = () => resolve()
  signal.addEventListener('abort', end)
  return promise.finally(() => {
    cancel()
    signal.removeEventListener('abort', end)
  })
}
