/** GET /docs in a real browser that can reach nothing else: read, searched, and tried out on the very server. */
import puppeteer, { type Browser, type HTTPRequest, type Page } from 'puppeteer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createOpenApi } from '../src/faces/http/openapi.ts'
import { ROWS } from '../src/operations/index.ts'
import { browserPath, type Harness, openHarness } from './harness.ts'

let harness: Harness

beforeAll(async () => {
  harness = await openHarness()
})
afterAll(() => harness.close())

describe('the page in a browser', () => {
  let browser: Browser
  let page: Page
  const requests: HTTPRequest[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    browser = await puppeteer.launch({
      executablePath: browserPath(),
      // No name can be looked up, and no address but ours answers. No sandbox, since tests may run as root.
      args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    })
    page = await browser.newPage()
    page.on('request', (request) => requests.push(request))
    // A breach of the policy is an error on the console.
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(String(error)))
    await page.goto(`${harness.url}/docs`, { waitUntil: 'networkidle0' })
  })
  afterAll(() => browser.close())

  const shown = () =>
    page.$$eval('.opblock', (rows) =>
      rows.map(
        (row) =>
          `${row.querySelector('.opblock-summary-method')?.textContent} ${row.querySelector('.opblock-summary-path')?.getAttribute('data-path')}`,
      ),
    )

  async function search(words: string): Promise<void> {
    await page.$eval('.operation-filter-input', (field) => (field as { select?(): void }).select?.())
    await page.keyboard.press('Backspace')
    await page.type('.operation-filter-input', words)
  }

  it('shows every operation', async () => {
    const { paths } = createOpenApi(ROWS, '0.0.0')
    const routes = Object.entries(paths ?? {}).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    )
    expect(routes.length).toBeGreaterThan(20)
    expect((await shown()).sort()).toEqual([...routes].sort())
  })

  it.each([
    ['api/status get_status', ['GET /api/status']],
    ['TYPE phone characters', ['POST /api/pairing-code']],
    ['send_message', ['POST /api/send']],
    ['there is no such thing', []],
  ])('finds %s', async (words, found) => {
    await search(words)
    await expect.poll(shown).toEqual(found)
  })

  it.each([
    ['get_status', '/api/status', '"state": "stopped"'],
    ['logout', '/api/logout', '"ok": true'],
  ])('sends %s from the page and shows the answer', async (name, path, text) => {
    await search(name)
    const operation = `#operations-link-${name}`
    await page.locator(`${operation} .opblock-summary-control`).click()
    await page.locator(`${operation} .try-out__btn`).click()
    const answered = page.waitForResponse((response) => response.url().endsWith(path))
    await page.locator(`${operation} .execute`).click()
    const response = await answered
    expect([response.status(), response.url()]).toEqual([200, `${harness.url}${path}`])
    const answer = await page.waitForSelector(`${operation} .live-responses-table .response`)
    expect(await answer?.evaluate(({ textContent }) => textContent)).toContain(text)
  })

  it('sent no request to another host, and kept to its policy', () => {
    const hosts = requests
      .map((request) => new URL(request.url()))
      .filter(({ protocol }) => protocol !== 'data:')
    expect(hosts.length).toBeGreaterThan(5)
    expect(hosts.filter(({ origin }) => origin !== harness.url)).toEqual([])
    expect(complaints).toEqual([])
  })
})

describe('the files', () => {
  const names = ['docs', 'docs/docs.js', 'docs/docs.css', 'docs/swagger-ui-bundle.js', 'docs/swagger-ui.css']

  it.each(names)('%s is closed to other sites, and is sent once', async (name) => {
    const first = await harness.get(`/${name}`)
    expect(first.status).toBe(200)
    expect(first.headers).toMatchObject({
      'content-type': `text/${name.endsWith('js') ? 'javascript' : name.endsWith('css') ? 'css' : 'html'}; charset=utf-8`,
      'content-security-policy':
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
      etag: expect.stringMatching(/^".{22}"$/),
    })
    const again = await harness.call({
      path: `/${name}`,
      headers: { 'if-none-match': String(first.headers.etag) },
    })
    expect([again.status, again.text]).toEqual([304, ''])
  })

  it.each(['/docs/nothing.js', '/docs/tsconfig.json', '/docs/..%2fserver.ts', '/docs/%2e%2e/pages.ts'])(
    '%s is not there',
    async (path) => {
      const answer = await harness.get(path)
      expect([answer.status, answer.json.code]).toEqual([404, 'route_not_found'])
      expect(answer.headers['content-type']).toContain('application/problem+json')
    },
  )

  it('are not for the pages of other sites, which may only link to the page itself', async () => {
    const headers = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'no-cors',
      'sec-fetch-dest': 'script',
    }
    const script = await harness.call({ path: '/docs/docs.js', headers })
    expect([script.status, script.json.code]).toEqual([403, 'forbidden_origin'])
    const followed = {
      'sec-fetch-site': 'cross-site',
      'sec-fetch-mode': 'navigate',
      'sec-fetch-dest': 'document',
    }
    expect((await harness.call({ path: '/docs', headers: followed })).status).toBe(200)
  })

  it('name no other host in the description that the page reads', async () => {
    const { json } = await harness.get('/openapi.json')
    expect(json.servers).toEqual([{ url: '/', description: expect.any(String) }])
  })

  it('have patterns in the description that every reader reads alike: none needs a flag', async () => {
    const { text } = await harness.get('/openapi.json')
    expect(text).not.toMatch(/\\\\[pP]\{/)
  })
})
