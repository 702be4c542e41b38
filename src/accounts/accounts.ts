/** The accounts of this server: opens, stops, restarts and removes them. What happens to one never concerns another. */
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { AccountChange, AccountRow, ControlStore } from '../control.ts'
import { type AppError, fail, toAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type AccountId, DEFAULT_ACCOUNT } from '../model/ids.ts'
import { readProxy } from '../model/proxy.ts'
import type { Status } from '../model/status.ts'
import type { OwnIds } from '../own-ids.ts'
import type { AccountDir } from '../session/account-dir.ts'
import { type AuthDir, AuthDirError } from '../session/auth-dir.ts'
import type { OpenReaders } from '../session/event-readers.ts'
import type { Threads } from '../store/threads.ts'
import { type Account, type AccountOptions, type OpenProfile, openAccount } from './account.ts'
import { readKnownAccounts } from './known-accounts.ts'
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

/**
 * Every method that takes an id fails with `account_not_found` or `account_unavailable`, or with {@link Accounts.problem} while the
 * control database cannot be opened.
 */
export type Accounts = {
  /** Why the control database cannot be opened; null while it is open. */
  problem(): AppError | null
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
  /** The accounts that are open now. */
  opened(): Account[]
  /** Calls `listener` when an account is not linked any more, or is linked to another number than before. It must not fail. */
  onUnlink(listener: (id: AccountId) => void): void
  /** Calls `listener` before an account is removed; `archive`: with its archives. */
  onRemove(listener: (id: AccountId, what: { archive: boolean }) => Promise<void>): void
  /** Connects the accounts with a saved session that were not stopped: `default` at once, the others in turn. */
  resume(): void
  /** Closes every browser and archive. */
  close(): Promise<void>
}

export type AccountsOptions = Pick<AccountOptions, 'holdFile' | 'fileAt' | 'maySend' | 'holdsNow'> & {
  authDir: AuthDir
  control: ControlStore
  /** Operations that act on no linked number. */
  globalCalls: readonly string[]
  config: Config
  secret: string | null
  /** Makes the ids of messages. */
  ownIds: OwnIds
  /** The threads that answer all reads of this process. */
  threads: Threads
  clock: Clock
  log: Log
  chromeExecutable: string | null
  openProfile: OpenProfile
  /** Called with each account that is opened. Must not throw. */
  onOpen(account: Account): void
}

