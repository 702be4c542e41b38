/** The MCP router with a small server behind it: sessions and their end, progress, cancelling, coming back, change notices. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client'
import { Server } from '@modelcontextprotocol/server'
import Fastify, { type FastifyInstance } from 'fastify'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createDeferred } from '../src/clock.ts'
import { fail } from '../src/errors.ts'
import { identifyCallers } from '../src/faces/http/calls.ts'
import { type Mount, mountMcp } from '../src/faces/mcp/mount.ts'
import { createRouter, type Router } from '../src/faces/mcp/router.ts'
import type { SubscriptionGate } from '../src/faces/mcp/subscriptions.ts'
import { createLog } from '../src/log.ts'
import { OWNER } from '../src/operations/call.ts'
import { BOTH, CURRENT, callWire, currentCall, openSession, openWire, type WireCall } from './mcp-wire.ts'
import { createTestClock, type TestClock } from './test-clock.ts'

const MINUTE = 60_000
const URI = 'test://watched'
const gate: SubscriptionGate = {
  isResource: (uri) => uri.startsWith('test://') && uri.length <= 100,
  admit() {
    if (!isAdmitted) fail('scope_missing')
  },
}
let isAdmitted: boolean

let http: FastifyInstance
let mount: Mount
let router: Router
let clock: TestClock
let url: string
/** Calls of `wait` under way, with what ends each; and how many were aborted. */
let waiting: ((text: string) => void)[]
let aborted: number

/** Tools: `wait` until the test says so, telling progress at once; `odd`: a text full of controls. */
function createServer(): Server {
  const capabilities = { tools: {}, resources: { subscribe: true } }
  const server = new Server({ name: 'test', version: '1' }, { capabilities })
  server.setRequestHandler('tools/list', () => ({
    tools: ['wait', 'odd'].map((name) => ({ name, inputSchema: { type: 'object' as const } })),
  }))
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const text = (text: string) => ({ content: [{ type: 'text' as const, text }] })
    const progressToken = mcpReq._meta?.progressToken
    for (const progress of progressToken === undefined ? [] : [1, 2]) {
      await mcpReq.notify({
        method: 'notifications/progress',
        params: { progressToken: progressToken ?? 0, progress },
      })
    }
    if (params.name === 'odd') return text(ODD)
    const { promise, resolve } = createDeferred<string>()
    waiting.push(resolve)
    // The SDK aborts what is over, too.
    const abort = () => {
      aborted += 1
      resolve('')
    }
    mcpReq.signal.addEventListener('abort', abort)
    const done = await promise
    mcpReq.signal.removeEventListener('abort', abort)
    return text(done)
  })
  server.setRequestHandler('resources/list', () => ({ resources: [{ uri: URI, name: 'watched' }] }))
  return server
}
const ODD = '\u0085\u009b31m\u202e ünï😀 \u2028\u2066'

beforeEach(async () => {
  waiting = []
  aborted = 0
  isAdmitted = true
  clock = createTestClock()
  router = createRouter({ factory: createServer, sessionKey: 'a key', gate, clock })
  http = Fastify({ forceCloseConnections: true })
  identifyCallers(http, () => OWNER)
  mount = mountMcp(http, { load: async () => router, clock, log: createLog({ level: 'silent' }) })
  url = (await http.listen({ host: '127.0.0.1', port: 0 })).replace('localhost', '127.0.0.1')
})
afterEach(async () => {
  await mount.close()
  await http.close()
})

const rpc = (method: string, params: unknown = {}, id: unknown = 1) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
})
const wait = (id: unknown = 1) => rpc('tools/call', { name: 'wait' }, id)
const send = (headers: WireCall['headers'], body: unknown) => callWire(url, { body, headers })
const statusOf = async (headers: WireCall['headers']) => (await send(headers, rpc('ping'))).status
const underWay = (count: number) => expect.poll(() => waiting.length).toBe(count)

async function connect(mode: 'legacy' | { pin: string }): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  await client.connect(new StreamableHTTPClientTransport(new URL(`${url}/mcp`)))
  return client
}

const CLIENTS = [
  ['legacy', 'legacy'],
  ['current', { pin: CURRENT }],
] as const

