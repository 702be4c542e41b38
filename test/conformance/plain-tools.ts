/** Fixtures: tools that answer at once. */
import { setTimeout as sleep } from 'node:timers/promises'
import type {
  CallToolResult,
  Tool as Definition,
  InputRequiredResult,
  ServerContext,
} from '@modelcontextprotocol/server'

export type Tool = {
  description: string
  /** Default: takes nothing. */
  inputSchema?: Definition['inputSchema']
  run(
    given: Record<string, unknown>,
    ctx: ServerContext,
  ): CallToolResult | InputRequiredResult | Promise<CallToolResult | InputRequiredResult>
}
export type Tools = Record<string, Tool>

/** One grey pixel. */
export const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR42mNoAAAAggCB2kUIOwAAAABJRU5ErkJggg=='
/** No samples at all, in a file that says so. */
const WAV = 'UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA='

/** Time between two notices of one call. */
const STEP_MS = 50

const image = { type: 'image' as const, data: PNG, mimeType: 'image/png' }

export function text(words: string): CallToolResult {
  return { content: [{ type: 'text', text: words }] }
}

/** The schema that the suite wants to find again, keyword by keyword. */
const SCHEMA_2020_12: Definition['inputSchema'] = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: {
    address: {
      $anchor: 'addressDef',
      type: 'object',
      properties: { street: { type: 'string' }, city: { type: 'string' } },
    },
  },
  properties: {
    name: { type: 'string' },
    address: { $ref: '#/$defs/address' },
    contactMethod: { type: 'string', enum: ['phone', 'email'] },
    phone: { type: 'string' },
    email: { type: 'string' },
  },
  allOf: [{ anyOf: [{ required: ['phone'] }, { required: ['email'] }] }],
  if: { properties: { contactMethod: { const: 'phone' } }, required: ['contactMethod'] },
  // biome-ignore lint/suspicious/noThenProperty: a keyword of JSON Schema
  then: { required: ['phone'] },
  else: { required: ['email'] },
  additionalProperties: false,
}

function embedded(uri: string, mimeType: string, words: string) {
  return { type: 'resource' as const, resource: { uri, mimeType, text: words } }
}

export const PLAIN_TOOLS: Tools = {
  test_simple_text: {
    description: 'A text',
    run: () => text('This is a simple text response for testing.'),
  },
  test_image_content: { description: 'An image', run: () => ({ content: [image] }) },
  test_audio_content: {
    description: 'A sound',
    run: () => ({ content: [{ type: 'audio', data: WAV, mimeType: 'audio/wav' }] }),
  },
  test_embedded_resource: {
    description: 'A resource',
    run: () => ({
      content: [embedded('test://embedded-resource', 'text/plain', 'This is an embedded resource content.')],
    }),
  },
  test_multiple_content_types: {
    description: 'A text, an image and a resource',
    run: () => ({
      content: [
        { type: 'text', text: 'Multiple content types test:' },
        image,
        embedded('test://mixed-content-resource', 'application/json', '{"test":"data","value":123}'),
      ],
    }),
  },
  test_error_handling: {
    description: 'A failure',
    run: () => ({ ...text('This tool intentionally returns an error for testing'), isError: true }),
  },
  test_tool_with_logging: {
    description: 'Three lines of log, then a text',
    async run(_given, ctx) {
      for (const data of ['Tool execution started', 'Tool processing data', 'Tool execution completed']) {
        await ctx.mcpReq.log('info', data)
        await sleep(STEP_MS)
      }
      return text('Logged.')
    },
  },
  test_logging_tool: {
    description: 'A line of log, for whoever asked for log',
    async run(_given, ctx) {
      await ctx.mcpReq.log('info', 'Asked for.')
      return text('Logged.')
    },
  },
  test_tool_with_progress: {
    description: 'Three steps of progress, then a text',
    async run(_given, ctx) {
      const progressToken = ctx.mcpReq._meta?.progressToken
      for (const progress of progressToken === undefined ? [] : [0, 50, 100]) {
        await ctx.mcpReq.notify({
          method: 'notifications/progress',
          params: { progressToken, progress, total: 100 },
        })
        await sleep(STEP_MS)
      }
      return text('Done.')
    },
  },
  test_reconnection: {
    description: 'Cuts the stream, and answers on the one that the client opens then',
    async run(_given, ctx) {
      ctx.http?.closeSSE?.()
      await sleep(2 * STEP_MS)
      return text('Here it is.')
    },
  },
  json_schema_2020_12_tool: {
    description: 'Takes what only JSON Schema 2020-12 can say',
    inputSchema: SCHEMA_2020_12,
    run: (given) => text(JSON.stringify(given)),
  },
}
