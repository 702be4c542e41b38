/** The control database in SQLite: a file beside the archives, opened at first use, encrypted if they are. */
import { randomUUID } from 'node:crypto'
import { chmodSync, closeSync, openSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import type { Clock } from '../clock.ts'
import type { ControlStore } from '../control.ts'
import { codeOf } from '../error-code.ts'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import { createAccounts } from './accounts.ts'
import { createAudit } from './audit.ts'
import { encryptArchive } from './change-key.ts'
import { readHeader } from './header.ts'
import { createKeys } from './keys.ts'
import { closeFile, openFile } from './open-file.ts'
import { createOutboxItems } from './outbox-items.ts'
import { createRequests } from './requests.ts'
import { openReserve, type Reserve } from './reserve.ts'
import { createRules } from './rules.ts'
import type { Connection } from './sqlite.ts'
import { explain, settle, unlockAsync } from './unlock.ts'
import { createWebhooks } from './webhooks.ts'
import { emptyLog } from './wipe.ts'

export type ControlOptions = {
  /** Absolute path; its directory exists. */
  file: string
  /** The directory of the archives. */
  archives: string
  /** The secret that encrypts the archives, as their owner set it; null: not encrypted. */
  secret: string | null
  clock: Clock
}

type Opened = Tables & { db: Connection }

/** The time between two deletions of rows that are too old. */
const PRUNE_MS = 3_600_000

/**
 * Returns the control store. The first call of a method opens or creates the file, and the reserve beside it; a disk error is
 * retried by the next.
 */
export function openControl(options: ControlOptions): ControlStore {
  const { file, clock } = options
  let opening: Promise<Opened> | null = null
  let closing: Promise<void> | null = null
  let reserve: Reserve | null = null
  let cancelPrune = () => {}

  /** Runs the work again with pieces of the reserve while the disk is full. What failed was rolled back. */
  async function withReserve<T>(work: () => T | Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await work()
      } catch (error) {
        const isFull = error instanceof AppError && error.code === 'archive_full'
        if (!isFull || reserve?.release() !== true) throw error
      }
    }
  }

  function opened(): Promise<Opened> {
    if (closing !== null) fail('shutting_down')
    reserve ??= openReserve(`${file}.reserve`, clock)
    opening ??= withReserve(() => open(options)).then(
      (tables) => {
        pruneLater()
        return tables
      },
      (error) => {
        const problem = toControlError(error)
        if (problem instanceof AppError && problem.code === 'control_unavailable') opening = null
        throw problem
      },
    )
    return opening
  }

  /** Deletes old rows every hour, since a server runs for months. After a failure, the next hour tries again. */
  function pruneLater(): void {
    if (closing === null)
      cancelPrune = clock.after(PRUNE_MS, () => {
        useWithoutReserve((tables) => {
          prune(tables, clock)
          emptyLog(tables.db)
        }).then(pruneLater, pruneLater)
      })
  }

  async function use<T>(work: (tables: Opened) => T, run = withReserve<T>): Promise<T> {
    const tables = await opened()
    try {
      return await run(() => work(tables))
    } catch (error) {
      throw toControlError(error)
    }
  }

  /** Like {@link use}, but without the reserve, which is for messages and keys: this work can wait or be lost. */
  const useWithoutReserve = <T>(work: (tables: Opened) => T) => use(work, async (act) => act())

  return {
    accounts: {
      list: () => use(({ accounts }) => accounts.list()),
      get: (id) => use(({ accounts }) => accounts.get(id)),
      add: (account) =>
        use(({ accounts }) =>
          accounts.add({ ...account, state: 'running', number: null, createdAtMs: clock.now() }),
        ),
      change: (id, change) => use(({ accounts }) => accounts.change(id, change)),
      remove: (id) => use(({ accounts }) => accounts.remove(id)),
    },
    outbox: {
      add: (row) => use(({ outbox }) => outbox.add(row)),
      change: (...change) => use(({ outbox }) => outbox.change(...change)),
      get: (id) => use(({ outbox }) => outbox.get(id)),
      byRequest: (request) => use(({ outbox }) => outbox.byRequest(request)),
      list: (which) => use(({ outbox }) => outbox.list(which)),
      open: (account) => use(({ outbox }) => outbox.open(account)),
      forget: (account, chats) =>
        use(({ outbox, db }) => {
          outbox.forget(account, chats)
          emptyLog(db)
        }),
    },
    requests: {
      begin: (request, input) => use(({ requests }) => requests.begin(request, input, clock.now())),
      takeOver: (request) => use(({ requests }) => requests.takeOver(request)),
      finish: (request, outcome) => use(({ requests }) => requests.finish(request, outcome)),
      release: (request) => use(({ requests }) => requests.release(request)),
      forget: (account, except) => use(({ requests }) => requests.forget(account, except)),
    },
    keys: {
      list: () => use(({ keys }) => keys.list()),
      put: (key) => use(({ keys }) => keys.put(key)),
      remove: (id) => use(({ keys }) => keys.remove(id)),
      used: (times) => useWithoutReserve(({ keys }) => keys.used(times)),
    },
    webhooks: {
      list: () => use(({ webhooks }) => webhooks.list()),
      put: (...row) => use(({ webhooks }) => webhooks.put(...row)),
      remove: (id) => use(({ webhooks }) => webhooks.remove(id)),
      reached: (places) => use(({ webhooks }) => webhooks.reached(places)),
      begun: (sending) => useWithoutReserve(({ webhooks }) => webhooks.begun(sending)),
      sending: (webhook) => use(({ webhooks }) => webhooks.sending(webhook)),
      wipe: () => use(({ db }) => void emptyLog(db)),
      empty: (webhook) => use(({ webhooks }) => webhooks.empty(webhook)),
      lanes: (webhook) => use(({ webhooks }) => webhooks.lanes(webhook)),
      putLane: (...lane) => use(({ webhooks }) => webhooks.putLane(...lane)),
      removeLane: (lane) => use(({ webhooks }) => webhooks.removeLane(lane)),
      dead: (...which) => use(({ webhooks }) => webhooks.dead(...which)),
      deadOne: (...which) => use(({ webhooks }) => webhooks.deadOne(...which)),
      removeDead: (...which) => use(({ webhooks }) => webhooks.removeDead(...which)),
      countDead: () => use(({ webhooks }) => webhooks.countDead()),
    },
    rules: {
      list: () => use(({ rules }) => rules.list()),
      put: (row) => use(({ rules }) => rules.put(row)),
      remove: (id) => use(({ rules }) => rules.remove(id)),
      reached: (places) => use(({ rules }) => rules.reached(places)),
      begun: (sending) => useWithoutReserve(({ rules }) => rules.begun(sending)),
      wipe: () => use(({ db }) => void emptyLog(db)),
    },
    audit: {
      add: (rows) => useWithoutReserve(({ audit }) => audit.add(rows)),
      list: (which) => use(({ audit }) => audit.list(which)),
      prune: (beforeMs) => useWithoutReserve(({ audit }) => audit.prune(beforeMs)),
    },
    close() {
      reserve?.close()
      cancelPrune()
      closing ??= (opening ?? Promise.reject())
        .then(({ db }) => closeFile(db, file))
        // Never opened, or the disk returned an error: the next opening checks the file.
        .catch(() => {})
      return closing
    },
  }
}

