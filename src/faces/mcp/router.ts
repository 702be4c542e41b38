/**
 * One endpoint for every kind of client: the current protocol (2026-07-28, stateless), sessions of the previous protocol,
 * and plain JSON-RPC from curl. Each request takes one lane, and a server from the factory serves it.
 */

import { randomUUID } from 'node:crypto'
import {
  classifyInboundRequest,
  createMcpHandler,
  isInitializeRequest,
  isJSONRPCRequest,
  type RequestId,
} from '@modelcontextprotocol/server'
import type { Clock } from '../../clock.ts'
import { ERRORS, toAppError } from '../../errors.ts'
import { type Caller, toClientName } from '../../operations/call.ts'
import { createAudience } from './audience.ts'
import { toAuthInfo } from './callers.ts'
import { readToolsets, type ServerFactory } from './connection.ts'
import {
  clientGone,
  type Exchange,
  isInitialize,
  member,
  NULL_ID,
  RPC,
  refuse,
  requestIds,
  takesStream,
  withoutNullIds,
  withoutNulls,
  withoutProgressTokens,
} from './exchange.ts'
import { toProtocolError } from './failure.ts'
import { keepText, withText } from './kept-text.ts'
import { createLegacySessions } from './legacy-sessions.ts'
import type { Audience } from './notices.ts'
import { servePlain } from './plain.ts'
import { REQUEST_ID } from './request-id.ts'
import { createSessionIds } from './session-ids.ts'
import { checkSubscriptions, type SubscriptionGate } from './subscriptions.ts'

/** The same limit as the SDK's for a session. */
const MAX_BATCH = 100
const MAX_LISTENERS = 100
/** The current protocol version, which has no sessions. */
const CURRENT = '2026-07-28'

export type RouterOptions = {
  factory: ServerFactory
  /** Secret that signs session ids. It must stay the same after a restart. */
  sessionKey: string
  gate: SubscriptionGate
  clock: Clock
}

export type Router = {
  /** Responds to a request whose caller, size and content type were checked. Never rejects because of the client's input. */
  handle(exchange: Exchange): Promise<Response>
  audience: Audience
  /** Ends the sessions of this caller. */
  dismiss(caller: Caller): void
  /** Returns the number of open sessions. */
  sessions(): number
  /** Rejects new requests and ends standing streams and subscriptions. Running requests continue. */
  stop(): Promise<void>
  /** Ends all sessions, requests and streams. */
  close(): Promise<void>
}

