/** The directory of one account: its browser profile, its marker and its archives. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, renameSync, rmSync, statfsSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { codeOf } from '../error-code.ts'
import type { Log } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import { readText, UnfitFileError } from '../read-file.ts'
import { eraseDatabase } from '../store/leftovers.ts'
import { AuthDirError, makePrivate, sweep, writeAtomically } from './private-dir.ts'

/** The content of the marker file; written at the first `authenticated`. */
export type SavedSession = { linked_at: string; wid: string | null }

/** `stopped`: the session must not start by itself. `proxied`: the browser must use the proxy of the account. */
export type AccountLimits = { stopped: boolean; proxied: boolean }

export type AccountDir = {
  /** Absolute path of the auth directory. */
  path: string
  /** The browser profile: whatsapp-web.js's LocalAuth, whose client id is the id of the account. */
  profile: string
  /** The marker, or null: no session was ever linked here, or it was logged out. */
  saved(): SavedSession | null
  /** Writes the marker. A write error is logged; the session counts as saved until the server ends. */
  save(session: SavedSession): void
  /** True if there is no marker but a profile with WhatsApp Web data: restored, or from another server. */
  hasUnmarkedProfile(): boolean
  /**
   * Removes the marker: the device is no longer linked. A disk error is logged and sets {@link AccountDir.hint};
   * the next start then finds that the device is unlinked.
   */
  unmark(): void
  /** The next step if the marker could not be removed; null if nothing is wrong. */
  hint(): string | null
  /**
   * Removes the profile, and one that was set aside. Call it only when no browser uses it. Never fails: a profile that cannot be
   * removed is renamed.
   */
  removeProfile(): Promise<void>
  /**
   * Renames the profile, which then is no session any more, and keeps it until {@link AccountDir.dropAside}. As
   * {@link AccountDir.removeProfile} otherwise. Returns the new path, or null if it could not be renamed.
   */
  setProfileAside(): string | null
  /** Removes the profile that was set aside. Never fails. */
  dropAside(): Promise<void>
  /** Bytes that this user can still write on the disk of the profile. Never fails: Infinity if it is not known. */
  freeBytes(): number
  /** JID of the account that is or was last linked here; null if there never was one. Kept after a logout. */
  account(): string | null
  /** Stores the JID of the linked account. A write error is logged. */
  rememberAccount(wid: string): void
  /** What the owner chose and a start must not ignore, known even if the control database cannot be opened. */
  limits(): AccountLimits
  /** Stores the limits. @throws the error of the operating system */
  limit(limits: AccountLimits): void
  /** True from `restore` until {@link AccountDir.endRestore}: what waited in the backup may have been sent since. */
  isRestored(): boolean
  /** @throws the error of the operating system */
  endRestore(): void
  /** The path of this account's archive; its directory exists. */
  archiveOf(wid: string): string
  /** The directory of the archives. */
  archives: string
  /**
   * Removes what is left of an account that was logged out and closed; with `archives`, also its archives, which are
   * overwritten first. Other work runs meanwhile. Rejects with errors of the disk.
   */
  remove(what: { archives: boolean }): Promise<void>
}

/** Where Chromium keeps WhatsApp Web's database inside a profile. */
const WEB_STORAGE = join('Default', 'IndexedDB', 'https_web.whatsapp.com_0.indexeddb.leveldb')

/** The file that `restore` adds to our folder of each account. */
export const RESTORED = 'restored'

/** The paths of one account. `own` is the folder of our files, and may hold those of the server too. */
export type AccountPlaces = { own: string; profile: string; archives: string }

/**
 * Opens the directory of one account. The caller holds the lock of the auth directory.
 * @throws AuthDirError if a folder belongs to another user or cannot be used
 */
