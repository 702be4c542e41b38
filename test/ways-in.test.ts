/** Every way into the product passes the door: read from the routes and tools that really are there, and from its log. */
import type { Client } from '@modelcontextprotocol/client'
import { InMemoryServerEventBus } from '@modelcontextprotocol/server'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { PAGES, pathsOf } from '../src/faces/http/page-table.ts'
import { toAuthInfo } from '../src/faces/mcp/callers.ts'
import { createServerFactory } from '../src/faces/mcp/server.ts'
import { takeSubscriptions } from '../src/faces/mcp/subscriptions.ts'
import { createTurns } from '../src/faces/mcp/turns.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { createLog } from '../src/log.ts'
import { defaultPath } from '../src/model/account-paths.ts'
import { OWNER } from '../src/operations/call.ts'
import { OPERATIONS, ROWS } from '../src/operations/index.ts'
import { requestAt, routesOf as routesOfRow } from '../src/operations/operation.ts'
import { type Harness, openHarness } from './harness.ts'
import { BOTH, callWire, currentCall, openSession, openWire, type WireCall } from './mcp-wire.ts'

/** They say nothing of an account: what the product is, for anybody who may connect. `/mcp` is looked at call by call. */
const PUBLIC = [/^\/openapi\.json$/, /^\/health\/(live|ready)$/, /^(\/accounts\/:account)?\/mcp\/?$/]
const PUBLIC_PAGES = PAGES.filter(({ scope }) => scope === null).flatMap(({ path, files }) => [
  path,
  ...Object.keys(files).map((name) => `${path}/${name}`),
])
const isPublic = (path: string) => PUBLIC_PAGES.includes(path) || PUBLIC.some((one) => one.test(path))

let harness: Harness
beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_MCP_TOOLSETS: 'all' } })
  await harness.link()
})
afterAll(() => harness.close())

/** What was let in while this ran. */
async function admittedBy(act: () => Promise<unknown>): Promise<Record<string, unknown>[]> {
  const before = harness.log.length
  await act()
  return harness.log.slice(before).filter(({ msg }) => msg === 'admitted')
}

/** `"GET /api/chats/:chat_id"`, of every route that the server has. */
function routesOf(): { method: string; path: string }[] {
  const lines = harness.app.http.printRoutes({ commonPrefix: false }).split('\n')
  const path: string[] = []
  return lines.flatMap((line) => {
    const [, indent = '', rest = ''] = /^([\s│]*)[├└]── (.*)$/.exec(line) ?? []
    if (rest === '') return []
    const [, part = '', methods = ''] = /^(\S*)(?: \((.*)\))?/.exec(rest) ?? []
    path.length = indent.length / 4
    // Rows at one path may call its parameter by different names.
    path.push(part.replace(/(:\w+)(\|:\w+)+/, '$1'))
    return methods
      .split(', ')
      .filter(Boolean)
      .map((method) => ({ method, path: path.join('') }))
  })
}

/** The example of the operation at this route. */
function exampleAt(method: string, path: string): Record<string, unknown> {
  const template = defaultPath(path).replace(/:(\w+)/g, '{$1}')
  const shape = (route: string) => route.replace(/\{\w+\}/g, '{}')
  const row = ROWS.find(({ routes }) => routes.some((one) => shape(one) === shape(`${method} ${template}`)))
  const route = row?.routes.find((one) => shape(one) === shape(`${method} ${template}`))
  return row === undefined || route === undefined ? {} : requestAt(row, route, row.example.input)
}

