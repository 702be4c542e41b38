/** Ends this process when the npm that started it has ended. */

import { constants } from 'node:os'

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * npm starts this process through a shell (`sh -c`). Debian's shell does not forward signals: a SIGTERM to `npm start` ends
 * npm and the shell, but would leave the server running. So if the parent changes before a signal arrived, this process
 * signals itself. Does nothing if npm did not start this process.
 */
export function endWithNpm() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return
  const parent = process.ppid
  let told = false
  for (const signal of signals) {
    process.on(signal, () => {
      told = true
      // If the command has no own listener, the signal ends the process, as it would without this one.
      if (process.listenerCount(signal) === 1) process.exit(128 + constants.signals[signal])
    })
  }
  const watch = setInterval(() => {
    if (process.ppid === parent) return
    clearInterval(watch)
    if (!told) process.kill(process.pid, 'SIGTERM')
  }, 100)
  watch.unref()
}
