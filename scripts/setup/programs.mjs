/** Starts programs for a check, each with a time limit. None of them outlives the check. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { root } from './paths.mjs'
import { SetupError } from './progress.mjs'

/**
 * `code`: null if the program took too long or was ended by a signal.
 * @typedef {{ code: number | null, out: string, err: string }} Ended
 * @typedef {{ env?: Record<string, string>, timeoutMs: number }} Options
 * @typedef {import('node:child_process').ChildProcess} Child
 */

/** Time that a server may take to close its browser. */
const GRACE_MS = 20_000

/** @type {Set<Child>} */
const running = new Set()
/** At exit, programs that still run are killed at once. */
process.on('exit', () => {
  for (const child of running) kill(child, 'SIGKILL')
})

/**
 * Runs a program to its end. Does not throw if the program fails.
 * @param {string} program
 * @param {string[]} args
 * @param {Options} options
 * @returns {Promise<Ended>}
 */
export async function run(program, args, options) {
  const { child, said } = spawnQuietly(program, args, options.env)
  const timer = setTimeout(() => kill(child, 'SIGKILL'), options.timeoutMs)
  const [code] = await once(child, 'close')
  clearTimeout(timer)
  return { code, ...said }
}

/**
 * Starts a server. Resolves with the first group of the match when its standard output matches the pattern.
 * @param {string} program
 * @param {string[]} args
 * @param {RegExp} pattern
 * @param {Options} options
 */
export async function start(program, args, pattern, { env, timeoutMs }) {
  const { child, said } = spawnQuietly(program, args, env)
  /** @type {Promise<string>} */
  const found = new Promise((resolve, reject) => {
    const failed = (/** @type {string} */ why) =>
      reject(
        new SetupError(
          `A server ${why}. ${(said.err + said.out).trim().slice(-2_000)}`,
          `Start it manually: node ${args.join(' ')}`,
        ),
      )
    const timer = setTimeout(() => failed(`did not listen within ${timeoutMs / 1_000} s`), timeoutMs)
    child.stdout?.on('data', () => {
      const group = pattern.exec(said.out)?.[1]
      if (group === undefined) return
      clearTimeout(timer)
      resolve(group)
    })
    child.once('close', (code) => {
      clearTimeout(timer)
      failed(`ended with ${code} before it listened`)
    })
  })
  return await found
}

/** Ends every running program, and waits until it has ended. */
export async function endPrograms() {
  await Promise.all(
    [...running].map(async (child) => {
      const closed = once(child, 'close')
      child.kill('SIGTERM')
      const timer = setTimeout(() => kill(child, 'SIGKILL'), GRACE_MS)
      await closed
      clearTimeout(timer)
    }),
  )
}

/**
 * @param {string} program
 * @param {string[]} args
 * @param {Record<string, string>} [env]
 */
function spawnQuietly(program, args, env = {}) {
  // A process group of its own, so that its child processes can be ended too.
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32',
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  // The reason if the program cannot be started.
  child.on('error', (error) => {
    said.err += error.message
  })
  const said = { out: '', err: '' }
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    said.out += chunk
  })
  child.stderr.setEncoding('utf8').on('data', (chunk) => {
    said.err += chunk
  })
  return { child, said }
}

/** @param {Child} child @param {NodeJS.Signals} signal */
function kill(child, signal) {
  if (child.pid === undefined) return
  try {
    if (process.platform === 'win32') child.kill(signal)
    else process.kill(-child.pid, signal)
  } catch {
    // It has ended already.
  }
}
