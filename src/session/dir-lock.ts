/**
 * One server per directory: a lock file that names its holder's process and is touched while that process
 * runs.
 */
import {
  existsSync,
  linkSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { codeOf } from '../error-code.ts'
import { isAlive } from '../is-alive.ts'
import { readText } from '../read-file.ts'

/**
 * The holder touches its lock this often, which distinguishes an active lock of another host from a leftover.
 */
const TOUCH_MS = 4_000
/** A lock that was not touched for this long has no holder. */
const STALE_MS = 12_000
/** All processes that remove the same leftover lock at once have done so after this time. Until then, one may move a new lock away. */
const SETTLE_MS = 150

/** The directory is in use. `holder`: the process that uses it; 0: not known. `host`: as in {@link LockView}. */
export class HeldError extends Error {
  readonly holder: number
  readonly host: string | null
  constructor(holder: number, host: string | null) {
    super('the lock is held')
    this.holder = holder
    this.host = host
  }
}

/** `ns`: the namespace in which the pid is valid; null on systems without namespaces, and in a lock of an earlier version. */
type Holder = { pid: number; started: string | null; host: string; ns: string | null }

/** A lock as an observer sees it. `host` is null for a process that this one can see. */
export type LockView = { pid: number; host: string | null; isLive: boolean }

/**
 * Reads the lock without changing it; null if there is none. A lock of another host or container is live while it is
 * touched.
 */
export function readLock(file: string): LockView | null {
  const holder = parse(readOrNull(file))
  if (holder === null) return null
  const here = isHere(holder)
  const started = here ? startOf(holder.pid) : null
  const isTouched = Date.now() - touchedAt(file) <= STALE_MS
  const isLive = here
    ? isAlive(holder.pid) && (started === null ? isTouched : started === holder.started)
    : isTouched
  return { pid: holder.pid, host: hostOf(holder), isLive }
}

/** True if this process can see the holder's. A container can have the host name of its computer, but not its pids. */
function isHere({ host, ns }: Holder): boolean {
  return host === hostname() && (ns === null || ns === namespace())
}

function hostOf(holder: Holder): string | null {
  if (isHere(holder)) return null
  return holder.host === hostname() ? `${holder.host}, in another container` : holder.host
}

/** Locks of this process: the file alone cannot distinguish two holders in one process. */
const mine = new Set<string>()

/**
 * Takes the lock; resolves with its release function. A lock whose process has ended is taken over. A lock of
 * another host or container, or of a process that cannot be distinguished from a later one with the same pid, counts while
 * it is touched: the check takes up to 12 s, and `onWait` is called first.
 * @throws HeldError while another server holds the lock
 */
export async function lockDir(file: string, onWait: () => void): Promise<() => void> {
  if (mine.has(file)) throw new HeldError(process.pid, null)
  const text = JSON.stringify({
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
    ns: namespace(),
  } satisfies Holder)
  const fresh = `${file}.${hostname()}.${process.pid}.new`
  const next = `${file}.next`
  let mayBeMoved = false
  try {
    // Written beside it and then linked: the lock appears whole, or not at all.
    rmSync(fresh, { force: true })
    writeFileSync(fresh, text, { mode: 0o600 })
    for (let tries = 0; tries < 5; tries++) {
      if (linkAs(fresh, file)) {
        mayBeMoved ||= existsSync(next)
        if (mayBeMoved) await sleep(SETTLE_MS)
        if (readOrNull(file) !== text) continue
        if (mayBeMoved) rmSync(next, { force: true })
        return keep(file, text)
      }
      const judged = readOrNull(file)
      await requireStale(file, onWait)
      if (!existsSync(file)) continue
      if (judged !== null && linkAs(fresh, next)) {
        if (replaceAlone(file, judged, fresh, next)) return keep(file, text)
      } else {
        // If the process that made `next` ended while it replaced the leftover, any number of others may remove the leftover now.
        if (judged !== null && !existsSync(next)) continue
        await requireStale(next, onWait)
        mayBeMoved = true
        takeAway(file, judged)
      }
    }
  } finally {
    rmSync(fresh, { force: true })
  }
  throw new HeldError(0, null)
}

/** Gives the file this name too, touched now. Returns false if there is one with it already. */
function linkAs(fresh: string, name: string): boolean {
  try {
    utimesSync(fresh, new Date(), new Date())
    linkSync(fresh, name)
    return true
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
    return false
  }
}

/**
 * Replaces the leftover lock. While `next` exists, no other process can replace it, so there is nothing to wait for. Returns false
 * if another process replaced it before.
 */
function replaceAlone(file: string, judged: string, fresh: string, next: string): boolean {
  try {
    const isThere = readOrNull(file) === judged
    if (isThere) renameSync(fresh, file)
    return isThere
  } finally {
    rmSync(next, { force: true })
  }
}

function keep(file: string, text: string): () => void {
  mine.add(file)
  const timer = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date())
    } catch {
      // The file was deleted: there is nothing to touch.
    }
  }, TOUCH_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    mine.delete(file)
    if (readOrNull(file) === text) rmSync(file, { force: true })
  }
}

/** Resolves when the lock has no live holder. */
async function requireStale(file: string, onWait: () => void): Promise<void> {
  const holder = parse(readOrNull(file))
  if (holder === null) return
  const here = isHere(holder)
  if (here && !isAlive(holder.pid)) return
  const started = startOf(holder.pid)
  if (here && started !== null) {
    if (started === holder.started) throw new HeldError(holder.pid, null)
    return
  }
  const seen = touchedAt(file)
  if (Date.now() - seen > STALE_MS) return
  onWait()
  for (let waited = 0; waited < STALE_MS; waited += 500) {
    await sleep(500)
    if (touchedAt(file) !== seen) throw new HeldError(holder.pid, hostOf(holder))
  }
}

/** Only one process can move the stale file away; the others find it gone and try again. One that comes late moves a new lock, and puts it back. */
function takeAway(file: string, judged: string | null): void {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
    if (readOrNull(aside) !== judged) linkSync(aside, file)
  } catch {
    // Another process was faster.
  }
  rmSync(aside, { force: true })
}

function parse(text: string | null): Holder | null {
  try {
    const { pid, started, host, ns } = JSON.parse(text ?? '')
    return Number.isInteger(pid)
      ? { pid, started: started ?? null, host: String(host), ns: ns ?? null }
      : null
  } catch {
    return null
  }
}

/**
 * When a process started, in clock ticks: distinguishes it from a later one with the same pid; null if
 * unreadable.
 */
function startOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

/** The pid namespace of this process; null if unreadable. */
function namespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/pid')
  } catch {
    return null
  }
}

function touchedAt(file: string): number {
  try {
    return statSync(file).mtimeMs
  } catch {
    return 0
  }
}

function readOrNull(file: string): string | null {
  try {
    return readText(file)
  } catch {
    return null
  }
}
