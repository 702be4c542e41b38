/** Who may call, and how: every request of these tables gets exactly this answer, and WhatsApp never hears of it. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { promisify } from 'node:util'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { type Call, type Harness, openHarness } from './harness.ts'

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterEach(() => {
  vi.unstubAllGlobals()
})
afterAll(() => harness.close())

const MIB = 2 ** 20
const evil = 'https://evil.example'
const port = () => new URL(harness.url).port

describe('host (S3)', () => {
  it.each([
    'evil.example:8790',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'wa.example.evil',
    '10.0.0.1',
    '[::2]',
  ])('refuses %s', async (host) => {
    for (const path of ['/', '/health', '/api/status', '/qr', '/mcp', '/nowhere']) {
      const answer = await harness.call({ path, headers: { host } })
      expect([answer.status, answer.json.code], path).toEqual([403, 'forbidden_host'])
      expect(answer.headers.connection).toBe('close')
    }
  })

  it.each(['127.0.0.1', 'localhost', 'LOCALHOST:1234', '[::1]:8790', '127.9.9.9:1'])(
    'takes %s, on any port',
    async (host) => {
      expect((await harness.call({ path: '/api/status', headers: { host } })).status).toBe(200)
    },
  )

  it.each([
    ['none', ''],
    ['two', 'Host: localhost\r\nHost: evil.example\r\n'],
    ['two that are equal', 'Host: localhost\r\nHost: localhost\r\n'],
    ['an empty one', 'Host:\r\n'],
  ])('refuses a request with %s', async (_, lines) => {
    const answer = await rawRequest(`GET /api/status HTTP/1.1\r\n${lines}Connection: close\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"code":"malformed_request"')
  })
})

describe('origin (S1, S2)', () => {
  const refused: [string, Call][] = [
    ['a page that reads', { path: '/api/status', headers: { origin: evil } }],
    [
      'a preflight',
      {
        method: 'OPTIONS',
        path: '/api/send',
        headers: { origin: evil, 'access-control-request-method': 'POST' },
      },
    ],
    ['a sandboxed frame', { path: '/api/status', headers: { origin: 'null' } }],
    ['a page on another port', { path: '/api/status', headers: { origin: 'http://127.0.0.1:1' } }],
    [
      'a form that posts',
      {
        method: 'POST',
        path: '/api/send',
        raw: 'x',
        headers: { origin: evil, 'content-type': 'text/plain' },
      },
    ],
    [
      'an image tag',
      { path: '/api/status', headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' } },
    ],
    ['a script of another local port', { path: '/api/status', headers: { 'sec-fetch-site': 'same-site' } }],
    [
      'a link to an API route',
      {
        path: '/api/status',
        headers: {
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
        },
      },
    ],
    [
      'a frame around /qr',
      {
        path: '/qr',
        headers: { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' },
      },
    ],
    [
      'a form that posts to /qr',
      {
        method: 'POST',
        path: '/qr',
        headers: {
          'sec-fetch-site': 'cross-site',
          'sec-fetch-mode': 'navigate',
          'sec-fetch-dest': 'document',
        },
      },
    ],
  ]
  it.each(refused)('refuses %s', async (_, call) => {
    const answer = await harness.call(call)
    expect([answer.status, answer.json.code]).toEqual([403, 'forbidden_origin'])
    expect(answer.headers.connection).toBe('close')
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  it('takes our own pages, under whatever port they were reached', async () => {
    for (const host of [`127.0.0.1:${port()}`, 'localhost:9999']) {
      const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' }
      expect((await harness.call({ path: '/api/status', headers })).status).toBe(200)
    }
  })

  it('takes a link to /qr from elsewhere, and a typed address', async () => {
    const navigate = { 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }
    for (const site of ['cross-site', 'none']) {
      expect(
        (await harness.call({ path: '/qr', headers: { ...navigate, 'sec-fetch-site': site } })).status,
      ).toBe(200)
    }
  })
})

describe('the forms of /qr', () => {
  const form = 'application/x-www-form-urlencoded'
  const post = (headers: Record<string, string>, path = '/qr/code') =>
    harness.call({
      method: 'POST',
      path,
      raw: 'phone_number=1',
      headers: { 'content-type': form, ...headers },
    })

  it.each([
    ['of another site', { origin: evil, 'sec-fetch-site': 'cross-site' }],
    ['of another port', { origin: 'http://127.0.0.1:1', 'sec-fetch-site': 'same-site' }],
    ['of a sandboxed frame', { origin: 'null', 'sec-fetch-site': 'cross-site' }],
    ['of a page that names no origin and no site', { origin: 'null' }],
    ['of another site, in a browser that tells nothing of it', {}],
  ])('are not taken from a page %s', async (_, headers) => {
    for (const path of ['/qr', '/qr/code']) {
      const answer = await post(headers as Record<string, string>, path)
      expect([answer.status, answer.json.code], path).toEqual([403, 'forbidden_origin'])
    }
    expect((await harness.status()).state).toBe('stopped')
  })

  it.each([
    ['by its origin', () => ({ origin: harness.url })],
    [
      'by the browser, where the page tells no referrer',
      () => ({ origin: 'null', 'sec-fetch-site': 'same-origin' }),
    ],
  ])('are taken from our own page, known %s', async (_, headers) => {
    const answer = await post(headers())
    expect([answer.status, answer.headers['content-type']]).toEqual([400, 'text/html; charset=utf-8'])
    expect(answer.text).toContain('8 to 15 digits')
  })

  it('are the only ones: no other route takes their type, and they take no other', async () => {
    const own = { origin: harness.url, 'sec-fetch-site': 'same-origin' }
    const elsewhere = await post(own, '/api/pairing-code')
    expect([elsewhere.status, elsewhere.json.code]).toEqual([415, 'unsupported_media_type'])
    const json = await post({ ...own, 'content-type': 'application/json' })
    expect([json.status, json.json.code]).toEqual([415, 'unsupported_media_type'])
    const large = await harness.call({
      method: 'POST',
      path: '/qr/code',
      raw: `phone_number=${'1'.repeat(2_000)}`,
      headers: { 'content-type': form, ...own },
    })
    expect([large.status, large.json.code]).toEqual([413, 'body_too_large'])
  })
})

describe('body (S10, S11)', () => {
  const send = { phone_number: '15551234567', message: 'hi' }

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonx',
  ])('refuses the type %s and names the header', async (type) => {
    const answer = await harness.call({
      method: 'POST',
      path: '/api/send',
      raw: JSON.stringify(send),
      headers: { 'content-type': type },
    })
    expect([answer.status, answer.json.code]).toEqual([415, 'unsupported_media_type'])
    expect(answer.json.detail).toContain('Content-Type: application/json')
  })

  it('takes no body, and an empty one with or without a type, for {}', async () => {
    const calls: Call[] = [
      { method: 'POST', path: '/api/logout' },
      { method: 'POST', path: '/api/logout', raw: '' },
      { method: 'POST', path: '/api/logout', raw: '', headers: { 'content-type': 'application/json' } },
      {
        method: 'POST',
        path: '/api/logout',
        raw: '',
        headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': '0' },
      },
      {
        method: 'POST',
        path: '/api/logout',
        raw: '{}',
        headers: { 'content-type': 'application/json; charset=utf-8' },
      },
    ]
    for (const call of calls)
      expect((await harness.call(call)).json, JSON.stringify(call)).toEqual({ ok: true })
  })

  it.each([
    ['{', 'malformed_json'],
    ['[]', 'invalid_input'],
    ['"x"', 'invalid_input'],
    ['null', 'invalid_input'],
    ['{}', 'invalid_input'],
    [JSON.stringify({ ...send, extra: { to: 'B' } }), 'invalid_input'],
    [JSON.stringify({ ...send, message: '  ' }), 'invalid_input'],
    [JSON.stringify({ ...send, message: 'x'.repeat(65_537) }), 'invalid_input'],
    [JSON.stringify({ ...send, phone_number: '12' }), 'invalid_input'],
    ['['.repeat(100_000), 'malformed_json'],
    ['{"__proto__":{"a":1}}', 'invalid_input'],
  ])('answers %.40s with %s', async (raw, code) => {
    const answer = await harness.call({
      method: 'POST',
      path: '/api/send',
      raw,
      headers: { 'content-type': 'application/json' },
    })
    expect([answer.status, answer.json.code]).toEqual([400, code])
    expect(answer.headers['content-type']).toContain('application/problem+json')
    expect(Object.keys(answer.json)).toEqual(
      expect.arrayContaining(['type', 'title', 'status', 'detail', 'code', 'hint', 'retry', 'request_id']),
    )
  })

  it('refuses a body that is announced too large, before reading it', async () => {
    const answer = await rawRequest(
      'POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 1073741824\r\n\r\n',
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toContain('"code":"body_too_large"')
  })

  it('refuses a body without an end and hangs up', async () => {
    const chunk = `${(65_536).toString(16)}\r\n${' '.repeat(65_536)}\r\n`
    const answer = await rawRequest(
      'POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
      chunk,
    )
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
  })

  const json = { 'content-type': 'application/json' }
  it.each<[string, string, Record<string, string | number>, number, string]>([
    ['of unknown length', '/api/send', json, 413, 'body_too_large'],
    ['of known length', '/api/send', { ...json, 'content-length': 12 * MIB }, 413, 'body_too_large'],
    ['for another host', '/api/send', { ...json, host: 'evil.example' }, 403, 'forbidden_host'],
    ['in a compressed file', '/api/uploads', { 'content-encoding': 'br' }, 415, 'unsupported_media_type'],
    ['with a wrong length', '/api/send', { ...json, 'content-length': 3 }, 400, 'malformed_request'],
  ])(
    'is answered to a client that reads once all is sent: 12 MiB %s',
    async (_, path, headers, status, code) => {
      const method = path === '/api/uploads' ? 'PUT' : 'POST'
      // The server reads on for 2 s, in which a busy machine does not send so much.
      const { setTimeout: real } = globalThis
      vi.stubGlobal('setTimeout', (run: () => void, ms?: number) => real(run, ms === 2_000 ? 60_000 : ms))
      const answer = await sendAll(`${method} ${path}`, { host: 'localhost', ...headers }, 12)
      expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} .*"code":"${code}"`, 's'))
    },
  )

  it('hangs up on a client that sends on and on', async () => {
    const { ms, bytes } = await flood(
      'POST /api/send HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 99999999999\r\n\r\n',
    )
    expect(ms).toBeLessThan(5_000)
    expect(bytes).toBeLessThan(80 * MIB)
  })

  it('hangs up on a client that says nothing more', async () => {
    const head = 'POST /api/send HTTP/1.1\r\nHost: evil.example\r\nContent-Length: 9\r\n\r\n'
    const socket = connect({ port: Number(port()), host: '127.0.0.1', allowHalfOpen: true })
    socket.resume().write(head)
    await once(socket, 'end')
    const open = () => promisify(harness.app.http.server.getConnections).call(harness.app.http.server)
    expect(await open()).toBeGreaterThan(0)
    await expect.poll(open, { timeout: 5_000 }).toBe(0)
    socket.destroy()
  })
})

describe('routes', () => {
  it('answers an unknown route with 404', async () => {
    const answer = await harness.get('/api/nothing')
    expect([answer.status, answer.json.code]).toEqual([404, 'route_not_found'])
  })

  it.each([
    ['GET', '/api/logout', 'POST'],
    ['POST', '/api/status', 'GET, HEAD'],
    ['DELETE', '/api/send', 'POST'],
    ['PUT', '/qr', 'GET, POST, HEAD'],
  ])('answers %s %s with 405 and Allow: %s', async (method, path, allow) => {
    const answer = await harness.call({ method, path })
    expect([answer.status, answer.json.code, answer.headers.allow]).toEqual([
      405,
      'method_not_allowed',
      allow,
    ])
  })

  it('adds a new id to each response, whatever the client sends (S13)', async () => {
    const headers = { 'x-request-id': 'mine'.repeat(1_000) }
    const ids = await Promise.all(
      [1, 2].map(async () => (await harness.call({ path: '/nowhere', headers })).json.request_id),
    )
    expect(new Set(ids).size).toBe(2)
    expect(ids[0]).toMatch(/^[0-9a-f-]{36}$/)
  })
})

it('let nothing reach WhatsApp', () => {
  expect(harness.world.messages().filter(({ body }) => body === 'hi')).toEqual([])
})

/** What a client gets that sends so many MiB and then reads, as most libraries do. Rejects where it cannot send them all. */
async function sendAll(
  route: string,
  headers: Record<string, string | number>,
  mib: number,
): Promise<string> {
  const isChunked = headers['content-length'] === undefined
  const lines = Object.entries({ ...headers, ...(isChunked ? { 'transfer-encoding': 'chunked' } : {}) })
  const socket = connect(Number(port()), '127.0.0.1')
    .pause()
    .setEncoding('utf8')
    .on('error', () => {})
  const write = (data: string) =>
    new Promise<void>((done, fail) => socket.write(data, (error) => (error ? fail(error) : done())))
  await write(`${route} HTTP/1.1\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`)
  const piece = ' '.repeat(MIB)
  for (let n = 0; n < mib; n += 1) await write(isChunked ? `${MIB.toString(16)}\r\n${piece}\r\n` : piece)
  socket.end(isChunked ? '0\r\n\r\n' : '')
  return (await socket.toArray()).join('')
}

