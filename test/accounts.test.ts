/** Several accounts on one server: adding, changing, stopping and removing them. No browser is needed for that. */
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer, type IncomingMessage } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { type Harness, openHarness } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())
/** A test that fails leaves no fault to the next one. */
afterEach(() => harness.world.clearFaults())

const of = (account: string) => ({
  get: (path: string) => harness.get(`/api/accounts/${account}${path}`),
  post: (path: string, body?: unknown) => harness.post(`/api/accounts/${account}${path}`, body),
  patch: (body: unknown) => harness.call({ method: 'PATCH', path: `/api/accounts/${account}`, body }),
  delete: (query = '') => harness.call({ method: 'DELETE', path: `/api/accounts/${account}${query}` }),
})
const tool = async (account: string, name: string, input = {}, query = '') => {
  const params = { name, arguments: input }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  return (await harness.post(`/accounts/${account}/mcp${query}`, body)).text
}
const own = (...path: string[]) => join(harness.authDir, '.whatsapp-mcp-api', ...path)

describe('accounts', () => {
  it('are default alone at first, in the form of the list and as one', async () => {
    const list = await harness.get('/api/accounts')
    const status = (await harness.get('/api/status')).json
    expect(list.json).toEqual({
      ok: true,
      count: 1,
      accounts: [{ id: 'default', label: null, proxy: null, status }],
      next_cursor: null,
    })
    expect((await of('default').get('')).json).toEqual(list.json)
    expect((await of('default').get('/status')).json).toEqual(status)
  })

  it('are added with 201, a label and a proxy whose credentials are never shown or logged', async () => {
    const proxy = 'http://robin:s3cret-canary@127.0.0.1:1'
    const added = await harness.post('/api/accounts', { id: 'work', label: 'Work phone', proxy })
    expect(added.status).toBe(201)
    expect(added.json.account).toMatchObject({ id: 'work', label: 'Work phone', proxy: 'http://127.0.0.1:1' })
    expect((await harness.get('/api/accounts')).json).toMatchObject({
      count: 2,
      accounts: [{ id: 'default' }, { id: 'work' }],
    })
    const all = JSON.stringify([added.json, (await harness.get('/api/accounts')).json, harness.log])
    expect(all).not.toContain('s3cret-canary')
    expect(statSync(own('accounts', 'work')).mode & 0o777).toBe(0o700)
    expect(existsSync(join(harness.authDir, 'session-work'))).toBe(true)
  })

  it('have names of their own', async () => {
    const codes = async (body: object) => {
      const { status, json } = await harness.post('/api/accounts', body)
      return [status, json.code]
    }
    expect(await codes({ id: 'work' })).toEqual([409, 'account_exists'])
    expect(await codes({ id: 'default' })).toEqual([409, 'account_exists'])
    for (const id of ['Work', '-a', '', 'a'.repeat(33), '../x', 'a.b'])
      expect(await codes({ id })).toEqual([400, 'invalid_input'])
    for (const proxy of ['ftp://x', 'socks5://a:b@x:1', 'http://x:1/path', 'http://a,b:1', 'x'])
      expect(await codes({ id: 'other', proxy })).toEqual([400, 'invalid_input'])
  })

  it('that do not exist are 404 on every route, page and endpoint', async () => {
    const bodies = [
      await of('nobody').get(''),
      await of('nobody').get('/status'),
      await of('nobody').get('/chats'),
      await of('nobody').get('/events/stream'),
      await of('nobody').get('/export'),
      await of('nobody').post('/auth/start'),
      await of('nobody').post('/stop'),
      await of('nobody').delete(),
      await harness.get('/accounts/nobody/qr'),
      await harness.get('/accounts/Nobody/qr/code'),
      await harness.post('/accounts/nobody/mcp', { jsonrpc: '2.0', id: 1, method: 'ping' }),
    ]
    expect(bodies.map(({ status, json }) => [status, json.code])).toEqual(
      bodies.map(() => [404, 'account_not_found']),
    )
  })

  it('name their own paths in statuses, errors, pages and tools', async () => {
    const status = (await of('work').get('/status')).json
    expect(status.next_step).toBe('POST /api/accounts/work/auth/start to link an account.')
    const { json } = await of('work').get('/chats')
    expect([json.code, json.hint]).toEqual(['not_linked', expect.stringContaining('/api/accounts/work/')])
    const page = await harness.get('/accounts/work/qr')
    expect(page.text).toContain('Press Start')
    const told = await harness.post('/accounts/work/mcp', {
      jsonrpc: '2.0',
      id: 1,
      method: 'tools/call',
      params: { name: 'whatsapp_status', arguments: { response_format: 'concise' } },
    })
    expect(told.text).toContain('whatsapp_start_auth to link an account')
    const failed = await tool('work', 'whatsapp_list_chats')
    expect(failed).toContain(`whatsapp_start_auth, then scan the QR code at ${harness.url}/accounts/work/qr`)
    // Without its tool, a route stays a route.
    const listed = await tool(
      'work',
      'whatsapp_get_contact',
      { contact_id: '15550001001' },
      '?toolsets=people',
    )
    expect(listed).toContain('POST /api/accounts/work/auth/start')
    expect((await harness.get('/api/status')).json.next_step).toBe('POST /api/auth/start to link an account.')
  })

  it('are renamed, and lose a proxy', async () => {
    const { json } = await of('work').patch({ label: null, proxy: null })
    expect(json.account).toMatchObject({ id: 'work', label: null, proxy: null })
    expect((await of('work').patch({ id: 'x' })).json.code).toBe('invalid_input')
  })

  it('that were stopped stay so over a restart of the server', async () => {
    expect((await of('work').post('/stop')).json.account.status).toMatchObject({
      state: 'stopped',
      reason: 'stopped',
    })
    await of('default').post('/stop')
    await harness.post('/api/accounts', { id: 'spare' })
    // Its webhook opens the account before its turn comes.
    await harness.post('/api/webhooks', { account: 'work', url: 'https://receiver.example/' })
    await harness.restart()
    const list = (await harness.get('/api/accounts')).json.accounts
    const stopped = list.filter(({ id }: { id: string }) => id !== 'spare')
    expect(stopped.map(({ status }: never) => (status as { reason: string }).reason)).toEqual([
      'stopped',
      'stopped',
    ])
  })

  it('that were never linked wait for nobody after a restart', async () => {
    const step = async () => (await of('spare').get('/status')).json.next_step
    await expect
      .poll(step, { timeout: 60_000 })
      .toBe('POST /api/accounts/spare/auth/start to link an account.')
    await of('spare').delete('?archive=delete&confirm=spare')
  })

  it('that are linked connect by themselves after a restart, also with a webhook', async () => {
    await harness.post('/api/accounts', { id: 'hooked' })
    await harness.post('/api/webhooks', { account: 'hooked', url: 'https://receiver.example/' })
    writeFileSync(own('accounts', 'hooked', 'session.json'), JSON.stringify({ linked_at: 'x', wid: null }))
    writeFileSync(join(harness.authDir, 'session-hooked', 'First Run'), '')
    harness.world.setFault({ name: 'load_refused', value: true })
    await harness.restart()
    const state = async () => (await of('hooked').get('/status')).json.state
    await expect.poll(state, { timeout: 60_000 }).not.toBe('stopped')
    await of('hooked').post('/stop')
    await of('hooked').delete('?archive=delete&confirm=hooked')
    harness.world.setFault({ name: 'load_refused', value: false })
  })

  it('name their own paths on the page for a pairing code', async () => {
    const marker = own('accounts', 'work', 'session.json')
    // A session that is saved, with its profile, and cannot connect.
    writeFileSync(marker, JSON.stringify({ linked_at: 'x', wid: null }))
    writeFileSync(join(harness.authDir, 'session-work', 'First Run'), '')
    harness.world.setFault({ name: 'load_refused', value: true })
    await harness.restart()
    const page = await harness.call({
      method: 'POST',
      path: '/accounts/work/qr/code',
      raw: 'phone_number=15550001000',
      headers: { 'content-type': 'application/x-www-form-urlencoded', origin: harness.url },
    })
    expect(page.status).toBe(409)
    expect(page.text).toContain('POST /api/accounts/work/logout first')
    harness.world.setFault({ name: 'load_refused', value: false })
    rmSync(marker)
    await harness.restart()
  })

  it('are removed with their profile; the archive stays unless its deletion is confirmed', async () => {
    expect((await of('default').delete()).json.code).toBe('account_in_use')
    expect((await of('work').delete('?archive=delete&confirm=default')).json.code).toBe('invalid_input')
    expect((await of('work').delete()).json).toEqual({ ok: true, archive_deleted: false })
    expect(existsSync(join(harness.authDir, 'session-work'))).toBe(false)
    expect(existsSync(own('accounts', 'work', 'archives'))).toBe(true)
    expect((await of('work').get('/status')).json.code).toBe('account_not_found')
    expect((await harness.post('/api/accounts', { id: 'work' })).status).toBe(201)
    expect((await of('work').delete('?archive=delete&confirm=work')).json).toMatchObject({
      archive_deleted: true,
    })
    expect(readdirSync(own('accounts'))).toEqual([])
  })

  it('cannot be added again before their removal is complete', async () => {
    await harness.post('/api/accounts', { id: 'work' })
    let complete = () => {}
    const removal = new Promise<void>((resolve) => {
      complete = resolve
    })
    const begun = new Promise<void>((resolve) =>
      harness.app.accounts.onRemove(() => {
        resolve()
        return removal
      }),
    )
    const removed = of('work').delete('?archive=delete&confirm=work')
    await begun
    const early = await harness.post('/api/accounts', { id: 'work' })
    expect([early.status, early.json.code]).toEqual([409, 'account_exists'])
    complete()
    expect((await removed).status).toBe(200)
    expect((await harness.post('/api/accounts', { id: 'work' })).status).toBe(201)
    expect((await of('work').get('/status')).status).toBe(200)
    await of('work').delete('?archive=delete&confirm=work')
  })

  it('are closed also if a part of their removal fails', async () => {
    await harness.post('/api/accounts', { id: 'torn' })
    const { session } = harness.app.accounts.get('torn')
    harness.app.accounts.onRemove(async (id) => {
      if (id === 'torn') throw new Error('the disk failed')
    })
    expect((await of('torn').delete()).json.code).toBe('account_unavailable')
    expect(() => session.logout()).toThrow(expect.objectContaining({ code: 'shutting_down' }))
    expect((await of('torn').get('/status')).json.code).toBe('account_not_found')
  })
})

