/** Requests that no client of ours sends: made from the table by grammar, and from bytes; a seed makes the same ones again. */
import { connect } from 'node:net'
import { ERRORS } from '../src/errors.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { OPERATIONS, ROWS } from '../src/operations/index.ts'
import { type Row, requestAt } from '../src/operations/operation.ts'
import { createRandom } from './random.ts'

export type MalformedOptions = {
  url: string
  /** A key with all scopes. */
  key: string
  seed: number
  /** Requests to send. */
  count: number
  /** Ends early after this time. */
  limitMs: number
}
/** `problems`: what the server should not have answered, each with its request. */
export type MalformedRun = { sent: number; statuses: Record<string, number>; problems: string[] }

/** They open a browser, or take the account or the server along. */
const LEFT_OUT = /^(start_auth|pairing_code|logout|add_account|restart_account|stop_account|remove_account)$/
const rows = ROWS.filter(({ name, routes }) => routes.length > 0 && !LEFT_OUT.test(name))
const tools = OPERATIONS.filter((row) => toolName(row) !== null && !LEFT_OUT.test(row.name))
/** Connections at a time. */
const AT_ONCE = 32
/** Then nothing more is expected: the server waits for the rest of a request for up to 30 s (test/slow.test.ts). */
const MOMENT_MS = 2_000
/** The codes of JSON-RPC, of MCP and of its SDK. */
const RPC_CODES = new Set([
  -32_700, -32_600, -32_601, -32_602, -32_603, -32_000, -32_001, -32_002, -32_004, -32_020, -32_021, -32_022,
  -32_042,
])

const NASTY: readonly unknown[] = [
  ...[
    null,
    true,
    false,
    0,
    -1,
    1.5,
    1e308,
    2 ** 53,
    '',
    ' ',
    '0',
    '-1',
    'x'.repeat(3_000),
    [],
    {},
    [[]],
    [null],
  ],
  ...[
    '../../etc/passwd',
    '%00',
    '\u0000',
    '\u202e',
    '\ud800',
    '💥',
    '__proto__',
    'constructor',
    "' OR 1=1 --",
  ],
  ...[
    '1@c.us',
    '@',
    'a@b@c',
    'true_1@c.us_X',
    '120363000000000000@g.us',
    '2001-13-45',
    'NaN',
    '1'.repeat(400),
  ],
  ...[{ $ne: null }, { __proto__: null, toString: 1 }, Array(200).fill('x'), { length: 9 }],
]
const HEADERS: readonly [string, readonly string[]][] = [
  [
    'content-type',
    [
      'text/plain',
      'application/json; charset=utf-7',
      'multipart/form-data',
      '',
      'application/x-www-form-urlencoded',
    ],
  ],
  ['accept', ['', 'text/event-stream', '*/*;q=x', 'image/png']],
  ['idempotency-key', ['', 'a', 'x'.repeat(300), 'ü']],
  ['range', ['bytes=9-1', 'bytes=-', 'x']],
  ['last-event-id', ['x', '-1', '9'.repeat(30)]],
  ['authorization', ['Basic x', 'Bearer']],
  ['expect', ['x', '100-continue']],
  ['upgrade', ['websocket', 'h2c', '']],
  ['transfer-encoding', ['chunked', 'gzip', 'identity, chunked']],
  ['content-length', ['-1', '0', '1', '99999999999', 'x']],
  ['mcp-session-id', ['x', '', 'ü']],
  ['mcp-protocol-version', ['1999-01-01', '2026-07-28', '']],
  ['origin', ['null', 'https://evil.example']],
  ['host', ['', 'evil.example', '[::1', 'localhost:x']],
]

type Chance = ReturnType<typeof chanceOf>
function chanceOf(seed: number) {
  const upTo = createRandom(seed)
  return {
    upTo,
    is: (share: number) => upTo(1_000) < share * 1_000,
    of: <T>(list: readonly T[]): T => list[upTo(list.length)] as T,
  }
}

/** Sends so many requests, and reports each that had no answer of the published ones. */
export async function sendMalformed({
  url,
  key,
  seed,
  count,
  limitMs,
}: MalformedOptions): Promise<MalformedRun> {
  const chance = chanceOf(seed)
  const run: MalformedRun = { sent: 0, statuses: {}, problems: [] }
  const end = Date.now() + limitMs
  async function sendOn(): Promise<void> {
    while (run.sent < count && run.problems.length < 20 && Date.now() < end) {
      run.sent += 1
      const bytes = requestOf(chance, key)
      const answer = await exchange(url, bytes)
      const status = answer === null ? 'waiting' : (/^HTTP\/1\.1 (\d{3})/.exec(answer)?.[1] ?? 'none')
      run.statuses[status] = (run.statuses[status] ?? 0) + 1
      if (answer === null) continue
      const problem = problemIn(answer)
      if (problem !== null)
        run.problems.push(`${problem}\n${bytes.toString('latin1').slice(0, 600)}\n${answer.slice(0, 400)}`)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, sendOn))
  return run
}

/** What is wrong with the first response; null: nothing. */
function problemIn(answer: string): string | null {
  const [head = '', body = ''] = answer.split('\r\n\r\n')
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1])
  if (Number.isNaN(status)) return 'no answer'
  if (status < 400) return rpcProblem(body)
  if (/^HEAD /.test(head) || body === '') return null
  const [, json = ''] = /(\{[\s\S]*\})/.exec(body) ?? []
  let code: unknown
  try {
    const parsed = JSON.parse(json)
    if (parsed.jsonrpc !== undefined) return rpcProblem(json)
    code = parsed.code
  } catch {
    return /^content-type: text\/html/im.test(head) ? null : 'no JSON'
  }
  if (typeof code !== 'string' || !Object.hasOwn(ERRORS, code)) return `the code ${code}`
  // That WhatsApp is not connected says nothing of the request.
  return status >= 500 && code !== 'not_connected' ? `${status} ${code}` : null
}

