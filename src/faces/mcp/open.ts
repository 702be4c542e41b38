/** All of the MCP face behind its route. Loaded late, and with it the SDK. */
import { startNotices } from './notices.ts'
import { createRouter, type Router } from './router.ts'
import { createServerFactory, type McpOptions } from './server.ts'

/** A router that serves the operations, whose audience hears of changes until it is closed. */
export function openMcp(options: McpOptions & { sessionKey: string }): Router {
  const { sessionKey, clock } = options
  const router = createRouter({ factory: createServerFactory(options), sessionKey, clock })
  const stopNotices = startNotices(options, router.audience)
  return {
    ...router,
    async close() {
      stopNotices()
      await router.close()
    },
  }
}
