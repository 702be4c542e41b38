/** What a request may hold, and where: nothing that was sent is ignored or read as something else. */
import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { cpuMs } from './cpu-time.ts'
import { type Harness, openHarness } from './harness.ts'

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
type Json = any

let harness: Harness
beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

const send = (message: string) => `{"phone_number":"15550001101","message":"${message}"}`

describe('a body', () => {
  it.each([
    ['Latin-1', Buffer.from(send('Grüße'), 'latin1')],
    ['half of a surrogate pair in UTF-8', Buffer.from(send('\xed\xa0\x80'), 'latin1')],
    ['half of a surrogate pair, escaped', Buffer.from(send('a\\ud83d'))],
    ['half of a surrogate pair in a name', Buffer.from('{"\\udc00":1}')],
  ])('of %s is 400', async (_, body) => {
    const answer = await raw('POST /api/send', { 'Content-Type': 'application/json' }, body)
    expect([answer.status, answer.json.code]).toEqual([400, 'malformed_json'])
  })

  it('may begin with a byte order mark', async () => {
    const answer = await harness.call({
      method: 'POST',
      path: '/api/logout',
      raw: '\ufeff{}',
      headers: { 'content-type': 'application/json' },
    })
    expect(answer.status).toBe(200)
  })
})

describe('a client that ends its half of the connection right after the request', () => {
  it('receives a response', async () => {
    for (let n = 0; n < 10; n += 1) {
      const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
      socket.end('GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n')
      const answer = (await socket.setEncoding('utf8').toArray()).join('')
      // 403 if the FIN was acknowledged before the look-up: in that state a socket does not prove its owner.
      expect(answer).toMatch(/^HTTP\/1\.1 (200|403) /)
    }
  })
})

describe('a query', () => {
  it.each(['limit=%zz', 'query=%FF', 'query=Gr%FC%DFe', 'query=%ED%A0%80', 'query=50%', '%FF=1'])(
    'of %s is 400, on every route',
    async (query) => {
      for (const path of ['/api/chats', '/api/export', '/api/events/stream', '/qr', '/docs']) {
        const answer = await harness.get(`${path}?${query}`)
        expect([answer.status, answer.json.code], path).toEqual([400, 'malformed_request'])
      }
    },
  )

  it.each([
    ['DELETE', '/api/chats/15550001101@c.us/messages?dry_run=true'],
    ['POST', '/api/logout?device=other'],
    ['POST', '/api/logout#device=other'],
    ['POST', '/api/auth/start?headless=false'],
    ['POST', '/api/send?dry_run=true', send('hi')],
    ['POST', '/api/messages?format=text', '{"phone_number":"15550001101"}'],
    ['GET', '/?x=1'],
    ['HEAD', '/health?x=1'],
    ['GET', '/api/status?x=1'],
    ['GET', '/api/export?x=1'],
    ['GET', '/api/events/stream?x=1'],
    ['GET', '/qr?x=1'],
    ['GET', '/qr/code?x=1'],
    ['GET', '/docs?x=1'],
    ['GET', '/docs/docs.css?x=1'],
    ['GET', '/openapi.json?x=1'],
  ])('of a field that %s %s does not know is 400', async (method, path, body?: string) => {
    const headers: Record<string, string> = body === undefined ? {} : { 'content-type': 'application/json' }
    const answer = await harness.call({ method, path, headers, ...(body === undefined ? {} : { raw: body }) })
    expect(answer.status).toBe(400)
    if (method !== 'HEAD') expect(answer.json.code).toBe('invalid_input')
  })

  it.each(['/qr?x=1', '/qr/code?x=1'])(
    'of a field that the form POST %s does not know is 400',
    async (path) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded', origin: harness.url }
      const { host } = new URL(harness.url)
      const raw = path.startsWith('/qr/code') ? 'phone_number=15550001000' : ''
      const answer = await harness.call({ method: 'POST', path, raw, headers: { ...headers, host } })
      expect(answer.status).toBe(400)
      expect((await harness.status()).state).toBe('stopped')
    },
  )

  it('is read like a body', async () => {
    const { status, json } = await harness.post('/api/messages?phone_number=15550001101&limit=5')
    expect([status, json.code]).toEqual([409, 'not_linked'])
    const wrong = await harness.post('/api/messages?phone_number=12', { limit: 500 })
    expect(wrong.json.detail).toMatch(/"phone_number".*"limit"/)
  })

  it.each([
    [
      'POST',
      '/api/send?message=a',
      { phone_number: '15550001101', message: 'b' },
      '"message" is given in the query and in the body.',
    ],
    [
      'DELETE',
      '/api/chats/15550001101@c.us/messages?chat_id=15550001102@c.us',
      undefined,
      '"chat_id" is given in the path and in the query.',
    ],
    [
      'POST',
      '/api/chats/15550001101/messages',
      { chat: '15550001102', message: 'b' },
      '"chat" is given in the path and in the body.',
    ],
  ])('gives no field twice: %s %s', async (method, path, body, detail) => {
    const answer = await harness.call({ method, path, body })
    expect([answer.status, answer.json.code, answer.json.detail]).toEqual([400, 'invalid_input', detail])
  })
})