/** Creates a router without sessions. It recognises session ids that another router signed with the same key. */
export function createRouter({ factory, sessionKey, gate, clock }: RouterOptions): Router {
  const { audience, bus } = createAudience()
  const ids = createSessionIds(sessionKey)
  const sessions = createLegacySessions({ factory, bus, clock, ids, gate })
  const options = { legacy: 'reject', keepAliveMs: 0, maxSubscriptions: MAX_LISTENERS, bus } as const
  /** The JSON of answers, by their request. */
  const texts = new WeakMap<Request, string>()
  const keeping: ServerFactory = (lane) =>
    keepText(factory(lane), (text) => lane.requestInfo && texts.set(lane.requestInfo, text))
  // Two handlers, so that subscriptions can end while calls finish.
  const calls = createMcpHandler(keeping, options)
  const listeners = createMcpHandler(factory, options)
  let isStopped = false

  /** Admits a stream (undefined) and its subscriptions (their URIs). Returns the response if the caller may not have them, or null. */
  function admitAll(
    uris: readonly (string | undefined)[],
    { request, caller, message }: Exchange,
    id?: RequestId,
  ): Response | null {
    const { headers, signal } = request
    const requestId = headers.get(REQUEST_ID) ?? ''
    const info = member(member(member(message, 'params'), '_meta'), 'io.modelcontextprotocol/clientInfo')
    const client = toClientName(member(info, 'name'))
    try {
      for (const uri of uris) gate.admit({ caller, client, requestId, signal }, uri)
      return null
    } catch (thrown) {
      const error = toAppError(thrown)
      const { code, message, data } = toProtocolError(error, requestId, (text) => text)
      return refuse(ERRORS[error.code].status, code, message, { id, data: Object(data) })
    }
  }

  async function serveCurrent(exchange: Exchange): Promise<Response> {
    const { request, message: given, caller } = exchange
    const message = takesStream(request) ? given : withoutProgressTokens(given)
    const options = { parsedBody: message, authInfo: toAuthInfo(caller) }
    if (member(message, 'method') !== 'subscriptions/listen') {
      const response = await calls.fetch(request, options)
      const text = texts.get(request)
      return text === undefined ? response : withText(response, text)
    }
    const notifications = member(member(message, 'params'), 'notifications')
    const uris = member(notifications, 'resourceSubscriptions')
    const [id] = requestIds(message)
    const refusal = checkSubscriptions(uris, gate.isResource)
    if (refusal !== null) return refuse(400, RPC.invalidParams, refusal, { id })
    const entries = Array.isArray(uris) ? uris : []
    return admitAll([undefined, ...entries.map(String)], exchange, id) ?? listeners.fetch(request, options)
  }

  function serveLegacy(exchange: Exchange): Promise<Response> | Response {
    const { request, message, caller } = exchange
    const given = request.headers.get('mcp-session-id')
    if (isInitializeRequest(message) && takesStream(request) && member(message, 'id') !== NULL_ID) {
      return sessions.open(exchange)
    }
    const session = given === null ? undefined : sessions.get(given, caller)
    if (session?.takes(exchange)) {
      const refusal = request.method === 'GET' ? admitAll([undefined], exchange) : null
      return refusal ?? session.serve(exchange)
    }
    if (session === undefined && given !== null && ids.isOurs(given) && !isInitialize(message)) {
      return refuse(
        404,
        RPC.sessionNotFound,
        'This session has ended. Next step: send initialize to start a new session.',
      )
    }
    if (request.method !== 'POST') {
      const text =
        'GET and DELETE need a session. Next step: send a JSON-RPC message with POST, initialize first.'
      return refuse(405, RPC.refused, text, { headers: { allow: 'POST' } })
    }
    return servePlain(factory, exchange, {
      'mcp-session-id': given !== null && isEchoable(given) ? given : randomUUID(),
    })
  }

  return {
    audience,
    dismiss: sessions.dismiss,
    sessions: sessions.count,
    async handle(exchange) {
      const { request } = exchange
      if (request.signal.aborted) return clientGone()
      if (isStopped) {
        // The code tells `stdio`, which forwards requests, that this request was not begun.
        const more = { headers: { 'retry-after': '5' }, data: { code: 'stopping', retry: 'safe' } }
        return refuse(503, RPC.refused, 'The server is stopping. Next step: try again when it runs.', more)
      }
      const { error } = readToolsets(request.url)
      if (error !== undefined)
        return refuse(400, RPC.invalidParams, `toolsets in the URL: use ${error.issues[0]?.message}.`)
      const message = withoutNulls(exchange.message)
      if (Array.isArray(message) && message.length > MAX_BATCH) {
        return refuse(
          400,
          RPC.invalidRequest,
          `A batch can have at most ${MAX_BATCH} messages. Next step: send smaller batches.`,
        )
      }
      const identified = withoutNullIds(message)
      const kind = kindOf(request, identified)
      if (kind === 'malformed')
        return refuse(400, RPC.invalidRequest, MALFORMED, { id: requestIds(message)[0] })
      return kind === 'legacy'
        ? serveLegacy({ ...exchange, message: identified })
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

/** Why the SDK rejects a body (server 2.4, `InboundLadderRejection.cell`). */
const MALFORMED_CELLS = new Set(['invalid-json-rpc-body', 'empty-batch', 'batch-with-invalid-element'])

const MALFORMED =
  'The body is not a JSON-RPC 2.0 message. Next step: send one such as {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}. The id must be text or a whole number, and params an object.'

/** Returns the era of a request as the SDK's own handler decides it, or `malformed` if its body is no JSON-RPC message or batch. */
function kindOf({ method, headers }: Request, body: unknown): 'legacy' | 'current' | 'malformed' {
  const version = headers.get('mcp-protocol-version') ?? undefined
  // For most requests the header and `_meta` decide. The SDK looks for other kinds of messages first, which takes long.
  if (method === 'POST' && (version ?? '') <= CURRENT && isJSONRPCRequest(body)) {
    if (version === CURRENT) return 'current'
    if (member(body.params, '_meta') === undefined) return 'legacy'
  }
  const outcome = classifyInboundRequest({
    httpMethod: method,
    body,
    protocolVersionHeader: version,
    mcpMethodHeader: headers.get('mcp-method') ?? undefined,
  })
  if (outcome.kind === 'legacy') return 'legacy'
  return outcome.kind === 'reject' && MALFORMED_CELLS.has(outcome.cell) ? 'malformed' : 'current'
}

/** Returns true if the id is visible ASCII, as the specification requires. */
function isEchoable(id: string): boolean {
  return /^[\x21-\x7e]{1,256}$/.test(id)
}
