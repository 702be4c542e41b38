/**
 * The interface of the control database: the data that belongs to no single account. All methods are asynchronous, because
 * a server on several machines would store it elsewhere. `store/open-control.ts` implements it in SQLite.
 */
import type { AccountId, Jid } from './model/ids.ts'

export type AccountRow = {
  id: AccountId
  /** Name for people; null if none was set. */
  label: string | null
  /** The state that the owner chose. It survives a restart of the server. */
  state: 'running' | 'stopped'
  /** URL of the proxy for the account's browser. Secret, because it may include credentials: never returned, never logged. */
  proxy: string | null
  /** The linked WhatsApp account; null if none was linked yet. */
  number: Jid | null
  /** Unix milliseconds. */
  createdAtMs: number
}

/**
 * Every method can reject with an AppError: `control_damaged`, `control_foreign`, `control_newer` or `control_locked` if the
 * database cannot be opened, `control_unavailable` if the disk fails, and the codes in its own docstring.
 */
export type ControlStore = {
  accounts: {
    /** Lists the accounts by id, `default` first. `default` always exists. */
    list(): Promise<AccountRow[]>
    /** Returns the account; null if it does not exist. */
    get(id: AccountId): Promise<AccountRow | null>
    /** Adds a running account without a number. `account_exists` */
    add(account: Pick<AccountRow, 'id' | 'label' | 'proxy'>): Promise<AccountRow>
    /** Changes the given fields and returns the changed account. `account_not_found` */
    change(id: AccountId, change: AccountChange): Promise<AccountRow>
    /** Removes the account. `account_not_found`; `account_in_use` for `default` */
    remove(id: AccountId): Promise<void>
  }
  /** Closes the database permanently. Later calls reject with `shutting_down`. Safe to call twice. Never rejects. */
  close(): Promise<void>
}

export type AccountChange = Partial<Pick<AccountRow, 'label' | 'state' | 'proxy' | 'number'>>
