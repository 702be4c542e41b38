/** Passes the caller of an HTTP request through the SDK: each lane sets `authInfo`, and handlers read the caller from it. */
import type { AuthInfo } from '@modelcontextprotocol/server'
import type { Caller } from '../../operations/call.ts'

const infos = new WeakMap<Caller, AuthInfo>()
const callers = new WeakMap<AuthInfo, Caller>()

/** Returns the `authInfo` that a lane passes to the SDK for this caller. */
export function toAuthInfo(caller: Caller): AuthInfo {
  const known = infos.get(caller)
  if (known !== undefined) return known
  const info: AuthInfo = { token: '', clientId: caller.id, scopes: [...caller.scopes] }
  infos.set(caller, info)
  callers.set(info, caller)
  return info
}

/** Returns the caller of the request that a handler serves, or that a server is created for. @throws Error if the lane set no caller */
export function callerOf(authInfo: AuthInfo | undefined): Caller {
  const caller = authInfo === undefined ? undefined : callers.get(authInfo)
  if (caller === undefined) throw new Error('the MCP lane set no caller')
  return caller
}
