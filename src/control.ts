/**
 * The control database as other rooms see it: what belongs to no single account. Everything is asynchronous, since a server
 * on several machines would keep it elsewhere. `store/open-control.ts` keeps it in SQLite.
 */
import type { AccountId, Jid } from './model/ids.ts'

export type AccountRow = {
  id: AccountId
  /** What people call it; null: they gave no name. */
  label: string | null
  /** What the owner wants. It outlives a restart of the server. */
  state: 'running' | 'stopped'
  /** Address of the proxy for its browser. Secret, since it may hold credentials: never answered, never logged. */
  proxy: string | null
  /** The WhatsApp account that is linked; null: none was linked yet. */
  number: Jid | null
  /** Unix milliseconds. */
  createdAtMs: number
}

/**
 * Every method rejects with an AppError: `control_damaged`, `control_foreign`, `control_newer` or `control_locked` where the
 * database cannot be opened, `control_unavailable` where the disk refuses, and the codes that stand beside it.
 */
export type ControlStore = {
  accounts: {
    /** By id, `default` first. `default` is always there. */
    list(): Promise<AccountRow[]>
    /** Null: there is no such account. */
    get(id: AccountId): Promise<AccountRow | null>
    /** A running account without a number. `account_exists` */
    add(account: Pick<AccountRow, 'id' | 'label' | 'proxy'>): Promise<AccountRow>
    /** The account as it is afterwards; members that are left out stay. `account_not_found` */
    change(id: AccountId, change: AccountChange): Promise<AccountRow>
    /** `account_not_found`; `account_in_use` for `default` */
    remove(id: AccountId): Promise<void>
  }
  /** Close for good: later calls reject with `shutting_down`. Safe to call twice. Never rejects. */
  close(): Promise<void>
}

export type AccountChange = Partial<Pick<AccountRow, 'label' | 'state' | 'proxy' | 'number'>>
