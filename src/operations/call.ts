/** A call: the caller, the account and the face. Every route, tool, page and stream passes one to the door. */

import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import type { Toolset } from '../model/toolsets.ts'

/**
 * What a caller may do. Scopes are independent, except that `admin` includes all. `read`: readings. `send`: everything that
 * this server sends to a chat. `manage`: changes of chats, groups, contacts, the profile and the archive. `admin`: linking,
 * logging out, accounts, keys.
 */
export const SCOPES = ['read', 'send', 'manage', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** The face that received the call. Commands are clients of REST or MCP. */
export type Face = 'rest' | 'mcp' | 'page'

/** The caller. Created once for each HTTP request. */
export type Caller = {
  /** `owner`: the user of this computer, without a key. Sessions and subscriptions belong to this id. */
  id: string
  scopes: ReadonlySet<Scope>
  /** The chats that the caller can see. */
  sees: 'all'
  /** The recipients to which the caller may send without the owner's approval. */
  sends: 'open'
}

export { DEFAULT_ACCOUNT }

/** The toolsets of an MCP connection. */
export type ConnectionToolsets = {
  /** Returns the toolsets that have tools and that this connection may use. */
  list(): { name: Toolset; on: boolean; tools: number; purpose: string }[]
  /** Switches one on, and notifies the client. Returns false if this connection may not use it, or has no session. */
  enable(toolset: Toolset): Promise<boolean>
}

/** One call through any face. */
export type Call = {
  caller: Caller
  face: Face
  /** The client's name for itself, at most 100 characters; null if it sends none. */
  client: string | null
  /** Id of the account. */
  account: string
  /** The server's own id of the request. Errors and the log include it. */
  requestId: string
  /** True if the server can ask the client during the call (MCP elicitation). */
  canAsk: boolean
  /** Aborted when the client disconnects. */
  signal: AbortSignal
  /** The longest wait in milliseconds, because clients time out on a call without progress. */
  patienceMs?: number
  /** The idempotency key of the request. */
  idempotencyKey?: string
  /** MCP only. */
  toolsets?: ConnectionToolsets
}

/** The user of this computer: needs no key and has all scopes. */
export const OWNER: Caller = { id: 'owner', scopes: new Set(SCOPES), sees: 'all', sends: 'open' }

/** Returns true if the caller has this scope. */
export function hasScope({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin')
}

/** Returns the account that the parameters of a path name: `/api/accounts/{account}/…`. Other paths are of `default`. */
export function accountIn(params: unknown): string {
  const { account } = Object(params)
  return typeof account === 'string' ? account : DEFAULT_ACCOUNT
}
