/** The MCP face without its route. Loaded on first use, together with the SDK. */
import type { Call } from '../../operations/call.ts'
import { startNotices } from './notices.ts'
import { REQUEST_ID } from './request-id.ts'
import { createRouter, type Router } from './router.ts'
import { createServerFactory, type McpOptions } from './server.ts'
import type { SubscriptionGate } from './subscriptions.ts'
import { createTurns } from './turns.ts'
import { chatOf, readUri } from './uris.ts'

/** Opens a router that serves the operations and notifies subscribers of changes until it is closed. */
export function openMcp(options: Omit<McpOptions, 'turns'>): Router {
  const { sessionKey, account, clock } = options
  const turns = createTurns()
  const factory = createServerFactory({ ...options, turns })
  const gate: SubscriptionGate = {
    isResource: (uri) => readUri(uri) !== null,
    admit(subscriber, uri) {
      const call: Call = { ...subscriber, face: 'mcp', account, canAsk: false }
      const name = uri === undefined ? 'listen' : 'subscribe'
      const { demandSeen } = options.door.admit({ name, scope: 'read', needs: 'nothing' }, call)
      const chat = uri === undefined ? null : chatOf(uri)
      if (chat !== null) demandSeen(chat)
    },
  }
  const router = createRouter({ factory, sessionKey, gate, clock })
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
