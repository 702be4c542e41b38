/** The MCP endpoint of the whole server over real HTTP: clients of every kind, curl first, and hostile ones. */
import { once } from 'node:events'
import { Agent, request } from 'node:http'
import { connect } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type EventStage, openEventStage } from './event-stage.ts'
import { type Harness, openHarness } from './harness.ts'
import { BOTH, CURRENT, callWire, currentCall, openSession, openWire, type WireCall } from './mcp-wire.ts'

/** On a loaded machine too; a server that waits for a silent connection waits 6 s. */
const SOON_MS = 5_000

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

const post = (body: unknown, headers: WireCall['headers'] = {}) => callWire(harness.url, { body, headers })
const rpc = (method: string, params?: unknown, id: unknown = 1) => ({ jsonrpc: '2.0', id, method, params })
const status = rpc('tools/call', { name: 'whatsapp_status', arguments: {} })

describe('the SDK client', () => {
  it.each([
    ['legacy', '2025-11-25'],
    ['current', CURRENT],
    ['auto', CURRENT],
    ['plain', '2025-11-25'],
  ] as const)('lists and calls tools (%s)', async (lane, version) => {
    const client = await harness.mcp(lane)
    expect(client.getNegotiatedProtocolVersion()).toBe(version)
    expect(client.getServerVersion()?.name).toBe('whatsapp-mcp-api')
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('whatsapp_send_message')
    const answer = await client.callTool({ name: 'whatsapp_status', arguments: {} })
    expect(answer.structuredContent).toMatchObject({ state: 'stopped' })
  })
})

