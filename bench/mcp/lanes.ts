/** The same call in each lane: what is sent, and where to. */
import type { Call } from './load.ts'

export const LANES = ['current', 'session', 'plain'] as const
export type Lane = (typeof LANES)[number]

const JSON_TYPE = { 'content-type': 'application/json' }
const BOTH = { ...JSON_TYPE, accept: 'application/json, text/event-stream' }
const CURRENT = '2026-07-28'
const SESSION = '2025-11-25'
const CLIENT = { name: 'bench', version: '1.0.0' }

/** A call of this tool, ready to be sent again and again. @param path where this contestant serves the lane */
export async function callIn(lane: Lane, url: string, path: string, tool: string): Promise<Call> {
  const message = { jsonrpc: '2.0', method: 'tools/call', params: { name: tool, arguments: {} } }
  const body = (id: number) => JSON.stringify({ ...message, id })
  if (lane === 'plain') return { url: `${url}${path}`, headers: BOTH, body }
  if (lane === 'session') {
    const id = await openSession(`${url}${path}`)
    const headers = { ...BOTH, 'mcp-session-id': id, 'mcp-protocol-version': SESSION }
    return { url: `${url}${path}`, headers, body }
  }
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': CURRENT,
    'io.modelcontextprotocol/clientInfo': CLIENT,
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  return {
    url: `${url}${path}`,
    headers: { ...BOTH, 'mcp-protocol-version': CURRENT, 'mcp-method': 'tools/call', 'mcp-name': tool },
    body: (id) => JSON.stringify({ ...message, id, params: { ...message.params, _meta } }),
  }
}

async function openSession(url: string): Promise<string> {
  const initialize = {
    jsonrpc: '2.0',
    id: 0,
    method: 'initialize',
    params: { protocolVersion: SESSION, capabilities: {}, clientInfo: CLIENT },
  }
  const answer = await fetch(url, { method: 'POST', headers: BOTH, body: JSON.stringify(initialize) })
  await answer.text()
  const id = answer.headers.get('mcp-session-id')
  if (id === null) throw new Error(`${url} opened no session: ${answer.status}`)
  const headers = { ...BOTH, 'mcp-session-id': id, 'mcp-protocol-version': SESSION }
  const initialized = { jsonrpc: '2.0', method: 'notifications/initialized' }
  await (await fetch(url, { method: 'POST', headers, body: JSON.stringify(initialized) })).text()
  return id
}
