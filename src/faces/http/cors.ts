/** Lets web pages of listed origins use the API (Fetch Standard, "HTTP-CORS protocol"). No other origin gets any of these headers. */
import type { IncomingMessage } from 'node:http'
import type { FastifyReply } from 'fastify'
import { defaultPath } from '../../model/account-paths.ts'

/** What a page may use. The pages of this server, which accept a cookie, are not among them. */
const OPEN_TO_PAGES = /^\/(?:api\/.*|mcp\/?|health(?:\/live|\/ready)?|openapi\.json)?$/

const METHODS = 'GET, POST, PUT, PATCH, DELETE'
/** What a page may send: a key goes into a header of its own, never into a cookie. */
const HEADERS =
  'Authorization, X-API-Key, Content-Type, Accept, Idempotency-Key, If-None-Match, Range, Last-Event-ID, Mcp-Session-Id, MCP-Protocol-Version, Mcp-Method, Mcp-Name'
/** What a page may read of a response besides its body. */
const EXPOSED = 'X-Request-Id, Retry-After, WWW-Authenticate, Mcp-Session-Id, ETag, Content-Disposition'
/** How long a browser remembers the answer to a preflight, in seconds. */
const MAX_AGE_S = '600'

/** Returns the origin of the page that sent the request, if it is listed and may use the path; else null. */
export function listedOrigin(
  { headers, url = '/' }: Pick<IncomingMessage, 'headers' | 'url'>,
  origins: readonly string[],
): string | null {
  const { origin } = headers
  if (origin === undefined || !origins.includes(origin)) return null
  return OPEN_TO_PAGES.test(defaultPath(url.split('?')[0] ?? '/')) ? origin : null
}

/** True if a browser asks whether a page may send a request. It carries no key. */
export function isPreflight({ method, headers }: Pick<IncomingMessage, 'method' | 'headers'>): boolean {
  return method === 'OPTIONS' && headers['access-control-request-method'] !== undefined
}

/** Lets a page of this origin read the response. Credentials of the browser stay excluded. */
export function allowOrigin(reply: FastifyReply, origin: string): void {
  reply
    .header('access-control-allow-origin', origin)
    .header('access-control-expose-headers', EXPOSED)
    .header('vary', 'Origin')
}

/** Answers a preflight from a listed origin. */
export function answerPreflight(reply: FastifyReply): FastifyReply {
  return reply
    .status(204)
    .header('access-control-allow-methods', METHODS)
    .header('access-control-allow-headers', HEADERS)
    .header('access-control-max-age', MAX_AGE_S)
    .send()
}