describe('curl', () => {
  it.each(['2024-11-05', '2025-03-26', '2025-06-18', '2025-11-25'])(
    'is answered in version %s, as plain JSON, with a session id',
    async (protocolVersion) => {
      const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'curl', version: '8' } }
      const answer = await post(rpc('initialize', params), { accept: '*/*' })
      expect(answer.status).toBe(200)
      expect(answer.headers['content-type']).toMatch(/^application\/json/)
      expect(answer.headers['mcp-session-id']).toMatch(/^[\x21-\x7e]+$/)
      expect(answer.messages()[0]).toMatchObject({
        id: 1,
        result: { protocolVersion, serverInfo: { name: 'whatsapp-mcp-api' }, capabilities: { tools: {} } },
      })
    },
  )

  it('may add a slash to the address, with every method', async () => {
    const slashed = (call: WireCall) => callWire(harness.url, { path: '/mcp/', ...call })
    const answer = await slashed({ body: status })
    expect([answer.status, answer.messages()[0].id]).toEqual([200, 1])
    for (const method of ['GET', 'DELETE', 'PUT']) {
      const plain = await callWire(harness.url, { method, headers: BOTH })
      expect((await slashed({ method, headers: BOTH })).status, method).toBe(plain.status)
    }
  })

  it('need not say anything about itself', async () => {
    for (const params of [undefined, null, {}, { protocolVersion: 5 }, { clientInfo: 'me' }]) {
      const [answer] = (await post(rpc('initialize', params))).messages()
      expect(answer.result.protocolVersion, JSON.stringify(params)).toBe('2024-11-05')
    }
    const [{ result }] = (await post(rpc('initialize', { protocolVersion: '1999-01-01' }))).messages()
    expect(result.protocolVersion).toBe('2025-11-25')
  })

  it('gets plain JSON for 2024-11-05 also where it takes streams', async () => {
    const headers = await openSession(harness.url, '2024-11-05')
    const answer = await post(status, headers)
    expect(answer.headers['content-type']).toMatch(/^application\/json/)
    expect(answer.messages()[0].result.structuredContent.state).toBe('stopped')
  })

  it.each([
    ['any type', { accept: '*/*' }],
    ['JSON', { accept: 'application/json' }],
    ['both types', BOTH],
    ['no Accept at all', {}],
    ['a charset', { 'content-type': 'application/json; charset=utf-8' }],
    ['a version', { 'mcp-protocol-version': '2025-06-18' }],
  ])('lists and calls tools without initialize: %s', async (_, headers) => {
    const list = await post(rpc('tools/list'), headers)
    expect(list.messages()[0].result.tools.length).toBeGreaterThan(7)
    const call = await post(status, headers)
    expect([call.status, call.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8'])
    expect(JSON.parse(call.messages()[0].result.content[0].text)).toMatchObject({
      state: 'stopped',
      ready: false,
    })
    expect(call.headers['mcp-session-id']).toBeTypeOf('string')
    expect(call.headers['cache-control']).toMatch(/no-store/)
  })

  it.each([0, 7, -3, 'a', '', 'ünï😀', null])('gets its id back: %j', async (id) => {
    expect((await post(rpc('ping', undefined, id))).messages()).toEqual([{ jsonrpc: '2.0', id, result: {} }])
  })

  it('is accepted with the session id of another client, and returns that id', async () => {
    const headers = { 'mcp-session-id': 'somebody-elses' }
    const answer = await post(status, headers)
    expect([answer.status, answer.headers['mcp-session-id']]).toEqual([200, 'somebody-elses'])
    const strange = await post(status, { 'mcp-session-id': 'a b' })
    expect([strange.status, strange.headers['mcp-session-id']]).toEqual([
      200,
      expect.not.stringContaining(' '),
    ])
  })

  it('is answered beside a session whose id it uses', async () => {
    const { 'mcp-session-id': id } = await openSession(harness.url)
    const answer = await post(status, { accept: '*/*', 'mcp-session-id': id })
    expect([answer.status, answer.headers['mcp-session-id']]).toEqual([200, id])
    expect(answer.messages()[0].result.structuredContent.state).toBe('stopped')
  })

  it.each([
    ['a notification', { jsonrpc: '2.0', method: 'notifications/initialized' }],
    ['an unknown one', { jsonrpc: '2.0', method: 'notifications/nothing', params: {} }],
    ['a response', { jsonrpc: '2.0', id: 4, result: {} }],
    ['an error', { jsonrpc: '2.0', id: 4, error: { code: 1, message: 'no' } }],
    [
      'several',
      [
        { jsonrpc: '2.0', method: 'notifications/initialized' },
        { jsonrpc: '2.0', id: 4, result: {} },
      ],
    ],
  ])('gets 202 without a body for %s', async (_, body) => {
    const answer = await post(body)
    expect([answer.status, answer.text()]).toEqual([202, ''])
    expect(answer.headers['mcp-session-id']).toBeTypeOf('string')
  })

  it('learns what is wrong by JSON-RPC codes', async () => {
    const codeOf = async (body: unknown) => {
      const answer = await post(body)
      return [answer.status, answer.messages()[0].error.code, answer.messages()[0].id]
    }
    expect(await codeOf(rpc('no/such'))).toEqual([200, -32601, 1])
    expect(await codeOf(rpc('tools/call', { name: 'no_such' }))).toEqual([200, -32602, 1])
    expect(await codeOf('{"jsonrpc":')).toEqual([400, -32700, null])
    expect(await codeOf('')).toEqual([400, -32700, null])
    expect(await codeOf({ jsonrpc: '1.0', id: 1, method: 'ping' })).toEqual([400, -32600, 1])
  })

  it('may send several at once', async () => {
    const answer = await post([
      rpc('ping', undefined, 1),
      rpc('no/such', undefined, 'b'),
      rpc('ping', {}, null),
      rpc('ping', {}, 1),
    ])
    expect(answer.status).toBe(200)
    const [results] = answer.messages()
    expect(
      results.map(({ id, error }: { id: unknown; error?: { code: number } }) => [id, error?.code]),
    ).toEqual(
      expect.arrayContaining([
        [1, undefined],
        ['b', -32601],
        [null, undefined],
        [1, undefined],
      ]),
    )
    expect(results).toHaveLength(4)
  })

  it('returns how to begin to a client that only looks', async () => {
    for (const method of ['GET', 'DELETE']) {
      const answer = await callWire(harness.url, { method, headers: { accept: 'text/html' } })
      expect([answer.status, answer.headers.allow]).toEqual([405, 'POST'])
      expect(answer.messages()[0].error.message).toContain('POST')
    }
    expect((await callWire(harness.url, { method: 'PUT', body: {} })).headers.allow).toBe('GET, POST, DELETE')
  })
})

