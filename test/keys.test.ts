/** Keys: what a caller with each may do, over every face; who needs none; and what ends with a key. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolName } from '../src/faces/mcp/words.ts'
import { hasScope, SCOPES, type Scope } from '../src/operations/call.ts'
import { OPERATIONS, ROWS } from '../src/operations/index.ts'
import { type Answer, type Harness, openHarness } from './harness.ts'
import { callWire, currentCall, openSession, openWire } from './mcp-wire.ts'
import { createTestClock } from './test-clock.ts'

const SETTINGS_SECRET = 'the-key-of-the-settings-long-enough'
const WRONG = 'wma_0000000000000000000000000000000000000000000'
const AMARA = '15550001101'

const clock = createTestClock()
let harness: Harness
/** A secret for each of these. */
const secrets: Record<string, string> = {}

const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

async function make(name: string, input: Record<string, unknown>): Promise<string> {
  const { status, json } = await harness.post('/api/keys', { name, ...input })
  expect([status, Object.keys(json)]).toEqual([201, ['ok', 'key', 'secret']])
  secrets[name] = json.secret
  return json.key.id
}

/** A session of MCP, begun with these headers. */
const openSessionWith = (headers: Record<string, string>) =>
  openSession(harness.url, undefined, undefined, headers)

const codeOf = ({ status, json }: Answer) => [status, json.code]

beforeAll(async () => {
  harness = await openHarness({ clock, env: { WHATSAPP_MCP_TOOLSETS: 'all' } })
  await harness.link()
  await harness.post('/api/accounts', { id: 'work' })
  for (const scope of SCOPES) await make(scope, { scopes: [scope] })
  await make('work', { scopes: ['read', 'send'], accounts: ['work'] })
})
afterAll(() => harness.close())

describe('a key with the scope send alone', () => {
  const sendTo = (path: string, body: object) =>
    harness.call({ method: 'POST', path, body, headers: bearer(secrets.send ?? '') })

  it('gets no candidates for a name, over REST and MCP', async () => {
    await harness.synced()
    const path = '/api/chats/Amara/messages'
    expect((await harness.post(path, { message: 'x' })).json.candidates).toMatchObject([
      { name: 'Amara Okafor' },
    ])
    const { status, json, text } = await sendTo(path, { message: 'x' })
    expect([status, json.code, json.candidates]).toEqual([422, 'chat_ambiguous', undefined])
    expect(json.hint).toMatch(/the id .* or .* the phone number/)
    const call = { name: 'whatsapp_send_to_chat', arguments: { chat: 'Amara', message: 'x' } }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params: call }
    const said = JSON.stringify(
      (await callWire(harness.url, { headers: bearer(secrets.send ?? ''), body })).messages(),
    )
    expect(said).toContain('chat_ambiguous')
    for (const one of [text, said]) expect(one).not.toMatch(/candidates|Okafor|@c\.us/)
  })

  it('gets its own words of a message that waits, and nothing of the archive, which the owner sees', async () => {
    const { id } = await harness.world.write({ from: AMARA, text: 'a word of Amara' })
    const reply_to = `false_${AMARA}@c.us_${id}`
    await expect.poll(async () => (await harness.get(`/api/messages/${reply_to}`)).status).toBe(200)
    const send_at = new Date(Date.now() + 3_600_000)
    const file = { data: Buffer.from('a file').toString('base64'), filename: 'a.txt', mimetype: 'text/plain' }
    const unnamed = { id: `${AMARA}@c.us`, name: `+${AMARA}` }
    for (const [path, body, preview] of [
      [`/api/chats/${AMARA}/messages`, { message: 'later', reply_to, mentions: AMARA }, 'later'],
      [`/api/chats/${AMARA}/contacts`, { contacts: [AMARA] }, 'Amara Okafor'],
      [`/api/messages/${reply_to}/forward`, { chats: [AMARA] }, 'a word of Amara'],
      [`/api/chats/${AMARA}/media`, { media: [file, file] }, 'a.txt'],
    ] as const) {
      const { status, json, text } = await sendTo(path, { ...body, send_at })
      expect([status, json.item.chat], text).toEqual([202, { ...unnamed, phone_number: AMARA }])
      // That of all files of a list.
      expect(json.chat).toEqual('media' in body ? unnamed : undefined)
      expect(text).not.toMatch(/Okafor|a word|mentions/)
      const isOwn = 'message' in body || 'media' in body
      expect(json.item.preview).toEqual(isOwn ? expect.stringContaining(preview) : '')
      const { item } = (await harness.get(`/api/outbox/${json.item.id}`)).json
      expect([item.chat.name, item.preview]).toEqual(['Amara Okafor', expect.stringContaining(preview)])
      for (const { outbox_id } of json.results ?? [{ outbox_id: json.item.id }])
        await harness.post(`/api/outbox/${outbox_id}/cancel`)
    }
  })
})

