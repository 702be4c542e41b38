/** Browsers where keys are required: a person logs in with a key once, and the cookie opens pages and nothing else. */
import puppeteer from 'puppeteer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserPath, type Harness, openHarness } from './harness.ts'
import { createTestClock } from './test-clock.ts'

const SECRET = 'the-key-of-the-settings-long-enough'
const HOUR_MS = 3_600_000
const clock = createTestClock()

let harness: Harness
beforeAll(async () => {
  harness = await openHarness({ clock, env: { WHATSAPP_MCP_KEY: SECRET } })
})
afterAll(() => harness.close())

const BROWSER = { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' }
const get = (path: string, headers: Record<string, string> = {}) =>
  harness.call({ path, headers: { ...BROWSER, ...headers } })
const post = (path: string, fields: Record<string, string>, headers: Record<string, string> = {}) =>
  harness.call({
    method: 'POST',
    path,
    raw: new URLSearchParams(fields).toString(),
    headers: {
      ...BROWSER,
      'content-type': 'application/x-www-form-urlencoded',
      origin: harness.url,
      host: new URL(harness.url).host,
      ...headers,
    },
  })
/** Logs in, and returns what the browser sends from then on. */
async function logIn(key: string): Promise<{ cookie: string }> {
  const { status, headers } = await post('/login', { key })
  expect([status, headers.location]).toEqual([303, '/qr'])
  const [set = ''] = [headers['set-cookie']].flat()
  return { cookie: set.split(';')[0] ?? '' }
}
async function makeKey(scopes: string[]): Promise<{ id: string; secret: string }> {
  const headers = { authorization: `Bearer ${SECRET}` }
  const body = { name: 'Browser', scopes }
  const { json } = await harness.call({ method: 'POST', path: '/api/keys', body, headers })
  return { id: json.key.id, secret: json.secret }
}

it('a person types the key once, and is at the page with the QR code', async () => {
  const browser = await puppeteer.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
  try {
    const page = await browser.newPage()
    const complaints: string[] = []
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    await page.goto(`${harness.url}/qr`)
    expect(page.url()).toBe(`${harness.url}/login`)
    await page.locator('#key').fill(SECRET)
    await Promise.all([page.waitForNavigation(), page.locator('button').click()])
    expect(page.url()).toBe(`${harness.url}/qr`)
    expect(await page.evaluate('document.body.innerText')).toContain('Not linked yet')
    expect(await page.evaluate('document.cookie')).toBe('')
    expect(complaints).toEqual([])
  } finally {
    await browser.close()
  }
})

describe('without a session', () => {
  it.each([
    ['/qr', '/login'],
    ['/qr/code', '/login'],
    ['/accounts/default/qr', '/login'],
    ['/accounts/work/qr', '/login?account=work'],
    ['/accounts/%E2%82%AC/qr', '/login?account=%E2%82%AC'],
    ['/accounts/%0A/qr/code', '/login?account=%0A'],
    ['/accounts/a%26b/qr', '/login?account=a%26b'],
  ])('a browser is sent from %s to the form', async (path, to) => {
    const { status, headers } = await get(path)
    expect([status, headers.location, headers['cache-control']]).toEqual([303, to, 'no-store'])
  })

  it.each(['*/*', 'application/json', 'text/plain'])(
    'a client that accepts %s gets the error',
    async (accept) => {
      const { status, json } = await get('/qr', { accept })
      expect([status, json.code]).toEqual([401, 'key_required'])
    },
  )

  it('the form says nothing of the account, and can be neither framed nor cached', async () => {
    const { status, headers, text } = await get('/login')
    expect([status, headers['cache-control'], headers['x-frame-options']]).toEqual([200, 'no-store', 'DENY'])
    expect(headers['content-security-policy']).toContain("default-src 'none'")
    expect(text).toContain('type="password"')
    expect(text).not.toContain(harness.authDir)
  })

  it('a key in a URL is none', async () => {
    expect((await get(`/qr?key=${SECRET}`)).status).not.toBe(200)
    expect((await get(`/login?key=${SECRET}`)).headers['set-cookie']).toBeUndefined()
  })
})

describe('a login', () => {
  it('gives a cookie that scripts and other sites cannot use', async () => {
    const { headers } = await post('/login', { key: ` ${SECRET} ` })
    expect(String(headers['set-cookie'])).toMatch(
      /^wma_[0-9a-f]{12}=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    )
    expect(String(headers['set-cookie'])).not.toContain(SECRET)
  })

  it('leads back to the page of the account', async () => {
    const { headers } = await post('/login?account=work', { key: SECRET })
    expect(headers.location).toBe('/accounts/work/qr')
    const { headers: other } = await post('/login?account=//evil.example', { key: SECRET })
    expect(other.location).toBe('/qr')
  })

  it('opens the pages and their forms, and nothing else', async () => {
    const session = await logIn(SECRET)
    expect((await get('/qr', session)).text).toContain('<main>')
    expect((await get('/qr/code', session)).text).toContain('<main>')
    const started = await post('/qr', {}, session)
    expect([started.status, started.headers.location]).toEqual([303, 'qr'])
    for (const path of ['/api/status', '/api/keys', '/mcp', '/api/events'])
      expect([path, (await get(path, session)).json.code]).toEqual([path, 'key_required'])
    const { json } = await harness.call({ method: 'POST', path: '/api/logout', headers: session })
    expect(json.code).toBe('key_required')
  })

  it('opens only what its key may', async () => {
    const { secret } = await makeKey(['read'])
    const { status, json } = await get('/qr', await logIn(secret))
    expect([status, json.code]).toEqual([403, 'scope_missing'])
  })

  it.each([
    ['of another site', { origin: 'https://evil.example' }],
    ['without an origin', { origin: '' }],
    ['from another site', { 'sec-fetch-site': 'cross-site' }],
  ])('%s is refused, and so is a form', async (_, headers) => {
    const given = Object.fromEntries(Object.entries(headers).filter(([, value]) => value !== ''))
    const call = (path: string, more: object) =>
      harness.call({
        method: 'POST',
        path,
        raw: `key=${SECRET}`,
        headers: { 'content-type': 'application/x-www-form-urlencoded', ...more, ...given },
      })
    for (const [path, more] of [
      ['/login', {}],
      ['/qr', await logIn(SECRET)],
    ] as const) {
      const { status, json, headers: answered } = await call(path, more)
      expect([path, status, json.code]).toEqual([path, 403, 'forbidden_origin'])
      expect(answered['set-cookie']).toBeUndefined()
    }
  })
})

describe('a session ends', () => {
  const isOpen = async (session: { cookie: string }) => (await get('/qr', session)).status === 200

  it('with its key', async () => {
    const { id, secret } = await makeKey(['admin'])
    const session = await logIn(secret)
    expect(await isOpen(session)).toBe(true)
    const headers = { authorization: `Bearer ${SECRET}` }
    await harness.call({ method: 'DELETE', path: `/api/keys/${id}`, headers })
    expect(await isOpen(session)).toBe(false)
  })

  it('after twelve hours', async () => {
    // The request takes a part of the last second.
    clock.hold()
    try {
      const session = await logIn(SECRET)
      clock.advance(12 * HOUR_MS - 1_000)
      expect(await isOpen(session)).toBe(true)
      clock.advance(2_000)
      expect(await isOpen(session)).toBe(false)
    } finally {
      clock.release()
    }
  })

  it('with the server', async () => {
    const session = await logIn(SECRET)
    await harness.restart()
    expect(await isOpen(session)).toBe(false)
    expect(await isOpen(await logIn(SECRET))).toBe(true)
  })
})

it('the cookie of another server on this computer has another name', async () => {
  const other = await openHarness({ env: { WHATSAPP_MCP_KEY: SECRET }, simulator: harness.simulator })
  const { cookie } = await logIn(SECRET)
  const { status } = await other.call({ path: '/qr', headers: { ...BROWSER, cookie } })
  await other.close()
  expect(status).toBe(303)
})

it('wrong keys are slowed down, and lock nobody out', async () => {
  clock.advance(HOUR_MS)
  const session = await logIn(SECRET)
  const wrong = async () => (await post('/login', { key: 'wma_wrong' })).status
  expect(await wrong()).toBe(401)
  for (let i = 0; i < 29; i++) await wrong()
  const late = await post('/login', { key: 'wma_wrong' })
  expect([late.status, Number(late.headers['retry-after'])]).toEqual([429, expect.any(Number)])
  expect(late.text).toContain('type="password"')
  expect((await get('/qr', session)).status).toBe(200)
  expect(await logIn(SECRET)).toEqual({ cookie: expect.stringContaining('wma_') })
})