describe('the current protocol', () => {
  it('has no session', async () => {
    const { headers, body } = currentCall('tools/call', { name: 'whatsapp_status', arguments: {} })
    const answer = await callWire(harness.url, { body, headers: { ...headers, 'mcp-session-id': 'x' } })
    expect([answer.status, answer.headers['mcp-session-id']]).toEqual([200, undefined])
    expect(answer.messages()[0].result).toMatchObject({ resultType: 'complete' })
  })

  it.each<[string, WireCall, number, number]>([
    ['an unknown method', currentCall('no/such'), 404, -32601],
    ['a header that names another method', withHeaders({ 'mcp-method': 'ping' }), 400, -32020],
    ['a header that names another tool', withHeaders({ 'mcp-name': 'whatsapp_logout' }), 400, -32020],
    ['no header for the tool', withHeaders({ 'mcp-name': undefined }), 400, -32020],
    ['no header for the method', withHeaders({ 'mcp-method': undefined }), 400, -32020],
    ['another version in the header', withHeaders({ 'mcp-protocol-version': '2025-11-25' }), 400, -32020],
    ['a version that is none', versioned('2099-01-01'), 400, -32022],
    [
      'a header without the rest',
      { body: rpc('tools/list'), headers: { ...BOTH, 'mcp-protocol-version': CURRENT } },
      400,
      -32602,
    ],
  ])('refuses %s', async (_, call, code, rpcCode) => {
    const answer = await callWire(harness.url, call)
    expect([answer.status, answer.messages()[0].error.code]).toEqual([code, rpcCode])
    expect(answer.headers['mcp-session-id']).toBeUndefined()
  })
})

function withHeaders(headers: WireCall['headers']): WireCall {
  const call = currentCall('tools/call', { name: 'whatsapp_status', arguments: {} })
  return { ...call, headers: { ...call.headers, ...headers } }
}

function versioned(version: string): WireCall {
  const _meta = { 'io.modelcontextprotocol/protocolVersion': version }
  const call = currentCall('tools/list', { _meta })
  return { ...call, headers: { ...call.headers, 'mcp-protocol-version': version } }
}