/** One request to each row; what comes back if the caller may. */
function requestOf(row: (typeof ROWS)[number]) {
  const [method = 'GET', path = '/'] = row.routes[0]?.split(' ') ?? []
  const example: Record<string, unknown> = { account: 'default', ...Object(row.example.input) }
  const value = (name: string) => encodeURIComponent(String(example[name] ?? 'x'))
  return { method, path: path.replace(/\{(\w+)\}/g, (_, name) => value(name)) }
}

describe.each(SCOPES)('a key with the scope %s', (scope: Scope) => {
  const caller = { scopes: new Set([scope]) }
  const rows = ROWS.filter(({ routes, scope: needed }) => routes.length > 0 && !hasScope(caller, needed))

  it.skipIf(scope === 'admin')('gets 403 from each route of another scope, and no other answer', async () => {
    expect(rows.length).toBeGreaterThan(5)
    for (const row of rows) {
      const { method, path } = requestOf(row)
      // Operations check the scope before the input; the others need theirs.
      const others = Object.entries(Object(row.example.input)).filter(
        ([name]) => !row.routes[0]?.includes(`{${name}}`),
      )
      const fields = 'effect' in row ? '' : new URLSearchParams(others as never)
      const headers = bearer(secrets[scope] ?? '')
      const answer = await harness.call({ method, path: `${path}?${fields}`, headers })
      if ('card' in row && row.card !== undefined)
        expect(Object.keys(answer.json)).toEqual(['ok', 'name', 'mcp'])
      else expect([row.name, ...codeOf(answer)]).toEqual([row.name, 403, 'scope_missing'])
    }
  })

  it.each(['legacy', 'current', 'plain'] as const)('is offered the tools of its scope (%s)', async (lane) => {
    const session = lane === 'legacy' ? await openSessionWith(bearer(secrets[scope] ?? '')) : {}
    const list =
      lane === 'current'
        ? currentCall('tools/list', {})
        : { headers: session, body: { jsonrpc: '2.0', id: 1, method: 'tools/list' } }
    const call = { ...list, headers: { ...list.headers, ...bearer(secrets[scope] ?? '') } }
    const { messages } = await callWire(harness.url, call)
    const names: string[] = messages()[0].result.tools.map(({ name }: { name: string }) => name)
    const mine = OPERATIONS.filter((row) => row.needs === 'toolsets' || hasScope(caller, row.scope))
    const theirs = mine.flatMap((row) => toolName(row) ?? [])
    expect(names.filter((name) => !theirs.includes(name))).toEqual([])
    expect(names).toContain('whatsapp_list_toolsets')
    expect(names.includes('whatsapp_enable_toolset')).toBe(lane === 'legacy')
    expect(names.includes('whatsapp_logout')).toBe(scope === 'admin')
  })

  it('opens the page with the QR code only as an admin', async () => {
    const answer = await harness.call({ path: '/qr', headers: bearer(secrets[scope] ?? '') })
    expect(answer.status).toBe(scope === 'admin' ? 200 : 403)
  })

  it('reads resources and subscribes only if it reads', async () => {
    const may = scope === 'read' || scope === 'admin'
    const auth = bearer(secrets[scope] ?? '')
    const session = await openSessionWith(auth)
    for (const method of ['resources/read', 'resources/subscribe']) {
      const body = { jsonrpc: '2.0', id: 1, method, params: { uri: 'whatsapp://status' } }
      const { messages } = await callWire(harness.url, { headers: session, body })
      expect([method, messages()[0].error?.data?.code]).toEqual([method, may ? undefined : 'scope_missing'])
    }
    const { status } = await openWire(harness.url, {
      method: 'GET',
      headers: { ...session, accept: 'text/event-stream' },
    })
    expect(status).toBe(may ? 200 : 403)
  })
})

