/** Mounts one router for each account: POST, GET and DELETE /mcp, and /accounts/{account}/mcp. The server checks the caller first. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { AppError, fail } from '../../errors.ts'
import { escapeInJson, parseJson } from '../../json.ts'
import type { Log } from '../../log.ts'
import { accountIn, type Caller, DEFAULT_ACCOUNT, hasAccount } from '../../operations/call.ts'
import type { Exchange } from './exchange.ts'
import { REQUEST_ID } from './request-id.ts'
import type { Router } from './router.ts'
import { pipeEvents } from './stream.ts'

export type MountOptions = {
  /**
   * Loads the router of an account. Called on first use, because loading the SDK takes longer than starting the server;
   * called again only after an error. Rejects with `account_not_found`.
   */
  load(account: string): Promise<Router>
  clock: Clock
  log: Log
}

export type Mount = {
  /** Returns the number of open sessions, including sessions without a running request. */
  sessions(): number
  /** Loads the router of `default` in advance, so the first client does not wait. Never throws. */
  warm(): Promise<void>
  /** Ends standing streams. Call this before closing the HTTP server, which waits for them. */
  stop(): Promise<void>
  /** Ends all sessions of a caller. */
  dismiss(caller: Caller): void
  /** Ends all sessions and requests of one account, for good. */
  drop(account: string): Promise<void>
  /** Ends all sessions and requests. */
  close(): Promise<void>
}

/** Some clients add the slash; a redirect would lose the body of most. */
const PATHS = ['/mcp', '/mcp/', '/accounts/:account/mcp', '/accounts/:account/mcp/']
/** Headers that belong to one connection, or that are set for every response. */
const NOT_COPIED = new Set(['connection', 'content-length', 'transfer-encoding', 'cache-control'])

/**
 * Adds the routes. HTTP errors (a foreign Host, a wrong content type, a body over the limit) are problem JSON, as
 * everywhere. Errors in the body are JSON-RPC errors.
 */
export function mountMcp(server: FastifyInstance, { load, clock, log }: MountOptions): Mount {
  const routers = new Map<string, Promise<Router>>()
  const opened = new Map<string, Router>()
  let isStopped = false
  function router(account: string): Promise<Router> {
    const known = routers.get(account)
    if (known !== undefined) return known
    const loading = load(account).then(
      (one) => {
        opened.set(account, one)
        return one
      },
      (error) => {
        routers.delete(account)
        throw error
      },
    )
    routers.set(account, loading)
    return loading
  }

  /** The routers that are loaded or loading. */
  const loaded = () => Promise.all([...routers.values()].map((one) => one.catch(() => null)))

  void server.register(async (scope) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_, body, done) => done(null, body))
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => {
      done(body.length === 0 ? null : new AppError('unsupported_media_type'), body)
    })
    for (const url of PATHS) {
      scope.route({ method: ['GET', 'POST', 'DELETE'], url, exposeHeadRoute: false, handler: serve })
    }
  })

  async function serve(request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> {
    const { raw } = reply
    const account = accountIn(request.params)
    if (!hasAccount(request.caller, account)) fail('account_not_found')
    let message: unknown
    if (request.method === 'POST') {
      try {
        message = parseJson(request.body instanceof Buffer ? request.body : Buffer.alloc(0))
      } catch {
        const error = {
          code: -32700,
          message: 'Parse error: the body must be JSON, in UTF-8, of whole characters.',
        }
        reply.status(400).header('cache-control', 'no-store').type('application/json')
        return reply.send(JSON.stringify({ jsonrpc: '2.0', error, id: null }))
      }
    }
    const left = new AbortController()
    const ended = new Promise<void>((resolve) => {
      raw.once('close', () => {
        if (!raw.writableFinished) left.abort()
        resolve()
      })
    })
    const { caller } = request
    const exchange: Exchange = { request: toWebRequest(request, left.signal), message, caller, ended }
    const response = await (await router(account)).handle(exchange)
    return answer(response, request, reply)
  }

  async function answer(
    response: Response,
    request: FastifyRequest,
    reply: FastifyReply,
  ): Promise<FastifyReply> {
    const { status, headers, body } = response
    if (status >= 500) log.warn({ request_id: request.id, status }, 'an MCP request returned an error')
    reply.status(status).header('cache-control', 'no-store, no-transform')
    for (const [name, value] of headers) if (!NOT_COPIED.has(name)) reply.header(name, value)
    if (isStopped) reply.header('connection', 'close')
    const type = headers.get('content-type')
    if (body === null && type === null) return reply.send()
    if (body === null || type !== 'text/event-stream') {
      return reply.send(escapeInJson(await response.text()))
    }
    reply.hijack()
    const { raw } = reply
    for (const [name, value] of Object.entries(reply.getHeaders())) {
      if (value !== undefined) raw.setHeader(name, value)
    }
    raw.statusCode = status
    // A standing stream has no first message, but its client waits for the headers.
    if (request.method === 'GET') raw.flushHeaders()
    await pipeEvents(body, raw, clock)
    // The stream began before the server stopped. The stopping server waits for every connection.
    if (isStopped) request.raw.socket.destroySoon()
    return reply
  }

  return {
    sessions: () => [...opened.values()].reduce((sum, one) => sum + one.sessions(), 0),
    async warm() {
      await router(DEFAULT_ACCOUNT).catch((error) =>
        log.error({ err: error }, 'the MCP endpoint cannot be loaded'),
      )
    },
    async stop() {
      isStopped = true
      for (const one of await loaded()) await one?.stop()
    },
    dismiss(caller) {
      for (const one of opened.values()) one.dismiss(caller)
    },
    async drop(account) {
      const one = await routers.get(account)?.catch(() => null)
      routers.delete(account)
      opened.delete(account)
      await one?.stop()
      await one?.close()
    },
    async close() {
      await Promise.all((await loaded()).map((one) => one?.close()))
    },
  }
}

/** The headers that the lanes and the SDK read. Each costs time. */
const READ = /^(?:accept|content-type|last-event-id|mcp-[\w-]+)$/

/** Returns the request for the lanes and the SDK. The parsed body is passed separately. */
function toWebRequest({ id, method, url, headers }: FastifyRequest, signal: AbortSignal): Request {
  const given: Record<string, string> = { [REQUEST_ID]: id }
  for (const [name, value] of Object.entries(headers))
    if (value !== undefined && READ.test(name)) given[name] = Array.isArray(value) ? value.join(', ') : value
  const request = new Request(`http://localhost${url}`, { method, headers: given })
  // Sets this signal itself. The constructor would create a second signal that follows it, which costs more than the
  // rest of the request.
  return Object.defineProperty(request, 'signal', { value: signal })
}
