/** The accounts of this server: opens, stops, restarts and removes them. What happens to one never concerns another. */
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { AccountChange, AccountRow, ControlStore } from '../control.ts'
import { type AppError, fail, toAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type AccountId, DEFAULT_ACCOUNT, type Jid, toJid } from '../model/ids.ts'
import { type BrowserProxy, readProxy } from '../model/proxy.ts'
import type { Status } from '../model/status.ts'
import type { AccountDir } from '../session/account-dir.ts'
import { type AuthDir, AuthDirError } from '../session/auth-dir.ts'
import type { Session } from '../session/session.ts'
import type { Threads } from '../store/threads.ts'
import { type Account, type OpenProfile, openAccount } from './account.ts'
import { startInTurn } from './start-in-turn.ts'
import { unusableStatus } from './unusable.ts'

/** What the API says of an account. */
export type AccountView = {
  id: AccountId
  label: string | null
  /** The proxy without credentials. */
  proxy: string | null
  status: Status
}

/** Every method that takes an id fails with `account_not_found`, `account_unavailable`, and if the control database cannot be opened as that. */
export type Accounts = {
  /** Returns the open account. */
  get(id: string): Account
  /** Returns every account, `default` first. Fails if the control database cannot be opened. */
  list(): AccountView[]
  view(id: string): AccountView
  /** Adds a running account. Fails with `account_exists`, and as {@link ControlStore}. */
  add(account: Pick<AccountRow, 'id' | 'label' | 'proxy'>): Promise<AccountView>
  /** Changes label or proxy. A running session restarts with a new proxy. */
  change(id: string, change: Pick<AccountChange, 'label' | 'proxy'>): Promise<AccountView>
  /** Closes the browser. The account stays stopped, also after a restart of the server, until a caller starts it. */
  stop(id: string): Promise<AccountView>
  /** Closes the browser and starts again. Fails as `Session.start`. */
  restart(id: string): Promise<AccountView>
  /**
   * Logs out, closes the account and removes its profile; with `archive`, also its archives. Returns the result of
   * `Session.logout`. Fails with `account_in_use` for `default`.
   */
  remove(id: string, what: { archive: boolean }): Promise<boolean | null>
  /** The problem of the control database; null while it is open. */
  problem(): AppError | null
  /** The accounts that are open now. */
  opened(): Account[]
  /** Calls `listener` before an account is removed. */
  onRemove(listener: (id: AccountId) => Promise<void>): void
  /** Connects the accounts with a saved session that were not stopped: `default` at once, the others in turn. */
  resume(): void
  /** Closes every browser and archive. */
  close(): Promise<void>
}

export type AccountsOptions = {
  authDir: AuthDir
  control: ControlStore
  config: Config
  secret: string | null
  /** That answer all reads of this process. */
  threads: Threads
  clock: Clock
  log: Log
  chromeExecutable: string | null
  openProfile: OpenProfile
}

/** While the disk of the control database returns errors, it is tried again at this interval. */
const RETRY_MS = 5_000