describe('a call', () => {
  it.each(CLIENTS)('sends its progress (%s)', async (_, mode) => {
    const client = await connect(mode)
    const told: number[] = []
    const answer = client.callTool(
      { name: 'wait' },
      { onprogress: ({ progress }) => void told.push(progress) },
    )
    await expect.poll(() => told).toEqual([1, 2])
    waiting[0]?.('done')
    expect(await answer).toMatchObject({ content: [{ text: 'done' }] })
    await client.close()
  })

  it('sends its progress without a session, if the client accepts a stream', async () => {
    const body = rpc('tools/call', { name: 'odd', _meta: { progressToken: 'p' } }, null)
    const stream = await send(BOTH, body)
    expect(stream.headers['content-type']).toBe('text/event-stream')
    expect(stream.messages()).toMatchObject([
      { method: 'notifications/progress', params: { progressToken: 'p', progress: 1 } },
      { method: 'notifications/progress', params: { progress: 2 } },
      { id: null, result: { content: [{ text: ODD }] } },
    ])
    const json = await send({ accept: '*/*' }, body)
    expect(json.messages()).toMatchObject([{ id: null, result: { content: [{ text: ODD }] } }])
  })

  it.each(CLIENTS)('is cancelled by its client (%s)', async (_, mode) => {
    const client = await connect(mode)
    const gone = new AbortController()
    const answer = client.callTool({ name: 'wait' }, { signal: gone.signal })
    await underWay(1)
    gone.abort()
    await expect(answer).rejects.toThrow()
    await expect.poll(() => aborted).toBe(1)
    await client.close()
  })

  it.each(['2025-11-25', '2024-11-05'])(
    'that is cancelled is answered, so that nobody waits (%s)',
    async (version) => {
      const headers = await openSession(url, version)
      const answer = send(headers, [wait(8), rpc('ping', {}, 9)])
      await underWay(1)
      const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 8 } }
      // Also by a program that takes no streams.
      expect((await send({ ...headers, accept: '*/*' }, cancel)).status).toBe(202)
      const messages = (await answer).messages().flat()
      expect(messages.find(({ id }) => id === 8)).toMatchObject({ error: { code: -32800 } })
      expect(aborted).toBe(1)
    },
  )

  it.each<[string, () => Promise<WireCall['headers']>]>([
    ['without a session', async () => ({})],
    ['without a session, as a stream', async () => BOTH],
    ['in a session', () => openSession(url)],
    ['in a session of plain JSON', () => openSession(url, '2024-11-05')],
  ])('that its own batch cancels is answered beside the others: %s', async (_, open) => {
    const headers = await open()
    const cancel = { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 8 } }
    const call = rpc('tools/call', { name: 'wait', _meta: { progressToken: 'p' } }, 8)
    const answer = await send(headers, [call, rpc('ping', {}, 9), cancel, cancel, rpc('ping', {}, 10)])
    const answers = answer
      .messages()
      .flat()
      .filter((one) => 'id' in one)
    expect(answers).toHaveLength(3)
    expect(answers.find(({ id }) => id === 8)).toMatchObject({ error: { code: -32800 } })
    for (const id of [9, 10]) expect(answers.find((one) => one.id === id)).toMatchObject({ result: {} })
    const alone = await send(headers, [wait(8), cancel])
    expect(alone.messages().flat()).toMatchObject([{ id: 8, error: { code: -32800 } }])
    // A notice that comes first cancels nothing, and is not said to have.
    const late = await send(headers, [cancel, rpc('tools/call', { name: 'odd' }, 8)])
    expect(late.messages().flat()).toMatchObject([{ id: 8, result: { content: [{ text: ODD }] } }])
  })

  it.each(['2025-11-25', '2024-11-05'])(
    'is answered as often as its id is in a batch (%s)',
    async (version) => {
      const odd = rpc('tools/call', { name: 'odd' }, 7)
      const answer = await send(await openSession(url, version), [odd, odd, odd])
      expect(answer.messages().flat()).toMatchObject(Array(3).fill({ id: 7, result: {} }))
    },
  )

  it('escapes controls in every lane, and loses nothing', async () => {
    const body = rpc('tools/call', { name: 'odd' })
    for (const call of [
      { body },
      { body, headers: await openSession(url) },
      { body, headers: await openSession(url, '2024-11-05') },
      currentCall('tools/call', { name: 'odd' }),
      currentCall('tools/call', { name: 'odd', _meta: { progressToken: 1 } }),
    ]) {
      const answer = await callWire(url, call)
      expect(answer.text()).not.toMatch(/[\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
      expect(answer.messages().at(-1).result.content[0].text).toBe(ODD)
    }
  })
})