describe('hostile requests', () => {
  const MIB = 1024 * 1024
  const deep = (open: string, close: string) => open.repeat(100_000) + close.repeat(100_000)
  const args = (json: string) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whatsapp_list_chats","arguments":${json}}}`
  const table: [string, WireCall, number][] = [
    ['a body over the limit', { body: ' '.repeat(MIB + 1) }, 413],
    ['a body at the limit', { body: args('{}').padEnd(MIB) }, 200],
    ['a name of almost all of it', { body: rpc('tools/call', { name: 'x'.repeat(MIB - 200) }) }, 200],
    ['a wrong content type', { body: status, headers: { 'content-type': 'text/plain' } }, 415],
    ['no content type', { body: JSON.stringify(status), headers: { 'content-type': undefined } }, 415],
    ['deep arrays', { body: deep('[', ']') }, 400],
    ['deep arrays in arguments', { body: args(`{"limit":${deep('[', ']')}}`) }, 200],
    ['deep objects in arguments', { body: args(`{"query":${deep('{"a":', '}').replace('}', '1}')}}`) }, 200],
    [
      'deep _meta',
      { body: `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"_meta":{"a":${deep('[', ']')}}}}` },
      200,
    ],
    [
      'prototypes as arguments',
      { body: args('{"__proto__":{"limit":1},"constructor":{"prototype":{"x":1}}}') },
      200,
    ],
    [
      'prototypes as params',
      { body: '{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"__proto__":{"polluted":1}}}' },
      200,
    ],
    ['prototypes as a message', { body: '{"__proto__":{"jsonrpc":"2.0","id":1,"method":"ping"}}' }, 400],
    ['a batch of a thousand', { body: Array.from({ length: 1000 }, (_, id) => rpc('ping', {}, id)) }, 400],
    ['a batch of a hundred', { body: Array.from({ length: 100 }, (_, id) => rpc('ping', {}, id)) }, 200],
    ['an empty batch', { body: [] }, 400],
    ['a batch of batches', { body: [[rpc('ping')]] }, 400],
    ['a batch with what is none', { body: [rpc('ping'), 5] }, 400],
    [
      'bytes that are no UTF-8',
      { body: Buffer.from('{"jsonrpc":"2.0","id":"\xff","method":"ping"}', 'latin1') },
      400,
    ],
    ['half a character', { body: '{"jsonrpc":"2.0","id":"\\ud800","method":"ping"}' }, 400],
    ['the other half', { body: args('{"query":"\\\\\\udfff\\ud83d"}') }, 400],
    ['a whole one, and a backslash', { body: args('{"query":"\\ud83d\\ude00 \\\\ud800"}') }, 200],
    ['null', { body: 'null' }, 400],
    ['a number', { body: '1e400' }, 400],
    ['an id that is a list', { body: rpc('ping', {}, [1]) }, 400],
    ['an id that is half', { body: rpc('ping', {}, 1.5) }, 400],
    ['params that are a list', { body: rpc('ping', [1]) }, 400],
    ['a tool without a name', { body: rpc('tools/call', {}) }, 200],
    [
      'arguments that are text',
      { body: rpc('tools/call', { name: 'whatsapp_status', arguments: 'x' }) },
      200,
    ],
    ['a version that is none', { body: rpc('ping'), headers: { 'mcp-protocol-version': 'latest' } }, 400],
    [
      'two versions',
      { body: rpc('ping'), headers: { 'mcp-protocol-version': ['2025-06-18', '2025-06-18'] } },
      400,
    ],
    ['two session ids', { body: rpc('ping'), headers: { 'mcp-session-id': ['a', 'b'] } }, 200],
    ['a long session id', { body: rpc('ping'), headers: { 'mcp-session-id': 'x'.repeat(8_000) } }, 200],
    [
      'two Accepts',
      { body: rpc('ping'), headers: { accept: ['application/json', 'text/event-stream'] } },
      200,
    ],
    ['an initialize in a batch', { body: [rpc('initialize'), rpc('ping', {}, 2)], headers: BOTH }, 200],
    ['an initialize that is half', { body: rpc('initialize', { clientInfo: {} }), headers: BOTH }, 200],
    ['an initialize of no id', { body: rpc('initialize', {}, null), headers: BOTH }, 200],
    ['a way back from nowhere', { method: 'GET', headers: { ...BOTH, 'last-event-id': '5' } }, 405],
  ]

  it.each(table)('%s: answered, and quickly', async (_, call, code) => {
    const startedAt = performance.now()
    const answer = await callWire(harness.url, call)
    expect([answer.status, answer.text().slice(0, 300)]).toEqual([code, expect.anything()])
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
    expect(answer.text()).not.toMatch(/-32603|internal|stack/i)
    expect(Object.hasOwn(Object.prototype, 'polluted')).toBe(false)
  })

  it('in a session too', async () => {
    const headers = await openSession(harness.url)
    const ends: unknown[] = []
    for (const [name, call] of table.slice(0, 25)) {
      if (call.headers !== undefined) continue
      const answer = await callWire(harness.url, { ...call, headers })
      if (answer.status >= 500 || !(await answer.ended)) ends.push([name, answer.status])
    }
    expect(ends).toEqual([])
    expect((await post(status, headers)).messages()[0].result.structuredContent.state).toBe('stopped')
    const found = await callWire(harness.url, {
      method: 'GET',
      headers: { ...headers, 'last-event-id': 'x\'"' },
    })
    expect(found.status).toBe(400)
  })

  it('leaves no control of a terminal in any answer', async () => {
    const name = '\u0085\u009b31m\u202e\u2066\u200f'
    for (const headers of [{}, await openSession(harness.url)]) {
      const answer = await post(rpc('ping', {}, name), headers)
      expect(answer.text()).not.toMatch(/[\u007f-\u009f\u202a-\u202e\u2066-\u2069\u200f]/)
      expect(answer.messages()[0].id).toBe(name)
    }
  })
})

