/** Who calls, for which account, and how: what every way into the product is handed. */

/**
 * What a caller may do. Scopes are independent, but that `admin` has all. `read`: readings. `send`: whatever leaves this
 * machine in a chat. `manage`: what changes chats, groups, contacts, the profile or the archive. `admin`: linking, logging out,
 * accounts, keys.
 */
export const SCOPES = ['read', 'send', 'manage', 'admin'] as const
export type Scope = (typeof SCOPES)[number]

/** By which face a call came. Commands are clients of REST or MCP. */
export type Face = 'rest' | 'mcp' | 'page'

/** Who calls. Made once for each HTTP request. */
export type Caller = {
  /** `owner`: the user of this computer, without a key. Sessions and subscriptions belong to this id. */
  id: string
  scopes: ReadonlySet<Scope>
  /** Which chats the caller sees. */
  sees: 'all'
  /** To whom the caller may send without asking the owner. */
  sends: 'open'
}

export { DEFAULT_ACCOUNT } from '../model/ids.ts'

/** One call, by whichever face. */
export type Call = {
  caller: Caller
  face: Face
  /** What the client calls itself, at most 100 characters; null where it does not say. */
  client: string | null
  /** Id of the account that is meant. */
  account: string
  /** The server's own id of the request: it stands in failures and in the log. */
  requestId: string
  /** Repeats of a call carry the same one. */
  idempotencyKey?: string
  /** Can the client be asked something while the call runs (MCP elicitation)? */
  canAsk: boolean
  /** Aborted when the client has disconnected. */
  signal: AbortSignal
  /** A wait that the caller asked for ends by then, in milliseconds: clients give up on a call that is silent for longer. */
  patienceMs?: number
}

/** The user of this computer, who needs no key and may do everything. */
export const OWNER: Caller = { id: 'owner', scopes: new Set(SCOPES), sees: 'all', sends: 'open' }

/** May this caller do what asks for this scope? */
export function hasScope({ scopes }: Pick<Caller, 'scopes'>, scope: Scope): boolean {
  return scopes.has(scope) || scopes.has('admin')
}
