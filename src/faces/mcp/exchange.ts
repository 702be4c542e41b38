/** One HTTP exchange for the lanes, and functions that read its message before the SDK. */
import { randomUUID } from 'node:crypto'
import type { JSONRPCErrorResponse, RequestId, ServerContext } from '@modelcontextprotocol/server'
import type { Caller } from '../../operations/call.ts'
import { REQUEST_ID } from './request-id.ts'

export type Exchange = {
  /**
   * Method and headers, including the server's own. The signal is aborted when the client disconnects before the
   * response is complete. The body is already read.
   */
  request: Request
  /** The parsed body; undefined if the method has none. */
  message: unknown
  /** The caller. A session that this exchange opens belongs to this caller. */
  caller: Caller
  /** Resolves when the response is complete or the client disconnected. */
  ended: Promise<void>
}

/** The Accept header that the SDK requires. */
export const BOTH_TYPES = 'application/json, text/event-stream'

/** Error codes of JSON-RPC and MCP. */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  invalidParams: -32602,
  refused: -32000,
  sessionNotFound: -32001,
  cancelled: -32800,
} as const

/**
 * A JSON response that keeps its text. A regular body becomes a stream that is read again, which takes longer than all other
 * work for a small response.
 */
export class JsonResponse extends Response {
  override readonly text: () => Promise<string>

  constructor(value: unknown, { headers, ...init }: ResponseInit = {}) {
    const all = new Headers(headers)
    all.set('content-type', 'application/json')
    super(null, { ...init, headers: all })
    const text = JSON.stringify(value)
    this.text = async () => text
  }
}

/** Returns the response to a request that cannot be served: a JSON-RPC error with a sentence that includes the next step. */
export function refuse(
  status: number,
  code: number,
  message: string,
  {
    id = null,
    headers = {},
    data,
  }: { id?: RequestId | null; headers?: Record<string, string>; data?: object } = {},
): Response {
  // JSON leaves out undefined `data`.
  return new JsonResponse({ jsonrpc: '2.0', error: { code, message, data }, id }, { status, headers })
}

/** Returns the response after the client disconnected: 499, as in nginx. */
export function clientGone(): Response {
  return new Response(null, { status: 499 })
}

/** Returns true if the client accepts a stream of events. */
export function takesStream({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/event-stream') ?? false
}

/** Returns a field of any value, or undefined. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Returns true for objects and arrays. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** Returns the server's own id of the HTTP request. The JSON-RPC id is the client's, and can be any value. */
export function requestIdOf({ http }: Pick<ServerContext, 'http'>): string {
  return http?.req?.headers.get(REQUEST_ID) ?? randomUUID()
}

/** Replaces an id that is null: JSON-RPC allows it, the SDK does not. */
export const NULL_ID = 'null, 1f0c6a52'

/**
 * Removes empty values that the SDK would reject: parameters that are null or an empty list, fields of parameters that are
 * null, and the same in a tool's arguments.
 */
export function withoutNulls(message: unknown): unknown {
  return mapMessages(message, ({ params, ...rest }) => {
    if (params === undefined || params === null) return rest
    const given = withoutNullMembers(asObject(params))
    const input = asObject(member(given, 'arguments'))
    return {
      ...rest,
      params: isObject(input) ? { ...Object(given), arguments: withoutNullMembers(input) } : given,
    }
  })
}

/**
 * Converts to an object: PHP sends an empty object as a list (modelcontextprotocol/php-sdk#284), other clients send
 * objects as text.
 */
function asObject(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? {} : value
  if (typeof value !== 'string' || !/^\s*(\{|$)/.test(value)) return value
  try {
    const read: unknown = JSON.parse(value.trim() === '' ? '{}' : value)
    return isObject(read) ? read : value
  } catch {
    return value
  }
}

function withoutNullMembers(value: unknown): unknown {
  if (!isObject(value) || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== null))
}

/**
 * Removes progress tokens, for responses that cannot include progress. A wait then ends before the client times out.
 */
export function withoutProgressTokens(message: unknown): unknown {
  return mapMessages(message, (one) => {
    const { progressToken, ..._meta } = Object(member(one.params, '_meta'))
    return progressToken === undefined ? one : { ...one, params: { ...Object(one.params), _meta } }
  })
}

/** Replaces ids that are null with `NULL_ID`. */
export function withoutNullIds(message: unknown): unknown {
  return mapMessages(message, (one) => (one.id === null ? { ...one, id: NULL_ID } : one))
}

/** Applies `change` to each message that has a method. */
function mapMessages(message: unknown, change: (one: Record<string, unknown>) => unknown): unknown {
  const map = (one: unknown) => (isObject(one) && typeof one.method === 'string' ? change(one) : one)
  return Array.isArray(message) ? message.map(map) : map(message)
}

/** Returns a message or a batch as a list. */
export function messagesOf(message: unknown): unknown[] {
  return Array.isArray(message) ? message : [message]
}

/** Returns the ids of all requests in a message or batch. */
export function requestIds(message: unknown): RequestId[] {
  return messagesOf(message).flatMap((one) => {
    const id = member(one, 'id')
    return typeof member(one, 'method') === 'string' && (typeof id === 'string' || typeof id === 'number')
      ? [id]
      : []
  })
}

/** Returns the id of the request that this message cancels, or null. */
export function cancelledBy(message: unknown): RequestId | null {
  const id = member(member(message, 'params'), 'requestId')
  const isCancel = member(message, 'method') === 'notifications/cancelled'
  return isCancel && (typeof id === 'string' || typeof id === 'number') ? id : null
}

/** Returns the response to a cancelled request. The SDK sends none, but the HTTP request ends only with a response. */
export function cancelledAnswer(id: RequestId): JSONRPCErrorResponse {
  return { jsonrpc: '2.0', id, error: { code: RPC.cancelled, message: 'The request was cancelled.' } }
}

/** Returns true if the message is a single `initialize` request. */
export function isInitialize(message: unknown): boolean {
  return member(message, 'method') === 'initialize' && member(message, 'id') !== undefined
}