/** Opens the account `default`, and reads which others there are. Never fails because of the control database. */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { authDir, control, clock, log } = options
  const rows = new Map<string, AccountRow>()
  const open = new Map<string, Account>()
  const dirs = new Map<string, AccountDir>([[DEFAULT_ACCOUNT, authDir]])
  const removing = new Set<string>()
  const removals: ((id: AccountId) => Promise<void>)[] = []
  const over = new AbortController()
  let problem: AppError | null = null
  let cancelRetry = () => {}
  const logKey = authDir.secret('log')

  openNow(DEFAULT_ACCOUNT)
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
      if (code === 'control_unavailable') cancelRetry = clock.after(RETRY_MS, () => void load().then(resume))
    }
  }

  function dirOf(id: AccountId): AccountDir {
    const known = dirs.get(id)
    if (known !== undefined) return known
    try {
      const dir = authDir.of(id)
      dirs.set(id, dir)
      return dir
    } catch (cause) {
      if (!(cause instanceof AuthDirError)) throw cause
      log.error({ err: cause, account: id }, 'the files of an account cannot be used')
      return fail('account_unavailable', { detail: cause.message, hint: cause.hint, cause })
    }
  }

  function openNow(id: AccountId): Account {
    const { config, secret, threads, chromeExecutable, openProfile } = options
    const account = openAccount({
      id,
      dir: dirOf(id),
      config,
      secret,
      threads,
      logKey,
      clock,
      log,
      chromeExecutable,
      openProfile,
      proxy: () => proxyOf(id),
      onStart: () => started(id),
    })
    open.set(id, account)
    const { session } = account
    session.onChange(() => noteNumber(id, session))
    return account
  }

  /** The owner's own row; the account exists. */
  function rowOf(id: string): AccountRow {
    if (removing.has(id)) fail('account_not_found')
    return rows.get(id) ?? fail('account_not_found')
  }

  function get(id: string): Account {
    const known = removing.has(id) ? undefined : open.get(id)
    if (known !== undefined) return known
    if (problem !== null) throw problem
    return openNow(rowOf(id).id)
  }

  /** Closed unless it is known what the owner wants. */
  function proxyOf(id: AccountId): BrowserProxy | null {
    const row = rows.get(id)
    if (row === undefined && problem !== null && dirOf(id).limits().proxied) throw problem
    return row?.proxy ? readProxy(row.proxy) : null
  }

  async function store(id: AccountId, change: AccountChange): Promise<void> {
    const row = await control.accounts.change(id, change)
    rows.set(id, row)
    dirOf(id).limit({ stopped: row.state === 'stopped', proxied: row.proxy !== null })
  }

  /** Without waiting: what a caller starts now must not depend on a disk. */
  function started(id: AccountId): void {
    const row = rows.get(id)
    if (row === undefined || row.state === 'running') return
    rows.set(id, { ...row, state: 'running' })
    store(id, { state: 'running' }).catch((error) =>
      log.error({ err: error }, 'it could not be stored that an account runs again'),
    )
  }

  function noteNumber(id: AccountId, session: Session): void {
    const wid = session.status().account?.wid
    const row = rows.get(id)
    if (wid === undefined || row === undefined || row.number === wid) return
    const number: Jid = toJid(wid)
    rows.set(id, { ...row, number })
    control.accounts
      .change(id, { number })
      .catch((error) => log.error({ err: error }, 'the number of an account could not be stored'))
  }

  function isStopped(id: AccountId): boolean {
    return (rows.get(id)?.state ?? (dirOf(id).limits().stopped ? 'stopped' : 'running')) === 'stopped'
  }

  function viewOf({ id, label, proxy }: Pick<AccountRow, 'id' | 'label' | 'proxy'>): AccountView {
    return { id, label, proxy: (proxy && readProxy(proxy)?.server) ?? null, status: statusOf(id) }
  }

  function statusOf(id: AccountId): Status {
    try {
      return get(id).session.status()
    } catch (error) {
      return unusableStatus(toAppError(error), get(DEFAULT_ACCOUNT).session.status())
    }
  }

  function view(id: string): AccountView {
    if (problem !== null && id === DEFAULT_ACCOUNT)
      return viewOf({ id: DEFAULT_ACCOUNT, label: null, proxy: null })
    if (problem !== null) throw problem
    return viewOf(rowOf(id))
  }

  function resume(): void {
    const ids = [...rows.keys()] as AccountId[]
    const waiting = ids.filter((id) => id !== DEFAULT_ACCOUNT && !open.has(id))
    const inTurn = waiting.map((id) => () => {
      try {
        const { session } = get(id)
        if (isStopped(id)) session.hold('stopped')
        return isStopped(id) ? null : session
      } catch {
        // Its status says why.
        return null
      }
    })
    startInTurn(inTurn, { clock, log, signal: over.signal }).catch((error) =>
      log.error({ err: error }, 'the accounts could not be started'),
    )
  }

  return {
    get,
    view,
    list() {
      if (problem !== null) throw problem
      return [...rows.values()].filter(({ id }) => !removing.has(id)).map(viewOf)
    },
    async add(account) {
      const row = await control.accounts.add(account)
      rows.set(row.id, row)
      try {
        dirOf(row.id).limit({ stopped: false, proxied: row.proxy !== null })
      } catch (error) {
        rows.delete(row.id)
        await control.accounts.remove(row.id)
        throw error
      }
      return viewOf(row)
    },
    async change(id, change) {
      const before = rowOf(id)
      await store(before.id, change)
      const { session } = get(id)
      const isNew = change.proxy !== undefined && change.proxy !== before.proxy
      if (isNew && !['stopped', 'auth_failure'].includes(session.status().state)) await session.restart()
      return view(id)
    },
    async stop(id) {
      const { session } = get(id)
      await store(rowOf(id).id, { state: 'stopped' })
      await session.stop()
      return view(id)
    },
    async restart(id) {
      await get(id).session.restart()
      return view(id)
    },
    async remove(id, { archive }) {
      if (id === DEFAULT_ACCOUNT) fail('account_in_use')
      const account = get(id)
      const unlinked = await account.session.logout()
      // Until here the account is whole: a database that cannot be written leaves it as it is, logged out.
      await control.accounts.remove(account.id)
      removing.add(id)
      try {
        await Promise.all(removals.map((run) => run(account.id)))
        account.archive.events.stop()
        await account.session.close()
        dirOf(account.id).remove({ archives: archive })
      } finally {
        for (const map of [rows, open, dirs]) map.delete(id)
        removing.delete(id)
      }
      return unlinked
    },
    problem: () => problem,
    opened: () => [...open.values()],
    onRemove: (listener) => void removals.push(listener),
    resume() {
      const { session } = get(DEFAULT_ACCOUNT)
      if (isStopped(DEFAULT_ACCOUNT)) session.hold('stopped')
      else session.resume()
      resume()
    },
    async close() {
      over.abort()
      cancelRetry()
      await Promise.all([...open.values()].map(({ session }) => session.close()))
    },
  }
}
