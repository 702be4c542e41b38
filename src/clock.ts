/** Time as something that is passed in, so that tests can hold it in their hand. Imports nothing. */

export type Clock = {
  /** Milliseconds since the epoch. */
  now(): number
  /** Calls `run` once after `ms` milliseconds; the returned function cancels. */
  after(ms: number, run: () => void): () => void
}

/** The time of this machine. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    return () => clearTimeout(timer)
  },
}

/** Thrown by {@link withDeadline} when the time is up; the work itself may still go on. */
export class DeadlineError extends Error {
  constructor(what: string, ms: number) {
    super(`${what} took longer than ${ms / 1000} s`)
    this.name = 'DeadlineError'
  }
}

/**
 * The result of `work`, or a {@link DeadlineError} after `ms` milliseconds.
 * A late rejection of `work` is swallowed: nobody listens to it any more.
 */
export function withDeadline<T>(clock: Clock, what: string, ms: number, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(new DeadlineError(what, ms)))
    work.then(resolve, reject).finally(cancel)
  })
}

/** A promise with its resolve in hand (`Promise.withResolvers`, which Node 20 lacks). */
export function createDeferred<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((settle) => {
    resolve = settle
  })
  return { promise, resolve }
}
