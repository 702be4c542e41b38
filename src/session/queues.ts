/** Work in order, by key: each piece begins when the one before it with the same key has ended. */

export type Queues<Key, T> = {
  /** Runs `work` after all that this key was given before. Settles as `work` does. */
  run<R extends T>(key: Key, work: () => Promise<R>): Promise<R>
  /** The newest work of this key, until it has ended: resolves with its result, undefined if it failed. Never rejects. */
  newest(key: Key): Promise<T | undefined> | undefined
}

export function createQueues<Key, T = unknown>(): Queues<Key, T> {
  const newest = new Map<Key, Promise<T | undefined>>()
  return {
    run(key, work) {
      const mine = (newest.get(key) ?? Promise.resolve()).then(work)
      const ended: Promise<T | undefined> = mine
        .catch(() => undefined)
        .finally(() => {
          if (newest.get(key) === ended) newest.delete(key)
        })
      newest.set(key, ended)
      return mine
    },
    newest: (key) => newest.get(key),
  }
}
