/** The phone's hand over HTTP: the control API of the double, and the page that looks like a phone and uses it. */

import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { builds } from '../builds.ts'
import { faultTable } from '../service/faults.ts'
import type { World } from '../simulator.ts'
import { reasonToRefuse } from './guard.ts'
import { findVerb, verbs, WrongArgument } from './verbs.ts'

/** `url` is without a slash at its end, such as `http://127.0.0.1:8891`. */
export type Control = { url: string; close(): Promise<void> }

/**
 * Serves `world` on `options.host`, which must be loopback: whoever reaches it rules the double. Port 0 picks a free one.
 * `onChange` subscribes to the world's changes and returns the unsubscribe function. Rejects when the port is taken.
 *
 * GET `/` is the phone page. GET `/control` lists the verbs with their arguments, `/control/state`,
 * `/control/chats` and `/control/messages?chat=&limit=` are for reading, `/control/choices` names the builds and faults there are, and
 * `/control/events` is an event stream that says `change` after each change. POST `/control/<verb>` takes a JSON
 * object and answers with what the verb returns (`{"ok":true}` where that is nothing). Errors are `{"error": "…"}`:
 * 400 for a wrong argument, 404 for a verb that does not exist, 422 where the world refuses, 403 for foreign web pages.
 */
export async function openControl(
  world: World,
  options: { host: string; port: number },
  onChange: (listener: () => void) => () => void,
): Promise<Control> {
  if (!['127.0.0.1', '::1', 'localhost'].includes(options.host)) {
    throw new Error(`The control API has no key, so it listens on loopback only, not on ${options.host}.`)
  }
  const server = createServer((request, response) => {
    answer(world, onChange, request, response).catch((error: unknown) => {
      const status = error instanceof Refusal ? error.status : 500
      const headers = error instanceof Refusal ? error.headers : {}
      if (!response.headersSent) sendJson(response, status, { error: sentence(error) }, headers)
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(options.port, options.host, resolve)
  })
  const { address, family, port } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    async close() {
      await new Promise<void>((resolve) => {
        server.close(() => resolve())
        // Event streams never end by themselves.
        server.closeAllConnections()
      })
    },
  }
}

class Refusal extends Error {
  readonly status: number
  readonly headers: Record<string, string>

  constructor(status: number, message: string, headers: Record<string, string> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

async function answer(
  world: World,
  onChange: (listener: () => void) => () => void,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const reason = reasonToRefuse(request)
  if (reason) throw new Refusal(403, reason)
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost')
  const verbName = /^\/control\/(\w+)$/.exec(pathname)?.[1]

  if (request.method === 'POST') {
    if (verbName === undefined)
      throw new Refusal(404, 'POST goes to /control/<verb>; GET /control lists them.')
    return await runVerb(world, verbName, await readInput(request), response)
  }
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    throw new Refusal(405, 'Use GET to read and POST to act.', { allow: 'GET, HEAD, POST' })
  }
  const file = phoneFiles.get(pathname)
  if (file) return await sendFile(response, file)
  switch (pathname) {
    case '/control':
      return sendJson(response, 200, { verbs: fieldsByVerb() })
    case '/control/state':
      return await runVerb(world, 'state', {}, response)
    case '/control/messages': {
      const chat = searchParams.get('chat')
      const limit = searchParams.get('limit')
      const filter = { ...(chat ? { chat } : {}), ...(limit ? { limit: Number(limit) } : {}) }
      return await runVerb(world, 'messages', filter, response)
    }
    case '/control/chats':
      return await runVerb(world, 'chats', {}, response)
    case '/control/choices':
      return sendJson(response, 200, choices())
    case '/control/events':
      return streamChanges(onChange, request, response)
  }
  if (verbName !== undefined && findVerb(verbName))
    throw new Refusal(405, `Use POST for ${verbName}.`, { allow: 'POST' })
  throw new Refusal(404, verbName === undefined ? 'There is nothing here.' : noSuchVerb(verbName))
}

async function runVerb(
  world: World,
  name: string,
  input: Record<string, unknown>,
  response: ServerResponse,
): Promise<void> {
  const verb = findVerb(name)
  if (!verb) throw new Refusal(404, noSuchVerb(name))
  let result: unknown
  try {
    result = await verb.run(world, input)
  } catch (error) {
    throw new Refusal(error instanceof WrongArgument ? 400 : 422, sentence(error))
  }
  sendJson(response, 200, result ?? { ok: true })
}

const maxBodyBytes = 1_000_000

/** The body as a JSON object; no body counts as `{}`. The content type is not looked at, so that plain `curl -d` works. */
async function readInput(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBodyBytes) throw new Refusal(413, 'The body is larger than 1 MB.')
    chunks.push(chunk)
  }
  const body = Buffer.concat(chunks).toString('utf8').trim()
  if (body === '') return {}
  let value: unknown
  try {
    value = JSON.parse(body)
  } catch {
    throw new Refusal(400, 'The body is not JSON.')
  }
  if (isObject(value)) return value
  throw new Refusal(400, 'The body must be a JSON object.')
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Says `change` and nothing more: what changed is read from the state. A comment now and then keeps proxies awake. */
function streamChanges(
  onChange: (listener: () => void) => () => void,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  response.writeHead(200, { ...safe, 'content-type': 'text/event-stream' })
  response.write('retry: 1000\n\n')
  const unsubscribe = onChange(() => response.write('event: change\ndata: {}\n\n'))
  const alive = setInterval(() => response.write(':\n\n'), 15_000)
  request.on('close', () => {
    clearInterval(alive)
    unsubscribe()
  })
}

const phoneFiles = new Map([
  ['/', { name: 'phone.html', type: 'text/html; charset=utf-8' }],
  ['/phone.css', { name: 'phone.css', type: 'text/css; charset=utf-8' }],
  ['/phone.js', { name: 'phone.js', type: 'text/javascript; charset=utf-8' }],
])

async function sendFile(
  response: ServerResponse,
  { name, type }: { name: string; type: string },
): Promise<void> {
  // The build copies the folder `phone/` beside the bundle, so this path is right there and here.
  const contents = await readFile(new URL(`./phone/${name}`, import.meta.url))
  response.writeHead(200, { ...safe, 'content-type': type })
  response.end(contents)
}

/** What is served is ours alone, and no page may frame it or be told that it was here. */
const safe = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
}

function sendJson(
  response: ServerResponse,
  status: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { ...safe, ...headers, 'content-type': 'application/json; charset=utf-8' })
  response.end(`${JSON.stringify(value)}\n`)
}

function choices() {
  return {
    builds: builds.map(({ name }) => name),
    faults: Object.entries(faultTable).map(([name, { does, value }]) => ({ name, does, value })),
  }
}

function fieldsByVerb(): Record<string, Record<string, string>> {
  return Object.fromEntries(Object.entries(verbs).map(([name, { fields }]) => [name, fields]))
}

function noSuchVerb(name: string): string {
  return `There is no verb ${name}; there are ${Object.keys(verbs).join(', ')}.`
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
