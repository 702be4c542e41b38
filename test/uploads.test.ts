/** Uploads (PUT /api/uploads): whole or not there at all, for an hour, for their caller. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_ACCOUNT, OWNER } from '../src/operations/call.ts'
import { type Harness, openHarness } from './harness.ts'
import { openSmallDisk } from './soak/small-disk.ts'
import { createTestClock } from './test-clock.ts'

const MIB = 2 ** 20
const HOUR_MS = 3_600_000
const PNG = Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), Buffer.alloc(100_000, 7)])

const clock = createTestClock()
let harness: Harness
const folder = () => join(harness.authDir, '.whatsapp-mcp-api', 'uploads')
const files = () => (existsSync(folder()) ? readdirSync(folder()) : [])

beforeAll(async () => {
  harness = await openHarness({
    clock,
    env: { WHATSAPP_MAX_UPLOAD_MIB: '1', WHATSAPP_UPLOAD_QUOTA_MIB: '3' },
  })
})
afterAll(() => harness.close())
// Whatever a test left is of no use to the next.
beforeEach(() => clock.advance(HOUR_MS))

// biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
type Answer = { status: number; json: any }

async function put(
  bytes: Uint8Array | string,
  type?: string,
  more: Record<string, string> = {},
): Promise<Answer> {
  const headers = { ...(type === undefined ? {} : { 'content-type': type }), ...more }
  const body = typeof bytes === 'string' ? Buffer.from(bytes) : bytes
  const response = await fetch(`${harness.url}/api/uploads`, {
    method: 'PUT',
    headers,
    body: new Uint8Array(body),
  })
  return { status: response.status, json: await response.json() }
}

it('is the same for its idempotency key, also after an hour; the key is refused for other bytes', async () => {
  const key = { 'idempotency-key': 'upload-1' }
  const first = await put(PNG, 'image/png', key)
  expect(first.status).toBe(200)
  for (const laterMs of [1_000, 2 * HOUR_MS]) {
    clock.advance(laterMs)
    const again = await put(PNG, 'image/png', key)
    expect(again).toEqual({ ...first, json: { ...first.json, expires_at: expect.any(String) } })
    expect(Date.parse(again.json.expires_at)).toBe(found(first.json.id)?.expiresAtMs)
    expect(Date.parse(again.json.expires_at)).toBeGreaterThan(clock.now())
  }
  const other = await put('other bytes', 'text/plain', key)
  expect([other.status, other.json.code]).toEqual([422, 'idempotency_key_reused'])
})

/** What this caller finds under this id. */
function found(id: string, caller = OWNER.id) {
  const { uploads } = harness.app.door.admit(
    { name: 'send_media', scope: 'send', needs: 'nothing' },
    {
      caller: { ...OWNER, id: caller },
      face: 'rest',
      client: null,
      account: DEFAULT_ACCOUNT,
      requestId: 'r',
      canAsk: false,
      signal: new AbortController().signal,
    },
  )
  return uploads.find(id)
}

/** Writes this to a socket, and returns what comes back until the server closes it. */
function write(...parts: (string | Buffer)[]): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
    let answer = ''
    socket.on('data', (data) => {
      answer += data
    })
    socket.on('error', () => {})
    socket.on('close', () => resolve(answer))
    for (const part of parts) socket.write(part)
  })
}
const HEAD = 'PUT /api/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Type: video/mp4\r\n'

