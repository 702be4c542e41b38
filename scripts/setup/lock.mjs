/** A lock: one setup at a time changes a checkout, the others wait. */

import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './paths.mjs'

/**
 * The contents of the lock file. `worker` is a program of the owner that changes the checkout (npm). It may still run after
 * the owner was killed, and a second one at the same time would corrupt node_modules.
 * @typedef {{ nonce: string, pid: number, worker: number | null, startedAt: number }} Owner
 */

// In the system's temporary folder, because `npm ci` empties node_modules, and users may delete dist/.
const user = process.platform === 'win32' ? userInfo().username : process.getuid?.()
const name = createHash('sha256').update(`${user}\0${root}`).digest('hex').slice(0, 16)
const path = join(tmpdir(), `whatsapp-mcp-api-setup-${name}.lock`)

const heartbeatMs = 5_000
/** A pid alone is not enough: after a restart, especially of a container, another program may have it. So owners also send a heartbeat. */
const silentMs = 60_000
const workerMaxMs = 10 * 60_000

/**
 * Waits until no other setup of this checkout runs, then runs `action`.
 * @template T
 * @param {(owner: { pid: number }) => void} onWait called once, if it must wait for another setup
 * @param {(lock: { setWorker: (pid: number | null) => void }) => Promise<T>} action
 * @returns {Promise<T>}
 */
export async function withLock(onWait, action) {
  /** @type {Owner} */
  const own = { nonce: randomUUID(), pid: process.pid, worker: null, startedAt: Date.now() }
  await acquire(own, onWait)
  const beat = setInterval(() => touch(), heartbeatMs)
  beat.unref()
  const release = () => {
    if (read()?.nonce === own.nonce) rmSync(path, { force: true })
  }
  process.once('exit', release)
  try {
    return await action({
      setWorker(pid) {
        own.worker = pid
        if (read()?.nonce === own.nonce) writeFileSync(path, JSON.stringify(own))
      },
    })
  } finally {
    clearInterval(beat)
    process.off('exit', release)
    release()
  }
}

/**
 * @param {Owner} own
 * @param {(owner: { pid: number }) => void} onWait
 */
async function acquire(own, onWait) {
  for (let waits = 0; ; waits++) {
    try {
      writeFileSync(path, JSON.stringify(own), { flag: 'wx', mode: 0o600 })
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const other = read()
    if (isStale(other)) takeAway(other)
    else {
      if (other && waits === 0) onWait(other)
      await sleep(200)
    }
  }
}

/** Returns the lock; null if there is none, or if it is being written. */
function read() {
  try {
    return /** @type {Owner} */ (JSON.parse(readFileSync(path, 'utf8')))
  } catch {
    return null
  }
}

/** @param {Owner | null} owner */
function isStale(owner) {
  const silentFor = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now())
  if (!owner) return silentFor > silentMs
  if (owner.pid !== process.pid && isAlive(owner.pid) && silentFor < silentMs) return false
  return !(owner.worker && isAlive(owner.worker) && Date.now() - owner.startedAt < workerMaxMs)
}

/**
 * Removes a stale lock. Moves it away and reads it again first, because two waiting processes may judge the same lock: the
 * slower one would otherwise delete the new lock of the faster one.
 * @param {Owner | null} judged
 */
function takeAway(judged) {
  const aside = `${path}.${randomUUID()}`
  try {
    renameSync(path, aside)
    if (/** @type {Owner} */ (JSON.parse(readFileSync(aside, 'utf8'))).nonce !== judged?.nonce) {
      renameSync(aside, path)
    }
  } catch {
    // Another process was faster, or the lock was incomplete. The next round reads the lock again.
  }
  rmSync(aside, { force: true })
}

function touch() {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // A cleaner of temporary folders may delete the lock; the work continues.
  }
}

/** @param {number} pid */
function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
