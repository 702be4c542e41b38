/** Keys at their limits: one that expires while it is in use, a database that cannot say which there are, and other addresses. */
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { networkInterfaces, tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { DEFAULT_ACCOUNT, toJid } from '../src/model/ids.ts'
import { type Harness, type HarnessOptions, openHarness } from './harness.ts'
import { callWire, currentCall, openSession, openWire } from './mcp-wire.ts'
import { createTestClock } from './test-clock.ts'

const SETTINGS_KEY = 'the-key-of-the-settings-long-enough'
const HOUR_MS = 3_600_000

let harness: Harness
afterEach(() => harness.close())
const open = async (options: HarnessOptions) => {
  harness = await openHarness(options)
}
const codeOf = async (headers: Record<string, string>) => {
  const { status, json } = await harness.call({ path: '/api/status', headers })
  return status === 200 ? 'served' : json.code
}

describe('a key that expires', () => {
  it('is invalid from then on, also over MCP, and its sessions and streams end', async () => {
    const clock = createTestClock()
    await open({ clock })
    const expires_at = new Date(clock.now() + HOUR_MS).toISOString()
    const { secret } = (await harness.post('/api/keys', { name: 'hour', scopes: ['read'], expires_at })).json
    const headers = { 'x-api-key': secret }
    const session = await openSession(harness.url, undefined, undefined, headers)
    const stream = await openWire(harness.url, {
      method: 'GET',
      headers: { ...session, accept: 'text/event-stream' },
    })
    expect(stream.status).toBe(200)
    clock.advance(HOUR_MS - 60_000)
    expect(await codeOf(headers)).toBe('served')
    clock.advance(61_000)
    await stream.ended
    expect(await codeOf(headers)).toBe('key_required')
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await callWire(harness.url, { headers: session, body })).status).toBe(401)
    const [key] = (await harness.get('/api/keys')).json.keys
    expect(key).toMatchObject({ name: 'hour', expires_at })
  })
})

describe('a key of an account', () => {
  it('loses it visibly to a logout and to another number, until it is given again', async () => {
    await open({})
    await harness.link()
    const make = async (input: object) =>
      (await harness.post('/api/keys', { name: 'x', scopes: ['read'], ...input })).json
    const { key, secret } = await make({ accounts: ['default', 'work'] })
    const headers = { 'x-api-key': secret }
    const ofAll = { 'x-api-key': (await make({})).secret }
    const suspended = async () => (await harness.get(`/api/keys/${key.id}`)).json.key.suspended
    const give = () =>
      harness.call({
        method: 'PATCH',
        path: `/api/keys/${key.id}`,
        body: { accounts: ['default', 'work'] },
      })
    expect([key.suspended, await codeOf(headers)]).toEqual([[], 'served'])
    const stream = await openWire(harness.url, { method: 'GET', path: '/api/events/stream', headers })

    await harness.post('/api/logout')
    await stream.ended
    expect([await suspended(), await codeOf(headers)]).toEqual([['default'], 'account_not_found'])
    await harness.link()
    await harness.restart()
    await harness.until('ready')
    expect([await suspended(), await codeOf(headers)]).toEqual([['default'], 'account_not_found'])
    expect((await give()).json.key).toMatchObject({ accounts: ['default', 'work'], suspended: [] })
    expect(await codeOf(headers)).toBe('served')

    // The phone unlinks the server while it is stopped.
    await harness.app.session.stop()
    await harness.world.unlink()
    harness.world.switchAccount({ phone: '15550002000', pushname: 'Somebody else' })
    await harness.post('/api/auth/start')
    await expect.poll(suspended, { timeout: 60_000 }).toEqual(['default'])
    await harness.link()
    expect(await codeOf(headers)).toBe('account_not_found')
    // Nobody saw the unlinking: the directory was another one while the server was away.
    await give()
    await harness.app.control.accounts.change(DEFAULT_ACCOUNT, { number: toJid('15550009999@c.us') })
    await harness.restart()
    await harness.until('ready')
    await expect.poll(suspended).toEqual(['default'])
    // A key of all accounts is of the server, whatever number is linked.
    expect(await codeOf(ofAll)).toBe('served')
    const listed = async (account: string) => (await harness.get(`/api/keys?account=${account}`)).json.count
    expect([await listed('work'), await listed('nobody')]).toEqual([2, 1])
  }, 240_000)
})

describe('a control database that cannot be opened', () => {
  function brokenDir(): string {
    const authDir = mkdtempSync(join(tmpdir(), 'wma-test-'))
    const own = join(authDir, '.whatsapp-mcp-api')
    mkdirSync(own, { mode: 0o700 })
    writeFileSync(join(own, 'control.db'), 'this is no database', { mode: 0o600 })
    return authDir
  }

  it('makes no key valid but that of the settings, and says why', async () => {
    await open({ authDir: brokenDir(), env: { WHATSAPP_MCP_KEY: SETTINGS_KEY } })
    expect(await codeOf({ 'x-api-key': 'wma_of_the_database' })).toBe('control_foreign')
    expect(await codeOf({})).toBe('key_required')
    expect(await codeOf({ 'x-api-key': SETTINGS_KEY })).toBe('served')
    const audit = await harness.call({ path: '/api/audit', headers: { 'x-api-key': SETTINGS_KEY } })
    expect([audit.status, audit.json.code]).toEqual([500, 'control_foreign'])
  })

  it('lets a client that can be asked link: only a message that can wait needs the database', async () => {
    await open({ authDir: brokenDir(), env: { WHATSAPP_MCP_SENDS: 'confirm' } })
    const _meta = { 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } }
    const call = async (name: string, input: object) => {
      const request = currentCall('tools/call', { name, arguments: input, _meta })
      return (await callWire(harness.url, request)).messages().at(-1).result
    }
    const begun = await call('whatsapp_start_auth', {})
    expect([begun.isError ?? false, begun.structuredContent?.state], JSON.stringify(begun)).toEqual([
      false,
      'qr',
    ])
    const message = { phone_number: '15550001101', message: 'x' }
    expect(JSON.stringify(await call('whatsapp_send_message', message))).toContain('control_foreign')
  })
})

/** An address of this computer that others can reach; undefined: it has none. */
const address = Object.values(networkInterfaces())
  .flat()
  .find((one) => one?.family === 'IPv4' && !one.internal)?.address

describe.skipIf(address === undefined)('an address that other computers can reach', () => {
  it('serves requests with a key and a listed name, and no others', async () => {
    await open({
      env: {
        WHATSAPP_MCP_HOST: '0.0.0.0',
        WHATSAPP_MCP_KEY: SETTINGS_KEY,
        WHATSAPP_MCP_ALLOWED_HOSTS: 'wa.example.org',
      },
    })
    harness.url = `http://${address}:${new URL(harness.url).port}`
    const host = 'wa.example.org'
    expect(await codeOf({ host })).toBe('key_required')
    expect(await codeOf({ host, 'x-api-key': 'wrong' })).toBe('key_required')
    expect(await codeOf({ host, 'x-api-key': SETTINGS_KEY })).toBe('served')
    expect(await codeOf({ host: String(address), 'x-api-key': SETTINGS_KEY })).toBe('forbidden_host')
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list' }
    expect((await callWire(harness.url, { headers: { host }, body })).status).toBe(401)
    expect((await callWire(harness.url, { headers: { host, 'x-api-key': SETTINGS_KEY }, body })).status).toBe(
      200,
    )
  })
})