describe('a failure', () => {
  let stage: EventStage
  beforeAll(async () => {
    stage = await openEventStage()
    stage.app.archive.close()
  })
  afterAll(() => stage.close())

  /** As a client may choose it. */
  const id = 4_915_112_345_678
  type Lane = (method: string, params: Record<string, unknown>) => Promise<WireCall>
  const lanes: Record<string, Lane> = {
    plain: async (method, params) => ({
      body: rpc(method, params, id),
      headers: { 'x-request-id': String(id) },
    }),
    'a batch': async (method, params) => ({ body: [rpc('ping', {}, 1), rpc(method, params, id)] }),
    'a session': async (method, params) => ({
      body: rpc(method, params, id),
      headers: await openSession(stage.url),
    }),
    'a batch in a session': async (method, params) => ({
      body: [rpc('ping', {}, 1), rpc(method, params, id)],
      headers: await openSession(stage.url),
    }),
    current: async (method, params) => currentCall(method, params, id),
  }

  it.each(Object.entries(lanes))('has an id of ours, which the log has too: %s', async (_, lane) => {
    const answerTo = async (method: string, params: Record<string, unknown>) => {
      const answer = await callWire(stage.url, await lane(method, params))
      const { error, result } = answer
        .messages()
        .flat()
        .find((one) => one.id === id)
      const facts = error?.data ?? JSON.parse(result.content[0].text.split('\n').at(-1))
      expect(facts.request_id).toMatch(/^[\da-f]{8}-[\da-f-]{27}$/)
      expect(answer.headers['x-request-id']).toBe(facts.request_id)
      return facts
    }
    const { request_id, code } = await answerTo('tools/call', { name: 'whatsapp_start_auth', arguments: {} })
    expect(stage.log.filter((line) => line.request_id === request_id)).toMatchObject([{ code }])
    const resource = await answerTo('resources/read', { uri: 'whatsapp://chats/15550001101@c.us' })
    expect(resource.code).toBe('not_linked')
    expect(JSON.stringify(stage.log)).not.toContain(String(id))
  })

  const misfits: [method: string, params: Record<string, unknown>, sentence: string][] = [
    ['tools/call', { name: 'whatsapp_status', arguments: 'x' }, '"arguments": must be an object.'],
    ['tools/call', { name: 'whatsapp_status', arguments: [1] }, '"arguments": must be an object.'],
    ['tools/call', {}, '"name": must be text.'],
    ['tools/call', { name: 5 }, '"name": must be text.'],
    ['tools/list', { cursor: 5 }, '"cursor": must be text.'],
    ['resources/read', { uri: 5 }, '"uri": must be text.'],
    ['prompts/get', { name: 'find_promises', arguments: { days: 5 } }, '"arguments.days": must be text.'],
    ['completion/complete', {}, '"ref": is invalid; "argument": must be an object.'],
  ]

  it.each(Object.entries(lanes))('of parameters is a sentence with a next step: %s', async (_, lane) => {
    for (const [method, params, sentence] of misfits) {
      const answer = await callWire(stage.url, await lane(method, params))
      const { error } = answer
        .messages()
        .flat()
        .find((one) => one.id === id)
      expect(error.message).toBe(
        `${sentence} Next step: Correct the named fields and send the request again.`,
      )
      expect(error).toMatchObject({ code: -32602, data: { code: 'invalid_input' } })
    }
  })

  it.each(Object.entries(lanes))('is not that something is null: %s', async (_, lane) => {
    for (const [method, params] of [
      ['tools/call', { name: 'whatsapp_status', arguments: null }],
      ['tools/list', { cursor: null }],
      ['prompts/get', { name: 'catch_up', arguments: null }],
    ] as const) {
      const answer = await callWire(stage.url, await lane(method, params))
      const { result } = answer
        .messages()
        .flat()
        .find((one) => one.id === id)
      expect(result).toBeTypeOf('object')
    }
  })

  it.each([
    rpc('tools/call', [1], id),
    rpc('tools/call', 'x', id),
    { ...rpc('ping', {}, id), jsonrpc: '1.0' },
    rpc('ping', { _meta: 5 }, id),
  ])('of a message shows how one looks: %j', async (body) => {
    const session = await openSession(stage.url)
    const { headers: current } = currentCall('tools/call', { name: 'x' })
    for (const headers of [{}, session, current]) {
      const answer = await callWire(stage.url, { body, headers })
      const [{ error, ...rest }] = answer.messages()
      expect([answer.status, error.code, rest.id]).toEqual([400, -32600, id])
      expect(error.message).toMatch(/^The body is not a JSON-RPC 2\.0 message\. Next step: /)
    }
  })
})