describe('a proxy', () => {
  /** A proxy that demands a name and password, and leads to the double. */
  async function openProxy() {
    const target = Number(/127\.0\.0\.1:(\d+)/.exec(harness.simulator.chromiumArgs.join())?.[1])
    const tunnels: { host: string | undefined; from: string }[] = []
    const server = createServer((_, response) => response.writeHead(403).end())
    server.on('connect', (request: IncomingMessage, socket) => {
      const [, given = ''] = (request.headers['proxy-authorization'] ?? '').split(' ')
      const from = Buffer.from(given, 'base64').toString()
      if (from !== 'robin:s3cret:canary')
        return socket.end(
          'HTTP/1.1 407 Wanted\r\nProxy-Authenticate: Basic realm="x"\r\nContent-Length: 0\r\n\r\n',
        )
      tunnels.push({ host: request.url, from })
      const onward = connect(target, '127.0.0.1', () => {
        socket.write('HTTP/1.1 200 OK\r\n\r\n')
        onward.pipe(socket).pipe(onward)
      })
      for (const end of [socket, onward]) end.on('error', () => end.destroy())
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    return { tunnels, port, close: () => server.close() }
  }

  it('is the way of its browser, with its name and password, and a new one restarts the session', async () => {
    const { tunnels, port, close } = await openProxy()
    const proxy = `http://robin:s3cret%3Acanary@127.0.0.1:${port}`
    await harness.post('/api/accounts', { id: 'away', proxy })
    expect((await of('away').post('/auth/start')).json.state).toBe('qr')
    expect(tunnels.map(({ host }) => host)).toContain('web.whatsapp.com:443')
    expect(await tool('away', 'whatsapp_start_auth')).toContain(
      `The current code is always at ${harness.url}/accounts/away/qr`,
    )
    const dead = await of('away').patch({ proxy: 'http://127.0.0.1:9' })
    expect(dead.json.account).toMatchObject({
      proxy: 'http://127.0.0.1:9',
      status: { reason: 'start_failed' },
    })
    expect(JSON.stringify(harness.log)).not.toMatch(/s3cret|canary/)
    // Chromium itself contacts nobody, such as accounts.google.com.
    expect(tunnels.filter(({ host }) => !/\.whatsapp\.(?:com|net):443$/.test(`${host}`))).toEqual([])
    await of('away').delete('?archive=delete&confirm=away')
    close()
  }, 180_000)

  it('is not left out after a logout, and after the control database has lost it', async () => {
    await of('default').patch({ proxy: 'http://127.0.0.1:9' })
    await harness.post('/api/logout')
    for (const end of ['', '-wal', '-shm']) rmSync(own(`control.db${end}`), { force: true })
    await harness.restart()
    expect((await of('default').get('')).json.accounts[0].proxy).toBeNull()
    const started = await harness.post('/api/auth/start')
    expect(started.json).toMatchObject({
      state: 'stopped',
      reason: 'start_failed',
      last_error: expect.stringContaining('PATCH /api/accounts/default'),
    })
    await of('default').patch({ proxy: null })
    expect(existsSync(own('limits.json'))).toBe(false)
  })
})