/** Opens the account `default`, and reads which others there are. Never fails because of the control database. */
export async function openAccounts(options: AccountsOptions): Promise<Accounts> {
  const { authDir, control, clock, log, globalCalls } = options
  const startedAtMs = clock.now()
  const open = new Map<string, Account>()
  const dirs = new Map<string, AccountDir>([[DEFAULT_ACCOUNT, authDir]])
  const removing = new Set<string>()
  /** The accounts whose turn to start has not come. */
  const waiting = new Set<string>()
  const removals: Parameters<Accounts['onRemove']>[0][] = []
  const unlinks: ((id: AccountId) => void)[] = []
  const closing = new AbortController()
  const logKey = authDir.secret('log')
  const readers: OpenReaders = new Set()
  const known = await readKnownAccounts({ control, globalCalls, clock, log, dirOf, onOpened: resumeOthers })
  openNow(DEFAULT_ACCOUNT)

  function dirOf(id: AccountId): AccountDir {
    const opened = dirs.get(id)
    if (opened !== undefined) return opened
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
    const { config, secret, threads, holdFile, fileAt, maySend, holdsNow, chromeExecutable, openProfile } =
      options
    const account = openAccount({
      id,
      dir: dirOf(id),
      startedAtMs,
      control,
      holdFile,
      fileAt,
      maySend,
      holdsNow,
      config,
      secret,
      threads,
      readers,
      logKey,
      ownIds: options.ownIds,
      clock,
      log,
      chromeExecutable,
      openProfile,
      proxy: () => known.proxy(id),
      onStart: () => known.started(id),
      controlProblem: () => known.problem()?.code ?? null,
    })
    open.set(id, account)
    options.onOpen(account)
    const { session } = account
    // Not from the status, which counts the messages of the archive.
    let wasLinked = dirOf(id).saved() !== null
    session.onChange(() => {
      const { linked, account: present } = session.status()
      const isOther = present !== null && known.linked(id, present.wid)
      if (isOther || (wasLinked && !linked)) for (const unlinked of unlinks) unlinked(id)
      wasLinked = linked
    })
    if (waiting.has(id)) sayWhyIdle(account)
    return account
  }

  /** The owner stopped it, or its turn has not come. Changes nothing of a session that runs. */
  function sayWhyIdle({ id, session }: Account): void {
    session.setIdleReason(known.isStopped(id) ? 'stopped' : 'queued')
  }

  /** The sends that are under way end with the browser. The archive closes with the session. */
  async function closeNow({ session, outbox }: Account): Promise<void> {
    await session.close()
    await outbox.close()
  }

  /** Removes what refers to the account, and closes it also if that fails: nothing else can reach it from here on. */
  async function release(account: Account, what: { archive: boolean }): Promise<void> {
    try {
      await Promise.all(removals.map((run) => run(account.id, what)))
      account.archive.events.stop()
      await account.outbox.review()
    } finally {
      await closeNow(account)
    }
  }

  /** Fails unless the account exists. */
  function rowOf(id: string): AccountRow {
    const problem = known.problem()
    if (problem !== null) throw problem
    return (removing.has(id) ? undefined : known.get(id)) ?? fail('account_not_found')
  }

  function get(id: string): Account {
    const account = removing.has(id) ? undefined : open.get(id)
    return account ?? openNow(rowOf(id).id)
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
    if (id === DEFAULT_ACCOUNT && known.problem() !== null)
      return viewOf({ id: DEFAULT_ACCOUNT, label: null, proxy: null })
    return viewOf(rowOf(id))
  }

  function resumeOthers(): void {
    const others = known.all().filter(({ id }) => id !== DEFAULT_ACCOUNT)
    for (const { id } of others) waiting.add(id)
    // Those with a webhook or a rule are open already.
    for (const account of open.values()) if (waiting.has(account.id)) sayWhyIdle(account)
    const inTurn = others.map(({ id }) => () => {
      waiting.delete(id)
      try {
        const { session } = get(id)
        if (!known.isStopped(id)) return session
        session.setIdleReason('stopped')
      } catch {
        // Its status says why.
      }
      return null
    })
    startInTurn(inTurn, { clock, log, signal: closing.signal }).catch((error) =>
      log.error({ err: error }, 'the accounts could not be started'),
    )
  }

  return {
    problem: known.problem,
    get,
    view,
    list() {
      rowOf(DEFAULT_ACCOUNT)
      return known
        .all()
        .filter(({ id }) => !removing.has(id))
        .map(viewOf)
    },
    async add(account) {
      if (removing.has(account.id))
        fail('account_exists', {
          detail: 'The account is being removed.',
          hint: 'Wait a moment, then retry.',
        })
      return viewOf(await known.add(account))
    },
    async change(id, change) {
      const before = rowOf(id)
      await known.change(before.id, change)
      const { session } = get(id)
      const isNew = change.proxy !== undefined && change.proxy !== before.proxy
      if (isNew && !['stopped', 'auth_failure'].includes(session.status().state)) await session.restart()
      return view(id)
    },
    async stop(id) {
      const { session } = get(id)
      await known.change(rowOf(id).id, { state: 'stopped' })
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
      await known.remove(account.id)
      removing.add(id)
      try {
        await release(account, { archive })
        await dirOf(account.id).remove({ archives: archive })
      } catch (cause) {
        fail('account_unavailable', {
          detail: 'The account is removed, but its files could not be deleted.',
          hint: `Delete session-${id} and .whatsapp-mcp-api/accounts/${id} in the auth directory.`,
          cause,
        })
      } finally {
        known.forget(account.id)
        open.delete(id)
        dirs.delete(id)
        removing.delete(id)
      }
      return unlinked
    },
    opened: () => [...open.values()],
    onUnlink: (listener) => void unlinks.push(listener),
    onRemove: (listener) => void removals.push(listener),
    resume() {
      const { session } = get(DEFAULT_ACCOUNT)
      if (known.isStopped(DEFAULT_ACCOUNT)) session.setIdleReason('stopped')
      else session.resume()
      resumeOthers()
    },
    async close() {
      closing.abort()
      known.close()
      await Promise.all([...open.values()].map(closeNow))
    },
  }
}