describe('a route', () => {
  it('passes the door, or is one of the few that return nothing about an account', async () => {
    const routes = routesOf().filter(({ method, path }) => method !== 'HEAD' && !isPublic(path))
    expect(routes.length).toBeGreaterThan(20)
    // They take the link along.
    const ends = ({ path }: { path: string }) => Number(/(logout|stop|restart)$/.test(path))
    routes.sort((a, b) => ends(a) - ends(b))
    const around: string[] = []
    for (const { method, path } of routes) {
      const input = exampleAt(method, path)
      const given = Object.values(input)
      const filled = path.replace(/:(\w+)/g, (_, name) =>
        name === 'account' ? 'default' : encodeURIComponent(String(input[name] ?? given[0] ?? 'x')),
      )
      for (const [, name = ''] of path.matchAll(/:(\w+)/g)) delete input[name]
      if (!(path.includes(':chat') && 'message' in input)) delete input.chat_id
      const isRead = method === 'GET' || method === 'DELETE'
      // The forms of the page.
      const isForm = !isRead && defaultPath(path).startsWith('/qr')
      if (isForm && path.endsWith('/code')) input.phone_number = harness.world.state().account.phone
      const fields = new URLSearchParams(input as never).toString()
      const body = isForm ? fields : JSON.stringify(input)
      const type = isForm ? 'application/x-www-form-urlencoded' : 'application/json'
      const admitted = await admittedBy(async () => {
        // Some restart the browser.
        const abort = AbortSignal.timeout(60_000)
        const response = await fetch(
          `${harness.url}${filled}${isRead && fields !== '' ? `?${fields}` : ''}`,
          {
            method,
            signal: abort,
            redirect: 'manual',
            ...(isRead ? {} : { headers: { 'content-type': type, origin: harness.url }, body }),
          },
        )
        await response.body?.cancel()
      })
      const isOwner = admitted.every(({ caller }) => caller === 'owner')
      if (admitted.length === 0 || !isOwner) around.push(`${method} ${path}: ${admitted.length}`)
    }
    expect(around).toEqual([])
  }, 300_000)
})

describe('a page', () => {
  it('has a route, and those outside this table do not exist', () => {
    const paths = routesOf()
      .filter(({ method }) => method === 'GET')
      .map(({ path }) => path)
    for (const page of PAGES) expect(paths).toEqual(expect.arrayContaining(pathsOf(page)))
    const files = PAGES.flatMap((page) => pathsOf(page)).concat(PUBLIC_PAGES)
    const others = paths.filter(
      (path) => !files.includes(path) && !/^(\/accounts\/:account)?\/mcp\/?$/.test(path),
    )
    const rows = ROWS.flatMap((row) => routesOfRow(row)).map(({ path }) => path.replace(/\{\w+\}/g, ':'))
    const unknown = others.map((path) => path.replace(/:\w+/g, ':')).filter((path) => !rows.includes(path))
    expect(unknown.sort()).toEqual(['/health/live', '/health/ready', '/metrics', '/openapi.json'])
  })
})

describe.each(['legacy', 'current', 'plain'] as const)('over MCP (%s)', (lane) => {
  let client: Client
  beforeAll(async () => {
    if ((await harness.status()).state !== 'ready') await harness.link()
    client = await harness.mcp(lane)
  })

  it('a tool passes the door, once however often it is asked for less', async () => {
    const around: string[] = []
    const { tools } = await client.listTools()
    const offered = new Set(tools.map(({ name }) => name))
    const rows = OPERATIONS.filter((row) => offered.has(toolName(row) ?? '') && row.name !== 'logout')
    expect(rows.length).toBeGreaterThan(15)
    for (const row of rows) {
      const name = toolName(row) ?? ''
      const admitted = await admittedBy(() =>
        client.callTool({ name, arguments: row.example.input as never }),
      )
      const mine = admitted.filter(({ operation, face }) => operation === row.name && face === 'mcp')
      if (mine.length !== 1) around.push(`${name}: ${JSON.stringify(admitted)}`)
    }
    expect(around).toEqual([])
  })

  it('each resource does, and a completion', async () => {
    const { resources } = await client.listResources()
    const { resourceTemplates } = await client.listResourceTemplates()
    const templates = resourceTemplates.map(({ uriTemplate }) => uriTemplate.replace(/\{\w+\}/g, 'x@c.us'))
    for (const uri of [...resources.map((one) => one.uri), ...templates]) {
      const read = await admittedBy(() => client.readResource({ uri }).catch(() => {}))
      expect(
        read.map(({ operation }) => operation),
        uri,
      ).toEqual(['read_resource'])
    }
    const completed = await admittedBy(() =>
      client.complete({
        ref: { type: 'ref/resource', uri: 'whatsapp://chats/{chat_id}' },
        argument: { name: 'chat_id', value: 'A' },
      }),
    )
    expect(completed.map(({ operation }) => operation)).toEqual(['list_chats'])
  })
})

