/** Ends this process when the npm that started it is gone. */

import { constants } from 'node:os'

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Between npm and us stands a shell (`sh -c`), and Debian's does not pass signals on: a SIGTERM to `npm start` ends npm
 * and the shell, and would leave the server running without anybody knowing. So where our parent changes, and no
 * signal has reached us otherwise, we are told to end. Does nothing when npm did not start us.
 */
export function endWithNpm() {
  if (!process.env.npm_lifecycle_event || process.platform === 'win32') return
  const parent = process.ppid
  let told = false
  for (const signal of signals) {
    process.on(signal, () => {
      told = true
      // As if we did not listen: without a listener of its own, a command is ended by the signal.
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
