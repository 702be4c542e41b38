/** One server a directory: a lock file with its holder's process in it, kept fresh while that lives. */
import { linkSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { readText } from '../read-file.ts'

/** The holder touches its lock this often, so that a lock of another host can be told from a leftover. */
const TOUCH_MS = 4_000
/** Not touched for this long: its holder is gone. */
const STALE_MS = 12_000
/** Newcomers who found the same leftover are done with it after this long. */
const SETTLE_MS = 150

/** The directory is in use. `holder` is the process, on this host where `host` is null. */
export class HeldError extends Error {
  readonly holder: number
  readonly host: string | null
  constructor(holder: number, host: string | null) {
    super('the lock is held')
    this.holder = holder
    this.host = host
  }
}

type Holder = { pid: number; started: string | null; host: string }

/** A lock as somebody who does not want it sees it. `host` is null for this one. */
export type LockView = { pid: number; host: string | null; isLive: boolean }

/** Who holds the lock, without touching it; null where there is none. One of another host lives while it is touched. */
export function readLock(file: string): LockView | null {
  const holder = parse(readOrNull(file))
  if (holder === null) return null
  const here = holder.host === hostname()
  const started = here ? startOf(holder.pid) : null
  const isTouched = Date.now() - touchedAt(file) <= STALE_MS
  const isLive = here
    ? isAlive(holder.pid) && (started === null ? isTouched : started === holder.started)
    : isTouched
  return { pid: holder.pid, host: here ? null : holder.host, isLive }
}

/** Locks of this process: the file alone cannot tell two holders in one process apart. */
const mine = new Set<string>()

/**
 * Take the lock; resolves with its release. A lock whose process has ended is taken over. One of another host, or of a
 * process that cannot be told from a later one with its number, counts as long as it is touched: that takes up to 12 s
 * to see, and `onWait` is told.
 * @throws HeldError while another server lives
 */
export async function lockDir(file: string, onWait: () => void): Promise<() => void> {
  if (mine.has(file)) throw new HeldError(process.pid, null)
  const text = JSON.stringify({
    pid: process.pid,
    started: startOf(process.pid),
    host: hostname(),
  } satisfies Holder)
  const fresh = `${file}.${process.pid}.new`
  for (let tries = 0; tries < 5; tries++) {
    // Written aside and linked: the lock appears whole, or not at all.
    try {
      writeFileSync(fresh, text, { mode: 0o600 })
      linkSync(fresh, file)
      // Where a leftover was in the way, somebody who judged it too may move ours; it is given back, or we lost.
      if (tries > 0) await sleep(SETTLE_MS)
      if (readOrNull(file) === text) {
        mine.add(file)
        return keep(file, text)
      }
    } catch (error) {
      if (!isCode(error, 'EEXIST')) throw error
    } finally {
      rmSync(fresh, { force: true })
    }
    const judged = readOrNull(file)
    await requireStale(file, onWait)
    takeAway(file, judged)
  }
  throw new HeldError(0, null)
}

function keep(file: string, text: string): () => void {
  const timer = setInterval(() => {
    try {
      utimesSync(file, new Date(), new Date())
    } catch {
      // Deleted under us; there is nothing to keep fresh.
    }
  }, TOUCH_MS)
  timer.unref()
  return () => {
    clearInterval(timer)
    mine.delete(file)
    if (readOrNull(file) === text) rmSync(file, { force: true })
  }
}

/** Resolves when the lock's holder is gone. */
async function requireStale(file: string, onWait: () => void): Promise<void> {
  const holder = parse(readOrNull(file))
  if (holder === null) return
  const here = holder.host === hostname()
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
    if (touchedAt(file) !== seen) throw new HeldError(holder.pid, here ? null : holder.host)
  }
}

/** Only one of several newcomers can move the stale file away; the others find it gone and try again. */
function takeAway(file: string, judged: string | null): void {
  const aside = `${file}.${process.pid}.stale`
  try {
    renameSync(file, aside)
    // Moved what a quicker newcomer had just made: give it back.
    if (readOrNull(aside) !== judged) linkSync(aside, file)
  } catch {
    // Somebody was quicker.
  }
  rmSync(aside, { force: true })
}

function parse(text: string | null): Holder | null {
  try {
    const { pid, started, host } = JSON.parse(text ?? '')
    return Number.isInteger(pid) ? { pid, started: started ?? null, host: String(host) } : null
  } catch {
    return null
  }
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    // Not permitted to signal it: it lives, under another user.
    return isCode(error, 'EPERM')
  }
}

/** When a process started, in clock ticks, to tell it from a later one with its pid; null where that cannot be read. */
function startOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
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

function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code
}
