/**
 * What clients of MCP send as the arguments of a tool, though its schema says otherwise: each row as somebody reported it.
 * A row is applied to the example of a tool: `sends` is what goes over the wire, `means` what the tool is to be asked.
 */
import type { Tool } from '@modelcontextprotocol/server'

type Input = Record<string, unknown>
type Values = Record<string, unknown>

export type ClientRow = {
  client: string
  version: string
  source: string
  sends(example: Input, tool: Tool): unknown
  /** Left out: the example as it is. */
  means?(example: Input, tool: Tool): Input
  /** A field that the client overwrites with a word of its own: tools that have it cannot be called. */
  overwrites?: string
  /** Only for tools that need no arguments. */
  isEmpty?: true
  /** The JSON of the message, where it is written in another way than JavaScript writes it. */
  writes?(json: string): string
}

/** The example, and these values by JSON type for every optional field that it leaves out. */
function fill(values: Values) {
  return (example: Input, { inputSchema }: Tool): Input => {
    const fields = Object.entries(inputSchema.properties ?? {}).flatMap(([name, schema]) => {
      const { type, items } = Object(schema)
      const value = typeof values[type] === 'function' ? values[type](items) : values[type]
      const isFree =
        !(name in example) && !inputSchema.required?.includes(name) && !('enum' in Object(schema))
      return isFree && value !== undefined ? [[name, value]] : []
    })
    return { ...example, ...Object.fromEntries(fields) }
  }
}

type Items = { enum?: string[] }
const listOf = ({ enum: words = ['image'] }: Items) => words.slice(0, 2)
const adding = (extra: Input) => (example: Input) => ({ ...example, ...extra })
const nothing = (value: unknown) =>
  fill({ string: value, integer: value, number: value, boolean: value, array: value })

const listAsText = {
  sends: fill({ array: (items: Items) => JSON.stringify(listOf(items)) }),
  means: fill({ array: listOf }),
}
const numberAsText = { sends: fill({ integer: '2' }), means: fill({ integer: 2 }) }

export const CLIENT_ROWS: readonly ClientRow[] = [
  {
    client: 'n8n, MCP Client Tool',
    version: '1.119.1',
    source: 'n8n-io/n8n#21716',
    sends: adding({ toolCallId: 'toolu_015kA1pdA84pTN4dfAkQ1XEg' }),
  },
  {
    client: 'n8n, MCP Client Tool of an AI Agent',
    version: 'November 2025',
    source: 'n8n-io/n8n#21500',
    sends: adding({ tool: 'Fulltext', toolCallId: 'call_0BCIShth4lxZuYr4coSp4E5E' }),
  },
  {
    client: 'n8n, after a chat trigger',
    version: '1.122.4',
    source: 'n8n-io/n8n#22787',
    sends: adding({
      sessionId: '7f2a',
      action: 'sendMessage',
      chatInput: 'What is new?',
      toolCallId: 'call_1',
    }),
    overwrites: 'action',
  },
  {
    client: 'Cline',
    version: '3.45.1',
    source: 'cline/cline#8256',
    sends: adding({ task_progress: '- [x] find the chat\n- [ ] read it' }),
  },
  {
    client: 'Cline, arguments left out',
    version: '3.82.0',
    source: 'cline/cline#10553',
    sends: () => undefined,
    isEmpty: true,
  },
  {
    client: 'Claude Code, lists over HTTP',
    version: '2.1.71',
    source: 'anthropics/claude-code#34520',
    ...listAsText,
  },
  {
    client: 'Claude Code, numbers',
    version: '2.1.71',
    source: 'anthropics/claude-code#32524',
    ...numberAsText,
  },
  {
    client: 'Claude Code, booleans',
    version: '2.1.59',
    source: 'anthropics/claude-code#29104',
    sends: fill({ boolean: 'true' }),
    means: fill({ boolean: true }),
  },
  {
    client: 'Claude Code, booleans as Python writes them',
    version: 'September 2026',
    source: 'anthropics/claude-code#91803',
    sends: fill({ boolean: 'True' }),
    means: fill({ boolean: true }),
  },
  {
    client: 'Claude Code (desktop), null',
    version: 'September 2026',
    source: 'anthropics/claude-code#95239',
    sends: fill({ string: 'null', integer: 'null', boolean: 'null', array: ['null'] }),
  },
  {
    client: 'Claude Desktop through mcp-remote',
    version: '1.7196.0, 0.1.38',
    source: 'anthropics/claude-code#59227',
    ...listAsText,
  },
  { client: 'mcp-remote', version: '0.1.38', source: 'punkpeye/mcp-remote#319', ...listAsText },
  {
    client: 'Claude Desktop, numbers',
    version: 'February 2026',
    source: 'github/github-mcp-server#2044',
    ...numberAsText,
  },
  { client: 'Cursor, optional fields', version: '1.6.42', source: 'cursor/cursor#3614', sends: nothing('') },
  { client: 'Mux', version: 'March 2026', source: 'coder/xum#2887', sends: nothing('') },
  { client: 'Langflow', version: 'May 2025', source: 'langflow-ai/langflow#8059', sends: nothing(null) },
  {
    client: 'LibreChat',
    version: 'February 2026',
    source: 'danny-avila/LibreChat#11905',
    sends: nothing(null),
  },
  {
    client: 'Inspect',
    version: 'March 2025',
    source: 'UKGovernmentBEIS/inspect_ai#1477',
    sends: nothing('None'),
  },
  { client: 'OpenHands', version: 'May 2025', source: 'OpenHands/OpenHands#8448', ...numberAsText },
  {
    client: 'Warp',
    version: '0.2026.06.03',
    source: 'warpdotdev/warp#12333',
    sends: fill({ integer: 2 }),
    means: fill({ integer: 2 }),
    writes: (json) => json.replace(/:2([,}])/g, ':2.0$1'),
  },
  {
    client: 'the same, as text',
    version: '0.2026.06.03',
    source: 'warpdotdev/warp#12333',
    sends: fill({ integer: '2.0' }),
    means: fill({ integer: 2 }),
  },
  { client: 'GitHub Copilot CLI', version: '1.0.76', source: 'github/copilot-cli#4301', ...listAsText },
  {
    client: 'MCP PHP SDK',
    version: '0.4.0',
    source: 'modelcontextprotocol/php-sdk#284',
    sends: () => [],
    isEmpty: true,
  },
  {
    client: 'a model that fills in empty lists',
    version: 'any',
    source: 'the reports of this project',
    sends: fill({ array: [] }),
  },
  {
    client: 'a program that writes the arguments as text',
    version: 'any',
    source: 'the reports of this project',
    sends: (example) => JSON.stringify(example),
  },
]
