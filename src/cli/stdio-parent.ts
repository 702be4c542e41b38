/** When the pipe is to end: whoever started it is gone, or says so. */

const LOOK_EVERY_MS = 500

/** Resolves at a signal. */
export function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => resolve())
  })
}

/** Resolves when the process that started this one is gone: then another has taken its place, or (on Windows) none. */
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
    // Not permitted to signal it: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