describe('a key', () => {
  it('is accepted as a bearer token and as X-API-Key', async () => {
    for (const headers of [bearer(secrets.read ?? ''), { 'x-api-key': secrets.read ?? '' }])
      expect((await harness.call({ path: '/api/chats', headers })).status).toBe(200)
  })

  it.each([
    ['wrong', bearer(WRONG)],
    ['wrong in X-API-Key', { 'x-api-key': WRONG }],
    ['empty', { authorization: 'Bearer' }],
    ['of another scheme', { authorization: 'Basic b3duZXI6' }],
    ['an empty X-API-Key', { 'x-api-key': '' }],
  ])('that is %s is 401 everywhere, and never the keyless owner', async (name, headers) => {
    const paths = ['/', '/api/status', '/health', '/qr', '/docs', '/openapi.json', '/mcp', '/nowhere']
    // Further wrong keys within a minute are another error.
    for (const path of name === 'wrong' ? paths : paths.slice(0, 2)) {
      const answer = await harness.call({ path, headers })
      expect([path, ...codeOf(answer)]).toEqual([path, 401, 'key_required'])
      expect(answer.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
    }
  })

  it('in the address is no key', async () => {
    const answer = await harness.call({ path: `/api/status?token=${secrets.read}`, headers: bearer(WRONG) })
    expect(answer.status).toBe(401)
  })

  it('is shown once: lists have neither the secret nor its hash', async () => {
    const { json, text } = await harness.get('/api/keys')
    expect(json.count).toBe(5)
    expect(Object.keys(json.keys[0])).toEqual([
      ...[
        'id',
        'name',
        'scopes',
        'accounts',
        'suspended',
        'toolsets',
        'chats',
        'sends',
        'created_at',
        'expires_at',
        'last_used_at',
      ],
      'old_secret_until',
    ])
    for (const secret of Object.values(secrets)) expect(text).not.toContain(secret)
    expect(JSON.stringify(harness.log)).not.toContain(secrets.read)
  })

  it('knows when it was last used, also after a restart', async () => {
    const used = async () =>
      (await harness.get('/api/keys')).json.keys.map(
        ({ last_used_at }: { last_used_at: string }) => last_used_at,
      )
    const before = await used()
    expect(Date.parse(before[0])).toBeGreaterThan(Date.now() - 60_000)
    await harness.restart()
    expect(await used()).toEqual(before)
    await harness.until('ready')
  })

  it('has its own accounts only: the others do not exist', async () => {
    const headers = bearer(secrets.work ?? '')
    for (const path of ['/api/chats', '/api/status', '/api/accounts/default', '/api/accounts/nobody/status'])
      expect([path, ...codeOf(await harness.call({ path, headers }))]).toEqual([
        path,
        404,
        'account_not_found',
      ])
    const send = { method: 'POST', path: '/api/send', body: { phone_number: AMARA, message: 'no' }, headers }
    expect(codeOf(await harness.call(send))).toEqual([404, 'account_not_found'])
    for (const path of ['/mcp', '/accounts/nobody/mcp'])
      expect(codeOf(await harness.call({ method: 'POST', path, body: {}, headers }))).toEqual([
        404,
        'account_not_found',
      ])
    const { json } = await harness.call({ path: '/api/accounts', headers })
    expect(json.accounts.map(({ id }: { id: string }) => id)).toEqual(['work'])
    expect((await harness.call({ path: '/api/accounts/work/status', headers })).status).toBe(200)
  })

  it('limits the toolsets', async () => {
    await make('narrow', { scopes: ['read'], toolsets: ['people'] })
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const { messages } = await callWire(harness.url, {
      path: '/mcp?toolsets=all',
      headers: bearer(secrets.narrow ?? ''),
      body,
    })
    const rows = OPERATIONS.filter(({ toolset }) => toolset === 'people' || toolset === null)
    const names: string[] = messages()[0].result.tools.map(({ name }: { name: string }) => name)
    expect(names).toContain('whatsapp_get_contact')
    expect(names.filter((name) => !rows.some((row) => toolName(row) === name))).toEqual([])
  })

  it('is not stored with an idempotency key', async () => {
    const call = {
      method: 'POST',
      path: '/api/keys',
      body: { name: 'once', scopes: ['read'] },
      headers: { 'idempotency-key': 'the-same' },
    }
    const { status, json } = await harness.call(call)
    expect(status).toBe(201)
    const again = await harness.call(call)
    expect(again.json).toMatchObject({ code: 'outcome_unknown', hint: expect.stringContaining('/api/keys/') })
    expect(again.text).not.toContain(json.secret)
  })

  it.each([
    [{ name: 'x', scopes: [] }],
    [{ name: 'x', scopes: ['everything'] }],
    [{ scopes: ['read'] }],
    [{ name: 'x', scopes: ['admin'], accounts: ['work'] }],
    [{ name: 'x', scopes: ['read'], expires_at: '2001-01-01T00:00:00Z' }],
    [{ name: 'x', scopes: ['read'], expires_at: 'tomorrow' }],
    [{ name: 'x', scopes: ['read'], more: 1 }],
  ])('is not made of %j', async (input) => {
    expect(codeOf(await harness.post('/api/keys', input))).toEqual([400, 'invalid_input'])
  })

  it('that does not exist is 404', async () => {
    for (const [method, path] of [
      ['GET', ''],
      ['PATCH', ''],
      ['DELETE', ''],
      ['POST', '/rotate'],
    ]) {
      const call = {
        method,
        path: `/api/keys/key_none${path}`,
        ...(method === 'PATCH' ? { body: { name: 'x' } } : {}),
      }
      expect(codeOf(await harness.call(call))).toEqual([404, 'key_not_found'])
    }
  })
})

describe('when a key ends', () => {
  /** An event stream, an MCP session with its standing stream, and a stream of the current protocol. */
  async function openAll(secret: string) {
    const auth = bearer(secret)
    const session = await openSessionWith(auth)
    const events = await openWire(harness.url, { method: 'GET', path: '/api/events/stream', headers: auth })
    const standing = await openWire(harness.url, {
      method: 'GET',
      headers: { ...session, accept: 'text/event-stream' },
    })
    const listen = currentCall('subscriptions/listen', {
      notifications: { resourceSubscriptions: ['whatsapp://status'] },
    })
    const current = await openWire(harness.url, { ...listen, headers: { ...listen.headers, ...auth } })
    expect([events, standing, current].map(({ status }) => status)).toEqual([200, 200, 200])
    return { session, ended: Promise.all([events.ended, standing.ended, current.ended]) }
  }

  it('by revocation, its streams and sessions end, and those of others stay', async () => {
    const id = await make('revoked', { scopes: ['read'] })
    const mine = await openAll(secrets.revoked ?? '')
    const before = harness.app.hasClients()
    expect(before).toBe(true)
    const others = await openAll(secrets.read ?? '')
    let isOver = false
    void others.ended.then(() => {
      isOver = true
    })
    expect((await harness.call({ method: 'DELETE', path: `/api/keys/${id}` })).json).toEqual({ ok: true })
    await mine.ended
    expect(
      codeOf(await harness.call({ path: '/api/status', headers: bearer(secrets.revoked ?? '') })),
    ).toEqual([401, 'key_required'])
    const body = { jsonrpc: '2.0', id: 1, method: 'ping' }
    expect((await callWire(harness.url, { headers: others.session, body })).status).toBe(200)
    expect(isOver).toBe(false)
  })

  it('its own request to revoke it is answered', async () => {
    const id = await make('leaving', { scopes: ['admin'] })
    const headers = bearer(secrets.leaving ?? '')
    expect((await harness.call({ method: 'DELETE', path: `/api/keys/${id}`, headers })).json).toEqual({
      ok: true,
    })
    expect((await harness.call({ path: '/api/keys', headers })).status).toBe(401)
  })

  it('a session of one key is no session of another', async () => {
    const session = await openSessionWith(bearer(secrets.read ?? ''))
    const body = { jsonrpc: '2.0', id: 1, method: 'ping' }
    const call = { headers: { ...session, ...bearer(secrets.admin ?? '') }, body }
    expect((await callWire(harness.url, call)).status).toBe(404)
  })

  it('by rotation, the old secret is valid for the overlap only', async () => {
    const id = await make('rotated', { scopes: ['read'] })
    const statusWith = async (secret: string) =>
      (await harness.call({ path: '/api/status', headers: bearer(secret) })).status
    const rotate = async (overlap_s: number) =>
      (await harness.post(`/api/keys/${id}/rotate`, { overlap_s })).json
    const first = secrets.rotated ?? ''
    const second = await rotate(600)
    expect([await statusWith(first), await statusWith(second.secret)]).toEqual([200, 200])
    expect(Date.parse(second.key.old_secret_until)).toBeGreaterThan(Date.now())
    const open = await openAll(first)
    const third = await rotate(0)
    expect(await open.ended).toBeDefined()
    expect([
      await statusWith(first),
      await statusWith(second.secret),
      await statusWith(third.secret),
    ]).toEqual([401, 401, 200])
  })

  it('its scopes change at once, also for what is open', async () => {
    const id = await make('changed', { scopes: ['read'] })
    const open = await openAll(secrets.changed ?? '')
    const { json } = await harness.call({
      method: 'PATCH',
      path: `/api/keys/${id}`,
      body: { scopes: ['send'], name: 'renamed' },
    })
    expect(json.key).toMatchObject({ id, name: 'renamed', scopes: ['send'] })
    await open.ended
    expect(
      codeOf(await harness.call({ path: '/api/chats', headers: bearer(secrets.changed ?? '') })),
    ).toEqual([403, 'scope_missing'])
  })

  it('an account that is removed leaves the keys', async () => {
    await harness.post('/api/accounts', { id: 'brief' })
    const id = await make('brief', { scopes: ['read'], accounts: ['brief', 'work'] })
    await harness.call({ method: 'DELETE', path: '/api/accounts/brief' })
    expect((await harness.get(`/api/keys/${id}`)).json.key.accounts).toEqual(['work'])
    await harness.post('/api/accounts', { id: 'brief' })
    const answer = await harness.call({
      path: '/api/accounts/brief/status',
      headers: bearer(secrets.brief ?? ''),
    })
    expect(codeOf(answer)).toEqual([404, 'account_not_found'])
  })
})

describe('the owner without a key', () => {
  it.each([
    'forwarded',
    'x-forwarded-for',
    'x-forwarded-proto',
    'X-Forwarded-Anything',
    'via',
    'cf-ray',
    'CF-Connecting-IP',
  ])('is nobody behind a proxy that sends %s', async (name) => {
    const answer = await harness.call({ path: '/api/status', headers: { [name]: 'x' } })
    expect(codeOf(answer)).toEqual([401, 'key_required'])
    expect(answer.headers['www-authenticate']).toBe('Bearer')
    const { status } = await harness.call({
      path: '/api/status',
      headers: { [name]: 'x', ...bearer(secrets.read ?? '') },
    })
    expect(status).toBe(200)
  })

  it('is not locked out by wrong keys, and neither is a right one', async () => {
    // The minute of earlier wrong keys does not end meanwhile.
    clock.hold()
    const codes = new Set<number>()
    for (let n = 0; n < 40; n += 1)
      codes.add((await harness.call({ path: '/api/status', headers: bearer(WRONG) })).status)
    const late = await harness.call({ path: '/api/status', headers: bearer(WRONG) })
    clock.release()
    expect([...codes].sort()).toEqual([401, 429])
    expect(codeOf(late)).toEqual([429, 'too_many_wrong_keys'])
    expect(Number(late.headers['retry-after'])).toBeGreaterThan(0)
    expect((await harness.get('/api/status')).status).toBe(200)
    expect((await harness.call({ path: '/api/status', headers: bearer(secrets.read ?? '') })).status).toBe(
      200,
    )
  })
})

describe('where a key is required', () => {
  let closed: Harness
  const get = (path: string, headers: Record<string, string> = {}) => closed.call({ path, headers })
  beforeAll(async () => {
    const env = { WHATSAPP_MCP_KEY: SETTINGS_SECRET, WHATSAPP_MCP_ALLOWED_HOSTS: 'wa.example' }
    closed = await openHarness({ env, simulator: harness.simulator })
  })
  afterAll(() => closed.close())

  it('nothing of an account is said without one', async () => {
    for (const path of ['/api/status', '/qr', '/qr/code', '/mcp', '/nowhere', '/api/keys'])
      expect([path, ...codeOf(await get(path))]).toEqual([path, 401, 'key_required'])
    for (const path of ['/', '/health']) {
      const answer = await get(path)
      expect([answer.status, answer.json]).toEqual([
        200,
        { ok: true, name: 'whatsapp-mcp-api', mcp: `${closed.url}/mcp` },
      ])
    }
    for (const path of ['/openapi.json', '/docs']) expect((await get(path)).status).toBe(200)
  })

  it('the key of the settings has all scopes, also under a name of the settings', async () => {
    const headers = bearer(SETTINGS_SECRET)
    expect((await get('/api/status', { ...headers, host: 'wa.example' })).status).toBe(200)
    expect(codeOf(await get('/api/status', { ...headers, host: 'wa.example.evil' }))).toEqual([
      403,
      'forbidden_host',
    ])
    const { json } = await get('/api/keys', headers)
    expect(json.keys).toMatchObject([{ id: 'settings', scopes: ['admin'] }])
    const removed = await closed.call({ method: 'DELETE', path: '/api/keys/settings', headers })
    expect(codeOf(removed)).toEqual([409, 'key_in_settings'])
  })
})

it('sent nothing that was not asked for', () => {
  expect(harness.world.messages().filter(({ body }) => body === 'no')).toEqual([])
})
