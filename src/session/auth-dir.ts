/** The auth directory: accessible to its owner only, used by one server at a time; holds the directories of its accounts. */
import { randomBytes } from 'node:crypto'
import { existsSync, readdirSync, realpathSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { Log } from '../log.ts'
import { type AccountId, DEFAULT_ACCOUNT } from '../model/ids.ts'
import { readText } from '../read-file.ts'
import { type AccountDir, type AccountPlaces, openAccountDir, RESTORED } from './account-dir.ts'
import { HeldError, lockDir } from './dir-lock.ts'
import { AuthDirError, makePrivate, sweep, writeAtomically } from './private-dir.ts'

export { AuthDirError } from './private-dir.ts'

/** Another process uses the directory: a server, or a command that works on its files. */
export class AuthDirInUse extends AuthDirError {}

/** The directory, which is also that of the account `default`. */
export type AuthDir = AccountDir & {
  /** The path of the control database; its directory exists. */
  control: string
  /** The path of the rules file. It may be missing. */
  rules: string
  /** The path of the directory for uploads. It may be missing. */
  uploads: string
  /** Opens the directory of another account, creating it if missing. @throws AuthDirError if it cannot be used */
  of(id: AccountId): AccountDir
  /**
   * A secret of this directory, for example the key for hashes in the log. Created at first use, then kept.
   */
  secret(name: string): string
  /** Releases the directory for another server. */
  release(): void
}

const OURS = '.whatsapp-mcp-api'

/** Paths in an auth directory: our own folder, the files in it, and those of the account `default`. */
export function placesIn(path: string) {
  const own = join(path, OURS)
  return {
    ...placesOf(path, DEFAULT_ACCOUNT),
    /** Standard error of a server that `stdio` started. */
    log: join(own, 'server.log'),
    /** The lock of the server that uses the directory. */
    lock: join(own, 'server.lock'),
    /** The control database. */
    control: join(own, 'control.db'),
    /** The rules file. Its owner writes it. */
    rules: join(own, 'rules.yaml'),
    /** The files that clients uploaded. */
    uploads: join(own, 'uploads'),
    /** The folders of the accounts beside `default`, by id. */
    accounts: join(own, 'accounts'),
  }
}

/** Paths of one account in an auth directory. Those of `default` are where versions with one account had them. */
export function placesOf(path: string, id: AccountId): AccountPlaces {
  const own = id === DEFAULT_ACCOUNT ? join(path, OURS) : join(path, OURS, 'accounts', id)
  return { own, profile: join(path, `session-${id}`), archives: join(own, 'archives') }
}

/**
 * Opens the directory: creates it if missing, restricts it to its owner, locks it against a second server.
 * @throws AuthDirError if it belongs to another user or cannot be changed, AuthDirInUse if another process
 * uses it
 */
export async function openAuthDir(path: string, log: Log): Promise<AuthDir> {
  const { own, lock: lockFile, control, rules, uploads, accounts } = placesIn(path)
  makePrivate(path, log, holdsOnlyOurs)
  makePrivate(own, log)
  warnOfParents(path, log)
  const release = await lock(lockFile, path, log)
  const openDir = (id: AccountId) => openAccountDir(path, placesOf(path, id), log)
  try {
    sweep(own, log)
    return {
      ...openDir(DEFAULT_ACCOUNT),
      control,
      rules,
      uploads,
      of(id) {
        makePrivate(accounts, log)
        return openDir(id)
      },
      secret(name) {
        const file = join(own, `${name}.key`)
        const known = existsSync(file) ? readText(file).trim() : ''
        if (known !== '') return known
        const made = randomBytes(32).toString('hex')
        writeAtomically(file, `${made}\n`)
        return made
      },
      release,
    }
  } catch (error) {
    release()
    throw error
  }
}

/** Marks a directory, and those of its accounts, as restored from a backup. @throws the error of the operating system */
export function markRestored(path: string): void {
  const { own, accounts } = placesIn(path)
  // Other programs may leave files there, such as .DS_Store.
  const found = existsSync(accounts) ? readdirSync(accounts, { withFileTypes: true }) : []
  const others = found.filter((one) => one.isDirectory()).map(({ name }) => join(accounts, name))
  for (const folder of [own, ...others]) writeFileSync(join(folder, RESTORED), '')
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
      log.info('another computer or container may use this directory; checking whether it is still active'),
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
