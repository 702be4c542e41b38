/** Who may call: Host, Origin and Sec-Fetch-Site, checked on every request before anything else is looked at. */
import type { IncomingMessage } from 'node:http'
import { fail } from '../../errors.ts'
import { isLoopback } from '../../loopback.ts'

/** Pages that a person may reach by a link from another site; they show, and change nothing. */
const NAVIGABLE = new Set(['/qr', '/docs'])

/**
 * Lets a request of this machine's own programs and of our own pages pass.
 * Host first: a name that was rebound to loopback reaches us same-origin and may carry no Origin at all. Then Origin
 * and Sec-Fetch-Site: no web page of another origin may use the account, not even by a plain form.
 * @throws AppError `malformed_request` (no Host, or several), `forbidden_host`, `forbidden_origin`
 */
export function checkCaller(request: IncomingMessage, allowedHosts: readonly string[]): void {
  const hosts = headerValues(request, 'host')
  const host = hosts[0]
  if (hosts.length !== 1 || host === undefined || host === '') {
    fail('malformed_request', { detail: 'The request must carry exactly one Host header.' })
  }
  if (!isOurName(host, allowedHosts)) fail('forbidden_host')

  const origin = request.headers.origin
  const site = request.headers['sec-fetch-site']
  if (origin !== undefined && !isOwnOrigin(origin, host) && !isUntoldOrigin(origin, site))
    fail('forbidden_origin')
  if (site === undefined || site === 'same-origin' || site === 'none') return
  if (origin === undefined && isNavigation(request)) return
  fail('forbidden_origin')
}

/**
 * For requests that a plain form can make: lets only those pass that a browser says come from a page of ours. {@link checkCaller}
 * has refused those of other origins; this one refuses browsers so old that they name no origin, and everything that is no browser.
 * @throws AppError `forbidden_origin`
 */
export function requireOwnPage({ headers }: IncomingMessage): void {
  if (headers.origin === undefined && headers['sec-fetch-site'] === undefined) fail('forbidden_origin')
}

/**
 * Of all expectations HTTP defines one (RFC 9110, 10.1.1), which Node meets by itself.
 * @throws AppError `expectation_failed`
 */
export function checkExpectation(header: string | undefined): void {
  if (header !== undefined && !/(?:^|\W)100-continue(?:$|\W)/i.test(header)) fail('expectation_failed')
}

/** A Host header's value without its port names this machine, or a name that the user allowed. */
function isOurName(host: string, allowedHosts: readonly string[]): boolean {
  const match = /^(\[[0-9a-f:.]+\]|[^:[\]]+)(?::\d{1,5})?$/i.exec(host)
  const name = match?.[1]?.toLowerCase().replace(/\.$/, '')
  return name !== undefined && (isLoopback(name) || allowedHosts.includes(name))
}

/** The page that sent this was served under the very name and port that the request calls. */
function isOwnOrigin(origin: string, host: string): boolean {
  try {
    const { protocol, host: named } = new URL(origin)
    return (protocol === 'http:' || protocol === 'https:') && named === new URL(`${protocol}//${host}`).host
  } catch {
    return false
  }
}

/**
 * A page with the referrer policy `no-referrer`, as ours are, posts its forms with the origin "null" (Fetch Standard, "append a
 * request Origin header"). Then the browser's own word counts, which no page can write: sandboxed frames are cross-site.
 */
function isUntoldOrigin(origin: string, site: string | string[] | undefined): boolean {
  return origin === 'null' && site === 'same-origin'
}

/** A person followed a link or typed an address: a top-level GET for a page that only shows. */
function isNavigation(request: IncomingMessage): boolean {
  const path = request.url?.split('?')[0] ?? ''
  return (
    request.method === 'GET' &&
    NAVIGABLE.has(path) &&
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
