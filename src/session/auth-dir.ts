/** The directory of one linked session: owner-only, held by one server, and what in it says that a link exists. */
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

/** Another process uses the directory: a server, or a command that works on its files. */
export class AuthDirInUse extends AuthDirError {}

export type AuthDir = {
  /** Absolute path. */
  path: string
  /** The browser profile: whatsapp-web.js's LocalAuth, client id `default`. */
  profile: string
  /** The marker, or null: nothing was ever linked here, or it was logged out. */
  saved(): SavedSession | null
  /** Mark that a session is saved here. A disk that refuses is logged; until the next start it counts all the same. */
  save(session: SavedSession): void
  /** No marker, but a profile in which WhatsApp Web has stored something: restored, or from another server. */
  hasUnmarkedProfile(): boolean
  /**
   * There is no link any more: remove the marker. A disk that refuses is logged, and {@link AuthDir.hint} says so; the
   * next start finds the link gone.
   */
  unmark(): void
  /** What to do about a marker that could not be removed; null where nothing is wrong. */
  hint(): string | null
  /** Remove the profile. Call only when no browser runs on it. Never fails: what resists is moved aside. */
  removeProfile(): Promise<void>
  /** JID of the account that is, or was last, linked here; null: none ever was. It outlives a logout. */
  account(): string | null
  rememberAccount(wid: string): void
  /** The file of this account's archive; its directory exists. */
  archiveOf(wid: string): string
  /** The directory of the archives. */
  archives: string
  /** The file of the control database; its directory exists. */
  control: string
  /** A secret of this directory, made at first use and kept: the key for hashes in the log. */
  secret(name: string): string
  /** Let another server have the directory. */
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
        'what a killed command left could not be removed; the next start tries again',
      )
  } catch (cause) {
    throw new AuthDirError(
      `What a killed command left in ${dir} cannot be set right: ${cause instanceof Error ? cause.message : cause}.`,
      'Make the directory writable for the user that runs the server, and see that no other program has its files open.',
    )
  }
}

/** Where things lie in an auth directory: our own folder and what is in it, and the browser profile. */
export function placesIn(path: string) {
  const own = join(path, OURS)
  return {
    own,
    profile: join(path, PROFILE),
    /** What a server that `stdio` started writes to its standard error. */
    log: join(own, 'server.log'),
    /** Of the server that uses the directory. */
    lock: join(own, 'server.lock'),
    archives: join(own, 'archives'),
    /** The control database. */
    control: join(own, 'control.db'),
  }
}

/**
 * Take the directory: made where missing, tightened to its owner where too open, locked against a second server.
 * @throws AuthDirError when it belongs to somebody else or cannot be changed, AuthDirInUse when another process holds it
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
  /** Is there a marker on disk that ought to be gone? */
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
        log.error({ err: error, file: markerFile }, 'the mark of the saved session could not be written')
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
        log.error({ err: error, file: markerFile }, 'the mark of the saved session could not be removed')
      }
    },
    hint: () =>
      isStuck ? `Make ${own} writable for the user that runs the server, then log out again.` : null,
    async removeProfile() {
      const aside = `${profile}.removed-${randomBytes(4).toString('hex')}`
      try {
        // Renamed first: a half-deleted profile must never be taken for a session.
        renameSync(profile, aside)
      } catch {
        await rm(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => {})
      }
      await rm(aside, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }).catch(() => {})
      try {
        makeFolder(profile, 0o700)
      } catch (error) {
        log.warn({ err: error }, 'an empty profile could not be made; the next start makes it')
      }
    },
    account: () => account,
    rememberAccount(wid) {
      if (account === wid && existsSync(accountFile)) return
      account = wid
      try {
        writeAtomically(accountFile, `${JSON.stringify({ wid })}\n`)
      } catch (error) {
        log.error({ err: error, file: accountFile }, 'the linked account could not be noted')
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
 * Make the directory where it is missing, and its owner's only where it is too open. A directory that holds other
 * things too (somebody named /tmp, say) is not ours to close; what we keep in it is.
 */
function makePrivate(dir: string, log: Log, isOurs: (dir: string) => boolean = () => true): void {
  try {
    makeFolder(dir, 0o700)
    const { mode, uid } = statSync(dir)
    if (process.getuid === undefined) return
    if ((mode & 0o077) === 0 && uid === process.getuid()) return
    if (!isOurs(dir))
      return log.warn({ dir }, 'other users can open this directory, which holds more than the session')
    if (uid !== process.getuid()) {
      throw new AuthDirError(
        `The directory ${dir} belongs to another user.`,
        'Start the server as its owner, or choose another directory in WHATSAPP_AUTH_DIR.',
      )
    }
    chmodSync(dir, 0o700)
    log.warn({ dir }, 'the directory was open to other users of this computer; it is its owner’s only now')
  } catch (error) {
    if (error instanceof AuthDirError) throw error
    throw new AuthDirError(
      `The directory ${dir} cannot be used: ${error instanceof Error ? error.message : error}.`,
      'Make it writable for the user that runs the server, or choose another one in WHATSAPP_AUTH_DIR.',
    )
  }
}

/** Those above the directory, the nearest first. */
export function foldersAbove(path: string): string[] {
  const above = dirname(path)
  return above === path ? [] : [above, ...foldersAbove(above)]
}

/** Can everybody put something else in the place of what is in a folder of this mode? Not where it is sticky, as /tmp is. */
export function isOpenToAll(mode: number): boolean {
  return (mode & 0o1002) === 0o0002
}

function warnOfParents(path: string, log: Log): void {
  if (process.getuid === undefined) return
  for (const dir of foldersAbove(realpathSync(path))) {
    if (isOpenToAll(statSync(dir).mode))
      log.warn({ dir }, 'other users can replace the session: everybody can write to a directory above it')
  }
}

function holdsOnlyOurs(dir: string): boolean {
  return readdirSync(dir).every((name) => name === OURS || name.startsWith('session-'))
}

async function lock(file: string, dir: string, log: Log): Promise<() => void> {
  try {
    return await lockDir(file, () =>
      log.info('another computer may use this directory; looking for signs of life'),
    )
  } catch (error) {
    if (!(error instanceof HeldError)) {
      throw new AuthDirError(
        `The lock of ${dir} cannot be written: ${error instanceof Error ? error.message : error}.`,
        'Free some space, and make the directory writable for the user that runs the server.',
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
      throw new AuthDirError(`${file} ${error.message}.`, 'Remove it: the server makes it anew.')
    throw new AuthDirError(`${file} cannot be read.`, 'Make it readable for the user that runs the server.')
  }
  try {
    const { linked_at, wid } = JSON.parse(text)
    return { linked_at: String(linked_at), wid: typeof wid === 'string' ? wid : null }
  } catch {
    // Torn, but it was there: a session is saved here.
    return { linked_at: 'unknown', wid: null }
  }
}

function writeAtomically(file: string, text: string): void {
  const fresh = `${file}.${process.pid}.new`
  writeFileSync(fresh, text, { mode: 0o600 })
  renameSync(fresh, file)
}
