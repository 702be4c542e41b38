/**
 * The keys of callers: their secrets are compared in memory, and only hashes are stored. A secret that is valid belongs to one
 * {@link Caller}, which ends when the secret does or when its key changes.
 */
import { createHash, randomBytes } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { ControlStore, KeyRow } from '../control.ts'
import { type AppError, fail, toAppError } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Caller, OWNER } from '../model/caller.ts'

/** The id of the key in the settings. */
export const SETTINGS_KEY = 'settings'

/** What the owner decides about a key. */
export type KeyFacts = Pick<
  KeyRow,
  'name' | 'scopes' | 'accounts' | 'toolsets' | 'chats' | 'sends' | 'expiresAtMs'
>
/** A key with its secret, which is returned only once. */
export type Made = { key: KeyRow; secret: string }

/** Methods that read or change keys reject with the errors of the control database. */
export type Keys = {
  /** Returns every key, that of the settings first. */
  list(): Promise<KeyRow[]>
  /** @throws AppError `key_not_found` */
  get(id: string): Promise<KeyRow>
  add(facts: KeyFacts): Promise<Made>
  /**
   * Ends the callers of the key if more than its name changes. Setting `accounts` ends their suspension.
   * @throws AppError `key_not_found`, `key_in_settings`
   */
  change(id: string, facts: Partial<KeyFacts>): Promise<KeyRow>
  /** Replaces the secret; the previous one is valid for `overlapS` more seconds. @throws AppError like `change` */
  rotate(id: string, overlapS: number): Promise<Made>
  /** Ends the callers of the key. @throws AppError like `change` */
  remove(id: string): Promise<void>
  /** Suspends the account in every key that names it: it was logged out, or is linked to another number. Ends their callers. Never rejects. */
  suspendAccount(account: string): Promise<void>
  /** Takes the account from every key: it was removed. Never rejects. */
  revokeAccount(account: string): Promise<void>
  /**
   * Returns the caller with this secret; null if no key has it.
   * @throws AppError `control_damaged` and the like: without the database no key is valid, except that of the settings
   */
  callerWith(secret: string): Caller | null
  /**
   * Returns the caller with this id, as it is now; null if its key was removed or has expired.
   * @throws AppError like `callerWith`
   */
  callerOf(id: string): Caller | null
  /** Calls `listener` when a caller ends: its streams and sessions must end too. */
  onEnd(listener: (caller: Caller) => void): void
  /** Stores what is not stored yet. Never rejects. */
  close(): Promise<void>
}

export type KeysOptions = {
  control: ControlStore['keys']
  /** The secret of the settings; null if there is none. It has all scopes. */
  secret: string | null
  clock: Clock
  log: Log
}

/** The times of the last use are stored at most this often. */
const USED_MS = 60_000
/** A database whose disk returned an error is read again after this time. */
const RETRY_MS = 5_000
/** Makes a secret recognisable, for people and for programs that search files for secrets. */
const PREFIX = 'wma_'

const hashOf = (secret: string) => createHash('sha256').update(secret).digest('hex')

/** Returns what changes in this key; null: nothing. */
type Change = (row: KeyRow) => Partial<KeyRow> | null

