/** What tests of `stdio` hold: the program with its pipes in hand, and a server whose answers they write themselves. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { resolve } from 'node:path'
import { expect } from 'vitest'
import { type Program, quietPort, type RunOptions, run } from './program.ts'

export type Json = Record<string, unknown>

/** What becomes true, however busy this machine is. */
export const soon = <T>(get: () => T) => expect.poll(get, { timeout: 30_000, interval: 10 })

/** `stdio`, as a client of MCP holds it. */
export type Pipe = Program & {
  /** Every line of standard output so far, parsed: a line that is no JSON fails the test that looks. */
  lines(): Json[]
  /** One message, or a line as it is. */
  send(message: Json | Json[] | string): void
  /** A request; its answer. */
  ask(id: string | number, method: string, params?: Json): Promise<Json>
  answerTo(id: string | number | null, ms?: number): Promise<Json>
}

export function openPipe(args: string[], options: RunOptions = {}): Pipe {
  return hold(run(['stdio', ...args], { ...options, keepsInput: true }))
}

/** What the bundle for Claude Desktop runs: `stdio` with nothing else of the program around it. */
export function openBundle(url: string): Pipe {
  const cwd = resolve(import.meta.dirname, '..')
  const source = ['--import', 'tsx', 'src/cli/stdio-bundle.ts']
  return hold(run(source, { cwd, env: { WHATSAPP_MCP_URL: url }, keepsInput: true }, process.execPath))
}

function hold(program: Program): Pipe {
  const lines = () =>
    program.out
      .split('\n')
      .slice(0, -1)
      .map((line): Json => JSON.parse(line))
  const send = (message: Json | Json[] | string) =>
    void program.child.stdin?.write(`${typeof message === 'string' ? message : JSON.stringify(message)}\n`)
  const answerTo = async (id: string | number | null, timeout = 30_000) => {
    const find = () => lines().find((line) => line.id === id && !('method' in line))
    await expect.poll(find, { timeout, interval: 10, message: program.err }).toBeTruthy()
    return find() ?? {}
  }
  return Object.assign(program, {
    lines,
    send,
    answerTo,
    ask(id: string | number, method: string, params: Json = {}) {
      send({ jsonrpc: '2.0', id, method, params })
      return answerTo(id)
    },
  })
}

export const INITIALIZE = {
  protocolVersion: '2025-06-18',
  capabilities: {},
  clientInfo: { name: 'test', version: '1' },
}

/** What each request of the current era carries. */
export const CURRENT = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
}

/** A request that the stand-in got. */
export type Seen = {
  method: string
  path: string
  headers: IncomingMessage['headers']
  body: string
  message: Json
}
export type Reply = (seen: Seen, answer: ServerResponse) => void

export type StandIn = {
  url: string
  seen: Seen[]
  /** How it answers at /mcp from now on. */
  reply: Reply
  /** Breaks every connection and stops listening. */
  close(): Promise<void>
}

/** A server that is ours by its `/health`, and answers at `/mcp` as the test says. */
export async function openStandIn(reply: Reply, given?: number): Promise<StandIn> {
  const standIn: Pick<StandIn, 'seen' | 'reply'> = { seen: [], reply }
  const server = createServer(async (request, answer) => {
    if (request.url === '/health') return void answer.end('{"ok":true,"name":"whatsapp-mcp-api"}')
    let body = ''
    for await (const chunk of request.setEncoding('utf8')) body += chunk
    const { method = '', url: path = '', headers } = request
    const seen = { method, path, headers, body, message: body === '' ? {} : JSON.parse(body) }
    standIn.seen.push(seen)
    standIn.reply(seen, answer)
  })
  // Tests close it, and count on nobody being there.
  const port = given ?? (await quietPort())
  await new Promise<void>((resolve) => server.listen({ host: '127.0.0.1', port }, resolve))
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    })
  return Object.assign(standIn, { url: `http://127.0.0.1:${port}`, close })
}

/** The plainest answer: a result with what was asked for in it. */
export function answerJson({ message }: Seen, answer: ServerResponse, result: Json = {}): void {
  if (message.id === undefined) return void answer.writeHead(202).end()
  answer.setHeader('content-type', 'application/json')
  answer.end(
    JSON.stringify({ jsonrpc: '2.0', id: message.id, result: { method: message.method, ...result } }),
  )
}

/** A server with sessions: `forget` makes it one that was started anew. */
export function legacyReply(): {
  reply: Reply
  forget(): void
  streams: ServerResponse[]
  sessions: string[]
} {
  const sessions: string[] = []
  const streams: ServerResponse[] = []
  let living: string | null = null
  return {
    sessions,
    streams,
    forget() {
      living = null
    },
    reply(seen, answer) {
      if (seen.message.method === 'initialize') {
        living = `session-${sessions.length + 1}`
        sessions.push(living)
        answer.setHeader('mcp-session-id', living)
        return answerJson(seen, answer, { protocolVersion: '2025-06-18' })
      }
      if (seen.headers['mcp-session-id'] !== living) {
        const error = { code: -32001, message: 'Session not found' }
        return void answer.writeHead(404).end(JSON.stringify({ jsonrpc: '2.0', id: null, error }))
      }
      if (seen.method === 'GET') {
        answer.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
        return void streams.push(answer)
      }
      if (seen.method === 'DELETE') return void answer.end()
      answerJson(seen, answer)
    },
  }
}

/** One message on an event stream. */
export function event(message: Json): string {
  return `event: message\ndata: ${JSON.stringify(message)}\n\n`
}
