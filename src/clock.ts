/** The clock, passed as a parameter so that tests can control it. Imports nothing. */

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `run` once after `ms` milliseconds. Returns a function that cancels the call. */
  after(ms: number, run: () => void): () => void
}

/** The longest timer of Node: one with a longer delay fires at once (nodejs.org/api/timers.html). */
const LONGEST_MS = 2 ** 31 - 1

/** The clock of this computer. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    let timer: NodeJS.Timeout
    const wait = (left: number) => {
      const part = Math.min(left, LONGEST_MS)
      timer = setTimeout(part === left ? run : () => wait(left - part), part)
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
