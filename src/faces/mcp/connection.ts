/** What one MCP connection offers: the tools of its toolsets, and the texts that name only these tools. */
import type {
  McpRequestContext,
  Prompt,
  Resource,
  ResourceTemplateType,
  Server,
} from '@modelcontextprotocol/server'
import { chooseToolsets, TOOLSETS, type Toolset, toolsetList } from '../../model/toolsets.ts'
import { type Caller, type ConnectionToolsets, hasScope, isAdmitted, SCOPES } from '../../operations/call.ts'
import { enableToolset } from '../../operations/toolsets.ts'
import { callerOf } from './callers.ts'
import { INSTRUCTIONS } from './instructions.ts'
import { promptsWith } from './prompts.ts'
import { RESOURCES, TEMPLATES } from './resources.ts'
import { createTools, type Tools, type ToolsOptions } from './tools.ts'
import { createWording, toolName } from './words.ts'

/**
 * What a server is created for. `session`: how the session that it serves responds; missing: it serves no session. Only in a session
 * can the list of tools change. `gone`: aborted when that session ends.
 */
export type Lane = McpRequestContext & { session?: 'streams' | 'json'; gone?: AbortSignal }
export type ServerFactory = (lane: Lane) => Server

/** Everything that follows from the tools that are on. Connections with the same tools share one. */
export type Offer = {
  tools: Tools
  /** Replaces routes and references with tools. */
  words(text: string): string
  prompts: readonly Prompt[]
  resources: readonly Resource[]
  templates: readonly ResourceTemplateType[]
  instructions: string
}

export type Connection = {
  /** What it offers now. */
  offer(): Offer
  /** Returns the toolsets, for one call. @param changed notifies the client that its list of tools has changed */
  toolsets(changed: () => Promise<void>): ConnectionToolsets
}

export type ConnectionsOptions = Omit<ToolsOptions, 'toolsetOf' | 'denied'> & {
  /** The toolsets of the settings. */
  limit: Toolset[] | null
}

/** Returns the toolsets that this URL asks for: `?toolsets=core,groups`. Fails if it names one that does not exist. */
export function readToolsets(url: string): ReturnType<typeof toolsetList.safeParse> {
  if (!url.includes('?')) return { success: true, data: null }
  return toolsetList.safeParse(new URL(url).searchParams.getAll('toolsets').join(','))
}

/** Returns a function that opens a connection. */
export function createConnections(options: ConnectionsOptions) {
  const { operations, limit, account, mcpUrl } = options
  const offers = new Map<string, Offer>()
  const rowsOf = (caller: Caller) => operations.filter((one) => isAdmitted(caller, one))

  function create(on: readonly Toolset[], hasSession: boolean, caller: Caller): Offer {
    const canRead = hasScope(caller, 'read')
    const rows = rowsOf(caller)
    const offered = rows.filter(
      (one) =>
        (one.toolset === null || on.includes(one.toolset)) && (hasSession || one.name !== enableToolset.name),
    )
    const denied = operations.filter((one) => !isAdmitted(caller, one))
    const wording = createWording(offered, account, denied)
    const tools = createTools({
      ...options,
      operations: offered,
      toolsetOf: (tool) => rows.find((one) => toolName(one) === tool)?.toolset ?? null,
      denied,
    })
    return {
      tools,
      words: (text) => wording(text, mcpUrl()),
      prompts: promptsWith(new Set(tools.definitions.map(({ name }) => name))),
      resources: canRead ? RESOURCES : [],
      templates: canRead
        ? TEMPLATES.map((one) => ({ ...one, description: wording(one.description ?? '') }))
        : [],
      instructions: wording(INSTRUCTIONS),
    }
  }

  function offerOf(on: readonly Toolset[], hasSession: boolean, caller: Caller): Offer {
    const key = `${hasSession} ${on} ${SCOPES.filter((scope) => hasScope(caller, scope))}`
    const known = offers.get(key) ?? create(on, hasSession, caller)
    offers.set(key, known)
    return known
  }

  return ({
    requestInfo,
    authInfo,
    session,
  }: Pick<Lane, 'requestInfo' | 'authInfo' | 'session'>): Connection => {
    const hasSession = session !== undefined
    const caller = callerOf(authInfo)
    const asked = readToolsets(requestInfo?.url ?? '').data ?? null
    const chosen = chooseToolsets(limit, caller.toolsets, asked)
    const { allowed } = chosen
    let { on } = chosen
    let offer = offerOf(on, hasSession, caller)
    const countIn = (toolset: Toolset) =>
      rowsOf(caller).filter((one) => one.toolset === toolset && toolName(one) !== null).length
    return {
      offer: () => offer,
      toolsets: (changed) => ({
        list: () =>
          allowed
            .map((name) => ({ name, on: on.includes(name), tools: countIn(name), purpose: TOOLSETS[name] }))
            .filter(({ tools }) => tools > 0),
        async enable(toolset) {
          if (!hasSession || !allowed.includes(toolset)) return false
          if (on.includes(toolset)) return true
          on = allowed.filter((name) => name === toolset || on.includes(name))
          offer = offerOf(on, hasSession, caller)
          await changed()
          return true
        },
      }),
    }
  }
}
