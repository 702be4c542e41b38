/** The MCP face without its route. Loaded on first use, together with the SDK. */
import { REQUEST_ID } from './exchange.ts'
import { startNotices } from './notices.ts'
import { createRouter, type Router } from './router.ts'
import { createServerFactory, type McpOptions } from './server.ts'
import { createTurns } from './turns.ts'
import { readUri } from './uris.ts'

/** Opens a router that serves the operations and notifies subscribers of changes until it is closed. */
export function openMcp(options: Omit<McpOptions, 'turns'> & { sessionKey: string }): Router {
  const { sessionKey, clock } = options
  const turns = createTurns()
  const factory = createServerFactory({ ...options, turns })
  const router = createRouter({ factory, sessionKey, isResource: (uri) => readUri(uri) !== null, clock })
  const stopNotices = startNotices(options, router.audience)
  return {
    ...router,
    handle(exchange) {
      turns.begin(exchange.request.headers.get(REQUEST_ID) ?? '', exchange.ended)
      return router.handle(exchange)
    },
    async close() {
      stopNotices()
      await router.close()
    },
  }
}
