/** Time limits for the bodies of requests. */
import type { IncomingMessage, Server } from 'node:http'

export type BodyTime = {
  /** Removes the limit of this request, whose route has its own. */
  lift(request: IncomingMessage): void
}

/**
 * Calls `late` if the body of a request has not arrived within `ms` after its headers. Node has one such limit for all
 * requests (`requestTimeout`), which must then be the longest one.
 */
export function limitBodies(server: Server, ms: number, late: (request: IncomingMessage) => void): BodyTime {
  const timers = new WeakMap<IncomingMessage, NodeJS.Timeout>()
  const lift = (request: IncomingMessage) => clearTimeout(timers.get(request))
  // Before the listener of the router, which may respond at once.
  server.prependListener('request', (request) => {
    const { 'content-length': length = '0', 'transfer-encoding': encoding } = request.headers
    if (length === '0' && encoding === undefined) return
    timers.set(
      request,
      setTimeout(() => {
        // A body that no route reads arrives without an end.
        if (!request.complete) late(request)
      }, ms),
    )
    request.once('end', () => lift(request))
    request.once('close', () => lift(request))
  })
  return { lift }
}
