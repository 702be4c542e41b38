/** MCP as bytes on the wire: requests that no client library would send, and answers as they arrive. */
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http'

export type Wire = {
  status: number
  headers: IncomingHttpHeaders
  /** What came so far. */
  text(): string
  /** The answer, or the messages of a stream so far, as JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
  messages(): any[]
  /** Ids of the stream's events so far. */
  ids(): string[]
  /** Settles when the server ended it (`true`: cleanly), or the connection broke. */
  ended: Promise<boolean>
  /** Hang up. */
  close(): void
}

export type WireCall = {
  method?: string
  /** Default: /mcp. */
  path?: string
  /** Sent as JSON, unless it is a string or bytes. */
  body?: unknown
  /** Undefined: none of the headers that are otherwise sent. */
  headers?: Record<string, string | string[] | undefined>
  /** Hangs up, also before there is an answer. */
  signal?: AbortSignal
}

export const BOTH = { accept: 'application/json, text/event-stream' }

/** Resolves with the head of the answer; `to` is the server's address. */
export function openWire(
  to: string,
  { method = 'POST', path = '/mcp', body, headers = {}, signal }: WireCall = {},
): Promise<Wire> {
  const isRaw = body === undefined || typeof body === 'string' || body instanceof Uint8Array
  const all = { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }
  const sent = Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]]))
  return new Promise((resolve, reject) => {
    const options = { method, headers: Object.fromEntries(sent), agent: false, signal }
    const request = httpRequest(`${to}${path}`, options, (response) => {
      const chunks: Buffer[] = []
      const text = () => Buffer.concat(chunks).toString('utf8')
      const fields = (name: string) =>
        text()
          .split('\n\n')
          .slice(0, -1)
          .flatMap((frame) => frame.split('\n').filter((line) => line.startsWith(`${name}: `)))
          .map((line) => line.slice(name.length + 2))
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', () => {})
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        messages: () =>
          response.headers['content-type'] === 'text/event-stream'
            ? fields('data')
                .filter((data) => data !== '')
                .map((data) => JSON.parse(data))
            : [JSON.parse(text())],
        ids: () => fields('id'),
        ended: new Promise((settle) => response.once('close', () => settle(response.complete))),
        close: () => request.destroy(),
      })
    })
    request.on('error', reject)
    request.end(isRaw ? body : JSON.stringify(body))
  })
}

/** The same, once the answer is complete. */
export async function callWire(to: string, call: WireCall = {}): Promise<Wire> {
  const wire = await openWire(to, call)
  await wire.ended
  return wire
}

export const CURRENT = '2026-07-28'

/** A request of the current protocol, with the headers that belong to it. */
export function currentCall(method: string, params: Record<string, unknown> = {}, id = 1): WireCall {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': CURRENT,
    'io.modelcontextprotocol/clientInfo': { name: 'wire', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  }
  const named = params.name ?? params.uri
  const name = typeof named === 'string' ? { 'mcp-name': named } : {}
  return {
    headers: { ...BOTH, 'mcp-protocol-version': CURRENT, 'mcp-method': method, ...name },
    body: { jsonrpc: '2.0', id, method, params: { ...params, _meta: { ..._meta, ...(params._meta ?? {}) } } },
  }
}

/** A session of the protocol before, begun: the headers that its requests carry, with `more` of them. */
export async function openSession(
  to: string,
  version = '2025-11-25',
  path = '/mcp',
  more: Record<string, string> = {},
): Promise<Record<'accept' | 'mcp-session-id' | 'mcp-protocol-version', string>> {
  const params = {
    protocolVersion: version,
    capabilities: {},
    clientInfo: { name: 'wire', version: '1.0.0' },
  }
  const body = { jsonrpc: '2.0', id: 'first', method: 'initialize', params }
  const { headers, status, text } = await callWire(to, { path, body, headers: { ...BOTH, ...more } })
  const id = headers['mcp-session-id']
  if (status !== 200 || typeof id !== 'string') throw new Error(`no session: ${status} ${text()}`)
  const all = { ...BOTH, ...more, 'mcp-session-id': id, 'mcp-protocol-version': version }
  await callWire(to, { path, body: { jsonrpc: '2.0', method: 'notifications/initialized' }, headers: all })
  return all
}
