/** Limits how many pieces of work run at the same time. */

export type Slots = {
  /** Runs `work` when a slot is free, in the order of the calls. Settles as it does. */
  run<T>(work: () => Promise<T>): Promise<T>
}

/** @param most that run at the same time */
export function createSlots(most: number): Slots {
  const waiting: (() => void)[] = []
  let free = most
  return {
    async run(work) {
      if (free > 0) free -= 1
      else await new Promise<void>((resolve) => waiting.push(resolve))
      try {
        return await work()
      } finally {
        const next = waiting.shift()
        if (next === undefined) free += 1
        else next()
      }
    },
  }
}

/** Waits for all of them, then throws the first error, if there is one. */
export async function allSettled(tasks: readonly Promise<unknown>[]): Promise<void> {
  const ended = await Promise.allSettled(tasks)
  const failed = ended.find((one) => one.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
