/** What one MCP connection offers: the tools of its toolsets, and the texts that name only these tools. */
import type { McpRequestContext, Prompt, ResourceTemplateType, Server } from '@modelcontextprotocol/server'
import { chooseToolsets, TOOLSETS, type Toolset, toolsetList } from '../../model/toolsets.ts'
import type { ConnectionToolsets } from '../../operations/call.ts'
import { enableToolset } from '../../operations/toolsets.ts'
import { INSTRUCTIONS } from './instructions.ts'
import { promptsWith } from './prompts.ts'
import { TEMPLATES } from './resources.ts'
import { createTools, type Tools, type ToolsOptions } from './tools.ts'
import { createWording, toolName } from './words.ts'

/** What a server is created for. `session`: it serves one, whose list of tools can change, and whose responses are these. */
export type Lane = McpRequestContext & { session?: 'streams' | 'json' }
export type ServerFactory = (lane: Lane) => Server

/** Everything that follows from the tools that are on. Connections with the same tools share one. */
export type Offer = {
  tools: Tools
  /** Replaces routes and references with tools. */
  words(text: string): string
  prompts: readonly Prompt[]
  templates: readonly ResourceTemplateType[]
  instructions: string
}

export type Connection = {
  /** What it offers now. */
  offer(): Offer
  /** Returns the toolsets, for one call. @param changed notifies the client that its list of tools has changed */
  toolsets(changed: () => Promise<void>): ConnectionToolsets
}

export type ConnectionsOptions = Omit<ToolsOptions, 'toolsetOf'> & {
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
  const rowOf = (tool: string) => operations.find((one) => toolName(one) === tool)
  const countIn = (toolset: Toolset) =>
    operations.filter((one) => one.toolset === toolset && toolName(one) !== null).length

  function create(on: readonly Toolset[], hasSession: boolean): Offer {
    const offered = operations.filter(
      (one) =>
        (one.toolset === null || on.includes(one.toolset)) && (hasSession || one.name !== enableToolset.name),
    )
    const wording = createWording(offered, account)
    const tools = createTools({
      ...options,
      operations: offered,
      toolsetOf: (tool) => rowOf(tool)?.toolset ?? null,
    })
    return {
      tools,
      words: (text) => wording(text, mcpUrl()),
      prompts: promptsWith(new Set(tools.definitions.map(({ name }) => name))),
      templates: TEMPLATES.map((one) => ({ ...one, description: wording(one.description ?? '') })),
      instructions: wording(INSTRUCTIONS),
    }
  }

  function offerOf(on: readonly Toolset[], hasSession: boolean): Offer {
    const key = `${hasSession} ${on}`
    const known = offers.get(key) ?? create(on, hasSession)
    offers.set(key, known)
    return known
  }

  return ({ requestInfo, session }: Pick<Lane, 'requestInfo' | 'session'>): Connection => {
    const hasSession = session !== undefined
    const { allowed, ...first } = chooseToolsets(limit, readToolsets(requestInfo?.url ?? '').data ?? null)
    let { on } = first
    let offer = offerOf(on, hasSession)
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
          offer = offerOf(on, hasSession)
          await changed()
          return true
        },
      }),
    }
  }
}
