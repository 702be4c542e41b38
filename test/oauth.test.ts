/** Access tokens of a real issuer: how a client gets one, what it allows, and which are refused. */
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import {
  Client,
  ClientCredentialsProvider,
  type OAuthClientProvider,
  StreamableHTTPClientTransport,
  UnauthorizedError,
} from '@modelcontextprotocol/client'
import type { JWTPayload } from 'jose'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openEventStage } from './event-stage.ts'
import { type Harness, openHarness } from './harness.ts'
import { callWire, openSession, openWire } from './mcp-wire.ts'
import { type OAuthIssuer, openIssuer } from './oauth-issuer.ts'
import { createTestClock } from './test-clock.ts'

const STRANGER = '15559990001'
const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

let issuer: OAuthIssuer
let harness: Harness
const clock = createTestClock()
beforeAll(async () => {
  issuer = await openIssuer()
  harness = await openHarness({
    clock,
    env: { WHATSAPP_MCP_OAUTH_ISSUER: issuer.url, WHATSAPP_MCP_SENDS: 'known', WHATSAPP_MCP_KEY: OWNERS_KEY },
  })
})
afterAll(async () => {
  await harness.close()
  await issuer.close()
})
const OWNERS_KEY = 'the-key-of-the-owner-long-enough'

const resource = (account?: string) =>
  `${harness.url}${account === undefined ? '' : `/accounts/${account}`}/mcp`
const metadata = () => `${harness.url}/.well-known/oauth-protected-resource/mcp`
const nowS = () => Math.floor(clock.now() / 1_000)
/** Claims that are accepted, with these in place of theirs. */
const claims = (others: JWTPayload = {}): JWTPayload => ({
  iss: issuer.url,
  aud: resource(),
  sub: 'mia',
  client_id: 'app',
  scope: 'whatsapp:read',
  exp: nowS() + 600,
  ...others,
})
const statusWith = async (token: string, path = '/api/status') =>
  harness.call({ path, headers: bearer(token) })

/** A client that a person lets in with a browser. It keeps everything in memory. */
function createLogin(): OAuthClientProvider & { sentTo: URL | null } {
  const kept: Record<string, unknown> = {}
  const login = {
    sentTo: null as URL | null,
    redirectUrl: 'http://127.0.0.1:9/callback',
    clientMetadata: {
      redirect_uris: ['http://127.0.0.1:9/callback'],
      application_type: 'native',
      client_name: 'A desktop app',
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code'],
      response_types: ['code'],
    },
    clientInformation: () => kept.client as never,
    saveClientInformation: (client: unknown) => void Object.assign(kept, { client }),
    tokens: () => kept.tokens as never,
    saveTokens: (tokens: unknown) => void Object.assign(kept, { tokens }),
    redirectToAuthorization(url: URL) {
      login.sentTo = url
    },
    saveCodeVerifier: (verifier: string) => void Object.assign(kept, { verifier }),
    codeVerifier: () => String(kept.verifier),
  }
  return login
}

async function connect(authProvider: OAuthClientProvider): Promise<Client> {
  const client = new Client({ name: 'test', version: '1.0.0' })
  await client.connect(new StreamableHTTPClientTransport(new URL(resource()), { authProvider }))
  return client
}

