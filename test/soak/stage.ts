/** What a kill run happens on: a double in this process, a server as a process of its own, and their directories. */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openSimulator } from '../../simulator/open-simulator.ts'
import type { World } from '../../simulator/simulator.ts'
import { findBrowser } from '../../src/browser/find.ts'
import type { Status } from '../../src/model/status.ts'
import { type BrowserProcess, browserProcesses } from '../browser-processes.ts'
import {
  type Extras,
  type LogLine,
  type ServerProcess,
  startServer,
  tailOf,
  waitFor,
} from './server-process.ts'

/** The longest pause between two tries to connect is a minute, see reconnect.ts. */
const READY_MS = 90_000
const SYNCED_MS = 60_000
/** A browser whose server was killed ends within 2.5 s (F3); twice that on a busy machine. */
const BROWSERS_GONE_MS = 6_000

export type Stage = {
  world: World
  authDir: string
  /** The present server. */
  server(): ServerProcess
  /** The browser of the present server; null: it has none. One that a killed server left may still be there. */
  browserPid(): number | null
  /** Start a server, once the one before has ended. */
  start(extras?: Extras): void
  /** Unix ms at which the present server was ready after `since`. */
  ready(since: number): Promise<number>
  /** Ready, and everything that WhatsApp Web has is archived. */
  synced(): Promise<Status>
  /** From nothing to a link that outlives a killed browser: it is on disk only after a clean end (F14). */
  linkForGood(): Promise<void>
  /** End the server cleanly; resolves with the number of browser processes that it left behind. */
  stop(): Promise<number>
  /** Errors that any of the servers logged, each text once, with how often. */
  errors(): Map<string, number>
  /** End everything and remove the directories. Safe to call twice. */
  close(): Promise<void>
}

export async function openStage(seed: number): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'wma-soak-'))
  const authDir = join(folder, 'auth')
  mkdirSync(authDir, { mode: 0o700 })
  const removeFolder = () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
  /** Servers end first, see server-process.ts; a browser that lives on for a moment would go on writing. */
  const removeAtExit = () => {
    killBrowsers(authDir)
    removeFolder()
  }
  process.once('exit', removeAtExit)
  const simulator = await openSimulator({
    dataDir: join(folder, 'double'),
    seed,
    pace: 'none',
    control: null,
  })
  const browser = writeBrowser(folder, simulator.chromiumArgs)
  const logs: (readonly LogLine[])[] = []
  let server: ServerProcess | null = null

  const stage: Stage = {
    world: simulator.world,
    authDir,
    server() {
      if (server === null) throw new Error('no server was started')
      return server
    },
    browserPid() {
      const { pid: parent } = stage.server()
      const isOurs = ({ pid, type }: BrowserProcess) => type === 'browser' && parentOf(pid) === parent
      return browserProcesses(authDir).find(isOurs)?.pid ?? null
    },
    start(extras) {
      server = startServer({ authDir, browser }, extras)
      logs.push(server.log)
    },
    async ready(since) {
      const { readyAfter, log } = stage.server()
      return waitFor('ready', READY_MS, () => readyAfter(since)).catch((error) => {
        throw new Error(`${error.message}\n${tailOf(log)}`)
      })
    },
    async synced() {
      let last: Status | null = null
      const isSynced = ({ state, sync, archive }: Status) =>
        state === 'ready' && sync?.phase === 'done' && archive?.stale_since === null
      return waitFor('synced', SYNCED_MS, async () => {
        last = await stage.server().status()
        return last !== null && isSynced(last) ? last : null
      }).catch((error) => {
        throw new Error(`${error.message}: ${JSON.stringify(last)}\n${tailOf(stage.server().log)}`)
      })
    },
    async linkForGood() {
      stage.start()
      await waitFor('listening', READY_MS, () => stage.server().status())
      await stage.server().post('/api/auth/start')
      // On a slow computer the start returns before its first result.
      await waitFor('a QR code', READY_MS, async () =>
        (await stage.server().status())?.has_qr ? true : null,
      )
      await simulator.world.scan()
      await stage.synced()
      await stage.stop()
      stage.start()
      await stage.synced()
    },
    async stop() {
      const code = await stage.server().stop()
      if (code !== 0) throw new Error(`the server ended with ${code}:\n${tailOf(stage.server().log)}`)
      return browserProcesses(authDir).length
    },
    errors() {
      const found = new Map<string, number>()
      for (const { msg } of logs.flat().filter(({ level }) => level >= 50)) {
        found.set(msg, (found.get(msg) ?? 0) + 1)
      }
      return found
    },
    async close() {
      await server?.kill()
      await simulator.close()
      const isGone = () => (browserProcesses(authDir).length === 0 ? true : null)
      await waitFor('browsers gone', BROWSERS_GONE_MS, isGone).catch(() => killBrowsers(authDir))
      removeFolder()
      process.off('exit', removeAtExit)
    },
  }
  return stage
}

/** Writes a browser that takes the double for WhatsApp, as a program of its own: so the server runs as people run it. Returns its path. */
export function writeBrowser(folder: string, args: readonly string[]): string {
  const found = findBrowser()
  if (found === null) throw new Error('no browser was found')
  const [program, ...rest] = [found.path, ...args].map((word) => `'${word.replaceAll("'", "'\\''")}'`)
  const path = join(folder, 'browser')
  // The shell becomes the browser, so that no process stands between it and the server.
  writeFileSync(path, `#!/bin/sh\nexec ${program} "$@" ${rest.join(' ')}\n`)
  chmodSync(path, 0o700)
  return path
}

function killBrowsers(authDir: string): void {
  for (const { pid } of browserProcesses(authDir)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It ended meanwhile.
    }
  }
}

/** NaN for a process that is gone. */
function parentOf(pid: number): number {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
  } catch {
    return Number.NaN
  }
}

/** Resolves with the status once it fits; rejects with the last one. */
export async function waitForStatus(
  stage: Stage,
  ms: number,
  fits: (status: Status) => boolean,
): Promise<Status> {
  let last: Status | null = null
  return waitFor('the status', ms, async () => {
    last = await stage.server().status()
    return last !== null && fits(last) ? last : null
  }).catch((error) => {
    const { state, reason, last_error } = { ...(last ?? ({} as Partial<Status>)) }
    throw new Error(`${error.message}: ${JSON.stringify({ state, reason, last_error })}`)
  })
}
