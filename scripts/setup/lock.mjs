/** Lets one setup at a time work on a checkout; the others wait. */

import { createHash, randomUUID } from 'node:crypto'
import { readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { root } from './paths.mjs'

/**
 * What the lock file holds. `worker` is a program that the owner started and that changes the checkout (npm): where the
 * owner was killed it may still be at work, and a second one beside it would ruin node_modules.
 * @typedef {{ nonce: string, pid: number, worker: number | null, startedAt: number }} Owner
 */

// In the system's temporary folder, since `npm ci` empties node_modules and people delete dist/ as they like.
const user = process.platform === 'win32' ? userInfo().username : process.getuid?.()
const name = createHash('sha256').update(`${user}\0${root}`).digest('hex').slice(0, 16)
const path = join(tmpdir(), `whatsapp-mcp-api-setup-${name}.lock`)

const heartbeatMs = 5_000
/** A pid alone proves little: after a restart (of a container above all) another program has it. So owners also beat. */
const silentMs = 60_000
const workerMaxMs = 10 * 60_000

/**
 * Runs `action` while no other setup of this checkout runs.
 * @template T
 * @param {(owner: { pid: number }) => void} onWait called once, when another one has to be waited for
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

/** Null when there is no lock, or one that is just being written. */
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
 * Moved away before it is looked at again, since two that wait may judge the same lock: the slower one would otherwise
 * delete the lock that the faster one has just made.
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
    // Somebody else was faster, or it was never written to the end: the next round sees what is there.
  }
  rmSync(aside, { force: true })
}

function touch() {
  try {
    utimesSync(path, new Date(), new Date())
  } catch {
    // Cleaners of temporary folders may take it; the work goes on.
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
