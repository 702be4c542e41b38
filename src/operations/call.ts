/** A call: the caller, the account and the face. Every route, tool, page and stream passes one to the door. */

import { type Caller, hasScope, type Scope } from '../model/caller.ts'
import { DEFAULT_ACCOUNT } from '../model/ids.ts'
import type { Toolset } from '../model/toolsets.ts'

/** The face that received the call. Commands are clients of REST or MCP. `rule`: a rule of the rules file. */
export type Face = 'rest' | 'mcp' | 'page' | 'rule'

export { type Caller, hasAccount, hasScope, NOBODY, OWNER, SCOPES, type Scope } from '../model/caller.ts'
export { DEFAULT_ACCOUNT }

/** The toolsets of an MCP connection. */
export type ConnectionToolsets = {
  /** Returns the toolsets that have tools and that this connection may use. */
  list(): { name: Toolset; on: boolean; tools: number; purpose: string }[]
  /** Switches one on, and notifies the client. Returns false if this connection may not use it, or has no session. */
  enable(toolset: Toolset): Promise<boolean>
}

/** Returns true if the scopes of the caller admit it here. The toolsets of its own connection are for every caller. */
export function isAdmitted(caller: Caller, { scope, needs }: { scope: Scope; needs: string }): boolean {
  return needs === 'toolsets' || hasScope(caller, scope)
}

/** The log and the audit keep this many characters of the client's name. */
const MAX_CLIENT = 100

/** Returns the client's name for itself, as {@link Call} has it. */
export function toClientName(name: unknown): string | null {
  return typeof name === 'string' ? name.slice(0, MAX_CLIENT) : null
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
  /** Aborted when the session of the call ends; undefined: it has none. */
  gone?: AbortSignal | undefined
  /** The longest wait in milliseconds, because clients time out on a call without progress. */
  patienceMs?: number
  /** The idempotency key of the request. */
  idempotencyKey?: string
  /** MCP only. */
  toolsets?: ConnectionToolsets
}

/** Returns the account that the parameters of a path name: `/api/accounts/{account}/…`. Other paths are of `default`. */
export function accountIn(params: unknown): string {
  const { account } = Object(params)
  return typeof account === 'string' ? account : DEFAULT_ACCOUNT
}