describe('a session', () => {
  it('ends when its client says so', async () => {
    const headers = await openSession(url)
    const call = send(headers, wait())
    const get = await openWire(url, { method: 'GET', headers })
    await underWay(1)
    expect((await callWire(url, { method: 'DELETE', headers })).status).toBe(200)
    expect((await call).messages()).toMatchObject([{ id: 1, error: { code: -32800 } }])
    expect(await get.ended).toBe(true)
    expect(aborted).toBe(1)
    expect(await statusOf(headers)).toBe(404)
  })

  it('ends half an hour after it was last used', async () => {
    const headers = await openSession(url)
    clock.advance(29 * MINUTE)
    expect(await statusOf(headers)).toBe(200)
    clock.advance(29 * MINUTE)
    expect(await statusOf(headers)).toBe(200)
    clock.advance(30 * MINUTE)
    const answer = await send(headers, rpc('ping'))
    expect([answer.status, answer.messages()[0].error.code]).toEqual([404, -32001])
  })

  it('stays while its client listens, and half an hour more', async () => {
    const headers = await openSession(url)
    const get = await openWire(url, { method: 'GET', headers })
    for (let hours = 0; hours < 3; hours += 1) clock.advance(60 * MINUTE)
    get.close()
    await expect.poll(async () => (await openWire(url, { method: 'GET', headers })).status).toBe(200)
    expect(await statusOf(headers)).toBe(200)
  })

  it('makes room for others once it is the one that was idle for longest', async () => {
    const listening = await openSession(url)
    await openWire(url, { method: 'GET', headers: listening })
    const others = []
    for (let count = 1; count < 100; count += 1) {
      clock.advance(1)
      others.push(await openSession(url))
    }
    const [first, second, third] = others
    clock.advance(1)
    await statusOf(first)
    await openSession(url)
    expect(await Promise.all([listening, first, second, third].map(statusOf))).toEqual([200, 200, 404, 200])
  })

  it('is refused where all are in use', async () => {
    const sessions = await Promise.all(Array.from({ length: 100 }, () => openSession(url)))
    const streams = await Promise.all(sessions.map((headers) => openWire(url, { method: 'GET', headers })))
    await expect(openSession(url)).rejects.toThrow(/503.*DELETE/)
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'a', version: '1' },
    }
    const refused = await send(BOTH, rpc('initialize', params))
    expect(refused.headers['retry-after']).toBe('30')
    streams[41]?.close()
    await expect
      .poll(() =>
        openSession(url).then(
          () => true,
          () => false,
        ),
      )
      .toBe(true)
    expect(await statusOf(sessions[41])).toBe(404)
  })

  it('serves a request beside one of the same id', async () => {
    const headers = await openSession(url)
    const calls = [send(headers, wait('same')), send(headers, wait('same'))]
    await underWay(2)
    for (const end of waiting) end('done')
    for (const call of await Promise.all(calls)) {
      expect(call.messages().at(-1)).toMatchObject({ id: 'same', result: { content: [{ text: 'done' }] } })
    }
  })

  it('responds to each of three requests of one batch with the same id', async () => {
    const headers = await openSession(url)
    const { messages } = await send(headers, [rpc('ping', {}, 7), rpc('ping', {}, 7), rpc('ping', {}, 7)])
    expect(messages().flat()).toEqual(Array(3).fill({ jsonrpc: '2.0', id: 7, result: {} }))
  })

  it('is named in every response, with a body or without one', async () => {
    const headers = await openSession(url)
    for (const message of [rpc('ping'), { jsonrpc: '2.0', method: 'notifications/initialized' }]) {
      const answer = await send(headers, message)
      expect([answer.status, answer.headers['mcp-session-id']]).toEqual([
        'id' in message ? 200 : 202,
        headers['mcp-session-id'],
      ])
    }
  })

  it('is opened anew by initialize, whatever it says of one before', async () => {
    const headers = await openSession(url)
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'a', version: '1' },
    }
    const again = await send(headers, rpc('initialize', params))
    expect(again.status).toBe(200)
    expect(again.headers['mcp-session-id']).not.toBe(headers['mcp-session-id'])
  })
})

