/** What the control database says of the accounts, in memory, and what holds of them even if it cannot be opened. */
import type { Clock } from '../clock.ts'
import type { AccountChange, AccountRow, ControlStore } from '../control.ts'
import { AppError, toAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type AccountId, toJid } from '../model/ids.ts'
import { type BrowserProxy, readProxy } from '../model/proxy.ts'
import type { AccountDir } from '../session/account-dir.ts'

export type KnownAccounts = {
  /** Why the control database cannot be opened; null while it is open. */
  problem(): AppError | null
  get(id: string): AccountRow | undefined
  /** Returns every account, `default` first. */
  all(): AccountRow[]
  /** Fails with `account_exists`, and as {@link ControlStore}. */
  add(account: Pick<AccountRow, 'id' | 'label' | 'proxy'>): Promise<AccountRow>
  /** Stores the change. Fails as {@link ControlStore}. */
  change(id: AccountId, change: AccountChange): Promise<void>
  /** Removes the account from the database. Fails as {@link ControlStore}. */
  remove(id: AccountId): Promise<void>
  /** Forgets an account that was removed. */
  forget(id: AccountId): void
  /** A caller has started the account, which ends a stop. Does not wait for the disk. */
  started(id: AccountId): void
  /** The account is linked to this number. Returns true if it was linked to another one before. Does not wait for the disk. */
  linked(id: AccountId, wid: string): boolean
  isStopped(id: AccountId): boolean
  /** Returns the proxy of the next start. Throws if there is one, but it is not known. */
  proxy(id: AccountId): BrowserProxy | null
  /** Stops trying to open the database. */
  close(): void
}

export type KnownAccountsOptions = {
  control: ControlStore
  /** Operations that act on no linked number. They keep their idempotency keys when a number goes. */
  globalCalls: readonly string[]
  clock: Clock
  log: Log
  dirOf(id: AccountId): AccountDir
  /** Called when a database that could not be opened is open. */
  onOpened(): void
}

/** While the disk of the control database returns errors, it is tried again at this interval. */
const RETRY_MS = 5_000

/** Reads the accounts. Never fails: see `problem`. */
export async function readKnownAccounts(options: KnownAccountsOptions): Promise<KnownAccounts> {
  const { control, clock, log, dirOf, globalCalls } = options
  const rows = new Map<string, AccountRow>()
  let problem: AppError | null = null
  let cancelRetry = () => {}
  await load()

  async function load(): Promise<void> {
    try {
      for (const row of await control.accounts.list()) rows.set(row.id, row)
      problem = null
    } catch (error) {
      const before = problem?.code
      problem = toAppError(error)
      const { code, message, hint } = problem
      if (before !== code) log.error({ err: error, code, hint }, message)
      if (code === 'control_unavailable') cancelRetry = clock.after(RETRY_MS, () => void retry())
    }
  }

  async function retry(): Promise<void> {
    await load()
    if (problem === null) options.onOpened()
  }

  async function change(id: AccountId, changes: AccountChange): Promise<void> {
    const row = await control.accounts.change(id, changes)
    rows.set(id, row)
    dirOf(id).limit({ stopped: row.state === 'stopped', proxied: row.proxy !== null })
  }

  /** Changes the row now, and the database later. */
  function note(row: AccountRow, changes: AccountChange): void {
    rows.set(row.id, { ...row, ...changes })
    change(row.id, changes).catch((error) =>
      log.error({ err: error, account: row.id }, 'a change of an account could not be stored'),
    )
  }

  return {
    problem: () => problem,
    get: (id) => rows.get(id),
    all: () => [...rows.values()],
    async add(account) {
      const row = await control.accounts.add(account)
      try {
        // An account that had this id may have been another number.
        await control.requests.forget(row.id, [])
        dirOf(row.id).limit({ stopped: false, proxied: row.proxy !== null })
      } catch (error) {
        await control.accounts.remove(row.id)
        throw error
      }
      rows.set(row.id, row)
      return row
    },
    change,
    remove: (id) => control.accounts.remove(id),
    forget: (id) => void rows.delete(id),
    started(id) {
      const row = rows.get(id)
      if (row?.state === 'stopped') note(row, { state: 'running' })
    },
    linked(id, wid) {
      const row = rows.get(id)
      if (row === undefined || row.number === wid) return false
      const isOther = row.number !== null
      if (isOther)
        control.requests
          .forget(id, globalCalls)
          .catch((error) => log.error({ err: error, account: id }, 'idempotency keys could not be forgotten'))
      note(row, { number: toJid(wid) })
      return isOther
    },
    isStopped(id) {
      const row = rows.get(id)
      return row === undefined ? dirOf(id).limits().stopped : row.state === 'stopped'
    },
    proxy(id) {
      const proxy = rows.get(id)?.proxy
      if (proxy) return readProxy(proxy)
      if (dirOf(id).limits().proxied) throw problem ?? proxyLost(id)
      return null
    },
    close: () => cancelRetry(),
  }
}

/** The database was replaced by an older or an empty one. */
function proxyLost(id: AccountId): AppError {
  return new AppError('account_unavailable', {
    detail: `The account has a proxy, but the control database does not have its URL. Set it, or remove it with null: PATCH /api/accounts/${id} {"proxy": …}.`,
  })
}