/** They say nothing of an account: what the product is, and what the client itself has begun. */
const OPEN = new Set([
  ...['initialize', 'ping', 'server/discover', 'logging/setLevel', 'resources/unsubscribe'],
  ...['tools/list', 'resources/list', 'resources/templates/list', 'prompts/list', 'prompts/get'],
])
const STATUS = 'whatsapp://status'
/** A call of each method that is not open. */
const METHODS: Record<string, object> = {
  'tools/call': { name: 'whatsapp_status', arguments: {} },
  'resources/read': { uri: STATUS },
  'resources/subscribe': { uri: STATUS },
  'completion/complete': {
    ref: { type: 'ref/resource', uri: 'whatsapp://chats/{chat_id}' },
    argument: { name: 'chat_id', value: 'A' },
  },
}

describe('a method of MCP', () => {
  it('passes the door, or is one of the few that return nothing about an account', async () => {
    const { door } = harness.app
    const log = createLog({ level: 'silent' })
    const mcpUrl = () => `${harness.url}/mcp`
    const shared = {
      door,
      log,
      mcpUrl,
      clock: systemClock,
      turns: createTurns(),
      sessionKey: 'a key',
      version: '1.0.0',
    }
    const create = createServerFactory({
      ...shared,
      operations: OPERATIONS,
      toolsets: null,
      account: 'default',
    })
    const server = create({ era: 'legacy', session: 'streams', authInfo: toAuthInfo(OWNER) })
    takeSubscriptions(server, new InMemoryServerEventBus(), { isResource: () => true, admit() {} })
    const handlers: Map<string, unknown> = Reflect.get(server, '_requestHandlers')
    const methods = [...handlers.keys()].filter((method) => !OPEN.has(method))
    expect(methods.sort()).toEqual(Object.keys(METHODS).sort())
    const headers = await openSession(harness.url)
    for (const method of methods) {
      const body = { jsonrpc: '2.0', id: 1, method, params: METHODS[method] }
      const admitted = await admittedBy(() => callWire(harness.url, { headers, body }))
      expect(admitted, method).toHaveLength(1)
    }
  })

  it('is one of a stream: the stream and each of its subscriptions pass', async () => {
    const headers = await openSession(harness.url)
    const namesOf = async (call: WireCall) => {
      const admitted = await admittedBy(async () => (await openWire(harness.url, call)).close())
      return admitted.map(({ operation }) => operation)
    }
    expect(await namesOf({ method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })).toEqual([
      'listen',
    ])
    const notifications = { resourceSubscriptions: [STATUS, 'whatsapp://chats/1@c.us'] }
    expect(await namesOf(currentCall('subscriptions/listen', { notifications }))).toEqual([
      ...['listen', 'subscribe', 'subscribe'],
    ])
  })

  it.each([
    [{}, false],
    [{ elicitation: {} }, true],
    [{ elicitation: { form: {}, url: {} } }, true],
    // It can open pages only.
    [{ elicitation: { url: {} } }, false],
  ])('tells the door whether the client can be asked: %j', async (capabilities, canAsk) => {
    const call = { name: 'whatsapp_status', arguments: {} }
    const body = { jsonrpc: '2.0', id: 2, method: 'tools/call', params: call }
    const clientInfo = { name: 'wire', version: '1.0.0' }
    const params = { protocolVersion: '2025-11-25', capabilities, clientInfo }
    const begun = await callWire(harness.url, {
      headers: BOTH,
      body: { jsonrpc: '2.0', id: 1, method: 'initialize', params },
    })
    const headers = { ...BOTH, 'mcp-session-id': String(begun.headers['mcp-session-id']) }
    const _meta = { 'io.modelcontextprotocol/clientCapabilities': capabilities }
    const asked = async (call: WireCall) =>
      (await admittedBy(() => callWire(harness.url, call))).map((one) => one.canAsk)
    expect(await asked({ headers, body })).toEqual([canAsk])
    expect(await asked(currentCall('tools/call', { ...call, _meta }))).toEqual([canAsk])
    // A plain answer carries no question.
    expect(await asked({ body })).toEqual([false])
  })
})
