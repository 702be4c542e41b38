/** CORS: pages of listed origins use the API with a key; nobody else learns that there is any. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'

const DESK = 'https://desk.example'
const OTHER = 'http://127.0.0.1:5173'

let harness: Harness
let key: string
beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_MCP_CORS_ORIGINS: `${DESK}, ${OTHER}` } })
  key = (await harness.post('/api/keys', { name: 'Desk', scopes: ['read'] })).json.secret
})
afterAll(() => harness.close())

const corsOf = (headers: Record<string, unknown>) =>
  Object.keys(headers).filter((name) => name.startsWith('access-control-'))

function preflight(path: string, origin: string) {
  const asks = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization,content-type',
  }
  return harness.call({
    method: 'OPTIONS',
    path,
    headers: { origin, 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', ...asks },
  })
}

describe('a listed origin', () => {
  it.each(['/api/send', '/api/accounts/work/send', '/mcp', '/health', '/health/ready', '/api/nothing'])(
    'gets a preflight for %s',
    async (path) => {
      for (const origin of [DESK, OTHER]) {
        const { status, headers, text } = await preflight(path, origin)
        expect([status, text]).toEqual([204, ''])
        expect(headers).toMatchObject({ 'access-control-allow-origin': origin, vary: 'Origin' })
        expect(headers['access-control-allow-methods']).toContain('POST')
        expect(headers['access-control-allow-headers']).toMatch(/Authorization.*Content-Type/)
        expect(headers['access-control-allow-credentials']).toBeUndefined()
      }
    },
  )

  it('needs a key, though the owner needs none, and can read why', async () => {
    const { status, json, headers } = await harness.call({ path: '/api/status', headers: { origin: DESK } })
    expect([status, json.code]).toEqual([401, 'key_required'])
    expect(headers['access-control-allow-origin']).toBe(DESK)
    expect((await harness.get('/api/status')).status).toBe(200)
  })

  it('reads with a key, whatever the browser says of its site', async () => {
    for (const site of ['cross-site', 'same-site']) {
      const sent = { origin: DESK, 'sec-fetch-site': site, authorization: `Bearer ${key}` }
      const { status, headers } = await harness.call({ path: '/api/status', headers: sent })
      expect([status, headers['access-control-allow-origin']]).toEqual([200, DESK])
      expect(headers['access-control-expose-headers']).toContain('X-Request-Id')
    }
  })

  it.each(['/health/live', '/health/ready'])('reads %s without a key, as everybody does', async (path) => {
    const { status, headers } = await harness.call({ path, headers: { origin: DESK } })
    expect([status, headers['access-control-allow-origin'], headers.vary]).toEqual([200, DESK, 'Origin'])
    const other = await harness.call({ path, headers: { origin: 'https://evil.example' } })
    expect([other.status, corsOf(other.headers)]).toEqual([200, []])
  })

  it('has an event stream and MCP', async () => {
    const sent = { origin: DESK, 'x-api-key': key }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    const mcp = await harness.call({ method: 'POST', path: '/mcp', body, headers: sent })
    expect([mcp.status, mcp.headers['access-control-allow-origin']]).toEqual([200, DESK])
    const refused = await harness.call({ path: '/api/events/stream', headers: sent })
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([409, DESK])
  })

  it('cannot use the pages that accept a cookie, nor their forms', async () => {
    for (const [method, path] of [
      ...[
        ['GET', '/qr'],
        ['POST', '/qr'],
        ['POST', '/qr/code'],
        ['POST', '/login'],
      ],
      ['POST', '/accounts/work/qr'],
    ] as const) {
      const { status, json, headers } = await harness.call({ method, path, headers: { origin: DESK } })
      expect([path, status, json.code, corsOf(headers)]).toEqual([path, 403, 'forbidden_origin', []])
    }
    const { status, headers } = await preflight('/qr', DESK)
    expect([status, corsOf(headers)]).toEqual([403, []])
  })

  it('does not open another host', async () => {
    const headers = { origin: DESK, host: 'evil.example' }
    const { status, json } = await harness.call({ path: '/api/status', headers })
    expect([status, json.code]).toEqual([403, 'forbidden_host'])
  })
})

describe('any other origin', () => {
  it.each([
    'https://evil.example',
    'http://desk.example',
    'https://desk.example:8443',
    'https://desk.example.evil.example',
    'https://DESK.example',
    'null',
    'http://127.0.0.1:5174',
  ])('such as %s gets 403 and no header, with a key or a preflight', async (origin) => {
    const asked = await harness.call({ path: '/api/status', headers: { origin, 'x-api-key': key } })
    for (const { status, json, headers } of [asked, await preflight('/api/send', origin)]) {
      expect([status, json.code]).toEqual([403, 'forbidden_origin'])
      expect([corsOf(headers), headers.vary]).toEqual([[], undefined])
    }
  })

  it('is none at all: programs get no header', async () => {
    expect(corsOf((await harness.get('/api/status')).headers)).toEqual([])
  })
})

it('allows no wildcard and no path', async () => {
  for (const WHATSAPP_MCP_CORS_ORIGINS of [
    '*',
    'https://*.example',
    'https://desk.example/app',
    'desk.example',
  ])
    await expect(
      openHarness({ env: { WHATSAPP_MCP_CORS_ORIGINS }, simulator: harness.simulator }),
    ).rejects.toThrow('WHATSAPP_MCP_CORS_ORIGINS')
})
