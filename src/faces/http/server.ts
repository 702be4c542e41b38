/** The HTTP face: serves the operations table as routes, and checks every request in the same order. */
import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Config } from '../../config.ts'
import { codeOf } from '../../error-code.ts'
import { AppError, ERRORS, type ErrorCode, fail, toAppError } from '../../errors.ts'
import { toJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import { accountIn, type Caller, NOBODY } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'
import type { LinkedCaller } from '../../operations/media-links.ts'
import { type Row, routesOf } from '../../operations/operation.ts'
import { createAnswers } from './answers.ts'
import { limitBodies } from './body-time.ts'
import type { BrowserSessions } from './browser-sessions.ts'
import { callOf, identifyCallers } from './calls.ts'
import { watchConnections } from './connections.ts'
import { allowOrigin, answerPreflight, isPreflight, listedOrigin } from './cors.ts'
import { serveEvents } from './event-stream.ts'
import { serveFile } from './file.ts'
import { hasFiles, readFiles } from './form.ts'
import { checkCaller, checkExpectation } from './guard.ts'
import { hangUp, hangUpAfterwards } from './hang-up.ts'
import { challengeOf, createIdentify } from './identify.ts'
import { FILES_TYPE, inputOf, PICTURE_TYPE, parseBody, readQuery, requireJson } from './input.ts'
import { addLogin } from './login-page.ts'
import { createOpenResponses } from './open-responses.ts'
import { PROBLEM_TYPE, toProblem } from './problem.ts'
import { addProtectedResource } from './protected-resource.ts'
import { serveUpload, UPLOAD_MS } from './upload.ts'

const MAX_BODY_BYTES = 1024 * 1024
/**
 * Slow senders (S12 in docs/security.md) are disconnected after at most 15 s: a new connection may be silent for `HEADERS_MS`, and then its
 * headers may take as long again. Bodies have their own limit, except uploads.
 */
const HEADERS_MS = 6_000
const BODY_MS = 30_000
const CHECK_MS = 1_000
/** A client that does not read its response for this time is disconnected. Longer than any response takes to begin. */
const STALLED_MS = 120_000
/** The longest id in a path: a message key includes its chat and its author. */
const MAX_PARAMETER = 256

/** Who a secret belongs to. */
type Callers<Found> = {
  callerWith(secret: string): Found
  /** Calls `listener` when a caller ends. */
  onEnd(listener: (caller: Caller) => void): void
}

export type HttpOptions = {
  config: Config
  rows: readonly Row[]
  door: Door
  keys: Callers<Caller | null>
  /** The callers of access tokens; null if none are accepted. */
  tokens: Callers<Promise<Caller>> | null
  /** Returns the URL of the account's MCP endpoint. */
  mcpUrl(account: string): string
  /** Of browsers that logged in. */
  sessions: BrowserSessions
  /** Of signed links to media. */
  linkedCaller: LinkedCaller
  clock: Clock
  log: Log
}

/**
 * Creates a server with every route, not yet listening. Order of checks: host, origin, key or user, route and method, content type,
 * query, size, schema, state. Every response that is not a page is JSON; every error is problem JSON with the request id.
 */
export function createHttpServer(options: HttpOptions): FastifyInstance {
  const { config, log, rows, door, keys, tokens, sessions, clock } = options
  const { keysRequired } = config
  const server = Fastify({
    logger: false,
    bodyLimit: MAX_BODY_BYTES,
    requestTimeout: UPLOAD_MS,
    connectionTimeout: STALLED_MS,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    forceCloseConnections: 'idle',
    return503OnClosing: false,
    // No route has a schema for Fastify. Its compilers, which take a fifth of the time until the server listens, stay unloaded.
    schemaController: { compilersFactory: { buildValidator: noCompiler, buildSerializer: noCompiler } },
    // Queries are parsed below, because an invalid one can be rejected there.
    routerOptions: { maxParamLength: MAX_PARAMETER, querystringParser: () => ({}) },
    http: {
      headersTimeout: HEADERS_MS,
      connectionsCheckingInterval: CHECK_MS,
      requireHostHeader: false,
    },
    frameworkErrors: (error, request, reply) => void answerError(error, request, reply),
    clientErrorHandler: (error, socket) => answerBrokenRequest(error, socket as Socket),
  })
  const answers = createAnswers(clock)
  const connections = watchConnections(server.server, keysRequired ? 'served' : 'refused')
  const bodyTime = limitBodies(server.server, BODY_MS, ({ socket }) =>
    answerBrokenRequest({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, socket),
  )
  server.addHook('preClose', connections.close)
  // Node would respond before the guard.
  server.server.on('checkExpectation', (request, response) =>
    server.server.emit('request', request, response),
  )

  const identify = createIdentify({
    callerWith: keys.callerWith,
    callerWithToken: tokens?.callerWith ?? null,
    keysRequired,
    clock,
    log,
  })
  const openResponses = createOpenResponses(clock)
  keys.onEnd(sessions.end)
  for (const source of [keys, tokens]) source?.onEnd(openResponses.end)

  /** The requests that web pages of listed origins sent. */
  const foreign = new WeakSet<FastifyRequest>()
  const checkFirst = checked((request, reply) => {
    reply.header('x-request-id', request.id).header('x-content-type-options', 'nosniff')
    const { isProbe } = request.routeOptions.config
    const origin = isProbe ? listedOrigin(request.raw, config.corsOrigins) : checkCaller(request.raw, config)
    if (origin === null) return
    foreign.add(request)
    allowOrigin(reply, origin)
    if (isPreflight(request.raw)) answerPreflight(reply)
  })
  server.addHook('onRequest', checkFirst)
  identifyCallers(server, async (request, reply) => {
    const { raw, headers, routeOptions } = request
    const { isPublic = false, takesSession = false, takesLink = false, isProbe = false } = routeOptions.config
    if (isProbe) return NOBODY
    const byCookieOrLink = takesSession
      ? sessions.callerOf(headers.cookie)
      : takesLink
        ? options.linkedCaller(linkOf(request), readQuery(request.url))
        : null
    // A browser without a session is sent to the form; other clients get the error.
    const isBrowser = takesSession && request.method === 'GET' && /\btext\/html\b/.test(headers.accept ?? '')
    const isOurs = connections.isOurs(raw.socket)
    const caller = await identify({
      headers,
      isOurs,
      isPublic: isPublic || isBrowser,
      byCookieOrLink,
      isForeign: foreign.has(request),
    })
    // The client may have left while its token was checked. A call that begins after that would never be aborted.
    if (reply.raw.destroyed) fail('malformed_request')
    openResponses.add(caller, reply.raw)
    return caller
  })
  const checkRequest = checked((request) => {
    if (request.is404) refuseRoute(request)
    checkExpectation(request.headers.expect)
    requireJson(request)
    request.query = readQuery(request.url)
  })
  server.addHook('onRequest', checkRequest)
  server.removeAllContentTypeParsers()
  server.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => {
    try {
      done(null, parseBody(Buffer.from(body)))
    } catch (error) {
      done(error as AppError)
    }
  })
  // The route of the row reads such a body as it arrives (`readFiles`). `requireJson` refuses it on all other routes.
  server.addContentTypeParser(FILES_TYPE, (_request, _body, done) => done(null))
  server.addContentTypeParser(PICTURE_TYPE, (_request, _body, done) => done(null))
  // A body without a content type is accepted if it is empty (`curl -X POST`, `curl -d ''`).
  server.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => {
    done(body === '' ? null : new AppError('unsupported_media_type'), {})
  })
  server.setErrorHandler(answerError)
  const routes: { method: string; path: RegExp }[] = []
  server.addHook('onRoute', ({ method, url }) => {
    const path = new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`)
    for (const one of [method].flat()) routes.push({ method: one, path })
  })
  server.setReplySerializer(toJson)

  const resource = config.oauth && addProtectedResource(server, config.oauth, options.mcpUrl)
  const tokensAt = (account: string) =>
    resource && { scopes: resource.scopes, metadataUrl: resource.metadataUrl(account) }
  for (const row of rows) if (row.takes === 'json') addRoutes(row)
  addLogin(server, {
    sessions,
    identify: (key) =>
      identify({
        headers: { 'x-api-key': key },
        isOurs: false,
        isPublic: false,
        byCookieOrLink: null,
        isForeign: false,
      }),
  })

  // The body of an upload stays unread until its row reads it. Other parsers would read it into memory.
  server.register(async (raw) => {
    raw.removeAllContentTypeParsers()
    raw.addContentTypeParser('*', (_request, _body, done) => done(null))
    for (const row of rows) if (row.takes === 'bytes') addRoutes(row, raw)
  })

  function addRoutes(row: Row, scope: FastifyInstance = server): void {
    for (const { method, path, fixed } of routesOf(row)) {
      scope.route({
        method,
        url: path.replace(/\{(\w+)\}/g, ':$1'),
        // A stream, or a file without a known size, has no HEAD route, because it is produced only for a reader.
        exposeHeadRoute: row.gives === 'json' || (row.gives === 'file' && row.ranges === true),
        ...('maxBodyBytes' in row && row.maxBodyBytes ? { bodyLimit: row.maxBodyBytes } : {}),
        config: {
          takesBytes: row.takes === 'bytes',
          takesFiles: 'form' in row && row.form !== undefined,
          takesPicture: 'takesPicture' in row && row.takesPicture === true,
          isPublic: 'card' in row && row.card !== undefined,
          takesLink: 'takesLink' in row && row.takesLink === true,
        },
        handler: (request, reply) => serve(row, request, reply, fixed),
      })
    }
  }

  async function serve(
    row: Row,
    request: FastifyRequest,
    reply: FastifyReply,
    fixed: Record<string, unknown>,
  ): Promise<FastifyReply> {
    if (row.gives === 'events') await serveEvents(row, request, reply, options)
    else if (row.gives === 'file') await serveFile(row, request, reply, options)
    else if (row.takes === 'bytes') {
      bodyTime.lift(request.raw)
      answerJson(reply, await serveUpload(row, request, reply, door))
    } else {
      const call = callOf(request, reply, 'rest')
      if (row.form !== undefined && hasFiles(request)) {
        bodyTime.lift(request.raw)
        // Only these two scopes have uploads.
        const scope = row.scope === 'manage' ? 'manage' : 'send'
        try {
          // A repeated call returns the first result in every state of the session. Other calls are refused before their files are read.
          const needs = call.idempotencyKey === undefined ? row.needs : 'nothing'
          const { uploads } = door.admit({ name: row.name, scope, needs }, call)
          request.body = await readFiles(request, row.form, uploads)
        } catch (error) {
          // The audit log notes the call under this row, although the row does not run.
          await door.audited(row, call, () => Promise.reject(error))
        }
      }
      const make = () => door.invoke(row, inputOf(request, fixed), call)
      // What reads the archive can be large. All else is answered at once.
      const readsArchive = row.effect === 'read' && row.errors.includes('server_busy')
      const answer = readsArchive ? await answers.make(reply.raw, make) : await make()
      if (answer === null) return reply.hijack()
      if (row.status !== undefined) reply.status(row.status)
      answerJson(reply, answer)
    }
    return reply
  }

  function answerJson(reply: FastifyReply, answer: unknown): void {
    reply.header('cache-control', 'no-store').type('application/json; charset=utf-8').send(answer)
  }

  /** Rejects unknown routes and methods before the body is read. */
  function refuseRoute({ url }: FastifyRequest): never {
    const path = url.split('?')[0] ?? '/'
    const taken = new Set(routes.filter((route) => route.path.test(path)).map(({ method }) => method))
    if (taken.size === 0) fail('route_not_found')
    const allowed = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'].filter((method) => taken.has(method))
    return fail('method_not_allowed', { facts: { allow: allowed.join(', ') } })
  }

  function answerError(thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const isUpload = request.routeOptions.config.takesBytes === true
    const hasLeft = request.raw.destroyed && !request.raw.complete
    const error = hasLeft
      ? new AppError('malformed_request', { cause: thrown })
      : fromFastify(thrown, isUpload)
    const { status } = ERRORS[error.code]
    // A message that waits in the outbox is no problem.
    if (status < 400) {
      answerJson(reply.status(status), { ok: true, ...error.facts })
      return reply
    }
    if (hasLeft) log.debug({ request_id: request.id }, 'the client disconnected in the middle of its request')
    if (status >= 500)
      log.warn({ request_id: request.id, code: error.code, err: error.cause }, 'request failed')
    const challenge = challengeOf(request, error, tokensAt(accountIn(request.params)), request.caller)
    if (challenge !== null) reply.header('www-authenticate', challenge)
    if (error.code === 'method_not_allowed') reply.header('allow', String(error.facts.allow ?? ''))
    if (error.retryAfterS !== undefined) reply.header('retry-after', String(error.retryAfterS))
    if (!request.raw.complete) hangUpAfterwards(request.raw.socket)
    // The rest of a file is not read.
    const isFile = isUpload || hasFiles(request)
    if (CLOSING.has(error.code) || (isFile && !request.raw.complete)) reply.header('connection', 'close')
    return reply
      .status(status)
      .header('x-request-id', request.id)
      .header('cache-control', 'no-store')
      .type(PROBLEM_TYPE)
      .serializer(toJson)
      .send(toProblem(error, request.id, accountIn(request.params)))
  }

  return server
}

/** Returns a hook that runs this check, which throws or may respond. It takes a callback: a promise would take longer than most checks. */
function checked(
  check: (request: FastifyRequest, reply: FastifyReply) => void,
): (request: FastifyRequest, reply: FastifyReply, done: (error?: Error) => void) => void {
  return (request, reply, done) => {
    try {
      check(request, reply)
    } catch (thrown) {
      return done(toAppError(thrown))
    }
    if (!reply.sent) done()
  }
}

/** What a signed link in this request would be for. */
function linkOf({ params }: FastifyRequest) {
  return { account: accountIn(params), message: String(Object(params).message_id) }
}

/** Errors that close the connection: rejected callers must not keep one, and a body that is too large is not read. */
const CLOSING: ReadonlySet<ErrorCode> = new Set([
  'forbidden_host',
  'forbidden_origin',
  'other_user',
  'key_required',
  'too_many_wrong_keys',
  'body_too_large',
])

/** Maps Fastify's error codes to those of this server (fastify docs/Reference/Errors.md). */
const FASTIFY_CODES: Record<string, ErrorCode> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'malformed_request',
  FST_ERR_BAD_URL: 'malformed_request',
  FST_ERR_MAX_PARAM_LENGTH: 'uri_too_long',
}

/** Uploads can have any content type, but it must be one. */
const NO_TYPE = {
  detail: 'The header Content-Type is not a media type.',
  hint: 'Send a media type such as image/jpeg, or leave the header out.',
}

function fromFastify(thrown: unknown, isUpload: boolean): AppError {
  if (thrown instanceof AppError) return thrown
  const code = FASTIFY_CODES[codeOf(thrown) ?? '']
  if (code === undefined) return toAppError(thrown)
  const isType = isUpload && code === 'unsupported_media_type'
  return new AppError(code, { cause: thrown, ...(isType ? NO_TYPE : {}) })
}

/** Maps errors of Node's parser, which occur before there is a request (node:http `clientError`). */
const SOCKET_CODES: Record<string, ErrorCode> = {
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
  HPE_HEADER_OVERFLOW: 'headers_too_large',
}

function answerBrokenRequest(error: { code?: string }, socket: Socket): void {
  if (!socket.writable) return void socket.destroy()
  const problem = new AppError(SOCKET_CODES[error.code ?? ''] ?? 'malformed_request')
  const { status } = ERRORS[problem.code]
  const body = toJson(toProblem(problem, randomUUID()))
  socket.write(
    `HTTP/1.1 ${status} ${ERRORS[problem.code].title}\r\nContent-Type: ${PROBLEM_TYPE}\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  )
  // A slow sender has had its time. Both directions are closed: it could keep its own open.
  if (problem.code === 'request_timeout') socket.destroySoon()
  else hangUp(socket)
}

function noCompiler(): never {
  throw new Error('Fastify compiles no schema: rows check their own input and output')
}