describe('a waiting call', () => {
  let stage: EventStage
  afterEach(() => stage.close())

  const params = { name: 'whatsapp_list_events', arguments: { after: '0', wait: 60 } }
  const inSession = async (version: string) => ({
    body: rpc('tools/call', params),
    headers: await openSession(stage.url, version),
  })
  const lanes: Record<string, () => Promise<WireCall>> = {
    plain: async () => ({ body: rpc('tools/call', params) }),
    'a session that cannot resume': () => inSession('2025-06-18'),
    'a session of plain JSON': () => inSession('2024-11-05'),
    current: async () => currentCall('tools/call', params),
  }

  it.each(Object.entries(lanes))('ends when its client is gone: %s', async (_, lane) => {
    stage = await openEventStage()
    const call = await lane()
    // All but one of the places that there are for those who wait.
    for (let taken = 0; taken < 99; taken += 1) stage.app.archive.events.open({})
    const readers = async () => (await stage.get('/api/events')).status
    expect(await readers()).toBe(200)
    const gone = new AbortController()
    openWire(stage.url, { ...call, signal: gone.signal }).catch(() => {})
    await expect.poll(readers).toBe(429)
    gone.abort()
    await expect.poll(readers).toBe(200)
  })

  it.each([
    ['plain', async () => ({})],
    ['a session of plain JSON', () => openSession(stage.url, '2024-11-05')],
  ])('ends within a minute where its progress cannot be told: %s', async (_, open) => {
    stage = await openEventStage()
    const headers = await open()
    for (let taken = 0; taken < 99; taken += 1) stage.app.archive.events.open({})
    const body = rpc('tools/call', { ...params, _meta: { progressToken: 'p' } })
    const call = callWire(stage.url, { body, headers })
    await expect.poll(async () => (await stage.get('/api/events')).status).toBe(429)
    stage.clock.advance(50_000)
    expect((await call).messages()[0].result.structuredContent.events).toEqual([])
  })
})

describe('the server', () => {
  it('knows after a restart which sessions were its own', async () => {
    const own = await openHarness()
    try {
      const headers = await openSession(own.url)
      expect((await callWire(own.url, { body: status, headers })).status).toBe(200)
      await own.restart()
      for (const call of [{ body: status }, { method: 'GET' }, { method: 'DELETE' }]) {
        const answer = await callWire(own.url, { ...call, headers })
        expect([answer.status, answer.messages()[0].error.code]).toEqual([404, -32001])
      }
      const foreign = headers['mcp-session-id'].replace(/^./, (first) => (first === 'A' ? 'B' : 'A'))
      const answer = await callWire(own.url, {
        body: status,
        headers: { ...headers, 'mcp-session-id': foreign },
      })
      expect([answer.status, answer.headers['mcp-session-id']]).toEqual([200, foreign])
      const begun = await callWire(own.url, { body: rpc('initialize'), headers })
      expect(begun.status).toBe(200)
    } finally {
      await own.close()
    }
  })

  it('closes at once, also where a connection was never used', async () => {
    const own = await openEventStage()
    const spare = connect(Number(new URL(own.url).port), '127.0.0.1')
    await once(spare, 'connect')
    // Connections are taken in order.
    await own.get('/health')
    const ended = once(spare, 'close')
    const startedAt = performance.now()
    await own.close()
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
    await ended
  })

  it('closes at once, also where a client keeps the connection of its last response', async () => {
    const own = await openEventStage()
    const agent = new Agent({ keepAlive: true })
    const headers = { 'content-type': 'application/json', 'content-length': 2 }
    const sent = request(`${own.url}/api/messages`, { agent, method: 'POST', headers })
    const answered = once(sent, 'response')
    sent.write('{')
    await own.get('/health')
    const startedAt = performance.now()
    const closed = own.close()
    await expect.poll(() => own.app.http.server.listening).toBe(false)
    sent.end('}')
    const [response] = await answered
    expect(response.resume().statusCode).toBe(400)
    await closed
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
    agent.destroy()
  })

  it('closes at once, also with open streams', async () => {
    const own = await openHarness()
    const headers = await openSession(own.url)
    const get = await openWire(own.url, { method: 'GET', headers })
    const notifications = { resourceSubscriptions: ['whatsapp://status'] }
    const listen = await openWire(own.url, currentCall('subscriptions/listen', { notifications }))
    const client = await own.mcp('legacy')
    await expect.poll(() => listen.messages().length).toBe(1)
    const startedAt = performance.now()
    await own.app.close()
    expect(performance.now() - startedAt).toBeLessThan(SOON_MS)
    expect(await Promise.all([get.ended, listen.ended])).toEqual([true, true])
    expect(listen.messages()[1].result.resultType).toBe('complete')
    await client.close()
    await own.close()
  })
})
