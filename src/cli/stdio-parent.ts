/** Detects when the pipe must end: at a signal, or when its parent process is gone. */
import { isAlive } from '../is-alive.ts'

const LOOK_EVERY_MS = 500

/** Resolves at a signal. */
export function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve())
  })
}

/** Resolves when the parent process is gone. This process then has another parent, or (on Windows) none. */
export function untilOrphaned(): Promise<void> {
  const parent = process.ppid
  return new Promise((resolve) => {
    setInterval(() => {
      if (process.ppid !== parent || !isAlive(parent)) resolve()
    }, LOOK_EVERY_MS)
  })
}