describe('a client that knows only the URL', () => {
  it('is told where to sign in, and is let in by the person', async () => {
    const login = createLogin()
    const transport = new StreamableHTTPClientTransport(new URL(resource()), { authProvider: login })
    const client = new Client({ name: 'test', version: '1.0.0' })
    await expect(client.connect(transport)).rejects.toThrow(UnauthorizedError)
    expect(login.sentTo?.searchParams.get('resource')).toBe(resource())
    expect(login.sentTo?.searchParams.get('scope')).toBe('whatsapp:read whatsapp:send whatsapp:manage')
    const back = await issuer.signIn(login.sentTo as URL)
    await transport.finishAuth(back.searchParams)
    const again = await connect(login)
    const { tools } = await again.listTools()
    const names = tools.map(({ name }) => name)
    expect(names).toContain('whatsapp_send_message')
    expect(names).not.toContain('whatsapp_logout')
    const { structuredContent } = await again.callTool({ name: 'whatsapp_status' })
    expect(structuredContent).toMatchObject({ state: 'stopped' })
    await again.close()
  })

  it('needs no person if it has a secret of the issuer', async () => {
    const { id, secret } = issuer.client
    const client = await connect(
      new ClientCredentialsProvider({
        clientId: id,
        clientSecret: secret,
        expectedIssuer: issuer.url,
      }),
    )
    const { tools } = await client.listTools()
    expect(tools.map(({ name }) => name)).toContain('whatsapp_list_chats')
    expect(tools.map(({ name }) => name)).not.toContain('whatsapp_logout')
    await client.close()
  })

  it.each([
    ['', undefined],
    ['/mcp', undefined],
    ['/accounts/work/mcp', 'work'],
  ])('reads the metadata at %s without a key', async (path, account) => {
    const { status, json } = await harness.get(`/.well-known/oauth-protected-resource${path}`)
    expect([status, json]).toEqual([
      200,
      {
        resource: resource(account),
        authorization_servers: [issuer.url],
        scopes_supported: ['whatsapp:read', 'whatsapp:send', 'whatsapp:manage'],
        bearer_methods_supported: ['header'],
        resource_name: 'whatsapp-mcp-api',
      },
    ])
  })

  it('gets the metadata of the endpoint that it asked', async () => {
    for (const path of ['/mcp', '/accounts/work/mcp', '/api/accounts/work/status']) {
      const { status, json, headers } = await harness.get(path)
      expect([status, json.code]).toEqual([401, 'key_required'])
      const at = path === '/mcp' ? '/mcp' : '/accounts/work/mcp'
      expect(headers['www-authenticate']).toBe(
        `Bearer scope="whatsapp:read whatsapp:send whatsapp:manage", resource_metadata="${harness.url}/.well-known/oauth-protected-resource${at}"`,
      )
    }
  })
})

