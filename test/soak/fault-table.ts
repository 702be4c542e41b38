/** The two sides of the fault matrix: what goes wrong, and the states in which it does. */
import { existsSync, lstatSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, sep } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SessionState } from '../../src/model/status.ts'
import { placesIn } from '../../src/session/auth-dir.ts'
import { browserProcesses } from '../browser-processes.ts'
import type { Stage } from './stage.ts'

export type Fault = {
  /** Its number in docs/failures.md. */
  number: string
  /** Where it means something: sessions with a browser, with a link, or all. */
  needs: 'browser' | 'link' | null
  /** True: the server itself stands still meanwhile and answers nothing. */
  freezesServer?: true
  /** True: the device is no longer linked then. */
  unlinks?: true
  /** True: at the end the account is linked again, and the server restarted. */
  relinks?: true
  /** Errors that the server logs because of it. */
  logs?: RegExp
  /** In `ready`: the longest time until the status shows it, in seconds; null: it need not show. */
  detectS: number | null
  /** In `ready`: the longest time from {@link mend} to `ready`, or to the end of the link, in seconds. */
  recoverS: number
  cause(stage: Stage): Promise<void>
  /** Takes the cause away. */
  mend?(stage: Stage): Promise<void>
}

const all = (stage: Stage, type: 'browser' | 'renderer' | 'any') =>
  browserProcesses(stage.authDir).filter((one) => type === 'any' || one.type === type)

function signal(stage: Stage, type: 'browser' | 'renderer' | 'any', name: NodeJS.Signals): void {
  for (const { pid } of all(stage, type)) {
    try {
      process.kill(pid, name)
    } catch {
      // It has just ended.
    }
  }
}

const on = (name: string, value: unknown = true) => ({
  cause: async ({ world }: Stage) => void (await world.setFault({ name, value })),
  mend: async ({ world }: Stage) => void (await world.setFault({ name, value: false })),
})
/** Time for the server to see a fault that acts on the next start only. */
async function again(stage: Stage): Promise<void> {
  signal(stage, 'browser', 'SIGKILL')
  await sleep(2_500)
}
const onStart = (name: string, value: unknown = true) => {
  const { cause, mend } = on(name, value)
  return {
    mend,
    async cause(stage: Stage) {
      await cause(stage)
      await again(stage)
    },
  }
}

/** The longest time to a clean end, see run-server.ts. */
const ENDED_MS = 20_000

/** A signal that ends the server: within 20 s, with 0, and with nothing left of the browser (G11). */
const endedBy = (name: NodeJS.Signals): Fault => ({
  ...{ number: 'F17', needs: null, detectS: null, recoverS: 45 },
  async cause(stage) {
    // A browser that was killed leaves its lock, until the next start.
    const isClean = all(stage, 'browser').length > 0
    const at = Date.now()
    const code = await stage.server().stop(name)
    const ms = Date.now() - at
    const lock = join(stage.authDir, 'session-default', 'SingletonLock')
    const left = [
      code !== 0 && `the server ended with ${code}`,
      ms > ENDED_MS && `the server ended after ${ms} ms`,
      all(stage, 'any').length > 0 && 'a browser is left',
      isClean && lstatSync(lock, { throwIfNoEntry: false }) !== undefined && 'SingletonLock is left',
    ].filter((one) => one !== false)
    stage.start()
    if (left.length > 0) throw new Error(left.join(', '))
  },
})

/** The account is logged out; nothing of the browser's profile stays, so no key does (G10). */
async function logOut(stage: Stage): Promise<void> {
  await stage.server().post('/api/logout')
  const left = readdirSync(stage.authDir, { recursive: true, encoding: 'utf8' })
    .map((path) => path.split(sep))
    .filter(([folder = '', file]) => folder.startsWith('session-') && file !== undefined)
  if (left.length > 0) throw new Error(`${left.length} files of the profile are left`)
}