describe('a broken connection', () => {
  const breakAll = () => http.server.closeAllConnections()

  it('costs the SDK client nothing: it comes back for the answer', async () => {
    const client = await connect('legacy')
    const ids: string[] = []
    const answer = client.callTool({ name: 'wait' }, { onresumptiontoken: (id) => void ids.push(id) })
    await underWay(1)
    // The call begins before its client has the id to come back with.
    await expect.poll(() => ids.length).toBe(1)
    breakAll()
    waiting[0]?.('late')
    expect(await answer).toMatchObject({ content: [{ text: 'late' }] })
    expect(aborted).toBe(0)
    await client.close()
  })

  it('may be mended while the call still runs', async () => {
    const headers = await openSession(url)
    const first = await openWire(url, { body: wait(), headers })
    await underWay(1)
    await expect.poll(() => first.ids().length).toBe(1)
    first.close()
    expect(await first.ended).toBe(false)
    clock.advance(9_000)
    const again = await openWire(url, {
      method: 'GET',
      headers: { ...headers, 'last-event-id': first.ids()[0] },
    })
    clock.advance(60_000)
    expect(aborted).toBe(0)
    waiting[0]?.('done')
    await again.ended
    expect(again.messages()).toMatchObject([{ id: 1, result: { content: [{ text: 'done' }] } }])
  })

  it('ends the call if the client does not come back', async () => {
    const headers = await openSession(url)
    const first = await openWire(url, { body: wait(), headers })
    await underWay(1)
    first.close()
    await expect
      .poll(() => {
        clock.advance(5_000)
        return aborted
      })
      .toBe(1)
    expect(await statusOf(headers)).toBe(200)
  })

  it('loses no notice of the standing stream', async () => {
    const headers = await openSession(url)
    await send(headers, rpc('resources/subscribe', { uri: URI }))
    const get = await openWire(url, { method: 'GET', headers })
    router.audience.resourceUpdated(URI)
    await expect.poll(() => get.ids().length).toBe(1)
    get.close()
    await get.ended
    router.audience.resourceUpdated(URI)
    const again = () =>
      openWire(url, { method: 'GET', headers: { ...headers, 'last-event-id': get.ids()[0] } })
    await expect.poll(async () => (await again()).messages().length).toBe(1)
  })
})

describe('change notices', () => {
  it('are not for a caller that may not read', async () => {
    const headers = await openSession(url)
    isAdmitted = false
    const [answer] = (await send(headers, rpc('resources/subscribe', { uri: URI }))).messages()
    expect(answer.error.data).toMatchObject({ code: 'scope_missing' })
    const get = await callWire(url, { method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })
    const listen = await callWire(url, currentCall('subscriptions/listen', { notifications: {} }))
    for (const refused of [get, listen]) {
      expect(refused.status).toBe(403)
      expect(refused.messages()[0].error.data).toMatchObject({ code: 'scope_missing' })
    }
  })

  it('reach the clients of both eras, of what they subscribed to', async () => {
    const legacy = await connect('legacy')
    const current = await connect({ pin: CURRENT })
    const heard: string[] = []
    legacy.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void heard.push(`legacy ${params.uri}`),
    )
    current.setNotificationHandler(
      'notifications/resources/updated',
      ({ params }) => void heard.push(`current ${params.uri}`),
    )
    const changes: boolean[] = []
    router.audience.onChange(() => void changes.push(router.audience.isEmpty()))
    await legacy.subscribeResource({ uri: URI })
    const subscription = await current.listen({ resourceSubscriptions: [URI] })
    expect(router.audience.isEmpty()).toBe(false)
    router.audience.resourceUpdated('test://other')
    router.audience.resourceUpdated(URI)
    await expect.poll(() => heard.sort()).toEqual([`current ${URI}`, `legacy ${URI}`])
    await legacy.unsubscribeResource({ uri: URI })
    await subscription.close()
    await expect.poll(() => changes).toEqual([false, true])
    router.audience.resourceUpdated(URI)
    await legacy.ping()
    expect(heard).toHaveLength(2)
    await Promise.all([legacy.close(), current.close()])
  })

  it('are not readable after the session ended', async () => {
    const headers = await openSession(url)
    await send(headers, rpc('resources/subscribe', { uri: URI }))
    expect(router.audience.isEmpty()).toBe(false)
    await callWire(url, { method: 'DELETE', headers })
    expect(router.audience.isEmpty()).toBe(true)
  })

  it('are of 200 resources at most', async () => {
    const headers = await openSession(url)
    for (let batch = 0; batch < 2; batch += 1) {
      const body = Array.from({ length: 100 }, (_, id) =>
        rpc('resources/subscribe', { uri: `test://${batch}/${id}` }, id),
      )
      await send(headers, body)
    }
    const [answer] = (await send(headers, rpc('resources/subscribe', { uri: URI }))).messages()
    expect(answer.error).toMatchObject({ code: -32602, message: expect.stringContaining('200') })
    const resourceSubscriptions = Array.from({ length: 201 }, (_, n) => `test://${n}`)
    const listen = currentCall('subscriptions/listen', { notifications: { resourceSubscriptions } })
    const refused = await callWire(url, listen)
    expect([refused.status, refused.messages()[0].error.code]).toEqual([400, -32602])
  })

  it.each(['http://elsewhere/', `test://${'x'.repeat(900_000)}`, ''])(
    'are of resources that there can be: %.30s',
    async (uri) => {
      const headers = await openSession(url)
      const [answer] = (await send(headers, rpc('resources/subscribe', { uri }))).messages()
      const listen = currentCall('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } })
      const [other] = (await callWire(url, listen)).messages()
      for (const { error, id } of [answer, other]) {
        expect([id, error.code]).toEqual([1, -32602])
        expect(error.message).toMatch(/^This resource does not exist\. Next step: /)
      }
      expect(router.audience.isEmpty()).toBe(true)
    },
  )

  it('are announced only where they are served', async () => {
    const { capabilities } = (await send({}, rpc('initialize'))).messages()[0].result
    expect(capabilities).toEqual({ tools: {}, resources: {} })
    const [refused] = (await send({}, rpc('resources/subscribe', { uri: URI }))).messages()
    expect(refused.error.code).toBe(-32601)
    const client = await connect('legacy')
    expect(client.getServerCapabilities()?.resources).toEqual({ subscribe: true })
    await client.close()
  })
})

