/** The HTTP face: the operations table as routes, with every request checked in the same order. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Config } from '../../config.ts'
import { AppError, ERRORS, type ErrorCode, fail, toAppError } from '../../errors.ts'
import { toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import type { Door } from '../../operations/door.ts'
import type { Operation } from '../../operations/operation.ts'
import { isOurUser } from '../../same-user.ts'
import { callOf, identifyCallers } from './calls.ts'
import { checkCaller } from './guard.ts'
import { PROBLEM_TYPE, toProblem } from './problem.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route for the form of a page: takes {@link FORM_TYPE} in place of JSON. */
    takesForm?: boolean
  }
}

/** What a form of a page sends. */
export const FORM_TYPE = 'application/x-www-form-urlencoded'

const MAX_BODY_BYTES = 1024 * 1024
/** Slow senders (S12): the headers, then the whole request, within these, looked at every two seconds. */
const HEADERS_MS = 10_000
const REQUEST_MS = 30_000
const CHECK_MS = 2_000
/** Whoever waits or listens holds one: 100 readers of events, 100 sessions and 100 subscribers of MCP. Others have the rest. */
const MAX_CONNECTIONS = 400
/** The longest id that a path may hold: a message's key names its chat and its author. */
const MAX_PARAMETER = 256

export type HttpOptions = {
  config: Config
  operations: readonly Operation[]
  door: Door
  log: Log
}

/**
 * A server with every route, not yet listening. Order of checks: host, origin, user, route and method, content type, size,
 * schema, state. Every answer that is not a page is JSON, every failure problem JSON with the request's id.
 */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const { config, log, operations, door } = options
  const server = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: REQUEST_MS,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    routerOptions: { maxParamLength: MAX_PARAMETER },
    http: {
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: false,
    },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket as Socket),
  })
  server.server.maxConnections = MAX_CONNECTIONS
  // Looked up when a connection is new: later its other end may be gone, and with it the answer.
  const ours = new WeakSet<Socket>()
  /** Nothing was asked on these yet: clients keep spare ones. To Node they are not idle but slow, and a close waits for them. */
  const unused = new Set<Socket>()
  server.server.on('connection', (socket) => {
    if (isOurUser(socket)) ours.add(socket)
    unused.add(socket)
    socket.once('close', () => unused.delete(socket))
  })
  server.server.on('request', ({ socket }) => unused.delete(socket))
  server.addHook('preClose', async () => {
    // What was accepted in this turn is not read yet, and may have a request on it.
    await turn()
    for (const socket of unused) if (socket.bytesRead === 0) socket.destroy()
  })

  server.addHook('onRequest', async (request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    checkCaller(request.raw, config.allowedHosts)
    if (!ours.has(request.raw.socket)) fail('other_user')
    requireJson(request)
  })
  identifyCallers(server)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (_, body, done) => {
    try {
      done(null, parseBody(String(body)))
    } catch (error) {
      done(error as AppError)
    }
  })
  // A body of no declared type: fine as long as it is empty (`curl -X POST`, `curl -d ''`).
  server.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    done(body === '' ? null : new AppError('unsupported_media_type'), {})
  })
  server.setErrorHandler(answerError)
  const routes: { method: string; path: RegExp }[] = []
  server.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`)
    for (const one of [method].flat()) routes.push({ method: one, path })
  })
  server.setNotFoundHandler((request) => {
    const path = request.url.split('?')[0] ?? '/'
    const taken = new Set(routes.filter((route) => route.path.test(path)).map(({ method }) => method))
    if (taken.size === 0) fail('route_not_found')
    const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'].filter((method) => taken.has(method))
    fail('method_not_allowed', { facts: { allow: allowed.join(', ') } })
  })
  server.setReplySerializer(toJson)

  for (const operation of operations) addRoutes(operation)

  function addRoutes(operation: Operation): void {
    for (const route of operation.routes) {
      const [method = 'GET', path = '/'] = route.split(' ')
      server.route({
        method,
        url: path.replace(/\{(\w+)\}/g, ':$1'),
        handler: async (request, reply) => {
          const answer = await door.invoke(operation, inputOf(request), callOf(request, reply, 'rest'))
          return reply
            .header('cache-control', 'no-store')
            .type('application/json; charset=utf-8')
            .send(answer)
        },
      })
    }
  }

  function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const error = fromFastify(thrown)
    const { status } = ERRORS[error.code]
    if (status >= 500)
      log.warn({ request_id: request.id, code: error.code, err: error.cause }, 'request failed')
    if (error.code === 'method_not_allowed') reply.header('allow', String(error.facts.allow ?? ''))
    if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS))
    if (error.code === 'body_too_large') reply.header('connection', 'close')
    return reply
      .status(status)
      .header('x-request-id', request.id)
      .header('cache-control', 'no-store')
      .type(PROBLEM_TYPE)
      .serializer(toJson)
      .send(toProblem(error, request.id))
  }

  return server
}

/** Path parameters and the body, or the query where there is none, as one input object. */
function inputOf({ method, query, params, body }: FastifyRequest): unknown {
  const given = method === 'GET' || method === 'HEAD' ? query : (body ?? {})
  if (body === null || typeof given !== 'object' || Array.isArray(given)) return body
  return { ...given, ...(params as object) }
}

/** Anything but JSON is refused before it is read: a form of any web page could send the other types. */
function requireJson(request: FastifyRequest): void {
  const { headers, method } = request
  if (method === 'GET' || method === 'HEAD' || headers['content-length'] === '0') return
  const hasBody = headers['content-length'] !== undefined || headers['transfer-encoding'] !== undefined
  const type = headers['content-type']
  if (!hasBody || (type === undefined && headers['transfer-encoding'] !== undefined)) return
  const essence = type?.split(';')[0]?.trim().toLowerCase()
  if (essence === FORM_TYPE && request.routeOptions.config.takesForm === true) return
  if (essence !== 'application/json') {
    fail('unsupported_media_type', {
      detail: 'A body must carry the header Content-Type: application/json.',
    })
  }
}

function parseBody(text: string): unknown {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text)
  } catch {
    return fail('malformed_json')
  }
}

/** Fastify's own failures in our words (its error codes: fastify docs/Reference/Errors.md). */
const FASTIFY_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_request',
  FST_ERR_BAD_URL: 'malformed_request',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
}

function fromFastify(thrown: unknown): AppError {
  if (thrown instanceof AppError) return thrown
  const code = thrown instanceof Error && 'code' in thrown ? FASTIFY_CODES[String(thrown.code)] : undefined
  return code === undefined ? toAppError(thrown) : new AppError(code, { cause: thrown })
}

/** Node's parser gave up before there was a request (node:http `clientError`). */
const SOCKET_CODES: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
}

function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const problem = new AppError(SOCKET_CODES[error.code ?? ''] ?? 'malformed_request')
  const { status } = ERRORS[problem.code]
  const body = toJson(toProblem(problem, randomUUID()))
  socket.end(
    `HTTP/1.1 ${status} ${ERRORS[problem.code].title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
}
