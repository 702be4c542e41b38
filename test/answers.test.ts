/** Every documented field of every answer, and nothing that is not documented. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ROWS } from '../src/operations/index.ts'
import { type Harness, openHarness } from './harness.ts'

/** The documented members of the status, then ours. */
const STATUS = [
  'state',
  'ready',
  'authenticated',
  'auth_dir',
  'chrome_executable',
  'headless',
  'has_qr',
  'last_error',
  'account',
  'linked',
  'connected',
  'since_at',
  'proven_at',
  'reason',
  'next_step',
  'pairing',
  'reconnect',
  'whatsapp_web_version',
  'restriction',
  'memory',
  'control_problem',
  'sync',
  'archive',
]

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

describe('documented answers', () => {
  it.each(['/', '/health'])('GET %s', async (path) => {
    const { json, headers } = await harness.get(path)
    expect(headers['content-type']).toContain('application/json')
    expect(json).toMatchObject({ ok: true, name: 'whatsapp-mcp-api', mcp: `${harness.url}/mcp` })
    expect(Object.keys(json)).toEqual(['ok', 'name', 'mcp', 'status'])
    expect(Object.keys(json.status)).toEqual(STATUS)
  })

  it('GET /api/status while stopped', async () => {
    const { json } = await harness.get('/api/status')
    expect(Object.keys(json)).toEqual(STATUS)
    expect(json).toMatchObject({
      state: 'stopped',
      ready: false,
      authenticated: false,
      auth_dir: harness.authDir,
      headless: true,
      has_qr: false,
      last_error: null,
      account: null,
      pairing: null,
      reconnect: null,
    })
    expect(json.chrome_executable).toMatch(/^([A-Z]:\\|\/)/)
    expect(new Date(json.since_at).toISOString()).toBe(json.since_at)
  })

  it('POST /api/auth/start, twice at once, is one start', async () => {
    const [one, two] = await Promise.all([
      harness.post('/api/auth/start'),
      harness.post('/api/auth/start', {}),
    ])
    expect(one.json).toEqual(two.json)
    expect(Object.keys(one.json)).toEqual(STATUS)
    expect(one.json.pairing).toEqual({ method: 'qr', expires_at: expect.stringMatching(/Z$/) })
    expect(harness.log.filter(({ state }) => state === 'starting')).toHaveLength(1)
  })

  it('POST /api/pairing-code takes a JSON number too', async () => {
    const { json } = await harness.post('/api/pairing-code', { phone_number: 15550001000 })
    expect(Object.keys(json).slice(0, 4)).toEqual([
      'already_authenticated',
      'phone_number',
      'code',
      'instructions',
    ])
    expect(json).toMatchObject({ already_authenticated: false, phone_number: '15550001000' })
    await harness.world.typePairingCode({ code: json.code })
    await harness.until('ready')
    const again = await harness.post('/api/pairing-code', { phone_number: '15550001000' })
    expect(Object.keys(again.json)).toEqual(['already_authenticated', 'code', 'status'])
    const page = readFileSync(new URL('../docs/linking.md', import.meta.url), 'utf8')
    const [, shown = '{}'] = /^`(\{"already_authenticated": true,.*\})`/m.exec(page) ?? []
    expect(JSON.parse(shown.replace('{…}', 'null'))).toEqual({ ...again.json, status: null })
  })

  it('GET /openapi.json describes every route', async () => {
    const { json } = await harness.get('/openapi.json')
    expect(json.openapi).toMatch(/^3\.1/)
    const shapeOf = (path = '') => path.replace(/\{\w+\}/g, '{}')
    const paths = ROWS.flatMap(({ routes }) => routes.map((route) => shapeOf(route.split(' ')[1])))
    expect(Object.keys(json.paths).map(shapeOf).sort()).toEqual([...new Set(paths)].sort())
  })

  it('HEAD answers as GET, without a body', async () => {
    const answer = await harness.call({ method: 'HEAD', path: '/api/status' })
    expect([answer.status, answer.text]).toEqual([200, ''])
  })

  it('escapes what could steer a terminal', async () => {
    const { text } = await harness.call({
      method: 'POST',
      path: '/api/send',
      raw: '{"\\u202e\\u009b31m":1}',
      headers: { 'content-type': 'application/json' },
    })
    expect(text).not.toMatch(/[\u0080-\u009f\u202a-\u202e]/)
    expect(text).toContain('\\u202e')
  })
})
