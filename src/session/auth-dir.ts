/** The directory of one linked session: owner-only, held by one server, and what in it says that a link exists. */

import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  linkSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { Log } from '../log.ts'

/** What our marker says about the link; written at the first `authenticated`. */
export type SavedSession = { linked_at: string; wid: string | null }

/** The server cannot have this directory. `message` is one sentence, `hint` the next step. */
export class AuthDirError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'AuthDirError'
    this.hint = hint
  }
}

export type AuthDir = {
  /** Absolute path. */
  path: string
  /** The marker, or null: nothing was ever linked here, or it was logged out. */
  saved(): SavedSession | null
  save(session: SavedSession): void
  /** No marker, but a profile in which WhatsApp Web has stored something: restored, or from another server. */
  hasUnmarkedProfile(): boolean
  /** There is no link any more: remove the marker. */
  unmark(): void
  /** Remove the profile. Call only when no browser runs on it. Never fails: what resists is moved aside. */
  removeProfile(): Promise<void>
  /** A secret of this directory, made at first use and kept: the key for hashes in the log. */
  secret(name: string): string
  /** Let another server have the directory. */
  release(): void
}

const OURS = '.whatsapp-mcp-api'
const PROFILE = 'session-default'
/** Where Chromium keeps WhatsApp Web's database inside a profile. */
const WEB_STORAGE = join('Default', 'IndexedDB', 'https_web.whatsapp.com_0.indexeddb.leveldb')

/**
 * Take the directory: made where missing, tightened to its owner where too open, locked against a second server.
 * @throws AuthDirError when it belongs to somebody else, cannot be changed, or is held by a running server
 */
export function openAuthDir(path: string, log: Log): AuthDir {
  const own = join(path, OURS)
  const profile = join(path, PROFILE)
  const marker = join(own, 'session.json')
  for (const dir of [path, own, profile]) makePrivate(dir, log)
  const release = lock(join(own, 'server.lock'), path)
  for (const name of readdirSync(path)) {
    if (name.startsWith(`${PROFILE}.removed-`))
      void rm(join(path, name), { recursive: true, force: true }).catch(() => {})
  }
  return {
    path,
    saved() {
      const text = readOrNull(marker)
      if (text === null) return null
      try {
        const { linked_at, wid } = JSON.parse(text)
        return { linked_at: String(linked_at), wid: typeof wid === 'string' ? wid : null }
      } catch {
        return { linked_at: 'unknown', wid: null }
      }
    },
    save: (session) => writeAtomically(marker, `${JSON.stringify(session)}\n`),
    hasUnmarkedProfile: () => !existsSync(marker) && existsSync(join(profile, WEB_STORAGE)),
    unmark: () => rmSync(marker, { force: true }),
    async removeProfile() {
      const aside = `${profile}.removed-${randomBytes(4).toString('hex')}`
      // Renamed first: a half-deleted profile must never be taken for a session.
      try {
        renameSync(profile, aside)
      } catch {
        await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => {})
      }
      await rm(aside, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => {})
      mkdirSync(profile, { recursive: true, mode: 0o700 })
    },
    secret(name) {
      const file = join(own, `${name}.key`)
      const known = readOrNull(file)?.trim()
      if (known) return known
      const made = randomBytes(32).toString('hex')
      writeAtomically(file, `${made}\n`)
      return made
    },
    release,
  }
}

function makePrivate(dir: string, log: Log): void {
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    const { mode, uid } = statSync(dir)
    if (process.platform === 'win32') return
    if (process.getuid !== undefined && process.getuid() !== 0 && uid !== process.getuid()) {
      throw new AuthDirError(
        `The directory ${dir} belongs to another user.`,
        'Start the server as its owner, or choose another directory in WHATSAPP_AUTH_DIR.',
      )
    }
    if ((mode & 0o077) !== 0) {
      chmodSync(dir, 0o700)
      log.warn({ dir }, 'the directory was open to other users of this computer; it is its owner’s only now')
    }
  } catch (error) {
    if (error instanceof AuthDirError) throw error
    throw new AuthDirError(
      `The directory ${dir} cannot be used: ${error instanceof Error ? error.message : error}.`,
      'Make it writable for the user that runs the server, or choose another one in WHATSAPP_AUTH_DIR.',
    )
  }
}

/** One server a directory. Returns the release. A lock whose process is gone, or that another machine left, is taken over. */
function lock(file: string, dir: string): () => void {
  const mine = JSON.stringify({ pid: process.pid, started: startOf(process.pid), host: hostname() })
  for (let tries = 0; tries < 5; tries++) {
    try {
      writeFileSync(file, mine, { flag: 'wx', mode: 0o600 })
      return () => {
        if (readOrNull(file) === mine) rmSync(file, { force: true })
      }
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
    const held = readOrNull(file)
    if (held === null) continue
    const holder = liveHolder(held)
    if (holder !== null && held !== mine) {
      throw new AuthDirError(
        `Another server (process ${holder}) uses ${dir} already.`,
        'Stop that server, or give this one its own WHATSAPP_AUTH_DIR and WHATSAPP_MCP_PORT.',
      )
    }
    // Only one of several newcomers can move the stale file away; the others find it gone and try again.
    const stale = `${file}.${process.pid}.stale`
    try {
      renameSync(file, stale)
      // Moved what a quicker newcomer had just made: give it back.
      if (readOrNull(stale) !== held) linkSync(stale, file)
    } catch {
      // Somebody was quicker.
    }
    rmSync(stale, { force: true })
  }
  throw new AuthDirError(`The lock ${file} could not be taken.`, 'Try again; if it stays, delete that file.')
}

/** The pid in a lock if that very process still runs, else null. */
function liveHolder(text: string): number | null {
  try {
    const { pid, started, host } = JSON.parse(text)
    if (host !== hostname() || !Number.isInteger(pid)) return null
    process.kill(pid, 0)
    return started === startOf(pid) ? pid : null
  } catch (error) {
    // Not permitted to signal it: it lives, under another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
      ? Number(JSON.parse(text).pid)
      : null
  }
}

/** When a process started, to tell it from a later one with its pid: clock ticks on Linux, unknown elsewhere. */
function startOf(pid: number): string | null {
  const stat = readOrNull(`/proc/${pid}/stat`)
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}

function readOrNull(file: string): string | null {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return null
  }
}

function writeAtomically(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600 })
  renameSync(fresh, file)
}
