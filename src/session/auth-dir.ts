/**
 * The auth directory: accessible to its owner only, used by one server at a time; holds the profile and the
 * marker.
 */
import { randomBytes } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Log } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import { readText, UnfitFileError } from '../read-file.ts'
import { sweepLeftovers } from '../store/leftovers.ts'
import { HeldError, lockDir } from './dir-lock.ts'

/** The content of the marker file; written at the first `authenticated`. */
export type SavedSession = { linked_at: string; wid: string | null }

/** The server cannot use this directory. `message`: what is wrong, one sentence. `hint`: the next step. */
export class AuthDirError extends Error {
  readonly hint: string
  constructor(message: string, hint: string) {
    super(message)
    this.name = 'AuthDirError'
    this.hint = hint
  }
}

/** Another process uses the directory: a server, or a command that works on its files. */
export class AuthDirInUse extends AuthDirError {}

export type AuthDir = {
  /** Absolute path. */
  path: string
  /** The browser profile: whatsapp-web.js's LocalAuth, client id `default`. */
  profile: string
  /** The marker, or null: no session was ever linked here, or it was logged out. */
  saved(): SavedSession | null
  /** Writes the marker. A write error is logged; the session counts as saved until the server ends. */
  save(session: SavedSession): void
  /** True if there is no marker but a profile with WhatsApp Web data: restored, or from another server. */
  hasUnmarkedProfile(): boolean
  /**
   * Removes the marker: the device is no longer linked. A disk error is logged and sets {@link AuthDir.hint};
   * the next start then finds that the device is unlinked.
   */
  unmark(): void
  /** The next step if the marker could not be removed; null if nothing is wrong. */
  hint(): string | null
  /**
   * Removes the profile. Call it only when no browser uses it. Never fails: a profile that cannot be removed
   * is renamed.
   */
  removeProfile(): Promise<void>
  /** JID of the account that is or was last linked here; null if there never was one. Kept after a logout. */
  account(): string | null
  rememberAccount(wid: string): void
  /** The path of this account's archive; its directory exists. */
  archiveOf(wid: string): string
  /** The directory of the archives. */
  archives: string
  /** The path of the control database; its directory exists. */
  control: string
  /**
   * A secret of this directory, for example the key for hashes in the log. Created at first use, then kept.
   */
  secret(name: string): string
  /** Releases the directory for another server. */
  release(): void
}

const OURS = '.whatsapp-mcp-api'
const PROFILE = 'session-default'
/** Where Chromium keeps WhatsApp Web's database inside a profile. */
const WEB_STORAGE = join('Default', 'IndexedDB', 'https_web.whatsapp.com_0.indexeddb.leveldb')

function sweep(dir: string, log: Log): void {
  try {
    const stuck = sweepLeftovers(dir)
    if (stuck.length > 0)
      log.warn(
        { files: stuck.length },
        'leftovers of an interrupted command could not be removed; the next start tries again',
      )
  } catch (cause) {
    throw new AuthDirError(
      `Leftovers of an interrupted command in ${dir} cannot be repaired: ${cause instanceof Error ? cause.message : cause}.`,
      'Make the directory writable for the user that runs the server, and close other programs that use its files.',
    )
  }
}

/** Paths in an auth directory: our own folder, the files in it, and the browser profile. */
export function placesIn(path: string) {
  const own = join(path, OURS)
  return {
    own,
    profile: join(path, PROFILE),
    /** Standard error of a server that `stdio` started. */
    log: join(own, 'server.log'),
    /** The lock of the server that uses the directory. */
    lock: join(own, 'server.lock'),
    archives: join(own, 'archives'),
    /** The control database. */
    control: join(own, 'control.db'),
  }
}

/**
 * Opens the directory: creates it if missing, restricts it to its owner, locks it against a second server.
 * @throws AuthDirError if it belongs to another user or cannot be changed, AuthDirInUse if another process
 * uses it
 */
