/** For tests of the double: collects the library's unhandled rejections instead of failing the run. */

export type Unhandled = { reasons: unknown[]; stop(): void }

/** From now until `stop()`, unhandled rejections are only recorded. */
export function collectUnhandled(): Unhandled {
  const reasons: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const collect = (reason: unknown): void => {
    reasons.push(reason)
  }
  process.on('unhandledRejection', collect)
  return {
    reasons,
    stop() {
      process.off('unhandledRejection', collect)
      for (const other of others) process.on('unhandledRejection', other)
    },
  }
}