describe('an upload', () => {
  it('is stored for its owner alone, with its hash, its size and the type of its bytes', async () => {
    const before = clock.now()
    const { status, json } = await put(PNG, 'text/plain')
    const sha256 = createHash('sha256').update(PNG).digest('hex')
    expect({ status, json }).toEqual({
      status: 200,
      json: {
        ok: true,
        id: expect.stringMatching(/^[0-9a-f]{32}$/),
        sha256,
        size_bytes: PNG.length,
        mimetype: 'image/png',
        expires_at: expect.any(String),
      },
    })
    const inAnHour = Date.parse(json.expires_at) - before
    expect(inAnHour).toBeGreaterThanOrEqual(HOUR_MS)
    expect(inAnHour).toBeLessThan(HOUR_MS + 60_000)
    const upload = found(json.id)
    expect(upload).toMatchObject({ sha256, mimetype: 'image/png', sizeBytes: PNG.length })
    expect(readFileSync(upload?.path ?? '')).toEqual(PNG)
    if (process.platform === 'win32') return
    expect(statSync(folder()).mode & 0o777).toBe(0o700)
    for (const name of files()) expect(statSync(join(folder(), name)).mode & 0o777).toBe(0o600)
  })

  it('without a length is taken as it comes', async () => {
    const answer = await write(
      `${HEAD}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`,
      '2\r\nde\r\n0\r\n\r\n',
    )
    expect(answer).toContain('"size_bytes":5')
    expect(answer).toContain('"mimetype":"video/mp4"')
  })

  it('belongs to its caller', async () => {
    const { id } = (await put('mine')).json
    expect(found(id)).not.toBeNull()
    expect(found(id, 'somebody else')).toBeNull()
    expect(found('../../session')).toBeNull()
  })

  it('is gone after an hour, from the disk too', async () => {
    const { id } = (await put('for an hour')).json
    clock.advance(HOUR_MS - 60_000)
    expect(found(id)).not.toBeNull()
    expect(files()).toHaveLength(2)
    clock.advance(60_000)
    expect(found(id)).toBeNull()
    expect(files()).toEqual([])
  })

  it('whose bytes were removed or changed is invalid', async () => {
    const { id } = (await put('as it was')).json
    const path = found(id)?.path ?? ''
    writeFileSync(path, 'longer than it was')
    expect(found(id)).toBeNull()
    rmSync(path)
    expect(found(id)).toBeNull()
    rmSync(folder(), { recursive: true })
    expect((await put('a new folder')).status).toBe(200)
  })

  it('outlives a restart; what is incomplete or expired does not', async () => {
    const { id } = (await put('kept')).json
    const stray = 'f'.repeat(32)
    for (const name of [`${stray}.bin`, `${'e'.repeat(32)}.json`, `${'d'.repeat(32)}.json.new`])
      writeFileSync(join(folder(), name), '{}')
    writeFileSync(join(folder(), 'notes.txt'), 'of the owner')
    await harness.restart()
    expect(found(id)).not.toBeNull()
    expect(files().sort()).toEqual([`${id}.bin`, `${id}.json`, 'notes.txt'].sort())
    await harness.app.close()
    clock.advance(HOUR_MS)
    await harness.restart()
    expect(found(id)).toBeNull()
    expect(files()).toEqual(['notes.txt'])
    rmSync(join(folder(), 'notes.txt'))
  })
})

describe('the files of a caller', () => {
  it('fit into the quota, over a restart too, until they expire', async () => {
    for (const fill of [1, 2, 3]) expect((await put(Buffer.alloc(MIB, fill))).status).toBe(200)
    await harness.restart()
    const response = await fetch(`${harness.url}/api/uploads`, { method: 'PUT', body: 'one more' })
    expect(response.status).toBe(507)
    const after = Number(response.headers.get('retry-after'))
    expect(after).toBeGreaterThan(HOUR_MS / 1_000 - 60)
    expect(after).toBeLessThanOrEqual(HOUR_MS / 1_000)
    expect(await response.json()).toMatchObject({
      code: 'uploads_full',
      detail: 'The files of this caller would take more than 3 MiB.',
    })
    expect(files()).toHaveLength(6)
    clock.advance(HOUR_MS)
    expect((await put('one more')).status).toBe(200)
  })

  it('are stored once: the same bytes again change no file that is being sent', async () => {
    const { id } = (await put('as it was')).json
    const before = statSync(found(id)?.path ?? '').mtimeMs
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect((await put('as it was')).json.id).toBe(id)
    expect(statSync(found(id)?.path ?? '').mtimeMs).toBe(before)
    expect(files()).toHaveLength(2)
  })
})