async function open({ file, archives, secret: wanted, clock }: ControlOptions): Promise<Opened> {
  const { kind } = readHeader(file)
  // A plain archive stays plain until its owner encrypts it, and so does the control database.
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
    const tables = createTables(db, clock)
    const { accounts } = tables
    if (accounts.get(DEFAULT_ACCOUNT) === null)
      accounts.add({
        id: DEFAULT_ACCOUNT,
        label: null,
        state: 'running',
        proxy: null,
        number: null,
        createdAtMs: clock.now(),
      })
    prune(tables, clock)
    return { db, ...tables }
  } catch (error) {
    db.close()
    throw error
  }
}

type Tables = ReturnType<typeof createTables>

/** Deletes rows that are too old. */
function prune({ outbox, requests, webhooks }: Tables, clock: Clock): void {
  outbox.prune()
  requests.prune(clock.now())
  webhooks.prune(clock.now())
}

function createTables(db: Connection, clock: Clock) {
  return {
    accounts: createAccounts(db),
    audit: createAudit(db),
    keys: createKeys(db),
    outbox: createOutboxItems(db, clock),
    requests: createRequests(db, randomUUID()),
    rules: createRules(db),
    webhooks: createWebhooks(db),
  }
}

/** Creates the file with access for its owner only; SQLite gives its own files beside it the same mode. */
function makeOwn(file: string): void {
  try {
    closeSync(openSync(file, 'a', 0o600))
    chmodSync(file, 0o600)
  } catch (error) {
    fail(codeOf(error) === 'ENOSPC' ? 'archive_full' : 'archive_unavailable', { cause: error })
  }
}

function hasPlainArchive(archives: string): boolean {
  return readdirSync(archives).some(
    (name) => name.endsWith('.db') && readHeader(join(archives, name)).kind === 'plain',
  )
}

/** Converts an archive error to the same error of the control database. Other errors stay as they are. */
function toControlError(error: unknown): unknown {
  if (!(error instanceof AppError)) return error
  const own = CONTROL_ERRORS[error.code]
  return own === undefined ? error : new AppError(own.code, { ...own, cause: error })
}

const CONTROL_ERRORS: Partial<Record<ErrorCode, { code: ErrorCode; detail?: string; hint?: string }>> = {
  archive_damaged: { code: 'control_damaged' },
  archive_foreign: { code: 'control_foreign' },
  archive_newer: { code: 'control_newer' },
  archive_unavailable: { code: 'control_unavailable' },
  archive_full: {
    code: 'control_unavailable',
    detail: 'The disk is full: the control database cannot be written.',
    hint: 'Free disk space, then try again.',
  },
  archive_key_missing: {
    code: 'control_locked',
    detail: 'The control database is encrypted, but no key is set.',
  },
  archive_key_wrong: {
    code: 'control_locked',
    detail: 'The control database is encrypted with a key other than the one that is set.',
  },
  archive_key_unknown: {
    code: 'control_locked',
    detail: 'The control database is encrypted, and its key file is missing or damaged.',
    hint: 'Stop the server and restore control.db.key.json beside control.db from a backup. The database cannot be opened without it; to begin with a new one, move control.db away.',
  },
}