function rpcProblem(body: string): string | null {
  const [, code] = /"error":\{"code":(-?\d+)/.exec(body) ?? []
  if (body.includes('internal_error')) return 'internal_error'
  return code === undefined || RPC_CODES.has(Number(code)) ? null : `the JSON-RPC code ${code}`
}

function requestOf(chance: Chance, key: string): Buffer {
  const whole = (chance.is(0.5) ? restRequest(chance) : mcpRequest(chance)).replace(
    '\r\n',
    `\r\nx-api-key: ${key}\r\n`,
  )
  const bytes = Buffer.from(whole, chance.is(0.05) ? 'latin1' : 'utf8')
  return chance.is(0.4) ? mutated(bytes, chance) : bytes
}

function restRequest(chance: Chance): string {
  const row: Row = chance.of(rows)
  const route = chance.of(row.routes)
  const [method = '', path = ''] = route.split(' ')
  const fields = nastier(requestAt(row, route, row.example.input), chance)
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = fields[name] ?? chance.of(NASTY)
    delete fields[name]
    return chance.is(0.9) ? encode(textOf(value)) : textOf(value).replace(/\s|\p{Cc}/gu, '')
  })
  const isQuery = method === 'GET' || method === 'DELETE'
  const query = Object.entries(fields).map(([name, value]) => `${encode(name)}=${encode(textOf(value))}`)
  const target = isQuery && query.length > 0 ? `${filled}?${query.join('&')}` : filled
  return toRequest(
    chance.is(0.05) ? 'PATCH' : method,
    target,
    isQuery ? null : toBody(fields, chance),
    chance,
  )
}

function mcpRequest(chance: Chance): string {
  const method = chance.of([
    'tools/call',
    'tools/call',
    'tools/call',
    'resources/read',
    'tools/list',
    'ping',
    'initialize',
    'completion/complete',
    'x',
  ])
  const row = chance.of(tools)
  const call = { name: toolName(row), arguments: nastier({ ...Object(row.example.input) }, chance) }
  const uri = { uri: `whatsapp://chats/${encode(textOf(chance.of(NASTY)))}` }
  const params = method === 'resources/read' ? uri : method === 'tools/call' ? call : {}
  const message = nastier({ jsonrpc: '2.0', id: 1, method, params }, chance)
  return toRequest('POST', '/mcp', toBody(chance.is(0.05) ? [message, message] : message, chance), chance)
}

/** Changes, drops and adds some of the fields. */
function nastier(given: Record<string, unknown>, chance: Chance): Record<string, unknown> {
  const fields = { ...given }
  for (const name of Object.keys(fields)) {
    if (chance.is(0.3)) fields[name] = chance.of(NASTY)
    else if (chance.is(0.1)) delete fields[name]
  }
  if (chance.is(0.2))
    fields[chance.of(['extra', '__proto__', 'limit', 'cursor', 'chat', 'account', ''])] = chance.of(NASTY)
  return fields
}

const textOf = (value: unknown) => (typeof value === 'string' ? value : (JSON.stringify(value) ?? ''))
const encode = (text: string) => encodeURIComponent(text.replace(/\p{Cs}/gu, '?'))

function toBody(value: unknown, chance: Chance): string {
  const json = JSON.stringify(value)
  if (chance.is(0.05)) return json.slice(0, chance.upTo(json.length))
  return chance.is(0.02) ? '['.repeat(5_000) : json
}

function toRequest(method: string, target: string, body: string | null, chance: Chance): string {
  const headers = new Map([['host', 'localhost']])
  if (body !== null) {
    headers.set('content-type', 'application/json').set('content-length', String(Buffer.byteLength(body)))
  }
  if (target === '/mcp') headers.set('accept', 'application/json, text/event-stream')
  if (chance.is(0.3)) {
    const [name, values] = chance.of(HEADERS)
    headers.set(name, chance.of(values))
  }
  const lines = [...headers].map(([name, value]) => `${name}: ${value}\r\n`).join('')
  const connection = headers.has('upgrade') ? 'close, upgrade' : 'close'
  return `${method} ${target} HTTP/1.1\r\n${lines}connection: ${connection}\r\n\r\n${body ?? ''}`
}

/** Flips, drops, doubles or inserts a few bytes. */
function mutated(bytes: Buffer, chance: Chance): Buffer {
  let now = bytes
  for (let n = chance.upTo(4); n >= 0; n--) {
    const at = chance.upTo(now.length)
    const some = Buffer.from(Array.from({ length: 1 + chance.upTo(4) }, () => chance.upTo(256)))
    const after = now.subarray(at + chance.of([0, 1, some.length]))
    now = Buffer.concat([now.subarray(0, at), chance.is(0.3) ? Buffer.of() : some, after])
  }
  return now
}

/** Sends the bytes; returns everything that came back, or null if the server still waited for more after a moment. */
function exchange(url: string, bytes: Buffer): Promise<string | null> {
  return new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const chunks: Buffer[] = []
    let hasLeft = false
    const socket = connect({ host: hostname, port: Number(port) }, () => socket.write(bytes))
    socket.setTimeout(MOMENT_MS, () => {
      hasLeft = chunks.length === 0
      socket.destroy()
    })
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', () => {})
    socket.on('close', () => resolve(hasLeft ? null : Buffer.concat(chunks).toString('utf8')))
  })
}
