/** One MCP server, made anew for each request (or legacy session): handlers over what does not change. */
import { type McpServerFactory, Server } from '@modelcontextprotocol/server'
import type { Log } from '../../log.ts'
import type { Context, Operation } from '../../operations/operation.ts'
import { createTools } from './tools.ts'

export type McpOptions = {
  operations: readonly Operation[]
  context: Omit<Context, 'signal'>
  log: Log
  version: string
}

/** The factory that every lane and every era serves from. All state is outside it: instances are never shared. */
export function createServerFactory({ operations, context, version }: McpOptions): McpServerFactory {
  const tools = createTools(operations)
  return () => {
    const server = new Server({ name: 'whatsapp-mcp-api', version }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/list', () => ({ tools: [...tools.definitions] }))
    server.setRequestHandler('tools/call', ({ params }, ctx) =>
      tools.call({
        name: params.name,
        arguments: params.arguments ?? {},
        context: { ...context, signal: ctx.mcpReq.signal },
        requestId: String(ctx.mcpReq.id),
      }),
    )
    return server
  }
}
