/** The control API of the double over HTTP, and the phone page that uses it. */

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
 * Serves `world` on `options.host`, which must be loopback, because every client controls the double. Port 0 selects a free
 * port. `onChange` subscribes to the world's changes and returns the unsubscribe function. Rejects if the port is in use.
 *
 * GET `/` is the phone page, `/places` the page of groups, channels and status. GET `/control` lists the verbs with their arguments, `/control/state`,
 * `/control/chats` and `/control/messages?chat=&limit=` are for reading, `/control/choices` lists the builds and faults, and
 * `/control/events` is an event stream that sends `change` after each change. POST `/control/<verb>` takes a JSON object and
 * returns the result of the verb (`{"ok":true}` if there is none). Errors are `{"error": "…"}`: 400 for a wrong argument,
 * 404 for an unknown verb, 422 if the world rejects the action, 403 for web pages of other origins.
 */
export async function openControl(
  world: World,
  options: { host: string; port: number },
  onChange: (listener: () => void) => () => void,
): Promise<Control> {
  if (!['127.0.0.1', '::1', 'localhost'].includes(options.host)) {
    throw new Error(
      `The control API has no key, so it must listen on a loopback address, not on ${options.host}.`,
    )
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
  throw new Refusal(404, verbName === undefined ? 'The route does not exist.' : noSuchVerb(verbName))
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

/** A file of 8 MiB in base64. */
const maxBodyBytes = 12_000_000

/** Reads the body as a JSON object. No body counts as `{}`. Ignores the content type, so that plain `curl -d` works. */
async function readInput(request: IncomingMessage): Promise<Record<string, unknown>> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of request) {
    sizeBytes += chunk.length
    if (sizeBytes > maxBodyBytes) throw new Refusal(413, 'The body is larger than 12 MB.')
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

/** Streams `change` events. Clients read the change from the state. Regular comments keep the connection open in proxies. */
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

const types = { html: 'text/html', css: 'text/css', js: 'text/javascript' }
const phoneFiles: ReadonlyMap<string, { name: string; type: string }> = new Map(
  (
    [
      ['/', 'phone', 'html'],
      ['/phone.css', 'phone', 'css'],
      ['/phone.js', 'phone', 'js'],
      ['/parts.js', 'parts', 'js'],
      ['/places', 'places', 'html'],
      ['/places.js', 'places', 'js'],
    ] as const
  ).map(([path, name, kind]) => [path, { name: `${name}.${kind}`, type: `${types[kind]}; charset=utf-8` }]),
)

async function sendFile(
  response: ServerResponse,
  { name, type }: { name: string; type: string },
): Promise<void> {
  // The build copies the folder `phone/` beside the bundle, so this path works from source and from dist/.
  const contents = await readFile(new URL(`./phone/${name}`, import.meta.url))
  response.writeHead(200, { ...safe, 'content-type': type })
  response.end(contents)
}

/** Response headers: only own content, no framing, no referrer. */
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
  return `The verb ${name} does not exist. Use one of ${Object.keys(verbs).join(', ')}.`
}

function sentence(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
