/** Keeps other web pages out of the control API. The API has no key, so it rejects requests that a browser sends for them. */

import type { IncomingMessage } from 'node:http'

/**
 * Returns the reason to reject a request; null to accept it. Accepts programs (curl, tests), which send neither `Origin` nor
 * `Sec-Fetch-Site`, and a navigation to the phone page from another site.
 */
export function reasonToRefuse({ headers, method, url }: IncomingMessage): string | null {
  const host = headers.host ?? ''
  // Detects DNS rebinding: another name that resolves to the loopback.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host)) {
    return 'The Host header must be 127.0.0.1, localhost or [::1].'
  }
  if (headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return `Web pages of ${headers.origin} cannot use this API.`
  }
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return null
  const opensPage = method === 'GET' && url === '/' && headers['sec-fetch-dest'] === 'document'
  return opensPage ? null : 'Other web pages cannot use this API.'
}