export function openAccountDir(
  path: string,
  { own, profile, archives }: AccountPlaces,
  log: Log,
): AccountDir {
  const markerFile = join(own, 'session.json')
  const accountFile = join(own, 'account.json')
  const limitsFile = join(own, 'limits.json')
  for (const dir of [own, profile, archives]) makePrivate(dir, log)
  sweep(archives, log)
  removeLeftProfiles(targetOf(profile))
  const asideOf = (target: string) => `${target}.unlinked`
  /** Where a profile that was set aside can be. */
  const asides = () => [...new Set([targetOf(profile), profile])].map(asideOf)
  let marker = readMarker(markerFile)
  let account = readMarker(accountFile)?.wid ?? marker?.wid ?? null
  /** True while a marker that could not be removed is on disk. */
  let isStuck = false
  function unmark(): void {
    marker = null
    try {
      rmSync(markerFile, { force: true })
      isStuck = false
    } catch (error) {
      isStuck = true
      log.error({ err: error, file: markerFile }, 'the session marker could not be removed')
    }
  }

  // Its owner deleted the profile: nothing is saved, and the next start shows a QR code.
  if (marker !== null && readdirSync(profile).length === 0) {
    log.info({ profile }, 'the browser profile was deleted: no session is saved')
    unmark()
  }

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
    unmark,
    hint: () =>
      isStuck ? `Make ${own} writable for the user that runs the server, then log out again.` : null,
    async removeProfile() {
      const target = targetOf(profile)
      const removed = `${target}.removed-${randomBytes(4).toString('hex')}`
      try {
        // Renamed first: a half-deleted profile must never count as a session.
        renameSync(target, removed)
      } catch {
        await empty(target).catch(() => {})
      }
      await Promise.all([removed, ...asides()].map(removeFolder))
      try {
        makeFolder(target, 0o700)
      } catch (error) {
        log.warn({ err: error }, 'the empty profile could not be created; the next start creates it')
      }
    },
    setProfileAside() {
      // If the folder itself cannot be renamed, such as a mounted disk, the link to it can.
      for (const target of new Set([targetOf(profile), profile])) {
        try {
          const aside = asideOf(target)
          rmSync(aside, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
          renameSync(target, aside)
          makeFolder(target, 0o700)
          return aside
        } catch (error) {
          log.warn({ err: error, folder: target }, 'the profile could not be set aside')
        }
      }
      return null
    },
    async dropAside() {
      await Promise.all(asides().map(removeFolder))
    },
    freeBytes() {
      try {
        const { bavail, bsize } = statfsSync(profile)
        return bavail * bsize
      } catch {
        return Infinity
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
    limits: () => readLimits(limitsFile),
    limit(limits) {
      if (limits.stopped || limits.proxied) writeAtomically(limitsFile, `${JSON.stringify(limits)}\n`)
      else rmSync(limitsFile, { force: true })
    },
    isRestored: () => existsSync(join(own, RESTORED)),
    endRestore: () => rmSync(join(own, RESTORED), { force: true }),
    archiveOf: (wid) => join(archives, `${wid.replace(/@.*$/, '').replace(/\W/g, '')}.db`),
    archives,
    async remove(what) {
      await Promise.all([profile, ...asides()].map(removeTarget))
      for (const file of [markerFile, limitsFile]) rmSync(file, { force: true })
      if (!what.archives) return
      // What opens the media files lies in the archives.
      for (const name of readdirSync(archives))
        if (name.endsWith('.db')) await eraseDatabase(join(archives, name))
      await removeSurely(own)
    },
  }
}

/** Returns the folder itself: the profile may be a link to another disk, and stays one. */
function targetOf(profile: string): string {
  return existsSync(profile) ? realpathSync(profile) : profile
}

/** Removes what is in the folder, which itself may be a mounted disk. Rejects with errors of the disk. */
async function empty(folder: string): Promise<void> {
  const names = existsSync(folder) ? readdirSync(folder) : []
  await Promise.all(names.map((name) => removeSurely(join(folder, name))))
}

/** Rejects with errors of the disk. */
function removeSurely(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 })
}

/** Removes a folder, or a link and what is in its folder. Rejects with errors of the disk. */
async function removeTarget(path: string): Promise<void> {
  await empty(targetOf(path))
  await removeSurely(path)
}

/** The same, but never fails. */
function removeFolder(path: string): Promise<void> {
  return removeTarget(path).catch(() => {})
}

/** A file that cannot be read limits everything. */
function readLimits(file: string): AccountLimits {
  try {
    if (!existsSync(file)) return { stopped: false, proxied: false }
    const { stopped, proxied } = JSON.parse(readText(file))
    return { stopped: stopped !== false, proxied: proxied !== false }
  } catch {
    return { stopped: true, proxied: true }
  }
}

/** Removes profiles that an earlier logout could only rename. Never fails. */
function removeLeftProfiles(profile: string): void {
  const folder = dirname(profile)
  try {
    for (const name of readdirSync(folder))
      if (name.startsWith(`${basename(profile)}.removed-`)) void removeFolder(join(folder, name))
  } catch {
    // The target of a link may lie in a folder of another user.
  }
}

function readMarker(file: string): SavedSession | null {
  let text: string
  try {
    text = readText(file)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return null
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