describe('/openapi.json', () => {
  it('is made once, and sent once', async () => {
    const written = vi.spyOn(JSON, 'stringify')
    const made = () => written.mock.calls.filter(([value]) => value?.openapi !== undefined).length
    // Time of the processor, which other programs and threads do not take, between two looks at the network.
    let [longestMs, isMade, before] = [0, false, cpuMs()]
    const look = () => {
      longestMs = Math.max(longestMs, cpuMs() - before)
      before = cpuMs()
      if (!isMade) setImmediate(look)
    }
    look()
    const first = await harness.get('/openapi.json')
    isMade = true
    expect(longestMs).toBeLessThan(100)
    expect(made()).toBeLessThanOrEqual(1)
    written.mockClear()
    const etag = String(first.headers.etag)
    const again = await harness.call({ path: '/openapi.json', headers: { 'if-none-match': etag } })
    expect([first.status, again.status, again.text]).toEqual([200, 304, ''])
    expect((await harness.get('/openapi.json')).text).toBe(first.text)
    expect(made()).toBe(0)
    written.mockRestore()
  })

  it('closes requests and leaves answers open, so that a new field breaks no client', async () => {
    const { paths, components } = (await harness.get('/openapi.json')).json
    const operations = Object.values<Json>(paths).flatMap((path) => Object.values<Json>(path))
    const closed = (part: unknown) => JSON.stringify(part).includes('"additionalProperties":false')
    expect(operations.filter(({ responses }) => closed(responses))).toEqual([])
    expect(closed(components)).toBe(false)
    const bodies = operations.flatMap(({ requestBody }) => requestBody ?? [])
    expect(bodies.length).toBeGreaterThan(3)
    const ofJson = bodies.filter(({ content }) => 'application/json' in content)
    expect(ofJson.filter((body) => !closed(body))).toEqual([])
  })

  it('has a different title for each operation', async () => {
    const { paths } = (await harness.get('/openapi.json')).json
    const titles = Object.values<Json>(paths).flatMap((path) =>
      Object.values<Json>(path).map(({ summary }) => summary),
    )
    expect(titles).toContain('Server information')
    expect(new Set(titles).size).toBe(titles.length)
  })
})

describe('a method that the product does not know', () => {
  it.each(['QUERY', 'PROPFIND', 'OPTIONS', 'TRACE'])('%s is 405', async (method) => {
    for (const [path, allow] of [
      ['/api/chats', 'GET, PATCH, HEAD'],
      ['/mcp', 'GET, POST, DELETE'],
    ] as const) {
      const answer = await harness.call({ method, path })
      expect([answer.status, answer.json.code, answer.headers.allow], path).toEqual([
        405,
        'method_not_allowed',
        allow,
      ])
    }
    const nowhere = await harness.call({ method, path: '/nowhere' })
    expect([nowhere.status, nowhere.json.code]).toEqual([404, 'route_not_found'])
  })
})

describe('an Expect header', () => {
  it('that is unknown is 417, after the guard', async () => {
    const answer = await raw('POST /api/logout', { Expect: 'x' })
    expect([answer.status, answer.json.code]).toEqual([417, 'expectation_failed'])
    const foreign = await raw('POST /api/logout', { Expect: 'x', Host: 'evil.example' })
    expect([foreign.status, foreign.json.code]).toEqual([403, 'forbidden_host'])
  })

  it('of 100-continue is kept', async () => {
    const { text } = await raw('POST /api/logout', { Expect: '100-continue' })
    expect(text).toMatch(/^HTTP\/1\.1 100 Continue\r\n\r\nHTTP\/1\.1 200 /)
  })
})

it('a client that leaves while it sends is no error', async () => {
  const from = harness.log.length
  const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
  socket.write('GET /api/status HTTP/1.1\r\nHost: localhost\r\n\r\n')
  await once(socket, 'data')
  const head = 'POST /api/send HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n'
  socket.write(`${head}Content-Length: 900\r\n\r\n{`, () => socket.resetAndDestroy())
  const lines = () => harness.log.slice(from).filter(({ msg }) => /client/.test(String(msg)))
  await expect.poll(lines).toMatchObject([{ level: 20 }])
  expect(harness.log.filter(({ code }) => code === 'internal_error')).toEqual([])
})

/** One request of exactly these bytes over a connection of its own. */
function raw(line: string, headers: Record<string, string>, body: Buffer = Buffer.from('')) {
  const all = { Host: 'localhost', 'Content-Length': String(body.length), Connection: 'close', ...headers }
  const head = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise<{ status: number; text: string; json: Record<string, unknown> }>((resolve, reject) => {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
    const chunks: Buffer[] = []
    socket.on('data', (data) => chunks.push(data))
    socket.on('error', reject)
    socket.on('close', () => {
      const text = Buffer.concat(chunks).toString()
      const json = text.slice(text.indexOf('\r\n\r\n') + 4)
      resolve({ status: Number(text.slice(9, 12)), text, json: json.startsWith('{') ? JSON.parse(json) : {} })
    })
    socket.write(Buffer.concat([Buffer.from(`${line} HTTP/1.1\r\n${head.join('')}\r\n`), body]))
  })
}
