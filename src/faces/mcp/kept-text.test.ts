import { createMcpHandler, Server } from '@modelcontextprotocol/server'
import { expect, it } from 'vitest'
import { keepText, withText } from './kept-text.ts'

const PROGRESS = { method: 'notifications/progress', params: { progressToken: 7, progress: 1 } } as const

/** Calls the tool of this name through the SDK's handler. `kept`: what was kept of its answer. */
async function call(name: string) {
  const kept: string[] = []
  const handler = createMcpHandler(() => {
    const server = new Server({ name: 'test', version: '1' }, { capabilities: { tools: {} } })
    server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
      if (params.name === 'told') await mcpReq.notify(PROGRESS)
      if (params.name === 'fails') throw new Error('it fails')
      return { content: [{ type: 'text', text: params.name }] }
    })
    return keepText(server, (text) => kept.push(text))
  })
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
    progressToken: 7,
  }
  const body = { jsonrpc: '2.0', id: 'an id', method: 'tools/call', params: { name, arguments: {}, _meta } }
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': 'tools/call', 'mcp-name': name },
  }
  const request = new Request('http://localhost/', { method: 'POST', headers, body: JSON.stringify(body) })
  return { response: await handler.fetch(request), kept }
}

it('keeps the whole result of a call that only answers', async () => {
  const { response, kept } = await call('plain')
  expect(response.headers.get('content-type')).toBe('application/json')
  expect(kept).toHaveLength(1)
  expect(await withText(response, kept[0] ?? '').text()).toBe(kept[0])
  expect(JSON.parse(kept[0] ?? '')).toMatchObject({
    ...{ jsonrpc: '2.0', id: 'an id', result: { content: [{ type: 'text', text: 'plain' }] } },
  })
})

it.each([
  ['a stream', 'told', '"text":"told"'],
  ['an error', 'fails', 'it fails'],
])('leaves %s as it is', async (_, name, text) => {
  const { response, kept } = await call(name)
  expect(await response.text()).toContain(text)
  expect(kept).toEqual([])
})
