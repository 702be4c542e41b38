/** Checks Host, Origin and Sec-Fetch-Site of every request before anything else. */
import type { IncomingMessage } from 'node:http'
import type { Config } from '../../config.ts'
import { fail } from '../../errors.ts'
import { toHostName } from '../../host-name.ts'
import { isLoopback } from '../../loopback.ts'
import { defaultPath } from '../../model/account-paths.ts'
import { listedOrigin } from './cors.ts'
import { PAGES } from './page-table.ts'

const NAVIGABLE: ReadonlySet<string> = new Set(
  PAGES.filter(({ navigable }) => navigable).map(({ path }) => path),
)

/**
 * Accepts requests from programs of this machine and from this server's own pages.
 * Checks Host first: a request to a name that was rebound to loopback is same-origin and may have no Origin. Then Origin and
 * Sec-Fetch-Site: a web page of another origin must not use the account, not even with a plain form. Returns the origin of a
 * page that the user listed; null for all else.
 * @throws AppError `malformed_request` (no Host, or several), `forbidden_host`, `forbidden_origin`
 */
export function checkCaller(
  request: IncomingMessage,
  { allowedHosts, corsOrigins }: Pick<Config, 'allowedHosts' | 'corsOrigins'>,
): string | null {
  const hosts = headerValues(request, 'host')
  const host = hosts[0]
  if (hosts.length !== 1 || host === undefined || host === '') {
    fail('malformed_request', { detail: 'The request must have exactly one Host header.' })
  }
  if (!isOurName(host, allowedHosts)) fail('forbidden_host')

  const listed = listedOrigin(request, corsOrigins)
  if (listed !== null) return listed
  const origin = request.headers.origin
  const site = request.headers['sec-fetch-site']
  if (origin !== undefined && !isOwnOrigin(origin, host) && !isOwnOpaqueOrigin(origin, site))
    fail('forbidden_origin')
  if (site === undefined || site === 'same-origin' || site === 'none') return null
  if (origin === undefined && isNavigation(request)) return null
  return fail('forbidden_origin')
}

/**
 * Accepts form requests only from this server's own pages, as the browser reports. {@link checkCaller} rejects other origins;
 * this function rejects clients that send neither Origin nor Sec-Fetch-Site: very old browsers, and programs.
 * @throws AppError `forbidden_origin`
 */
export function requireOwnPage({ headers }: IncomingMessage): void {
  if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) fail('forbidden_origin')
}

/**
 * Accepts only `100-continue`, the one expectation that HTTP defines (RFC 9110, 10.1.1). Node handles it.
 * @throws AppError `expectation_failed`
 */
export function checkExpectation(header: string | undefined): void {
  if (header !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(header)) fail('expectation_failed')
}

/** Returns true if the host, without its port, is this machine or a host that the user allows. */
function isOurName(host: string, allowedHosts: readonly string[]): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host)
  const named = match?.[1]
  if (named === undefined) return false
  const name = toHostName(named.replace(/\.$/, ''))
  return isLoopback(name) || allowedHosts.includes(name)
}

/** Returns true if the origin has the same host and port as the request. */
function isOwnOrigin(origin: string, host: string): boolean {
  try {
    const { protocol, host: named } = new URL(origin)
    return (protocol === 'http:' || protocol === 'https:') && named === new URL(`${protocol}//${host}`).host
  } catch {
    return false
  }
}

/**
 * Returns true for a form of this server's own pages. They have the referrer policy `no-referrer`, so forms send the origin
 * "null" (Fetch Standard, "append a request Origin header"). Sec-Fetch-Site decides then: pages cannot set it, and sandboxed
 * frames are cross-site.
 */
function isOwnOpaqueOrigin(origin: string, site: string | string[] | undefined): boolean {
  return origin === 'null' && site === 'same-origin'
}

/** Returns true if a person followed a link or typed the address: a top-level GET of a page that changes nothing. */
function isNavigation(request: IncomingMessage): boolean {
  const path = request.url?.split('?')[0] ?? ''
  return (
    request.method === 'GET' &&
    NAVIGABLE.has(defaultPath(path)) &&
    request.headers['sec-fetch-mode'] === 'navigate' &&
    request.headers['sec-fetch-dest'] === 'document'
  )
}

function headerValues(request: IncomingMessage, name: string): string[] {
  const values: string[] = []
  for (let i = 0; i + 1 < request.rawHeaders.length; i += 2) {
    if (request.rawHeaders[i]?.toLowerCase() === name) values.push(request.rawHeaders[i + 1] ?? '')
  }
  return values
}
