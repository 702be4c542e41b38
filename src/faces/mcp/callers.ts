/** The caller of an HTTP request on its way through the SDK: each lane takes it along as `authInfo`, each handler reads it there. */
import type { AuthInfo, ServerContext } from '@modelcontextprotocol/server'
import type { Caller } from '../../operations/call.ts'

const callers = new WeakMap<AuthInfo, Caller>()

/** What a lane hands to the SDK for this caller. */
export function toAuthInfo(caller: Caller): AuthInfo {
  const info: AuthInfo = { token: '', clientId: caller.id, scopes: [...caller.scopes] }
  callers.set(info, caller)
  return info
}

/** The caller of the request that a handler serves. @throws where a lane did not say who it is: nothing is served then */
export function callerOf({ http }: Pick<ServerContext, 'http'>): Caller {
  const caller = http?.authInfo === undefined ? undefined : callers.get(http.authInfo)
  if (caller === undefined) throw new Error('a lane of MCP did not say who calls')
  return caller
}
