/** Paces long responses: they are written in pieces, as fast as clients read, and other requests are served in between. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'

/** A client that does not read within this time is disconnected. It can reconnect. */
const STALLED_MS = 60_000
const waiting: (() => void)[] = []

/**
 * Resolves when the next piece may be produced: one at a time in the whole process, with an equal pause after each for other
 * requests. A piece takes milliseconds. Without turns, a hundred pieces would be produced in a row; one in each turn of the
 * event loop is also too much, because a turn accepts only one connection (libuv 1.45).
 */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(next)
  })
}

function next(): void {
  const from = performance.now()
  waiting.shift()?.()
  if (waiting.length === 0) return
  // Runs after the piece and after a poll of the network. A timer alone would already be due and run before the poll.
  setImmediate(() => setTimeout(next, performance.now() - from))
}

/**
 * Resolves when the client has read the data or disconnected, or when `ended` is aborted. Disconnects a client that does not
 * read within `STALLED_MS`.
 */
export function untilTaken(raw: ServerResponse, ended: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel()
      raw.off('drain', finish)
      ended.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(STALLED_MS, () => raw.destroy())
    raw.once('drain', finish)
    ended.addEventListener('abort', finish)
    if (ended.aborted || !raw.writableNeedDrain) finish()
  })
}
