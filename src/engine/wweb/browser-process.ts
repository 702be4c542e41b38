/** The browser as a process: who uses the profile, what a dead server left, and how to end it gently. */
import { readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs'
import { hostname } from 'node:os'
import { join, resolve } from 'node:path'
import type { Browser } from 'puppeteer'
import { type Clock, withDeadline } from '../../clock.ts'

/** Chromium's own lock on a profile (chrome/browser/process_singleton_posix.cc). */
const SINGLETON_FILES = ['SingletonLock', 'SingletonSocket', 'SingletonCookie']

/** A browser that a killed server left ends by itself within 2.5 s. */
const ORPHAN_MS = 4_000
const PAGES_MS = 1_000
const WRITE_MS = 300
const CLOSE_MS = 10_000
const TERM_MS = 5_000
const SWEEP_MS = 2_000
const POLL_MS = 25

/**
 * Makes the profile usable: waits for a browser that a killed server left (with `pipe: true` it ends by
 * itself within 2.5 s), ends it if it does not, then removes a lock without a live holder. Otherwise a lock
 * of another host name, as after moving the profile or recreating a container, keeps Chromium from starting
 * for ever (F4). Call it only while holding the auth directory's own lock, which proves that another host's
 * lock is a leftover. A live browser that cannot be identified as ours is left alone, with its lock. Never
 * fails.
 */
export async function releaseProfile(profileDir: string, clock: Clock): Promise<void> {
  const owner = profileOwner(profileDir)
  if (owner !== null && !(await hasEnded(owner, ORPHAN_MS, clock, profileDir))) {
    if (!readsCommandLines) return
    signal(owner, 'SIGTERM')
    if (!(await hasEnded(owner, TERM_MS, clock, profileDir))) signal(owner, 'SIGKILL')
  }
  for (const name of SINGLETON_FILES) rmSync(join(profileDir, name), { force: true })
}

/**
 * Ends a browser: its own close, then SIGTERM, then SIGKILL, because a link that is seconds old survives only
 * the first two (F14). Resolves when all its processes have ended, within about 18 s. Never fails.
 * @param keeps false: its profile is removed afterwards, so it ends at once
 */
export async function endBrowser(browser: Browser, clock: Clock, keeps = true): Promise<void> {
  const child = browser.process()
  if (child?.pid === undefined) return
  if (!keeps) signal(process.platform === 'win32' ? child.pid : -child.pid, 'SIGKILL')
  else if (child.exitCode === null && child.signalCode === null) {
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()))
    const within = (ms: number) =>
      withDeadline(clock, 'Closing the browser', ms, exited).then(
        () => true,
        () => false,
      )
    // Not browser.close(): if the pipe closes before the response has arrived, that kills the browser at once
    // (puppeteer BrowserLauncher.closeBrowser), with the data it had not yet written.
    askToClose(browser, clock).catch(() => {})
    if (!(await within(CLOSE_MS))) {
      child.kill('SIGTERM')
      if (!(await within(TERM_MS))) child.kill('SIGKILL')
    }
  }
  await sweepGroup(child.pid, clock)
}

/**
 * puppeteer starts the browser as a process group: helpers finish writing and exit; those that hang do not.
 */
async function sweepGroup(leader: number, clock: Clock): Promise<void> {
  if (process.platform === 'win32') return
  for (let waited = 0; waited < SWEEP_MS; waited += POLL_MS) {
    if (!isGroupAlive(leader)) return
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve))
  }
  signal(-leader, 'SIGKILL')
}

/**
 * Without an init process, as in many containers, dead processes stay in the group; on Linux they can be
 * recognised.
 */
function isGroupAlive(leader: number): boolean {
  try {
    process.kill(-leader, 0)
    if (!readsCommandLines) return true
    return readdirSync('/proc').some((name) => {
      if (!/^\d+$/.test(name)) return false
      const [state, , group] = statOf(name)
      return Number(group) === leader && state !== 'Z' && state !== 'X'
    })
  } catch {
    return false
  }
}

/** The fields of /proc/<pid>/stat from the state on (man 5 proc_pid_stat); empty if the process has ended. */
function statOf(pid: string): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  } catch {
    return []
  }
}

/**
 * Closes the pages first: a page's data is written to disk when the page closes, while a browser that closes
 * may end before its storage process has written it (F14; seen now and then, on a loaded machine, within a
 * second of linking).
 */
async function askToClose(browser: Browser, clock: Clock): Promise<void> {
  const closing = browser.pages().then((pages) => Promise.all(pages.map((page) => page.close())))
  await withDeadline(clock, 'Closing the pages', PAGES_MS, closing).catch(() => {})
  await new Promise<void>((resolve) => clock.after(WRITE_MS, resolve))
  const session = await browser.target().createCDPSession()
  await session.send('Browser.close')
}

/** The live process of this host that Chromium's lock names and that may use this profile, or null. */
function profileOwner(profileDir: string): number | null {
  let target: string
  try {
    target = readlinkSync(join(profileDir, 'SingletonLock'))
  } catch {
    return null
  }
  const dash = target.lastIndexOf('-')
  const pid = Number(target.slice(dash + 1))
  const isHere = target.slice(0, dash) === hostname() && Number.isInteger(pid) && pid > 1
  return isHere && runsOn(pid, profileDir) ? pid : null
}

const readsCommandLines = process.platform === 'linux'

/** Pids are reused: on Linux the process must be a browser with this profile; elsewhere any live process counts. */
function runsOn(pid: number, profileDir: string): boolean {
  try {
    if (!readsCommandLines) return process.kill(pid, 0)
    // As a whole argument: the profile of another account may begin like this one.
    const args = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
    return args.includes(`--user-data-dir=${resolve(profileDir)}`)
  } catch {
    return false
  }
}

async function hasEnded(pid: number, withinMs: number, clock: Clock, profileDir: string): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += POLL_MS) {
    if (!runsOn(pid, profileDir)) return true
    await new Promise<void>((resolve) => clock.after(POLL_MS, resolve))
  }
  return false
}

function signal(pid: number, name: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch {
    // The process has ended.
  }
}
