/** One MCP server for each request (or legacy session). Its handlers use shared state that does not change. */
import {
  type ClientCapabilities,
  isInputRequiredResult,
  type ServerContext,
  type ServerOptions,
} from '@modelcontextprotocol/server'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Toolset } from '../../model/toolsets.ts'
import { type Call, toClientName } from '../../operations/call.ts'
import type { Door } from '../../operations/door.ts'
import { startAuth } from '../../operations/link.ts'
import { type Operation, PATIENCE_MS } from '../../operations/operation.ts'
import { createSeal, runAsking } from './asking.ts'
import { callerOf } from './callers.ts'
import { complete } from './completion.ts'
import { createConnections, type Offer, type ServerFactory } from './connection.ts'
import { requestIdOf } from './exchange.ts'
import { getPrompt } from './prompts.ts'
import { qrContent } from './qr-content.ts'
import { readResource } from './resources.ts'
import type { Turns } from './turns.ts'
import { WordedServer } from './worded-server.ts'
import { toolName } from './words.ts'

export type McpOptions = {
  operations: readonly Operation[]
  /** The toolsets that clients may use; null: all, with `core` on. */
  toolsets: Toolset[] | null
  door: Door
  clock: Clock
  /** The account of the endpoint. */
  account: string
  /** The URL of the endpoint; known once the server listens. */
  mcpUrl(): string
  turns: Turns
  /** Seals what clients bring back, here and in the router. It must stay the same after a restart. */
  sessionKey: string
  log: Log
  version: string
}

/** The admission for the QR code, which links an account to this server. */
const SHOW_QR = { name: 'show_qr', scope: 'admin', needs: 'nothing' } as const

/** For lists that change only with a notification. The time is short, because the next version may differ. */
const KEPT = { ttlMs: 300_000, cacheScope: 'private' } as const
/** For texts from people: clients must not cache them. */
const NOT_KEPT = { ttlMs: 0, cacheScope: 'private' } as const

/** True if the client can show a form. One that names no kind can: forms were once the only kind. */
const showsForms = ({ elicitation }: ClientCapabilities = {}) =>
  elicitation !== undefined && (elicitation.form !== undefined || elicitation.url === undefined)

/** The router handles subscriptions, but clients subscribe only if the capability is declared here. */
const optionsFor = (
  { instructions }: Offer,
  hasSession: boolean,
  requestState: ServerOptions['requestState'],
): ServerOptions => ({
  capabilities: {
    tools: hasSession ? { listChanged: true } : {},
    resources: { subscribe: true },
    prompts: {},
    completions: {},
  },
  instructions,
  requestState,
  cacheHints: {
    'server/discover': KEPT,
    'tools/list': KEPT,
    'prompts/list': KEPT,
    'resources/list': KEPT,
    'resources/templates/list': KEPT,
    'resources/read': NOT_KEPT,
  },
})

/** Creates the factory for all lanes and protocol versions. Servers are never shared. */
export function createServerFactory({
  operations,
  toolsets: limit,
  door,
  clock,
  account,
  mcpUrl,
  turns,
  sessionKey,
  log,
  version,
}: McpOptions): ServerFactory {
  const info = { name: 'whatsapp-mcp-api', title: 'WhatsApp', version }
  const seal = createSeal(sessionKey)
  const connect = createConnections({ operations, limit, door, account, mcpUrl, log })

  return (lane) => {
    const { offer, toolsets } = connect(lane)
    const server = new WordedServer(info, optionsFor(offer(), lane.session !== undefined, seal), turns)
    // A plain response carries no requests to the client.
    const canReceive = lane.era === 'modern' || lane.session === 'streams'
    const callOf = (ctx: ServerContext): Call => {
      const { signal, _meta } = ctx.mcpReq
      return {
        caller: callerOf(ctx.http?.authInfo),
        face: 'mcp',
        client: toClientName(server.getClientVersion()?.name),
        account,
        requestId: requestIdOf(ctx),
        canAsk: canReceive && showsForms(server.getClientCapabilities()),
        signal,
        gone: lane.gone,
        ...(_meta?.progressToken === undefined ? { patienceMs: PATIENCE_MS } : {}),
        toolsets: toolsets(() =>
          // On the stream of the call: the client may not have opened its standing stream.
          lane.session === 'streams'
            ? ctx.mcpReq.notify({ method: 'notifications/tools/list_changed' })
            : server.sendToolListChanged(),
        ),
      }
    }
    server.setRequestHandler('tools/list', () => ({ tools: [...offer().tools.definitions] }))
    server.setRequestHandler('tools/call', async ({ params }, ctx) => {
      const { name, arguments: given = {} } = params
      const call = callOf(ctx)
      const { tools } = offer()
      const asking = { door, clock, seal, unanswered: server.unanswered, canWait: tools.canWait(name) }
      const result = await runAsking(ctx, call, asking, (keyed, onHeld) =>
        tools.call({ name, arguments: given, call: keyed, progress: ctx, onHeld }),
      )
      if (isInputRequiredResult(result)) return result
      if (name === toolName(startAuth) && !result.isError)
        result.content.push(...(await qrContent(door.admit(SHOW_QR, call))))
      return result
    })
    server.setRequestHandler('resources/list', () => ({ resources: [...offer().resources] }))
    server.setRequestHandler('resources/templates/list', () => ({
      resourceTemplates: [...offer().templates],
    }))
    server.setRequestHandler('resources/read', ({ params }, ctx) =>
      readResource({
        uri: params.uri,
        door,
        call: callOf(ctx),
        log,
        words: offer().words,
      }),
    )
    server.setRequestHandler('prompts/list', () => ({ prompts: [...offer().prompts] }))
    server.setRequestHandler('prompts/get', ({ params: { name, arguments: given = {} } }) => {
      const isOffered = offer().prompts.some((one) => one.name === name)
      return getPrompt(isOffered ? name : '', given, clock.now())
    })
    server.setRequestHandler('completion/complete', ({ params }, ctx) => complete(params, door, callOf(ctx)))
    return server
  }
}
