/** The control database in SQLite: a file beside the archives, opened at its first use, encrypted where they are. */
import { chmodSync, closeSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { ControlStore } from '../control.ts'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { type Accounts, createAccounts } from './accounts.ts'
import { encryptArchive } from './change-key.ts'
import { readHeader } from './header.ts'
import { closeFile, openFile } from './open-file.ts'
import type { Connection } from './sqlite.ts'
import { explain, settle, unlockAsync } from './unlock.ts'

export type ControlOptions = {
  /** Absolute path; its directory exists. */
  file: string
  /** The directory of the archives. */
  archives: string
  /** What the archives are encrypted with, as their owner set it; null: nothing. */
  secret: string | null
  clock: Clock
}

type Opened = { db: Connection; accounts: Accounts }

/** Nothing is opened or made yet; the first call does that. A disk that refused is asked again by the next call. */
export function openControl(options: ControlOptions): ControlStore {
  const { file, clock } = options
  let opening: Promise<Opened> | null = null
  let closing: Promise<void> | null = null

  function opened(): Promise<Opened> {
    if (closing !== null) fail('shutting_down')
    opening ??= open(options).catch((error) => {
      const problem = toControlError(error)
      if (problem instanceof AppError && problem.code === 'control_unavailable') opening = null
      throw problem
    })
    return opening
  }

  async function use<T>(work: (accounts: Accounts) => T): Promise<T> {
    const { accounts } = await opened()
    try {
      return work(accounts)
    } catch (error) {
      throw toControlError(error)
    }
  }

  return {
    accounts: {
      list: () => use((accounts) => accounts.list()),
      get: (id) => use((accounts) => accounts.get(id)),
      add: (account) =>
        use((accounts) =>
          accounts.add({ ...account, state: 'running', number: null, createdAtMs: clock.now() }),
        ),
      change: (id, change) => use((accounts) => accounts.change(id, change)),
      remove: (id) => use((accounts) => accounts.remove(id)),
    },
    close() {
      closing ??= (opening ?? Promise.reject())
        .then(({ db }) => closeFile(db, file))
        // Never opened; or the disk refuses, and the next opening looks through the file.
        .catch(() => {})
      return closing
    },
  }
}

async function open({ file, archives, secret: wanted, clock }: ControlOptions): Promise<Opened> {
  const { kind } = readHeader(file)
  // A plain archive stays plain until its owner encrypts it, and so does what belongs to it.
  const secret = kind !== 'encrypted' && hasPlainArchive(archives) ? null : wanted
  if (kind === 'none') makeOwn(file)
  if (kind === 'plain' && secret !== null) encryptArchive(file, secret, { contents: 'control' })
  const unlocked = await unlockAsync(file, secret)
  let db: Connection
  try {
    db = openFile(file, unlocked.key, 'control')
  } catch (error) {
    throw kind === 'encrypted' ? explain(error, unlocked) : error
  }
  try {
    settle(file, unlocked)
    const accounts = createAccounts(db)
    if (accounts.get(DEFAULT_ACCOUNT) === null)
      accounts.add({
        id: DEFAULT_ACCOUNT,
        label: null,
        state: 'running',
        proxy: null,
        number: null,
        createdAtMs: clock.now(),
      })
    return { db, accounts }
  } catch (error) {
    db.close()
    throw error
  }
}

/** Its owner's only from the first byte, and so is what SQLite puts beside it. */
function makeOwn(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
  } catch (error) {
    const isFull = error instanceof Error && 'code' in error && error.code === 'ENOSPC'
    fail(isFull ? 'archive_full' : 'archive_unavailable', { cause: error })
  }
}

function hasPlainArchive(archives: string): boolean {
  return readdirSync(archives).some(
    (name) => name.endsWith('.db') && readHeader(join(archives, name)).kind === 'plain',
  )
}

/** What SQLite and the key file say of an archive, said of the control database. Other errors stay as they are. */
function toControlError(error: unknown): unknown {
  if (!(error instanceof AppError)) return error
  const told = TOLD[error.code]
  return told === undefined ? error : new AppError(told.code, { ...told, cause: error })
}

const TOLD: Partial<Record<ErrorCode, { code: ErrorCode; detail?: string; hint?: string }>> = {
  archive_damaged: { code: 'control_damaged' },
  archive_foreign: { code: 'control_foreign' },
  archive_newer: { code: 'control_newer' },
  archive_unavailable: { code: 'control_unavailable' },
  archive_full: {
    code: 'control_unavailable',
    detail: 'The disk is full: the control database cannot be written.',
    hint: 'Free some space, then try again.',
  },
  archive_key_missing: {
    code: 'control_locked',
    detail: 'The control database is encrypted, and no key is set.',
  },
  archive_key_wrong: {
    code: 'control_locked',
    detail: 'The control database is encrypted with another key than the one that is set.',
  },
  archive_key_unknown: {
    code: 'control_locked',
    detail: 'The control database is encrypted, and its key file is missing or damaged.',
    hint: 'Stop the server and put control.db.key.json back beside control.db, from a backup. Without it no key opens the database; to begin with a new one, move control.db away.',
  },
}
