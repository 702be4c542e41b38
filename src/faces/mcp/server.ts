/** One MCP server, made anew for each request (or legacy session): handlers over what does not change. */
import type { McpServerFactory, ServerContext, ServerOptions } from '@modelcontextprotocol/server'
import type { Log } from '../../log.ts'
import { startAuth } from '../../operations/link.ts'
import { type Context, type Operation, PATIENCE_MS } from '../../operations/operation.ts'
import { complete } from './completion.ts'
import { requestIdOf } from './exchange.ts'
import { INSTRUCTIONS } from './instructions.ts'
import { withProgress } from './progress.ts'
import { getPrompt, PROMPTS } from './prompts.ts'
import { qrContent } from './qr-content.ts'
import { RESOURCES, readResource, TEMPLATES } from './resources.ts'
import { createTools } from './tools.ts'
import { WordedServer } from './worded-server.ts'
import { createWording, toolName } from './words.ts'

export type McpOptions = {
  operations: readonly Operation[]
  context: Omit<Context, 'signal'>
  log: Log
  version: string
}

/** What never changes while the server runs. Not for long: the next one may be newer. */
const KEPT = { ttlMs: 300_000, cacheScope: 'private' } as const
/** What people wrote is asked for anew each time. */
const NOT_KEPT = { ttlMs: 0, cacheScope: 'private' } as const

const OPTIONS: ServerOptions = {
  // Lists never change. Subscribing is the router's, but only who is told of it here may subscribe.
  capabilities: { tools: {}, resources: { subscribe: true }, prompts: {}, completions: {} },
  instructions: INSTRUCTIONS,
  cacheHints: {
    'server/discover': KEPT,
    'tools/list': KEPT,
    'prompts/list': KEPT,
    'resources/list': KEPT,
    'resources/templates/list': KEPT,
    'resources/read': NOT_KEPT,
  },
}

/** The factory that every lane and every era serves from. All state is outside it: instances are never shared. */
export function createServerFactory({ operations, context, log, version }: McpOptions): McpServerFactory {
  const info = { name: 'whatsapp-mcp-api', title: 'WhatsApp', version }
  const tools = createTools(operations, log)
  const wording = createWording(operations)
  const words = (text: string) => wording(text, context.mcpUrl)
  const reporting = { session: context.session, clock: context.clock, words }
  /** Tools that may take longer than an answer is usually waited for: they tell how far they are. */
  const slow = new Set(operations.filter(({ limitMs }) => limitMs !== undefined).map(toolName))
  const contextOf = ({ mcpReq: { signal, _meta } }: ServerContext): Context => ({
    ...context,
    signal,
    ...(_meta?.progressToken === undefined ? { patienceMs: PATIENCE_MS } : {}),
  })

  return () => {
    const server = new WordedServer(info, OPTIONS)
    server.setRequestHandler('tools/list', () => ({ tools: [...tools.definitions] }))
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const { name, arguments: given = {} } = params
      const call = { name, arguments: given, context: contextOf(ctx), requestId: requestIdOf(ctx) }
      const run = () => tools.call(call)
      const result = await (slow.has(name) ? withProgress(ctx, reporting, run) : run())
      if (name === toolName(startAuth) && !result.isError) result.content.push(...(await qrContent(context)))
      return result
    })
    server.setRequestHandler('resources/list', () => ({ resources: [...RESOURCES] }))
    server.setRequestHandler('resources/templates/list', () => ({ resourceTemplates: [...TEMPLATES] }))
    server.setRequestHandler('resources/read', ({ params }, ctx) =>
      readResource({
        uri: params.uri,
        context: contextOf(ctx),
        requestId: requestIdOf(ctx),
        log,
        words,
      }),
    )
    server.setRequestHandler('prompts/list', () => ({ prompts: [...PROMPTS] }))
    server.setRequestHandler('prompts/get', ({ params }) =>
      getPrompt(params.name, params.arguments ?? {}, context.clock.now()),
    )
    server.setRequestHandler('completion/complete', ({ params }, ctx) => complete(params, contextOf(ctx)))
    return server
  }
}