describe('a body', () => {
  it('can go to the path of an account, which must be there', async () => {
    const at = async (account: string) => {
      const url = `${harness.url}/api/accounts/${account}/uploads`
      const response = await fetch(url, { method: 'PUT', body: new Uint8Array(PNG) })
      return ((await response.json()) as { id?: string; code?: string }) ?? {}
    }
    const { id } = await at('default')
    expect(found(id ?? '')).not.toBeNull()
    expect(await at('nobody')).toMatchObject({ code: 'account_not_found' })
  })

  it('that is too large by its own word is refused before it comes', async () => {
    const answer = await write(`${HEAD}Content-Length: ${MIB + 1}\r\n\r\n`)
    expect(answer).toMatch(/^HTTP\/1\.1 413 /)
    expect(answer).toMatch(/connection: close/i)
    expect(answer).toContain('"code":"body_too_large"')
    expect(answer).toContain('at most 1 MiB')
    expect(files()).toEqual([])
  })

  it('that turns out too large is refused at the limit, and leaves nothing', async () => {
    const piece = Buffer.concat([Buffer.from('40000\r\n'), Buffer.alloc(0x40000), Buffer.from('\r\n')])
    const answer = await write(`${HEAD}Transfer-Encoding: chunked\r\n\r\n`, ...Array(5).fill(piece))
    expect(answer === '' || answer.startsWith('HTTP/1.1 413 ')).toBe(true)
    await expect.poll(files, { interval: 10 }).toEqual([])
    expect((await put(Buffer.alloc(MIB))).status).toBe(200)
  })

  it('that ends in the middle leaves nothing', async () => {
    const socket = connect(Number(new URL(harness.url).port), '127.0.0.1')
    socket.write(`${HEAD}Content-Length: 100000\r\n\r\n`)
    socket.write(Buffer.alloc(50_000))
    await expect.poll(files, { interval: 10 }).toHaveLength(1)
    socket.destroy()
    await expect.poll(files, { interval: 10 }).toEqual([])
  })

  it.each([
    ['text/csv; charset="><script>"', 'text/csv'],
    ['IMAGE/SVG+XML', 'image/svg+xml'],
    [`${'a'.repeat(200)}/b`, 'application/octet-stream'],
    // What curl states where nothing is said.
    ['application/x-www-form-urlencoded', 'application/octet-stream'],
    ['application/json', 'application/json'],
    [undefined, 'application/octet-stream'],
  ])('of the type %s is kept as it is, as %s', async (stated, mimetype) => {
    const { status, json } = await put('{ no JSON', stated)
    expect({ status, mimetype: json.mimetype, size: json.size_bytes }).toEqual({
      status: 200,
      mimetype,
      size: 9,
    })
  })

  it.each([
    [415, 'unsupported_media_type', 'x', { 'content-type': 'multipart/form-data; boundary=x' }],
    [415, 'unsupported_media_type', 'x', { 'content-type': '../../etc/passwd' }],
    [415, 'unsupported_media_type', 'x', { 'content-encoding': 'gzip' }],
    [400, 'invalid_input', '', { 'content-type': 'image/png' }],
    [403, 'forbidden_origin', 'x', { origin: 'https://evil.example' }],
  ])('is refused with %i %s', async (status, code, bytes, headers) => {
    expect(await put(bytes, undefined, headers)).toMatchObject({ status, json: { code } })
    expect(files()).toEqual([])
  })

  it('with a field beside it is refused', async () => {
    const answer = await harness.call({ method: 'PUT', path: '/api/uploads?name=x', raw: 'x' })
    expect(answer).toMatchObject({ status: 400, json: { code: 'invalid_input' } })
  })
})

it('a full disk is said, and nothing of the file stays', async (context) => {
  const disk = openSmallDisk(16)
  if (typeof disk === 'string') return context.skip(disk)
  mkdirSync(join(disk.path, 'auth'), { mode: 0o700 })
  const small = await openHarness({ authDir: join(disk.path, 'auth'), simulator: harness.simulator })
  try {
    disk.fill(300_000)
    const own = join(disk.path, 'auth', '.whatsapp-mcp-api', 'uploads')
    const upload = () =>
      fetch(`${small.url}/api/uploads`, { method: 'PUT', body: Buffer.alloc(MIB), duplex: 'half' })
    const full = await upload()
    expect({ status: full.status, json: await full.json() }).toMatchObject({
      status: 507,
      json: { code: 'disk_full', retry: 'after_action' },
    })
    expect(readdirSync(own)).toEqual([])
    disk.free()
    expect((await upload()).status).toBe(200)
  } finally {
    disk.free()
    await small.close()
    disk.close()
  }
})
