/** One HTTP exchange as the lanes see it, and what they read of its message before the SDK does. */
import { randomUUID } from 'node:crypto'
import type { JSONRPCErrorResponse, RequestId, ServerContext } from '@modelcontextprotocol/server'
import type { Caller } from '../../operations/call.ts'

/**
 * The header by which the server's own id of an HTTP request comes to whatever serves it: it stands in failures and in the
 * log. What a client wrote there is gone.
 */
export const REQUEST_ID = 'x-request-id'

export type Exchange = {
  /** Method and headers, ours among them; its signal is aborted when the client leaves before the answer is complete. The body is read. */
  request: Request
  /** The body, parsed; undefined where the method has none. */
  message: unknown
  /** Who sent it. A session that this opens belongs to this caller. */
  caller: Caller
  /** Resolves when the answer is complete, or nobody takes it any more. */
  ended: Promise<void>
}

/** What the lanes ask clients to accept, and what the SDK insists on. */
export const BOTH_TYPES = 'application/json, text/event-stream'

/** JSON-RPC's own codes, and those that MCP gave a meaning. */
export const RPC = {
  parseError: -32700,
  invalidRequest: -32600,
  invalidParams: -32602,
  refused: -32000,
  sessionNotFound: -32001,
  cancelled: -32800,
} as const

/**
 * An answer in JSON, held as text: as a body it would become a stream, and be read from that again, which takes longer than
 * all else of a small answer.
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

/** The answer to what cannot be served at all: JSON-RPC's error, with a sentence that says what to do. */
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
  // Data that is undefined is left out.
  return new JsonResponse({ jsonrpc: '2.0', error: { code, message, data }, id }, { status, headers })
}

/** The answer to nobody: the client has left (nginx's code for that). */
export function nobody(): Response {
  return new Response(null, { status: 499 })
}

/** The client takes a stream of events for an answer. */
export function takesStream({ headers }: Request): boolean {
  return headers.get('accept')?.includes('text/event-stream') ?? false
}

/** A member of whatever came; undefined where there is none. */
export function member(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

/** Something with members. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}

/** The server's own id of the HTTP request that a handler serves. JSON-RPC's id is the client's, and may be anything. */
export function requestIdOf({ http }: Pick<ServerContext, 'http'>): string {
  return http?.req?.headers.get(REQUEST_ID) ?? randomUUID()
}

/** Stands for an id that is null: JSON-RPC knows that, the SDK does not. */
export const NULL_ID = 'null, 1f0c6a52'

/**
 * What programs and models write for nothing, and the SDK takes for something: parameters that are null or an empty list, or
 * have members that are null, and the same of a tool's arguments.
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

/** PHP writes an empty object as a list (modelcontextprotocol/php-sdk#284), other clients write an object as text. */
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
 * Without what a client gave to be told of progress, for answers that cannot carry it: a wait then ends before the client
 * gives up.
 */
export function withoutProgressTokens(message: unknown): unknown {
  return mapMessages(message, (one) => {
    const { progressToken, ..._meta } = Object(member(one.params, '_meta'))
    return progressToken === undefined ? one : { ...one, params: { ...Object(one.params), _meta } }
  })
}

/** What JSON-RPC allows and the SDK does not, put so that it takes it: ids that are null. */
export function withIds(message: unknown): unknown {
  return mapMessages(message, (one) => (one.id === null ? { ...one, id: NULL_ID } : one))
}

/** Each message that has a method. */
function mapMessages(message: unknown, change: (one: Record<string, unknown>) => unknown): unknown {
  const map = (one: unknown) => (isObject(one) && typeof one.method === 'string' ? change(one) : one)
  return Array.isArray(message) ? message.map(map) : map(message)
}

/** A message or a batch of them as a list. */
export function messagesOf(message: unknown): unknown[] {
  return Array.isArray(message) ? message : [message]
}

/** The ids of what wants an answer. */
export function requestIds(message: unknown): RequestId[] {
  return messagesOf(message).flatMap((one) => {
    const id = member(one, 'id')
    return typeof member(one, 'method') === 'string' && (typeof id === 'string' || typeof id === 'number')
      ? [id]
      : []
  })
}

/** The request that this message cancels, if it is a notice of that. */
export function cancelledBy(message: unknown): RequestId | null {
  const id = member(member(message, 'params'), 'requestId')
  const isCancel = member(message, 'method') === 'notifications/cancelled'
  return isCancel && (typeof id === 'string' || typeof id === 'number') ? id : null
}

/** The SDK does not answer what was cancelled, but the HTTP request that brought it ends only with an answer. */
export function cancelledAnswer(id: RequestId): JSONRPCErrorResponse {
  return { jsonrpc: '2.0', id, error: { code: RPC.cancelled, message: 'The request was cancelled.' } }
}

/** The request that opens a session, alone. */
export function isInitialize(message: unknown): boolean {
  return member(message, 'method') === 'initialize' && member(message, 'id') !== undefined
}
