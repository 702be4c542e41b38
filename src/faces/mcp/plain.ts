/** The lane for curl and small programs: every request is served without a session, and the response is plain JSON. */
import {
  isJSONRPCRequest,
  type JSONRPCMessage,
  parseJSONRPCMessage,
  SUPPORTED_PROTOCOL_VERSIONS,
  type Transport,
} from '@modelcontextprotocol/server'
import { createDeferred } from '../../clock.ts'
import { toAuthInfo } from './callers.ts'
import type { ServerFactory } from './connection.ts'
import {
  cancelledAnswer,
  cancelledBy,
  clientGone,
  type Exchange,
  isInitialize,
  isObject,
  JsonResponse,
  member,
  messagesOf,
  NULL_ID,
  RPC,
  refuse,
  takesStream,
  withoutProgressTokens,
} from './exchange.ts'

/** The protocol version for clients that name none. */
const PLAIN_VERSION = '2024-11-05'

/**
 * Returns the response to this message or batch: plain JSON, or a stream if the client accepts streams and asks for
 * progress. Returns 202 without a body if there is no request.
 */
export async function servePlain(
  factory: ServerFactory,
  { request, message, caller }: Exchange,
  headers: Record<string, string>,
): Promise<Response> {
  const version = request.headers.get('mcp-protocol-version')
  if (version !== null && !isInitialize(message) && !SUPPORTED_PROTOCOL_VERSIONS.includes(version)) {
    const known = SUPPORTED_PROTOCOL_VERSIONS.join(', ')
    const text = `The version in MCP-Protocol-Version is not supported. Next step: use one of ${known}.`
    return refuse(400, RPC.refused, text, { headers })
  }
  const given = takesStream(request) ? message : withoutProgressTokens(message)
  const messages = messagesOf(given).map((one) => parseJSONRPCMessage(completeInitialize(one)))
  const requests = messages.filter((one) => isJSONRPCRequest(one))
  const isStream = requests.some(({ params }) => params?._meta?.progressToken !== undefined)
  const answer = isStream ? answerAsStream(headers) : answerAsJson(Array.isArray(message), headers)

  const authInfo = toAuthInfo(caller)
  const server = factory({ era: 'legacy', requestInfo: request, authInfo })
  const isOpening = messages.some(isInitialize)
  const missing: unknown[] = requests.map(({ id }) => id)
  const leave = () => {
    answer.drop()
    server.close().catch(() => {})
  }
  const transport: Transport = {
    start: async () => {},
    close: async () => transport.onclose?.(),
    async send(sent) {
      if ('method' in sent && 'id' in sent) throw new Error('This client cannot receive requests.')
      if (!('method' in sent)) {
        const place = missing.indexOf(sent.id)
        if (place === -1) return
        missing.splice(place, 1)
      }
      answer.take(isOpening ? withoutSubscribe(sent) : sent)
      // The server need not be closed: none of its requests runs any more.
      if (missing.length === 0) answer.end()
    },
  }
  await server.connect(transport)
  // Requests of a client that disconnected are aborted.
  request.signal.addEventListener('abort', leave, { once: true })
  const begun = new Set<unknown>()
  for (const one of messages) {
    const cancelled = cancelledBy(one)
    // The SDK handles the cancellation after later messages have begun, and would abort one of those.
    if (cancelled !== null && !begun.has(cancelled)) continue
    if (isJSONRPCRequest(one)) begun.add(one.id)
    transport.onmessage?.(one, { request, authInfo })
    if (cancelled !== null) await transport.send(cancelledAnswer(cancelled))
  }
  if (requests.length > 0) return answer.response
  // The SDK calls the handlers of notifications in a later microtask.
  setImmediate(leave)
  return new Response(null, { status: 202, headers })
}

/** Completes an `initialize` request, which has no effect beyond its response. Returns any other message unchanged. */
function completeInitialize(message: unknown): unknown {
  if (!isInitialize(message)) return message
  const version = member(member(message, 'params'), 'protocolVersion')
  const protocolVersion = typeof version === 'string' ? version : PLAIN_VERSION
  const clientInfo = { name: 'unknown', version: '0' }
  return {
    jsonrpc: '2.0',
    id: member(message, 'id'),
    method: 'initialize',
    params: { protocolVersion, capabilities: {}, clientInfo },
  }
}

type Answer = {
  response: Promise<Response>
  take(sent: JSONRPCMessage): void
  /** The response is complete. */
  end(): void
  /** The client disconnected: writes nothing more. */
  drop(): void
}

/** Sends all results at once, without notifications. */
function answerAsJson(isBatch: boolean, headers: Record<string, string>): Answer {
  const results: unknown[] = []
  const { promise, resolve } = createDeferred<Response>()
  return {
    response: promise,
    take(sent) {
      if (!('method' in sent)) results.push(restore(sent))
    },
    end: () => resolve(new JsonResponse(isBatch ? results : results[0], { headers })),
    drop: () => resolve(clientGone()),
  }
}

/** Sends every message immediately, as a server-sent event. */
function answerAsStream(headers: Record<string, string>): Answer {
  const encoder = new TextEncoder()
  let stream: ReadableStreamDefaultController<Uint8Array> | null = null
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      stream = controller
    },
    cancel() {
      stream = null
    },
  })
  const end = () => {
    stream?.close()
    stream = null
  }
  return {
    response: Promise.resolve(
      new Response(body, { headers: { ...headers, 'content-type': 'text/event-stream' } }),
    ),
    take: (sent) =>
      stream?.enqueue(encoder.encode(`event: message\ndata: ${JSON.stringify(restore(sent))}\n\n`)),
    end,
    drop: end,
  }
}

/** Removes capabilities that need a session from the response to `initialize`. */
function withoutSubscribe(sent: JSONRPCMessage): JSONRPCMessage {
  if (!('result' in sent) || !isObject(sent.result.capabilities)) return sent
  const { resources, ...others } = sent.result.capabilities
  if (!isObject(resources)) return sent
  const { subscribe: _, ...rest } = resources
  return { ...sent, result: { ...sent.result, capabilities: { ...others, resources: rest } } }
}

/** Restores the id that the client sent. */
function restore(sent: JSONRPCMessage): unknown {
  return 'id' in sent && sent.id === NULL_ID ? { ...sent, id: null } : sent
}
