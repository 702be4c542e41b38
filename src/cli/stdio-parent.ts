/** Detects when the pipe must end: at a signal, or when its parent process is gone. */

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

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // EPERM: the process runs as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