describe('a standing stream', () => {
  it('is kept alive by comments', async () => {
    const get = await openWire(url, { method: 'GET', headers: await openSession(url) })
    const filter = { notifications: { resourceSubscriptions: [URI] } }
    const listen = await openWire(url, currentCall('subscriptions/listen', filter))
    await expect.poll(() => listen.messages().length).toBe(1)
    for (const stream of [get, listen]) expect(stream.text()).not.toMatch(/^:/m)
    clock.advance(15_000)
    for (const stream of [get, listen]) await expect.poll(stream.text).toMatch(/^: keepalive\n\n/m)
  })

  it('ends when the server stops, while calls are finished', async () => {
    const headers = await openSession(url)
    const get = await openWire(url, { method: 'GET', headers })
    const listen = await openWire(
      url,
      currentCall('subscriptions/listen', { notifications: { resourceSubscriptions: [URI] } }),
    )
    const calls = [
      send(headers, wait()),
      callWire(url, { body: wait() }),
      callWire(url, currentCall('tools/call', { name: 'wait' })),
    ]
    await underWay(3)
    await mount.stop()
    expect(await Promise.all([get.ended, listen.ended])).toEqual([true, true])
    const late = await send(headers, wait())
    expect(late.status).toBe(503)
    expect(late.messages()).toMatchObject([{ error: { code: -32000, data: { code: 'stopping' } } }])
    for (const end of waiting) end('done')
    for (const call of await Promise.all(calls)) {
      expect(call.messages().at(-1).result.content[0].text).toBe('done')
    }
    expect(aborted).toBe(0)
  })
})

it('an endpoint that could not be loaded is loaded again for the next request', async () => {
  const server = Fastify({ forceCloseConnections: true })
  identifyCallers(server, () => OWNER)
  let loads = 0
  const load = async () => {
    loads += 1
    if (loads === 1) throw new Error('too many open files')
    return router
  }
  mountMcp(server, { load, clock, log: createLog({ level: 'silent' }) })
  const to = await server.listen({ host: '127.0.0.1', port: 0 })
  expect((await callWire(to, { body: rpc('ping') })).status).toBe(500)
  expect((await callWire(to, { body: rpc('ping') })).messages()).toMatchObject([{ result: {} }])
  await server.close()
})