describe('a token', () => {
  it('of the issuer is accepted by REST too, with its scopes', async () => {
    const token = await issuer.tokenFor(resource(), 'whatsapp:read')
    expect((await statusWith(token)).status).toBe(200)
    const headers = bearer(token)
    const { messages } = await callWire(harness.url, {
      headers,
      body: { jsonrpc: '2.0', id: 1, method: 'tools/list' },
    })
    const names = messages()[0].result.tools.map(({ name }: { name: string }) => name)
    expect(names).toContain('whatsapp_list_chats')
    expect(names).not.toContain('whatsapp_send_message')
  })

  it.each<[string, () => Promise<string>, string]>([
    ['that has expired', () => issuer.sign(claims({ exp: nowS() - 60 })), 'The access token has expired.'],
    [
      'for another server',
      () => issuer.sign(claims({ aud: 'https://other.example/mcp' })),
      'The access token is for another server (aud).',
    ],
    ['without an audience', () => issuer.sign(claims({ aud: undefined })), 'another server (aud)'],
    [
      'signed by a stranger',
      () => issuer.sign(claims(), 'stranger'),
      'The signature of the access token is wrong.',
    ],
    ['of another issuer', () => issuer.sign(claims({ iss: 'https://other.example' })), 'of another issuer'],
    ['that is valid later', () => issuer.sign(claims({ nbf: nowS() + 600 })), 'not valid yet'],
    ['that never expires', () => issuer.sign(claims({ exp: undefined })), 'lacks sub or exp'],
    ['of nobody', () => issuer.sign(claims({ sub: undefined })), 'lacks sub or exp'],
    ['bound to a key', () => issuer.sign(claims({ cnf: { jkt: 'x' } })), 'bound to a key of its client'],
    [
      'with another key named',
      async () => reheaded(await issuer.sign(claims()), { alg: 'RS256', kid: 'unknown' }),
      'a key that its issuer does not publish',
    ],
    [
      'without a signature',
      async () => reheaded(await issuer.sign(claims()), { alg: 'none' }),
      'an algorithm that this server does not accept',
    ],
    [
      'signed with a secret',
      async () => reheaded(await issuer.sign(claims()), { alg: 'HS256', kid: 'the-key' }),
      'an algorithm that this server does not accept',
    ],
    ['that is none', async () => 'a.b.c', 'not a signed JWT'],
  ])('%s is refused with the reason', async (_, make, reason) => {
    const { status, json, headers } = await statusWith(await make())
    expect([status, json.code]).toEqual([401, 'token_invalid'])
    expect(json.detail).toContain(reason)
    expect(headers['www-authenticate']).toBe(
      `Bearer error="invalid_token", error_description="${json.detail}", scope="whatsapp:read whatsapp:send whatsapp:manage", resource_metadata="${metadata()}"`,
    )
  })

  it('that is no JWT is a wrong key', async () => {
    expect((await statusWith('an-opaque-token')).json.code).toBe('key_required')
    const { json } = await harness.call({
      path: '/api/status',
      headers: { 'x-api-key': await issuer.sign(claims()) },
    })
    expect(json.code).toBe('key_required')
  })

  it('without a scope of ours is 403, with what to ask for', async () => {
    for (const scope of [undefined, 'openid', 'read', 'whatsapp:admin']) {
      const { status, json, headers } = await statusWith(await issuer.sign(claims({ scope })))
      expect([status, json.code]).toEqual([403, 'scope_missing'])
      expect(headers['www-authenticate']).toBe(
        `Bearer error="insufficient_scope", scope="whatsapp:read whatsapp:send whatsapp:manage", resource_metadata="${metadata()}"`,
      )
    }
  })

  it('that lacks the scope of an operation is told which to add', async () => {
    const { status, json, headers } = await harness.call({
      method: 'POST',
      path: '/api/send',
      body: { phone_number: STRANGER, message: 'Hi' },
      headers: bearer(await issuer.sign(claims())),
    })
    expect([status, json.code]).toEqual([403, 'scope_missing'])
    expect(headers['www-authenticate']).toContain('scope="whatsapp:read whatsapp:send",')
    // The owner's key could not be helped by a token.
    const { json: key } = await harness.call({
      method: 'POST',
      path: '/api/keys',
      body: { name: 'reader', scopes: ['read'] },
      headers: bearer(OWNERS_KEY),
    })
    const refused = await harness.call({ path: '/api/keys', headers: bearer(key.secret) })
    expect([refused.status, refused.headers['www-authenticate']]).toEqual([403, undefined])
  })

  it('accepts scopes as a list (scp)', async () => {
    const token = await issuer.sign(claims({ scope: undefined, scp: ['whatsapp:read'] }))
    expect((await statusWith(token)).status).toBe(200)
  })

  it('is for the account of its endpoint', async () => {
    const headers = bearer(OWNERS_KEY)
    await harness.call({ method: 'POST', path: '/api/accounts', body: { id: 'work' }, headers })
    const [own, work] = [await issuer.sign(claims()), await issuer.sign(claims({ aud: resource('work') }))]
    const of = async (token: string, path: string) => (await statusWith(token, path)).status
    expect(await of(own, '/api/status')).toBe(200)
    expect(await of(work, '/api/accounts/work/status')).toBe(200)
    expect(await of(own, '/api/accounts/work/status')).toBe(404)
    expect(await of(work, '/api/status')).toBe(404)
    expect(await of(await issuer.sign(claims({ aud: `${resource()}/` })), '/api/status')).toBe(200)
  })

  it('sends as the policy of MCP clients says, over REST too', async () => {
    await harness.call({ method: 'POST', path: '/api/auth/start', headers: bearer(OWNERS_KEY) })
    await harness.world.scan()
    await expect.poll(() => harness.app.session.status().state, { timeout: 60_000 }).toBe('ready')
    harness.world.addContact({ phone: STRANGER, name: null, pushname: 'Somebody' })
    const { status, json } = await harness.call({
      method: 'POST',
      path: '/api/send',
      body: { phone_number: STRANGER, message: 'From an agent' },
      headers: bearer(await issuer.sign(claims({ scope: 'whatsapp:send' }))),
    })
    expect([status, json.item?.state, json.item?.caller?.slice(0, 6)]).toEqual([202, 'held', 'oauth_'])
  })
})

describe('what a token began', () => {
  it('continues with the next token of this client and user, and ends with the last', async () => {
    const first = await issuer.sign(claims({ exp: nowS() + 60 }))
    const session = await openSession(harness.url, undefined, undefined, bearer(first))
    const stream = await openWire(harness.url, {
      method: 'GET',
      headers: { ...session, accept: 'text/event-stream' },
    })
    expect(stream.status).toBe(200)
    const second = await issuer.sign(claims({ exp: nowS() + 600 }))
    const ping = async (token: string) => {
      const body = { jsonrpc: '2.0', id: 1, method: 'ping' }
      return (await callWire(harness.url, { body, headers: { ...session, ...bearer(token) } })).status
    }
    expect(await ping(second)).toBe(200)
    clock.advance(120_000)
    expect(await ping(first)).toBe(401)
    expect(await ping(second)).toBe(200)
    // Another user of the same client.
    expect(await ping(await issuer.sign(claims({ sub: 'noor' })))).toBe(404)
    clock.advance(600_000)
    await stream.ended
    expect(await ping(await issuer.sign(claims()))).toBe(404)
  })
})

it('a token within the tolerance for clocks keeps what it began until that ends', async () => {
  const token = await issuer.sign(claims({ sub: 'lena', exp: nowS() - 3 }))
  const session = await openSession(harness.url, undefined, undefined, bearer(token))
  const stream = await openWire(harness.url, {
    method: 'GET',
    headers: { ...session, accept: 'text/event-stream' },
  })
  expect(stream.status).toBe(200)
  clock.advance(5_000)
  await stream.ended
})

