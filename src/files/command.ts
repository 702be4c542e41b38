/**
 * Runs a program of the settings on one file, and returns the words that it prints. A hostile file costs bounded time, memory and
 * text: one program runs at a time in this process ({@link programs}), below all others in priority, and it ends with everything that it started.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { setPriority } from 'node:os'
import { dirname } from 'node:path'
import { childEnvironment } from '../child-environment.ts'
import { codeOf } from '../error-code.ts'
import { memoryOfTree } from '../process-memory.ts'

/** How often the memory of the program is measured. */
const LOOK_MS = 250
/** How long output is read after the program has ended: what it started may hold the pipe. */
const DRAIN_MS = 500
/** Lower than everything else that runs on this computer. */
const PRIORITY = 15

/** `characters`: what it prints beyond them is not read, and ends it. */
export type CommandLimits = { ms: number; memoryBytes: number; characters: number }

/** Codes of the operating system for what it lacks at this moment. */
export const SHORTAGES: readonly string[] = ['EAGAIN', 'EMFILE', 'ENFILE', 'ENOMEM', 'ENOSPC', 'EDQUOT']

/** `missing`: it cannot be started. `exit`: it failed. `time`, `memory`: it was ended. `stopped`: the signal ended it. */
export type CommandFault = 'missing' | 'exit' | 'time' | 'memory' | 'stopped'

/** A program that did not do its work. `message` says nothing of the file. */
export class CommandError extends Error {
  readonly fault: CommandFault
  constructor(fault: CommandFault, message: string) {
    super(message)
    this.name = 'CommandError'
    this.fault = fault
  }
}

/** A line for work of which one runs at a time. */
export type Line = {
  /** Runs `work` once no other does. Rejects with a {@link CommandError} (`stopped`) if the signal ends the wait. */
  inTurn<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T>
  /** How many wait. */
  waitingCount(): number
}

export function createLine(): Line {
  let isBusy = false
  const waiting: (() => void)[] = []

  function turnOf(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const go = () => {
        // Nobody may come in between.
        isBusy = true
        signal.removeEventListener('abort', stop)
        resolve()
      }
      const stop = () => {
        waiting.splice(waiting.indexOf(go), 1)
        reject(stopped())
      }
      if (signal.aborted) return void reject(stopped())
      waiting.push(go)
      signal.addEventListener('abort', stop, { once: true })
    })
  }

  return {
    async inTurn(signal, work) {
      if (isBusy) await turnOf(signal)
      isBusy = true
      try {
        return await work()
      } finally {
        isBusy = false
        waiting.shift()?.()
      }
    },
    waitingCount: () => waiting.length,
  }
}

/** The line of this process for programs. */
export const programs = createLine()

const stopped = () => new CommandError('stopped', 'The server stops.')

/**
 * Resolves with what the program prints: UTF-8, up to the limit. It runs in the folder of its file, without input and without
 * the settings of this server. Rejects with a {@link CommandError}, or with the error of the operating system if it can start no
 * program at this moment.
 * @param words of the command line; `{file}` in them is the path
 */
export async function printedOf(
  words: readonly string[],
  file: string,
  limits: CommandLimits,
  signal: AbortSignal,
): Promise<string> {
  if (signal.aborted) throw stopped()
  const [program = '', ...args] = words.map((word) => word.replaceAll('{file}', () => file))
  const dir = dirname(file)
  const child = spawn(program, args, {
    cwd: dir,
    env: { ...childEnvironment(), TMPDIR: dir },
    stdio: ['ignore', 'pipe', 'ignore'],
    windowsHide: true,
    // A group of its own, so that it ends with everything that it started.
    detached: process.platform !== 'win32',
  })
  child.once('spawn', () => makeLast(child))
  return watch(child, limits, signal)
}

/** Lets everything else run first, and lets the kernel end the program first if memory runs out. */
function makeLast({ pid }: ChildProcess): void {
  if (pid === undefined) return
  try {
    setPriority(pid, PRIORITY)
    if (process.platform === 'linux') writeFileSync(`/proc/${pid}/oom_score_adj`, '1000')
  } catch {
    // It has ended.
  }
}

function watch(child: ChildProcess, limits: CommandLimits, signal: AbortSignal): Promise<string> {
  const { ms, memoryBytes, characters } = limits
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let bytes = 0
    let isDone = false
    const timers: NodeJS.Timeout[] = []
    const end = (settle: () => void) => {
      if (isDone) return
      isDone = true
      for (const timer of timers) clearTimeout(timer)
      signal.removeEventListener('abort', stop)
      killAll(child)
      child.stdout?.destroy()
      settle()
    }
    const refuse = (fault: CommandFault, message: string) =>
      end(() => reject(new CommandError(fault, message)))
    const give = () => end(() => resolve(Buffer.concat(chunks).toString('utf8').slice(0, characters)))
    const stop = () => end(() => reject(stopped()))
    signal.addEventListener('abort', stop)
    timers.push(setTimeout(() => refuse('time', `It did not end within ${ms / 1_000} s.`), ms))
    const look = async () => {
      const used = child.pid === undefined ? null : await memoryOfTree(child.pid)
      if (used !== null && used > memoryBytes)
        refuse('memory', `It used more than ${Math.floor(memoryBytes / 2 ** 20)} MiB of memory.`)
      if (!isDone) timers.push(setTimeout(look, LOOK_MS))
    }
    // Sooner than the others: a program can fill the memory at its start.
    timers.push(setTimeout(look, LOOK_MS / 5))
    child.stdout?.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      // A character has up to four bytes.
      if (bytes >= 4 * characters) give()
    })
    const finish = (code: number | null, by: NodeJS.Signals | null) =>
      code === 0 ? give() : refuse('exit', `It failed with ${by ?? `exit code ${code}`}.`)
    child.once('error', (error) => {
      const code = codeOf(error) ?? ''
      if (SHORTAGES.includes(code)) end(() => reject(error))
      else refuse('missing', `It cannot be run (${code}).`)
    })
    child.once('close', finish)
    child.once('exit', (code, by) => {
      // What it started may still hold its output.
      killAll(child)
      timers.push(setTimeout(finish, DRAIN_MS, code, by))
    })
  })
}

function killAll(child: ChildProcess): void {
  child.kill('SIGKILL')
  if (child.pid === undefined || process.platform === 'win32') return
  try {
    process.kill(-child.pid, 'SIGKILL')
  } catch {
    // Nothing of its group runs.
  }
}
