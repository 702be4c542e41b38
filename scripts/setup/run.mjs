/** Runs another Node program: forwards signals to it, and ends with its exit code. */

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import { root } from './paths.mjs'

/** @type {NodeJS.Signals[]} */
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP']

/**
 * Runs `node …args` in the checkout until it ends. Forwards signals, and ends this process after the program, so that no
 * child process outlives it.
 * @param {string[]} args
 * @param {{ capture?: boolean, env?: Record<string, string>, onStart?: (pid: number) => void, onCut?: () => void }} [options]
 *   `capture`: keep stdout and stderr (the last 64 kB) instead of printing them. `onCut`: the program may be interrupted
 *   at any point: a signal kills it and its child processes, and calls this function.
 * @returns {Promise<{ code: number, output: string }>} `code` is 128 + n after signal n
 */
export async function runNode(args, { capture = false, env, onStart, onCut } = {}) {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: capture ? ['ignore', 'pipe', 'pipe'] : 'inherit',
    // A process group of its own, which can be killed as a whole. Ctrl-C then reaches only this process.
    detached: onCut !== undefined && process.platform !== 'win32',
  })
  if (child.pid) onStart?.(child.pid)
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk) => {
      output = (output + chunk).slice(-64_000)
    })
  }
  /** @type {NodeJS.Signals | null} */
  let told = null
  /** @param {NodeJS.Signals} signal */
  const passOn = (signal) => {
    const isFirst = told === null
    told = signal
    if (onCut === undefined) return void child.kill(signal)
    if (isFirst) onCut()
    killGroup(child)
  }
  for (const signal of signals) process.on(signal, passOn)
  const code = await new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (status, signal) => resolve(status ?? 128 + (signal ? constants.signals[signal] : 0)))
  })
  for (const signal of signals) process.off(signal, passOn)
  if (told) process.exit(128 + constants.signals[told])
  return { code, output }
}

/** @param {import('node:child_process').ChildProcess} child */
function killGroup(child) {
  try {
    if (process.platform === 'win32' || child.pid === undefined) child.kill('SIGKILL')
    else process.kill(-child.pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