/** Reads the keys. Never rejects: see {@link Keys.callerWith}. */
export async function openKeys({ control, secret, clock, log }: KeysOptions): Promise<Keys> {
  const own = secret === null ? null : settingsKey(secret, clock.now())
  const rows = new Map<string, KeyRow>()
  const callers = new Map<string, { id: string; caller: Caller }>()
  const timers = new Map<string, () => void>()
  const listeners: ((caller: Caller) => void)[] = []
  const used = new Map<string, number>()
  /** What happened to accounts while the keys could not be read. */
  const missed: Change[] = []
  let problem: AppError | null = null
  let loading: Promise<void> | null = null
  let cancelRetry = () => {}
  let cancelStore: (() => void) | null = null
  if (own !== null) follow(own)
  await load()

  /** Never rejects. One at a time: a second one would bring back rows as they were before a change. */
  function load(): Promise<void> {
    loading ??= read().finally(() => {
      loading = null
    })
    return loading
  }

  async function read(): Promise<void> {
    cancelRetry()
    try {
      for (const row of await control.list()) follow(row)
      problem = null
    } catch (error) {
      problem = toAppError(error)
      if (problem.code === 'control_unavailable') cancelRetry = clock.after(RETRY_MS, () => void load())
      return
    }
    // Before anybody can use them.
    await Promise.all(missed.splice(0).map(apply))
  }

  function isExpired({ expiresAtMs }: KeyRow): boolean {
    return expiresAtMs !== null && expiresAtMs <= clock.now()
  }

  /** Returns the hashes of the secrets with which the key is valid now. */
  function validOf(row: KeyRow): string[] {
    const { hash, old } = row
    if (isExpired(row)) return []
    return old !== null && old.untilMs > clock.now() ? [hash, old.hash] : [hash]
  }

  /**
   * Keeps the row: ends the callers whose secret is not valid any more, adds those of valid secrets, and runs again when the next secret
   * ends. `isSame`: only the name has changed, and the callers stay.
   */
  function follow(row: KeyRow, isSame = false): void {
    const { id, old, expiresAtMs } = row
    rows.set(id, row)
    if (isSame) return
    const now = clock.now()
    const valid = validOf(row)
    end(id, (known) => !valid.includes(known))
    for (const one of valid) if (!callers.has(one)) callers.set(one, { id, caller: toCaller(row) })
    const next = Math.min(...[expiresAtMs ?? 0, old?.untilMs ?? 0].filter((at) => at > now))
    stopTimer(id)
    if (Number.isFinite(next))
      timers.set(
        id,
        clock.after(next - now, () => follow(rows.get(id) ?? row)),
      )
  }

  function stopTimer(id: string): void {
    timers.get(id)?.()
    timers.delete(id)
  }

  /** Ends the callers of this key; with `isOver`, only those for whose hash it returns true. */
  function end(id: string, isOver: (hash: string) => boolean = () => true): void {
    for (const [hash, known] of callers) {
      if (known.id !== id || !isOver(hash)) continue
      callers.delete(hash)
      for (const listener of listeners) listener(known.caller)
    }
  }

  let last: Promise<unknown> = Promise.resolve()
  /** Changes run one after the other: a key that is removed must not be stored again. */
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const next = last.then(work, work)
    last = next.catch(() => {})
    return next
  }

  /** Fails unless the database is open. */
  async function opened(): Promise<void> {
    if (problem !== null) await load()
    if (problem !== null) throw problem
  }

  /** Returns a key that can be changed. */
  async function rowOf(id: string): Promise<KeyRow> {
    if (id === own?.id) fail('key_in_settings')
    await opened()
    return rows.get(id) ?? fail('key_not_found')
  }

  /**
   * Changes each key, unless `change` returns null. In memory first: also after a disk error, the key must not keep what was taken from
   * it. Never rejects.
   */
  async function apply(change: Change): Promise<void> {
    const changed = [...rows.values()].flatMap((row) => {
      const changes = change(row)
      return changes === null ? [] : [{ ...row, ...changes }]
    })
    for (const row of changed) {
      end(row.id)
      follow(row)
    }
    await Promise.all(
      changed.map((row) =>
        control
          .put(row)
          .catch((error) => log.error({ err: error, key: row.id }, 'a key could not be stored')),
      ),
    )
  }

  /** Changes each key that names the account; if the keys cannot be read, as soon as they can. */
  function changeNaming(account: string, change: Change): Promise<void> {
    return inTurn(async () => {
      const ofAccount: Change = (row) => (row.accounts?.includes(account) ? change(row) : null)
      if (problem !== null) await load()
      if (problem === null) await apply(ofAccount)
      else missed.push(ofAccount)
    })
  }

  function noteUse(id: string, row: KeyRow): void {
    row.usedAtMs = clock.now()
    if (id === own?.id) return
    used.set(id, row.usedAtMs)
    cancelStore ??= clock.after(USED_MS, () => void storeUses())
  }

  async function storeUses(): Promise<void> {
    cancelStore?.()
    cancelStore = null
    if (used.size === 0) return
    const times = new Map(used)
    used.clear()
    await control
      .used(times)
      .catch((error) => log.warn({ err: error }, 'the last use of keys could not be stored'))
  }

  return {
    async list() {
      await opened()
      return [...rows.values()]
    },
    async get(id) {
      await opened()
      return rows.get(id) ?? fail('key_not_found')
    },
    add: (facts) =>
      inTurn(async () => {
        await opened()
        const made = create(facts, clock.now())
        await control.put(made.key)
        follow(made.key)
        return made
      }),
    change: (id, facts) =>
      inTurn(async () => {
        const given = facts.accounts === undefined ? {} : { suspended: [] }
        const row = { ...(await rowOf(id)), ...facts, ...given }
        await control.put(row)
        const isSame = Object.keys(facts).every((name) => name === 'name')
        if (!isSame) end(id)
        follow(row, isSame)
        return row
      }),
    rotate: (id, overlapS) =>
      inTurn(async () => {
        const row = await rowOf(id)
        const old = overlapS === 0 ? null : { hash: row.hash, untilMs: clock.now() + overlapS * 1_000 }
        const next = newSecret()
        const key = { ...row, hash: hashOf(next), old }
        await control.put(key)
        follow(key)
        return { key, secret: next }
      }),
    remove: (id) =>
      inTurn(async () => {
        await rowOf(id)
        await control.remove(id)
        stopTimer(id)
        used.delete(id)
        rows.delete(id)
        end(id)
      }),
    suspendAccount: (account) =>
      changeNaming(account, ({ id, suspended }) => {
        if (suspended.includes(account)) return null
        log.warn({ key: id, account }, 'an account of a key is suspended')
        return { suspended: [...suspended, account] }
      }),
    revokeAccount(account) {
      const without = (list: readonly string[] | null) => list?.filter((one) => one !== account) ?? []
      return changeNaming(account, ({ accounts, suspended }) => ({
        accounts: without(accounts),
        suspended: without(suspended),
      }))
    },
    callerWith(given) {
      const hash = hashOf(given)
      const known = callers.get(hash)
      const row = known && rows.get(known.id)
      if (known !== undefined && row !== undefined) {
        if (validOf(row).includes(hash)) {
          noteUse(known.id, row)
          return known.caller
        }
        // The computer slept, or its clock was set: the timer comes too late.
        follow(row)
      }
      if (problem !== null) throw problem
      return null
    },
    callerOf(id) {
      if (id === OWNER.id) return OWNER
      const row = rows.get(id)
      if (row !== undefined) return isExpired(row) ? null : toCaller(row)
      if (problem !== null) throw problem
      return null
    },
    onEnd: (listener) => void listeners.push(listener),
    async close() {
      cancelRetry()
      for (const cancel of timers.values()) cancel()
      await storeUses()
    },
  }
}

function newSecret(): string {
  return PREFIX + randomBytes(32).toString('base64url')
}

function create(facts: KeyFacts, createdAtMs: number): Made {
  const secret = newSecret()
  const id = `key_${randomBytes(6).toString('hex')}`
  return {
    secret,
    key: { ...facts, suspended: [], id, hash: hashOf(secret), old: null, createdAtMs, usedAtMs: null },
  }
}

function settingsKey(secret: string, createdAtMs: number): KeyRow {
  const facts: KeyFacts = {
    name: 'Key of the settings',
    scopes: ['admin'],
    accounts: null,
    toolsets: null,
    chats: null,
    sends: null,
    expiresAtMs: null,
  }
  return {
    ...facts,
    suspended: [],
    id: SETTINGS_KEY,
    hash: hashOf(secret),
    old: null,
    createdAtMs,
    usedAtMs: null,
  }
}

function toCaller({ id, scopes, accounts, suspended, toolsets, chats, sends }: KeyRow): Caller {
  const usable = accounts && new Set(accounts.filter((one) => !suspended.includes(one)))
  const reach = { accounts: usable, toolsets, sees: chats, sends }
  return { ...OWNER, id, scopes: new Set(scopes), ...reach }
}