/** How long, and how much, a client can send that never ends. */
async function flood(head: string): Promise<{ ms: number; bytes: number }> {
  const from = performance.now()
  const options = { port: Number(port()), host: '127.0.0.1', allowHalfOpen: true }
  const socket = connect(options).on('error', () => {})
  const piece = Buffer.alloc(MIB)
  const pump = () => void (!socket.destroyed && socket.write(piece, () => setImmediate(pump)))
  socket.resume().write(head, pump)
  await new Promise((closed) => socket.once('close', closed))
  return { ms: performance.now() - from, bytes: socket.bytesWritten }
}

/** Bytes over a socket; `repeat` is written until the other side answers or hangs up. */
function rawRequest(head: string, repeat?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port()), '127.0.0.1')
    let answer = ''
    const pump = () => {
      if (repeat === undefined || socket.destroyed || answer !== '') return
      if (socket.write(repeat)) setImmediate(pump)
      else socket.once('drain', pump)
    }
    socket.setTimeout(10_000, () => socket.destroy(new Error('no answer')))
    socket.on('data', (data) => {
      answer += data
      if (repeat === undefined && answer.includes('}')) socket.end()
    })
    socket.on('error', (error) => (answer === '' ? reject(error) : resolve(answer)))
    socket.on('close', () => resolve(answer))
    socket.write(head)
    pump()
  })
}
