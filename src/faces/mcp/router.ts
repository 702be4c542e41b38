/**
 * One endpoint for every kind of client: the current protocol (2026-07-28: stateless), the sessions of the one before, and
 * plain JSON-RPC by curl. Each request goes down one lane; a server of the factory's serves it there.
 */

import { randomUUID } from 'node:crypto'
import {
  createMcpHandler,
  isInitializeRequest,
  isLegacyRequest,
  type McpServerFactory,
  parseJSONRPCMessage,
} from '@modelcontextprotocol/server'
import type { Clock } from '../../clock.ts'
import { createAudience } from './audience.ts'
import { toAuthInfo } from './callers.ts'
import {
  type Exchange,
  isInitialize,
  member,
  messagesOf,
  NULL_ID,
  nobody,
  RPC,
  refuse,
  requestIds,
  takesStream,
  withIds,
  withoutNulls,
  withoutProgressTokens,
} from './exchange.ts'
import { createLegacySessions } from './legacy-sessions.ts'
import type { Audience } from './notices.ts'
import { servePlain } from './plain.ts'
import { createSessionIds } from './session-ids.ts'
import { checkSubscriptions } from './subscriptions.ts'

/** As many as the SDK takes in a session. */
const MAX_BATCH = 100
const MAX_LISTENERS = 100

export type RouterOptions = {
  factory: McpServerFactory
  /** Secret, and the same after a restart: ids of sessions are signed with it. */
  sessionKey: string
  /** Does a resource have this URI, or can one have it? Only such a URI can be subscribed to. */
  isResource(uri: string): boolean
  clock: Clock
}

export type Router = {
  /** The answer to one request whose caller, size and content type were looked at. Rejects never for what a client sent. */
  handle(exchange: Exchange): Promise<Response>
  audience: Audience
  /** How many sessions live. */
  sessions(): number
  /** Takes nothing more, and ends what has no end of its own: standing streams, subscriptions. Requests go on. */
  stop(): Promise<void>
  /** Everything ends. */
  close(): Promise<void>
}

/** A router without sessions; of another one with the same key it knows which ids were its own. */
export function createRouter({ factory, sessionKey, isResource, clock }: RouterOptions): Router {
  const { audience, bus } = createAudience()
  const ids = createSessionIds(sessionKey)
  const sessions = createLegacySessions({ factory, bus, clock, ids, isResource })
  const options = { legacy: 'reject', keepAliveMs: 0, maxSubscriptions: MAX_LISTENERS, bus } as const
  // Two of a kind, so that those who listen can be sent home while calls are finished.
  const calls = createMcpHandler(factory, options)
  const listeners = createMcpHandler(factory, options)
  let isStopped = false

  async function serveCurrent({ request, message: given, caller }: Exchange): Promise<Response> {
    const message = takesStream(request) ? given : withoutProgressTokens(given)
    const options = { parsedBody: message, authInfo: toAuthInfo(caller) }
    if (member(message, 'method') !== 'subscriptions/listen') return calls.fetch(request, options)
    const notifications = member(member(message, 'params'), 'notifications')
    const refusal = checkSubscriptions(member(notifications, 'resourceSubscriptions'), isResource)
    if (refusal === null) return listeners.fetch(request, options)
    return refuse(400, RPC.invalidParams, refusal, { id: requestIds(message)[0] })
  }

  function serveLegacy(exchange: Exchange): Promise<Response> | Response {
    const { request, message, caller } = exchange
    const given = request.headers.get('mcp-session-id')
    if (isInitializeRequest(message) && takesStream(request) && member(message, 'id') !== NULL_ID) {
      return sessions.open(exchange)
    }
    const session = given === null ? undefined : sessions.get(given, caller)
    if (session?.takes(exchange)) return session.serve(exchange)
    if (session === undefined && given !== null && ids.isOurs(given) && !isInitialize(message)) {
      return refuse(404, RPC.sessionNotFound, 'This session has ended. Send initialize to begin a new one.')
    }
    if (request.method !== 'POST') {
      const text =
        'Without a session there is nothing to get or to delete. POST a JSON-RPC message, initialize first.'
      return refuse(405, RPC.refused, text, { headers: { allow: 'POST' } })
    }
    return servePlain(factory, exchange, {
      'mcp-session-id': given !== null && isEchoable(given) ? given : randomUUID(),
    })
  }

  return {
    audience,
    sessions: sessions.count,
    async handle(exchange) {
      const { request } = exchange
      if (request.signal.aborted) return nobody()
      if (isStopped) {
        // Whoever carries requests knows by the code that nothing of this one was done.
        const more = { headers: { 'retry-after': '5' }, data: { code: 'stopping', retry: 'safe' } }
        return refuse(503, RPC.refused, 'The server is stopping; try again when it runs again.', more)
      }
      const message = withoutNulls(exchange.message)
      if (Array.isArray(message) && message.length > MAX_BATCH) {
        return refuse(400, RPC.invalidRequest, `A batch may hold ${MAX_BATCH} messages.`)
      }
      const named = withIds(message)
      if (request.method === 'POST' && !isWellFormed(named)) {
        return refuse(400, RPC.invalidRequest, MALFORMED, { id: requestIds(message)[0] })
      }
      return (await isLegacyRequest(request, named))
        ? serveLegacy({ ...exchange, message: named })
        : serveCurrent({ ...exchange, message })
    },
    async stop() {
      isStopped = true
      sessions.endStreams()
      await listeners.close()
    },
    async close() {
      await Promise.all([sessions.close(), calls.close(), listeners.close()])
    },
  }
}

const MALFORMED =
  'This is no message of JSON-RPC 2.0. Next step: send one like {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}, its id text or a whole number, its params an object.'

/** One message of JSON-RPC, or several. */
function isWellFormed(message: unknown): boolean {
  const messages = messagesOf(message)
  try {
    for (const one of messages) parseJSONRPCMessage(one)
    return messages.length > 0
  } catch {
    return false
  }
}

/** A session's id as the specification wants it: visible ASCII. */
function isEchoable(id: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(id)
}
