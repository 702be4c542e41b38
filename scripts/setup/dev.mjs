/** Builds and restarts the server whenever a source changes. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { watch } from '../build.mjs'
import { inRoot } from './paths.mjs'
import { say } from './progress.mjs'

/**
 * Runs until a signal.
 * @param {string[]} args passed to the server
 * @returns {Promise<null>}
 */
export async function runDev(args) {
  /** @type {import('node:child_process').ChildProcess | undefined} */
  let server
  let restart = Promise.resolve()

  const start = () => {
    const main = ['--enable-source-maps', inRoot('dist', 'main.js'), 'serve', ...args]
    server = spawn(process.execPath, main, { stdio: 'inherit' })
    server.once('exit', (code) => say(`the server exited (${code ?? 'signal'})`))
  }
  // The old server must end before the new one starts: both use the same port and browser profile.
  const stop = async () => {
    if (!server || server.exitCode !== null || server.signalCode !== null) return
    const ended = once(server, 'exit')
    const kill = setTimeout(() => server?.kill('SIGKILL'), 15_000)
    server.kill('SIGTERM')
    await ended
    clearTimeout(kill)
  }
  for (const signal of /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])) {
    process.once(signal, () => void stop().then(() => process.exit(0)))
  }
  await watch(() => {
    restart = restart.then(stop).then(() => {
      say('build done: starting the server')
      start()
    })
  })
  return null
}
