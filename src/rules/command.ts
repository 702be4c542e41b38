/** Runs the command of a rule: without a shell, for a limited time, with the event on standard input and without our settings. */
import { type ChildProcess, spawn } from 'node:child_process'
import { childEnvironment } from '../child-environment.ts'
import type { Clock } from '../clock.ts'
import { expandHome, findHome } from '../home.ts'
import type { Outcome } from '../webhooks/sender.ts'

/** The exit code with which a command asks for another attempt (sysexits.h, EX_TEMPFAIL). */
const TRY_AGAIN = 75
/** Time for a command to end by itself. */
const GRACE_MS = 2_000

export type CommandOptions = {
  command: readonly [program: string, ...args: string[]]
  timeoutMs: number
  signal: AbortSignal
  clock: Clock
}

/**
 * Resolves when the command has ended: delivered after exit code 0. `command_failed` with the exit code as `status`,
 * `command_timed_out`, `command_not_started`. Only exit code 75 is tried again. Null: it was ended, or not
 * begun, because the server or its rule stops.
 */
export function runCommand(
  input: string,
  { command: [program, ...args], timeoutMs, signal, clock }: CommandOptions,
): Promise<Outcome<string> | null> {
  // It may have waited for its turn until now.
  if (signal.aborted) return Promise.resolve(null)
  const from = performance.now()
  return new Promise((resolve) => {
    let isLate = false
    let cancelKill = () => {}
    const cancel = clock.after(timeoutMs, () => {
      isLate = true
      stop()
    })
    signal.addEventListener('abort', stop)
    let child: ChildProcess | null = null
    try {
      child = start(program, args)
    } catch {
      return end(null, 'command_not_started')
    }
    child.on('error', () => end(null, 'command_not_started'))
    child.on('exit', (code) => {
      // What it started may still run.
      if (isLate || signal.aborted) kill('SIGKILL')
      end(code, isLate ? 'command_timed_out' : code === 0 ? null : 'command_failed')
    })
    // A command that does not read its input closes it.
    child.stdin?.on('error', () => {})
    child.stdin?.end(`${input}\n`)

    function stop(): void {
      kill('SIGTERM')
      cancelKill = clock.after(GRACE_MS, () => kill('SIGKILL'))
    }
    function kill(name: NodeJS.Signals): void {
      try {
        if (child?.pid !== undefined) process.kill(HAS_GROUPS ? -child.pid : child.pid, name)
      } catch {
        // It has ended.
      }
    }
    function end(status: number | null, error: string | null): void {
      cancel()
      cancelKill()
      signal.removeEventListener('abort', stop)
      const ms = Math.round(performance.now() - from)
      const isFinal = error !== null && status !== TRY_AGAIN
      resolve(signal.aborted ? null : { status, error, ms, ...(isFinal ? { isFinal: true } : {}) })
    }
  })
}

const HAS_GROUPS = process.platform !== 'win32'

/** Starts it in a process group of its own, if the system has groups: {@link runCommand} ends it with the programs that it starts. */
function start(program: string, args: readonly string[]): ChildProcess {
  return spawn(expandHome(program), args, {
    cwd: findHome() ?? '/',
    env: childEnvironment(),
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: HAS_GROUPS,
    windowsHide: true,
  })
}
