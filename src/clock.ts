/** The clock, passed as a parameter so that tests can control it. Imports nothing. */

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /**
   * Calls `run` once after `ms` milliseconds, also if the computer sleeps meanwhile: within a minute after it wakes. A clock that is
   * set forward cannot be told from sleep: it ends waits of more than a minute early, limits included. Returns a function that cancels
   * the call.
   */
  after(ms: number, run: () => void): () => void
}

/**
 * A longer delay is divided into timers of this length, each of which compares the clock: a timer of Node stands still while the computer
 * sleeps (libuv counts CLOCK_MONOTONIC), and one of more than 24 days fires at once (nodejs.org/api/timers.html).
 */
const LOOK_MS = 60_000

/** The clock of this computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const dueAt = Date.now() + ms
    let timer: NodeJS.Timeout
    const wait = (left: number) => {
      const part = Math.min(left, LOOK_MS)
      const look = () => wait(Math.max(0, Math.min(left - part, dueAt - Date.now())))
      timer = setTimeout(part === left ? run : look, part)
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}

/** Thrown by {@link withDeadline} when the time is up. The work itself may continue. */
export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms / 1000} s`)
    this.name = 'DeadlineError'
  }
}

/**
 * Resolves with the result of `work`, or rejects with a {@link DeadlineError} after `ms` milliseconds.
 * Ignores a later rejection of `work`.
 */
export function withDeadline<T>(clock: Clock, what: string, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new DeadlineError(what, ms)))
    work.then(
      (value) => {
        cancel()
        resolve(value)
      },
      (error) => {
        cancel()
        reject(error)
      },
    )
  })
}

/** Resolves with the result of `work`, or with `late` after `ms` milliseconds: the work continues. Rejects as `work`. */
export function resultWithin<T>(clock: Clock, ms: number, work: Promise<T>): Promise<T | 'late'> {
  const { promise, resolve } = createDeferred<'late'>()
  const cancel = clock.after(ms, () => resolve('late'))
  return Promise.race([work, promise]).finally(cancel)
}

/** Returns a promise and its resolve function (`Promise.withResolvers`, which Node 20 lacks). */
export function createDeferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
