/**
 * A server with the tools, resources and prompts that the official conformance suite asks for by name, so that the suite
 * can judge the product's own router. What each must answer is said by the suite: `conformance list`, and its scenarios.
 */
import { ProtocolError, ProtocolErrorCode, ResourceNotFoundError, Server } from '@modelcontextprotocol/server'
import type { ServerFactory } from '../../src/faces/mcp/connection.ts'
import { ASKING_TOOLS, ask, elicit, state } from './asking-tools.ts'
import { PLAIN_TOOLS, PNG, type Tool, type Tools } from './plain-tools.ts'

const NOTHING: NonNullable<Tool['inputSchema']> = { type: 'object' }

/** The factory behind the router, which answers who subscribes by itself. */
export function createFixtures(): ServerFactory {
  const tools: Tools = { ...PLAIN_TOOLS, ...ASKING_TOOLS }
  return () => {
    const server = new Server(
      { name: 'conformance-fixtures', version: '1.0.0' },
      {
        capabilities: {
          tools: {},
          resources: { subscribe: true },
          prompts: {},
          completions: {},
          // Deprecated, and a part of what the suite asks of the older revisions.
          logging: {},
        },
        requestState: { verify: state.verify },
      },
    )
    server.setRequestHandler('tools/list', () => ({
      tools: Object.entries(tools).map(([name, { description, inputSchema = NOTHING }]) => ({
        name,
        description,
        inputSchema,
      })),
    }))
    server.setRequestHandler('tools/call', ({ params }, ctx) => {
      const tool = tools[params.name]
      if (tool === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'No such tool.')
      return tool.run(params.arguments ?? {}, ctx)
    })
    addResources(server)
    addPrompts(server)
    server.setRequestHandler('completion/complete', () => ({ completion: { values: [], total: 0 } }))
    return server
  }
}

const RESOURCES: Record<string, { mimeType: string; text: string } | { mimeType: string; blob: string }> = {
  'test://static-text': {
    mimeType: 'text/plain',
    text: 'This is the content of the static text resource.',
  },
  'test://static-binary': { mimeType: 'image/png', blob: PNG },
  'test://watched-resource': { mimeType: 'text/plain', text: 'Watched resource content' },
}

function addResources(server: Server): void {
  server.setRequestHandler('resources/list', () => ({
    resources: Object.entries(RESOURCES).map(([uri, { mimeType }]) => ({
      uri,
      name: uri.replace('test://', ''),
      description: 'A resource of the conformance suite',
      mimeType,
    })),
  }))
  server.setRequestHandler('resources/templates/list', () => ({
    resourceTemplates: [
      {
        uriTemplate: 'test://template/{id}/data',
        name: 'template',
        description: 'Says which id was asked for',
        mimeType: 'application/json',
      },
    ],
  }))
  server.setRequestHandler('resources/read', ({ params: { uri } }) => {
    const fixed = RESOURCES[uri]
    if (fixed !== undefined) return { contents: [{ uri, ...fixed }] }
    const id = /^test:\/\/template\/([^/]+)\/data$/.exec(uri)?.[1]
    if (id === undefined) throw new ResourceNotFoundError(uri)
    const text = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` })
    return { contents: [{ uri, mimeType: 'application/json', text }] }
  })
}

/** Name: description, names of the arguments. */
const PROMPTS: Record<string, [string, string[]]> = {
  test_simple_prompt: ['A prompt without arguments', []],
  test_prompt_with_arguments: ['A prompt with two arguments', ['arg1', 'arg2']],
  test_prompt_with_embedded_resource: ['A prompt that holds a resource', ['resourceUri']],
  test_prompt_with_image: ['A prompt that holds an image', []],
  test_input_required_result_prompt: ['A prompt that asks before it answers', []],
}

function addPrompts(server: Server): void {
  server.setRequestHandler('prompts/list', () => ({
    prompts: Object.entries(PROMPTS).map(([name, [description, names]]) => ({
      name,
      description,
      arguments: names.map((one) => ({ name: one, description: `The value of ${one}`, required: true })),
    })),
  }))
  server.setRequestHandler('prompts/get', ({ params: { name, arguments: given = {} } }, ctx) => {
    const text = (words: string) => ({
      role: 'user' as const,
      content: { type: 'text' as const, text: words },
    })
    switch (name) {
      case 'test_simple_prompt':
        return { messages: [text('This is a simple prompt for testing.')] }
      case 'test_prompt_with_arguments':
        return { messages: [text(`Prompt with arguments: arg1='${given.arg1}', arg2='${given.arg2}'`)] }
      case 'test_prompt_with_embedded_resource': {
        const resource = {
          uri: given.resourceUri ?? '',
          mimeType: 'text/plain',
          text: 'Embedded resource content for testing.',
        }
        return {
          messages: [
            { role: 'user', content: { type: 'resource', resource } },
            text('Please process the embedded resource above.'),
          ],
        }
      }
      case 'test_prompt_with_image':
        return {
          messages: [
            { role: 'user', content: { type: 'image', data: PNG, mimeType: 'image/png' } },
            text('Please analyze the image above.'),
          ],
        }
      case 'test_input_required_result_prompt':
        return ask(
          ctx,
          { user_context: elicit('What context should the prompt use?', 'context') },
          (answers) => ({
            messages: [text(`Use this context: ${JSON.stringify(answers)}`)],
          }),
        )
      default:
        throw new ProtocolError(ProtocolErrorCode.InvalidParams, 'No such prompt.')
    }
  })
}