export const FAULTS: Record<string, Fault> = {
  'browser killed': {
    ...{ number: 'F1', needs: 'browser', detectS: 2, recoverS: 30 },
    cause: async (stage) => signal(stage, 'browser', 'SIGKILL'),
  },
  'page killed': {
    ...{ number: 'F2', needs: 'browser', detectS: 2, recoverS: 30 },
    cause: async (stage) => signal(stage, 'renderer', 'SIGKILL'),
  },
  'page frozen': {
    ...{ number: 'F6', needs: 'browser', detectS: 45, recoverS: 45 },
    cause: async (stage) => signal(stage, 'renderer', 'SIGSTOP'),
  },
  'server killed': {
    ...{ number: 'F3', needs: null, detectS: null, recoverS: 45 },
    async cause(stage) {
      await stage.server().kill()
      stage.start()
    },
  },
  'lock of another computer': {
    ...{ number: 'F4', needs: null, detectS: null, recoverS: 45 },
    async cause(stage) {
      await stage.server().kill()
      await sleep(3_000)
      const lock = join(stage.authDir, 'session-default', 'SingletonLock')
      rmSync(lock, { force: true })
      try {
        symlinkSync('otherhost-4242', lock)
      } catch {
        // Without a profile there is no lock.
      }
      stage.start()
    },
  },
  'load hangs': {
    ...{ number: 'F6', needs: 'browser', detectS: 95, recoverS: 120 },
    ...onStart('load_hangs'),
  },
  'load refused': {
    ...{ number: 'F7', needs: 'browser', detectS: 30, recoverS: 90 },
    ...onStart('load_refused'),
  },
  'page reloads': {
    ...{ number: 'F8', needs: 'browser', detectS: null, recoverS: 30 },
    ...on('reload_burst'),
  },
  'unlinked on the phone': {
    ...{ number: 'F13', needs: 'link', unlinks: true, detectS: 90, recoverS: 60 },
    cause: async ({ world }) => void (await world.unlink().catch(() => {})),
  },
  'logged out': {
    ...{ number: 'F18', needs: null, unlinks: true, relinks: true, detectS: 20, recoverS: 30 },
    cause: logOut,
  },
  'ended by SIGTERM': endedBy('SIGTERM'),
  'ended by SIGINT': endedBy('SIGINT'),
  'ended by SIGHUP': endedBy('SIGHUP'),
  conflict: {
    ...{ number: 'F15', needs: 'link', detectS: 35, recoverS: 120 },
    ...on('conflict'),
  },
  'network cut for 15 s': {
    ...{ number: 'F16', needs: 'browser', detectS: 35, recoverS: 120 },
    async cause(stage) {
      await on('offline').cause(stage)
      await sleep(15_000)
    },
    mend: on('offline').mend,
  },
  'computer asleep for 30 s': {
    ...{ number: 'F16', needs: 'browser', freezesServer: true, detectS: null, recoverS: 60 },
    async cause(stage) {
      const { pid } = stage.server()
      process.kill(pid, 'SIGSTOP')
      signal(stage, 'any', 'SIGSTOP')
      await sleep(30_000)
      signal(stage, 'any', 'SIGCONT')
      process.kill(pid, 'SIGCONT')
    },
  },
  'archive damaged': {
    ...{ number: 'F29', needs: 'link', logs: /archive/, detectS: null, recoverS: 45 },
    async cause(stage) {
      await stage.server().kill()
      await sleep(3_000)
      for (const file of archives(stage)) {
        renameSync(file, `${file}.whole`)
        writeFileSync(file, 'not a database')
      }
      stage.start()
    },
    async mend(stage) {
      await stage.server().kill()
      await sleep(3_000)
      for (const file of new Set(archives(stage))) renameSync(`${file}.whole`, file)
      stage.start()
    },
  },
  'a module is missing': {
    ...{ number: 'F30', needs: 'browser', detectS: 35, recoverS: 60 },
    ...onStart('module_missing', 'WAWebSocketModel'),
  },
}

export const RESTART = '/api/accounts/default/restart'

/** How a session is brought into each state. `isLinked`: it is that of a linked device. */
export type Place = {
  state: SessionState
  isLinked: boolean
  hasBrowser: boolean
  /** From a linked and ready session, or from a stopped one that is not linked. */
  enter(stage: Stage): Promise<void>
  /** Takes away what holds the session in the state. */
  leave?(stage: Stage): Promise<void>
}

const post = (stage: Stage, path: string, body: object = {}) =>
  fetch(`${stage.server().url()}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })

export const PLACES: Record<string, Place> = {
  stopped: { state: 'stopped', isLinked: false, hasBrowser: false, async enter() {} },
  'starting, not linked': {
    ...{ state: 'starting', isLinked: false, hasBrowser: true },
    enter: async (stage) => void post(stage, '/api/auth/start').catch(() => {}),
  },
  qr: {
    ...{ state: 'qr', isLinked: false, hasBrowser: true },
    enter: async (stage) => void (await post(stage, '/api/auth/start')),
  },
  auth_failure: {
    ...{ state: 'auth_failure', isLinked: false, hasBrowser: false },
    async enter(stage) {
      await on('pairing_refused').cause(stage)
      await post(stage, '/api/pairing-code', { phone_number: stage.world.state().account.phone })
    },
    leave: on('pairing_refused').mend,
  },
  starting: {
    ...{ state: 'starting', isLinked: true, hasBrowser: true },
    enter: async (stage) => void post(stage, RESTART).catch(() => {}),
  },
  authenticated: {
    ...{ state: 'authenticated', isLinked: true, hasBrowser: true },
    async enter(stage) {
      await on('sync_slow').cause(stage)
      void post(stage, RESTART).catch(() => {})
    },
    leave: on('sync_slow').mend,
  },
  ready: { state: 'ready', isLinked: true, hasBrowser: true, async enter() {} },
  disconnected: {
    ...{ state: 'disconnected', isLinked: true, hasBrowser: false },
    async enter(stage) {
      await on('load_refused').cause(stage)
      signal(stage, 'browser', 'SIGKILL')
    },
    leave: on('load_refused').mend,
  },
}

function archives({ authDir }: Stage): string[] {
  const folder = join(placesIn(authDir).own, 'archives')
  if (!existsSync(folder)) return []
  return readdirSync(folder).flatMap((name) =>
    /\.db(\.whole)?$/.test(name) ? [join(folder, name.replace('.whole', ''))] : [],
  )
}
