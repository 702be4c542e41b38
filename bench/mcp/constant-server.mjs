/**
 * The SDK's own way to serve MCP over HTTP, with two tools whose answers are constants: what protocol alone costs.
 * Argument: a JSON file, tool name -> result. Reports `{"msg":"listening","url":…}` on standard output; ends with its input.
 */
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { NodeStreamableHTTPServerTransport, toNodeHandler } from '@modelcontextprotocol/node'
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server'
import { z } from 'zod'

/** @type {Record<string, import('@modelcontextprotocol/server').CallToolResult>} */
const results = JSON.parse(readFileSync(String(process.argv[2]), 'utf8'))
const inputSchema = z.object({ limit: z.int().optional() })

function createConstantServer() {
  const server = new McpServer({ name: 'constant', version: '1.0.0' })
  for (const [name, result] of Object.entries(results)) {
    server.registerTool(name, { description: 'A constant.', inputSchema }, async () => result)
  }
  return server
}

const handle = toNodeHandler(createMcpHandler(createConstantServer))
/** @type {Map<string, NodeStreamableHTTPServerTransport>} */
const sessions = new Map()

/**
 * What the SDK asks for where a broken stream is to be gone on with, as ours is: an id for each event, and the event kept.
 * @returns {import('@modelcontextprotocol/server').EventStore}
 */
function createEventStore() {
  /** @type {Map<string, import('@modelcontextprotocol/server').JSONRPCMessage>} */
  const kept = new Map()
  let last = 0
  return {
    async storeEvent(stream, message) {
      last += 1
      const id = `${last}.${stream}`
      kept.set(id, message)
      kept.delete(kept.size > 200 ? (kept.keys().next().value ?? '') : '')
      return id
    },
    replayEventsAfter: () => Promise.reject(new Error('nobody comes back here')),
  }
}

/**
 * The sessions of the older protocol, as the SDK's documentation wires them.
 * @param {import('node:http').IncomingMessage} request
 * @param {import('node:http').ServerResponse} response
 */
async function handleSession(request, response) {
  const id = String(request.headers['mcp-session-id'] ?? '')
  let transport = sessions.get(id)
  if (transport === undefined) {
    const made = new NodeStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      eventStore: createEventStore(),
      onsessioninitialized: (made_id) => void sessions.set(made_id, made),
    })
    transport = made
    await createConstantServer().connect(transport)
  }
  await transport.handleRequest(request, response)
}

const http = createServer((request, response) => {
  void (request.url === '/sessions' ? handleSession(request, response) : handle(request, response))
})
http.listen(0, '127.0.0.1', () => {
  const address = http.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: `http://127.0.0.1:${port}` })}\n`)
})
process.stdin.on('end', () => process.exit(0)).resume()
