/** The caller of a request: what it may do, and on which accounts. */
import type { Sends } from './policy.ts'
import type { Sight } from './sight.ts'
import type { Toolset } from './toolsets.ts'

/**
 * What a caller may do. Scopes are independent, except that `admin` includes all. `read`: readings. `send`: everything that
 * this server sends to a chat. `manage`: changes of chats, groups, contacts, the profile and the archive. `admin`: linking,
 * logging out, accounts, keys, webhooks, rules, the audit log, and decisions about the outbox.
 */
export const SCOPES = ['read', 'send', 'manage', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The caller. One object for each secret: it ends with the secret, or when its key changes. */
export type Caller = {
  /** `owner`: the user of this computer, without a key. Else the id of the key. Sessions and subscriptions belong to this id. */
  id: string
  scopes: ReadonlySet<Scope>
  /** The accounts that the caller may use; null: all. */
  accounts: ReadonlySet<string> | null
  /** The toolsets that the caller may use; null: those of the settings. */
  toolsets: readonly Toolset[] | null
  /** The chats that the caller sees; null: all. */
  sees: Sight | null
  /** To whom the caller may send without the owner's approval; null: as its face says. */
  sends: Sends | null
}

/** The user of this computer: needs no key and has all scopes. */
export const OWNER: Caller = {
  id: 'owner',
  scopes: new Set(SCOPES),
  accounts: null,
  toolsets: null,
  sees: null,
  sends: null,
}

/** A request without a key where one is required. It may use only what says nothing of an account. */
export const NOBODY: Caller = { ...OWNER, id: 'nobody', scopes: new Set(), accounts: new Set() }

/** Returns true if the caller has this scope. */
export function hasScope({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin')
}

/** Returns true if the caller may use this account. */
export function hasAccount({ accounts }: Pick<Caller, 'accounts'>, account: string): boolean {
  return accounts === null || accounts.has(account)
}
