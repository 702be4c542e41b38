/** A contestant as a process: its lines with the time at which each arrived, its tree, and its end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { killLeftovers, treeOf } from './processes.ts'

/** Longer than anything here takes; whoever waits longer has failed. */
const LIMIT_MS = 40_000
const END_MS = 20_000

export type Line = Record<string, unknown>

export type Child = {
  pid: number
  /** `performance.now()` just before the process was made. */
  startedAt: number
  /**
   * When the first line that passes `test` arrived (`performance.now()`), and the line: past or future. `from`: only
   * lines from this one on count, see {@link Child.lines}. Rejects after 40 s, or when the process ends.
   */
  until(test: (line: Line) => boolean, from?: number): Promise<{ at: number; line: Line }>
  /** Number of lines so far. */
  lines(): number
  /** Write a line to its standard input. */
  say(line: string): void
  /** Ask it to end by `ask`, wait for that, and end what it leaves behind. Safe to call twice. */
  end(ask: (child: ChildProcess) => void): Promise<void>
}

/** Start `node …args`; the JSON lines of `stream` are what it reports. */
export function startChild(options: {
  args: string[]
  cwd: string
  env: Record<string, string>
  stream: 'stdout' | 'stderr'
}): Child {
  const seen: { at: number; line: Line }[] = []
  const watchers = new Set<() => void>()
  const notice = () => {
    for (const watcher of [...watchers]) watcher()
  }
  let ending: Promise<void> | null = null
  let rest = ''

  const startedAt = performance.now()
  const child = spawn(process.execPath, options.args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  let hasEnded = false
  child.once('close', () => {
    hasEnded = true
    notice()
  })
  const { pid } = child
  if (pid === undefined) throw new Error('a process could not be started')
  createInterface({ input: child[options.stream] }).on('line', (text) => {
    const at = performance.now()
    const line = parse(text)
    if (line === null) return
    seen.push({ at, line })
    notice()
  })
  // Read, so that the pipe never fills; shown only where something fails.
  child[options.stream === 'stdout' ? 'stderr' : 'stdout'].on('data', (chunk) => {
    rest = (rest + chunk).slice(-2_000)
  })
  child.stdin.on('error', () => {})

  return {
    pid,
    startedAt,
    lines: () => seen.length,
    say: (line) => child.stdin.write(`${line}\n`),
    until(test, from = 0) {
      return new Promise((resolve, reject) => {
        const stop = () => {
          clearTimeout(timer)
          watchers.delete(look)
        }
        const fail = (why: string) => {
          stop()
          const last = seen.slice(-5).map(({ line }) => JSON.stringify(line))
          reject(new Error(`${options.args[0]} ${why}:\n${last.join('\n')}\n${rest}`))
        }
        const look = () => {
          const found = seen.slice(from).find(({ line }) => test(line))
          if (found === undefined) return hasEnded ? fail('ended') : undefined
          stop()
          resolve(found)
        }
        const timer = setTimeout(() => fail('did not get there in time'), LIMIT_MS)
        watchers.add(look)
        look()
      })
    },
    end(ask) {
      ending ??= (async () => {
        const tree = treeOf(pid)
        const closed = new Promise<void>((resolve) => {
          if (hasEnded) resolve()
          else child.once('close', () => resolve())
        })
        ask(child)
        const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
        await closed
        clearTimeout(timer)
        killLeftovers(tree)
      })()
      return ending
    },
  }
}

function parse(text: string): Line | null {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? { ...value } : null
  } catch {
    return null
  }
}