describe('a key that limits tokens', () => {
  it('gives its sight, policy and accounts, and ends them', async () => {
    const { authDir, simulator } = harness
    const limits = { scopes: ['read'], chats: { only: ['15550001101'] }, sends: 'off' }
    const { json } = await harness.call({
      method: 'POST',
      path: '/api/keys',
      body: { name: 'tokens', ...limits },
      headers: bearer(OWNERS_KEY),
    })
    await harness.app.close()
    const env = {
      WHATSAPP_MCP_OAUTH_ISSUER: issuer.url,
      WHATSAPP_MCP_OAUTH_AUDIENCE: 'the-bridge',
      WHATSAPP_MCP_OAUTH_SCOPES: 'read=wa.read,send=wa.send,admin=wa.admin',
      WHATSAPP_MCP_OAUTH_KEY: json.key.id,
      WHATSAPP_MCP_KEY: OWNERS_KEY,
    }
    harness = await openHarness({ clock, authDir, simulator, env })
    await expect.poll(() => harness.app.session.status().state, { timeout: 60_000 }).toBe('ready')
    const of = (others: JWTPayload) => issuer.sign(claims({ aud: 'the-bridge', scope: 'wa.read', ...others }))
    const { json: chats } = await statusWith(await of({}), '/api/chats')
    expect(chats.chats.map(({ id }: { id: string }) => id)).toEqual(['15550001101@c.us'])
    expect((await statusWith(await of({}), '/api/accounts/work/status')).status).toBe(200)
    expect((await statusWith(await of({ scope: 'wa.send' }))).json.code).toBe('scope_missing')
    expect((await statusWith(await of({ scope: 'wa.read wa.admin' }), '/api/keys')).json.code).toBe(
      'scope_missing',
    )
    expect((await statusWith(await of({ aud: resource() }))).json.code).toBe('token_invalid')
    await harness.call({
      method: 'DELETE',
      path: `/api/keys/${json.key.id}`,
      headers: bearer(OWNERS_KEY),
    })
    const { status, json: gone } = await statusWith(await of({}))
    expect([status, gone.code, gone.detail]).toEqual([
      401,
      'token_invalid',
      'The key that limits access tokens is revoked or has expired.',
    ])
  })
})

describe('an issuer that cannot be used', () => {
  it.each([
    ['does not answer', () => 'http://127.0.0.1:9'],
    ['names itself otherwise', () => `${issuer.url}/`],
  ])('(%s) is 503, while keys work', async (_, url) => {
    const { simulator } = harness
    const env = { WHATSAPP_MCP_OAUTH_ISSUER: url(), WHATSAPP_MCP_KEY: OWNERS_KEY }
    const other = await openHarness({ clock, simulator, env })
    const token = await issuer.sign(claims())
    for (let i = 0; i < 2; i += 1) {
      const { status, json, headers } = await other.call({ path: '/api/status', headers: bearer(token) })
      expect([status, json.code, headers['retry-after']]).toEqual([503, 'issuer_unavailable', '5'])
    }
    expect((await other.call({ path: '/api/status', headers: bearer(OWNERS_KEY) })).status).toBe(200)
    expect((await other.get('/api/status')).status).toBe(401)
    await other.close()
  })
})

describe('an issuer that answers late', () => {
  it('leaves nothing of a client that went before its token was checked', async () => {
    const env = { WHATSAPP_MCP_OAUTH_ISSUER: issuer.url, WHATSAPP_MCP_KEY: OWNERS_KEY }
    const stage = await openEventStage(env)
    const release = issuer.hold()
    const headers = bearer(await issuer.sign(claims({ aud: `${stage.url}/mcp` })))
    const arrived = once(stage.app.http.server, 'request')
    const stream = httpRequest(`${stage.url}/api/events/stream`, { headers, agent: false }).end()
    stream.on('error', () => {})
    const [, response] = await arrived
    stream.destroy()
    await once(response, 'close')
    release()
    const readers = () => stage.app.archive.events.lags().length
    await expect.poll(() => [response.writableEnded, readers()]).toEqual([true, 0])
    await stage.close()
  })
})

/** The same token with another header: its signature is not of that. */
function reheaded(token: string, header: Record<string, string>): string {
  const [, payload, signature] = token.split('.')
  return `${Buffer.from(JSON.stringify(header)).toString('base64url')}.${payload}.${signature}`
}
