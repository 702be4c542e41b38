/** A server that can be killed: its process, what it has said, and what its API says now. */
import { type ChildProcess, spawn } from 'node:child_process'
import { dirname } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { Status } from '../../src/model/status.ts'

const SERVER = fileURLToPath(new URL('../../dist/main.js', import.meta.url))
const WITH_PARENT = new URL('./with-parent.mjs', import.meta.url).href
const POLL_MS = 20
/** A clean stop takes 19 s at most, see run-server.ts. */
const STOP_MS = 25_000

/** One line of its log. `at`: Unix ms at which it arrived here. */
export type LogLine = { at: number; level: number; msg: string; state: string; url?: string; text: string }

export type ServerProcess = {
  pid: number
  /** Unix ms of its start. */
  startedAt: number
  /** Everything that it has logged, oldest first. */
  log: readonly LogLine[]
  /** Where it listens; null: not yet. */
  url(): string | null
  /** Unix ms at which it first was ready after `since`; null: not yet. */
  readyAfter(since: number): number | null
  /** What its API says; null while it does not listen, or no longer answers. */
  status(): Promise<Status | null>
  post(path: string): Promise<void>
  /** SIGKILL; resolves once it is gone. */
  kill(): Promise<void>
  /** Ends it with this signal (SIGTERM); resolves with its exit code, or with the signal that ended it. Rejects where it takes too long. */
  stop(signal?: NodeJS.Signals): Promise<number | NodeJS.Signals | null>
}

const running = new Set<ChildProcess>()

/** Whatever ends this process ends its servers, and with them their browsers. */
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** What a server has besides: settings, and modules that are loaded before its own code. */
export type Extras = { env?: Record<string, string>; imports?: readonly string[] }

/** Start the built server. `browser`: the program to use as its browser. */
export function startServer(
  { authDir, browser }: { authDir: string; browser: string },
  { env = {}, imports = [] }: Extras = {},
): ServerProcess {
  const startedAt = Date.now()
  const child = spawn(
    process.execPath,
    [...[WITH_PARENT, ...imports].flatMap((one) => ['--import', one]), SERVER, 'serve'],
    {
      cwd: dirname(authDir),
      env: {
        ...process.env,
        WHATSAPP_AUTH_DIR: authDir,
        WHATSAPP_CHROME_EXECUTABLE: browser,
        WHATSAPP_MCP_HOST: '127.0.0.1',
        WHATSAPP_MCP_PORT: '0',
        WHATSAPP_MCP_LOG_LEVEL: 'info',
        WHATSAPP_HISTORY_PAUSE_MS: '0',
        WHATSAPP_SENDS_PER_MINUTE: '0',
        WHATSAPP_SENDS_PER_HOUR: '0',
        WHATSAPP_NEW_PEOPLE_PER_DAY: '0',
        WHATSAPP_HEADLESS: 'true',
        ...env,
      },
      stdio: ['pipe', 'ignore', 'pipe'],
    },
  )
  running.add(child)
  const ended = new Promise<number | NodeJS.Signals | null>((resolve) =>
    child.once('close', (code, signal) => {
      running.delete(child)
      resolve(code ?? signal)
    }),
  )
  const log: LogLine[] = []
  createInterface({ input: child.stderr }).on('line', (text) => log.push(toLogLine(text)))
  child.stdin.on('error', () => {})

  const { pid } = child
  if (pid === undefined) throw new Error('the server could not be started')
  return {
    pid,
    startedAt,
    log,
    url: () => urlOf(log) ?? null,
    readyAfter: (since) => log.find(({ state, at }) => state === 'ready' && at > since)?.at ?? null,
    async status() {
      try {
        const url = urlOf(log)
        if (url === undefined) return null
        const answer = await fetch(`${url}/api/status`, { signal: AbortSignal.timeout(5_000) })
        return JSON.parse(await answer.text())
      } catch {
        return null
      }
    },
    async post(path) {
      const answer = await fetch(`${urlOf(log)}${path}`, { method: 'POST' })
      if (!answer.ok) throw new Error(`POST ${path}: ${await answer.text()}`)
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async stop(signal = 'SIGTERM') {
      child.kill(signal)
      const late = sleep(STOP_MS, undefined, { ref: false }).then(() => {
        throw new Error(`the server did not stop:\n${tailOf(log)}`)
      })
      return Promise.race([ended, late])
    },
  }
}

const urlOf = (log: readonly LogLine[]) => log.find(({ url }) => url !== undefined)?.url

/** The newest lines, for a message about what went wrong. */
export function tailOf(log: readonly LogLine[]): string {
  return log
    .slice(-15)
    .map(({ text }) => text)
    .join('\n')
}

/** Until `find` gives something other than null; rejects with `what` after `ms`. */
export async function waitFor<T>(
  what: string,
  ms: number,
  find: () => Promise<T | null> | T | null,
): Promise<T> {
  for (const until = Date.now() + ms; ; await sleep(POLL_MS)) {
    const found = await find()
    if (found !== null) return found
    if (Date.now() > until) throw new Error(`${what} within ${ms / 1000} s`)
  }
}

function toLogLine(text: string): LogLine {
  const at = Date.now()
  try {
    const { level = 0, msg = '', state = '', url } = JSON.parse(text)
    return { at, level, msg, state, url, text }
  } catch {
    return { at, level: 0, msg: '', state: '', text }
  }
}
