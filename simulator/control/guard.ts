/** Keeps other web pages out of the control API: it has no key, so what a browser sends on their behalf is refused. */

import type { IncomingMessage } from 'node:http'

/**
 * Why a request is refused, or null when it may pass. Programs (curl, tests) send neither `Origin` nor `Sec-Fetch-Site`
 * and pass; so does opening the phone page from a link elsewhere.
 */
export function reasonToRefuse({ headers, method, url }: IncomingMessage): string | null {
  const host = headers.host ?? ''
  // A name that was made to point at the loopback (DNS rebinding) shows here.
  if (!/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/i.test(host)) {
    return 'This API answers to 127.0.0.1, localhost and [::1] only.'
  }
  if (headers.origin !== undefined && headers.origin.toLowerCase() !== `http://${host.toLowerCase()}`) {
    return `Web pages of ${headers.origin} may not use this API.`
  }
  const site = headers['sec-fetch-site']
  if (site === undefined || site === 'same-origin' || site === 'none') return null
  const opensPage = method === 'GET' && url === '/' && headers['sec-fetch-dest'] === 'document'
  return opensPage ? null : 'Other web pages may not use this API.'
}
