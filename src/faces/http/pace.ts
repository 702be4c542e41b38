/** Long answers are written in pieces, at the pace of their readers, and leave room for everybody else's requests. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'

/** A reader that has not taken what was written by then is cut off; it can come back. */
const STALLED_MS = 60_000
const waiting: (() => void)[] = []

/**
 * Resolves when the next piece may be made: one at a time in the whole process, and between two of them as much time for
 * everybody else. A piece takes milliseconds; without turns a hundred of them would be made in a row, and even one in each
 * turn of the event loop is too many, since a turn accepts one connection (libuv 1.45).
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
  // Once the piece is made, and after a look at the network: a timer alone, due by then, would run before that.
  setImmediate(() => setTimeout(next, performance.now() - from))
}

/**
 * Resolves once the reader has taken what was written, is gone, or `ended` is aborted. A reader that takes too long is
 * cut off.
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