export async function openAuthDir(path: string, log: Log): Promise<AuthDir> {
  const { own, profile, lock: lockFile, archives, control } = placesIn(path)
  const markerFile = join(own, 'session.json')
  makePrivate(path, log, holdsOnlyOurs)
  for (const dir of [own, profile, archives]) makePrivate(dir, log)
  warnOfParents(path, log)
  const accountFile = join(own, 'account.json')
  const release = await lock(lockFile, path, log)
  let marker: SavedSession | null
  let account: string | null
  try {
    for (const dir of [archives, own]) sweep(dir, log)
    for (const name of readdirSync(path)) {
      if (name.startsWith(`${PROFILE}.removed-`)) {
        void rm(join(path, name), { recursive: true, force: true }).catch(() => {})
      }
    }
    marker = readMarker(markerFile)
    account = readMarker(accountFile)?.wid ?? marker?.wid ?? null
  } catch (error) {
    release()
    throw error
  }
  /** True while a marker that could not be removed is on disk. */
  let isStuck = false
  return {
    path,
    profile,
    saved: () => marker,
    save(session) {
      marker = session
      isStuck = false
      try {
        writeAtomically(markerFile, `${JSON.stringify(session)}\n`)
      } catch (error) {
        log.error({ err: error, file: markerFile }, 'the session marker could not be written')
      }
    },
    hasUnmarkedProfile: () => marker === null && existsSync(join(profile, WEB_STORAGE)),
    unmark() {
      marker = null
      try {
        rmSync(markerFile, { force: true })
        isStuck = false
      } catch (error) {
        isStuck = true
        log.error({ err: error, file: markerFile }, 'the session marker could not be removed')
      }
    },
    hint: () =>
      isStuck ? `Make ${own} writable for the user that runs the server, then log out again.` : null,
    async removeProfile() {
      const aside = `${profile}.removed-${randomBytes(4).toString('hex')}`
      try {
        // Renamed first: a half-deleted profile must never count as a session.
        renameSync(profile, aside)
      } catch {
        await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => {})
      }
      await rm(aside, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => {})
      try {
        makeFolder(profile, 0o700)
      } catch (error) {
        log.warn({ err: error }, 'the empty profile could not be created; the next start creates it')
      }
    },
    account: () => account,
    rememberAccount(wid) {
      if (account === wid && existsSync(accountFile)) return
      account = wid
      try {
        writeAtomically(accountFile, `${JSON.stringify({ wid })}\n`)
      } catch (error) {
        log.error({ err: error, file: accountFile }, 'the linked account could not be stored')
      }
    },
    archiveOf: (wid) => join(archives, `${wid.replace(/@.*$/, '').replace(/\W/g, '')}.db`),
    secret(name) {
      const file = join(own, `${name}.key`)
      const known = existsSync(file) ? readText(file).trim() : ''
      if (known !== '') return known
      const made = randomBytes(32).toString('hex')
      writeAtomically(file, `${made}\n`)
      return made
    },
    archives,
    control,
    release,
  }
}

/**
 * Creates the directory if missing and restricts it to its owner. A directory that holds other things too
 * (such as /tmp) keeps its mode, with a warning; our own folders in it are restricted.
 */
function makePrivate(dir: string, log: Log, isOurs: (dir: string) => boolean = () => true): void {
  try {
    makeFolder(dir, 0o700)
    const { mode, uid } = statSync(dir)
    if (process.getuid === undefined) return
    if ((mode & 0o077) === 0 && uid === process.getuid()) return
    if (!isOurs(dir))
      return log.warn({ dir }, 'the directory is open to other users and holds more than the session')
    if (uid !== process.getuid()) {
      throw new AuthDirError(
        `The directory ${dir} belongs to another user.`,
        'Start the server as its owner, or choose another directory in WHATSAPP_AUTH_DIR.',
      )
    }
    chmodSync(dir, 0o700)
    log.warn({ dir }, 'the directory was open to other users; it is now restricted to its owner')
  } catch (error) {
    if (error instanceof AuthDirError) throw error
    throw new AuthDirError(
      `The directory ${dir} cannot be used: ${error instanceof Error ? error.message : error}.`,
      'Make it writable for the user that runs the server, or choose another one in WHATSAPP_AUTH_DIR.',
    )
  }
}

/** The parent directories, the nearest first. */
export function foldersAbove(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...foldersAbove(above)]
}

/**
 * True if any user can replace entries of a folder with this mode. False for a sticky folder such as /tmp.
 */
export function isOpenToAll(mode: number): boolean {
  return (mode & 0o1002) === 0o0002
}

function warnOfParents(path: string, log: Log): void {
  if (process.getuid === undefined) return
  for (const dir of foldersAbove(realpathSync(path))) {
    if (isOpenToAll(statSync(dir).mode))
      log.warn({ dir }, 'other users can replace the session: a parent directory is writable for everyone')
  }
}

function holdsOnlyOurs(dir: string): boolean {
  return readdirSync(dir).every((name) => name === OURS || name.startsWith('session-'))
}

async function lock(file: string, dir: string, log: Log): Promise<() => void> {
  try {
    return await lockDir(file, () =>
      log.info('another computer may use this directory; checking whether it is still active'),
    )
  } catch (error) {
    if (!(error instanceof HeldError)) {
      throw new AuthDirError(
        `The lock of ${dir} cannot be written: ${error instanceof Error ? error.message : error}.`,
        'Free disk space, and make the directory writable for the user that runs the server.',
      )
    }
    const where = error.host === null ? '' : ` on the computer ${error.host}`
    throw new AuthDirInUse(
      `Another process (process ${error.holder}${where}) uses ${dir} already.`,
      'Stop it ("whatsapp-mcp-api stop" with the same settings), or choose another WHATSAPP_AUTH_DIR and WHATSAPP_MCP_PORT.',
    )
  }
}

function readMarker(file: string): SavedSession | null {
  let text: string
  try {
    text = readText(file)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    if (error instanceof UnfitFileError)
      throw new AuthDirError(`${file} ${error.message}.`, 'Remove it: the server creates it again.')
    throw new AuthDirError(`${file} cannot be read.`, 'Make it readable for the user that runs the server.')
  }
  try {
    const { linked_at, wid } = JSON.parse(text)
    return { linked_at: String(linked_at), wid: typeof wid === 'string' ? wid : null }
  } catch {
    // Torn, but present: a session is saved here.
    return { linked_at: 'unknown', wid: null }
  }
}

function writeAtomically(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600 })
  renameSync(fresh, file)
}
