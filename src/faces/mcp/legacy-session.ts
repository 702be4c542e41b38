/** One session of the protocol before 2026-07-28: its own server, streams, subscriptions and running requests. */
import {
  isJSONRPCRequest,
  type RequestId,
  type ServerEventBus,
  WebStandardStreamableHTTPServerTransport,
} from '@modelcontextprotocol/server'
import type { Clock } from '../../clock.ts'
import type { Caller } from '../../operations/call.ts'
import { toAuthInfo } from './callers.ts'
import type { ServerFactory } from './connection.ts'
import { createEventStore } from './event-store.ts'
import {
  BOTH_TYPES,
  cancelledAnswer,
  cancelledBy,
  type Exchange,
  member,
  NULL_ID,
  requestIds,
  takesStream,
  withoutProgressTokens,
} from './exchange.ts'
import { type SubscriptionGate, takeSubscriptions } from './subscriptions.ts'

/**
 * A client that lost its connection must resume within this time, or its requests are cancelled. It retries after a
 * second.
 */
const RESUME_MS = 10_000
const RETRY_MS = 1_000
/** From this version on a stream starts with an id, so a client can always resume it. */
const RESUMABLE_SINCE = '2025-11-25'
/** Clients of this version receive plain JSON, as documented. */
const PLAIN_VERSION = '2024-11-05'

export type LegacySession = {
  /** The caller that opened the session. Other callers cannot use it. */
  owner: Caller
  /**
   * Returns true if the session serves this exchange. It serves no clients that accept only plain JSON, no requests whose id is
   * null, and no requests whose id is that of a running request or of another one in the batch: the SDK responds to only one of
   * two requests with the same id. Such exchanges are served without a session.
   */
  takes(exchange: Exchange): boolean
  serve(exchange: Exchange): Promise<Response>
  /** When the session was last used; null while it has an open request or stream. */
  idleSince(): number | null
  /** Ends the client's standing stream. Requests continue. */
  endStream(): void
  /** Ends streams, requests and subscriptions. Safe to call twice. */
  close(): Promise<void>
}

export type SessionOptions = {
  factory: ServerFactory
  bus: ServerEventBus
  clock: Clock
  id: string
  gate: SubscriptionGate
  /** Called once, when the session ends for any reason. */
  onClosed(): void
}

/** Opens a session for this `initialize` request, which is not served yet. */
export async function openLegacySession(
  { factory, bus, clock, id, gate, onClosed }: SessionOptions,
  { request, message, caller: owner }: Exchange,
): Promise<LegacySession> {
  const isPlain = member(member(message, 'params'), 'protocolVersion') === PLAIN_VERSION
  const running = new Set<RequestId>()
  /** The running requests that were passed to the server. */
  const begun = new Set<RequestId>()
  /** Requests whose client disconnected and may resume. */
  const orphans = new Set<RequestId>()
  const gone = new AbortController()
  let cancelExpiry = () => {}
  let open = 0
  let usedAt = clock.now()

  const server = factory({
    era: 'legacy',
    requestInfo: request,
    authInfo: toAuthInfo(owner),
    session: isPlain ? 'json' : 'streams',
    gone: gone.signal,
  })
  const transport = new WebStandardStreamableHTTPServerTransport({
    sessionIdGenerator: () => id,
    enableJsonResponse: isPlain,
    eventStore: createEventStore(),
    retryInterval: RETRY_MS,
    keepAliveMs: 0,
    onsessionclosed: settleAll,
  })
  const unsubscribe = takeSubscriptions(server, bus, gate)
  const send = transport.send.bind(transport)
  transport.send = async (message, options) => {
    if (!('method' in message) && message.id !== undefined) {
      running.delete(message.id)
      begun.delete(message.id)
      orphans.delete(message.id)
    }
    await send(message, options)
  }
  transport.onclose = () => {
    cancelExpiry()
    unsubscribe()
    gone.abort()
    onClosed()
  }
  await server.connect(transport)
  const deliver = transport.onmessage
  transport.onmessage = (message, extra) => {
    const cancelled = cancelledBy(message)
    // The SDK handles the cancellation after later messages of the same batch have begun, and would abort one of those.
    if (cancelled !== null && !begun.has(cancelled)) return
    if (isJSONRPCRequest(message)) begun.add(message.id)
    deliver?.(message, extra)
    if (cancelled !== null) settle(cancelled)
  }

  /** Responds to a cancelled request. */
  function settle(request: RequestId): void {
    if (running.has(request)) transport.send(cancelledAnswer(request)).catch(() => {})
  }

  function settleAll(): void {
    for (const one of [...running]) settle(one)
  }

  function cancel(request: RequestId): void {
    if (!running.has(request)) return
    const params = { requestId: request, reason: 'The client disconnected.' }
    transport.onmessage?.({ jsonrpc: '2.0', method: 'notifications/cancelled', params })
  }

  /** After the client disconnected: its requests wait until it resumes, or are cancelled. */
  function onDisconnect({ request, message }: Exchange): void {
    const lost = requestIds(message).filter((one) => running.has(one))
    const canResume = !isPlain && (request.headers.get('mcp-protocol-version') ?? '') >= RESUMABLE_SINCE
    if (!canResume) for (const one of lost) cancel(one)
    else for (const one of lost) orphans.add(one)
    cancelExpiry()
    if (orphans.size === 0) return
    cancelExpiry = clock.after(RESUME_MS, () => {
      for (const one of [...orphans]) cancel(one)
    })
  }

  return {
    owner,
    takes({ request, message }) {
      if (request.method !== 'POST') return true
      const ids = requestIds(message)
      if (ids.length === 0) return true
      const isTaken = ids.some((one) => one === NULL_ID || running.has(one))
      return takesStream(request) && !isTaken && new Set(ids).size === ids.length
    },
    async serve(exchange) {
      const { request, caller, ended } = exchange
      // A plain JSON response cannot include notifications.
      const message = isPlain ? withoutProgressTokens(exchange.message) : exchange.message
      const ids = requestIds(message)
      for (const one of ids) running.add(one)
      open += 1
      usedAt = clock.now()
      void ended.then(() => {
        open -= 1
        usedAt = clock.now()
        if (request.signal.aborted) onDisconnect(exchange)
      })
      if (request.headers.has('last-event-id')) cancelExpiry()
      if (request.method === 'POST') request.headers.set('accept', BOTH_TYPES)
      const response = await transport.handleRequest(request, {
        parsedBody: message,
        authInfo: toAuthInfo(caller),
      })
      if (!response.ok) for (const one of ids) running.delete(one)
      // The SDK names the session only in responses with a body.
      response.headers.set('mcp-session-id', id)
      return response
    },
    idleSince: () => (open > 0 ? null : usedAt),
    endStream: () => transport.closeStandaloneSSEStream(),
    async close() {
      settleAll()
      await server.close()
    },
  }
}
