import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import puppeteer, { type Browser, type Page } from 'puppeteer'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findBrowser } from '../../browser/find.ts'
import { reportOneWay } from './page-reports.ts'

const seen: unknown[] = []
const server = createServer((_, response) => {
  response.setHeader('content-type', 'text/html')
  response.end('<script>window.onThing?.("first", location.pathname)</script>')
})
let browser: Browser
let page: Page

beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  browser = await puppeteer.launch({
    executablePath: findBrowser()?.path ?? '',
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
    pipe: true,
  })
  page = await browser.newPage()
  await reportOneWay(page)
  await page.exposeFunction('onThing', (...args: unknown[]) => {
    seen.push(args)
    if (args[0] === 'bad') throw new Error('a listener that fails')
  })
  await page.exposeFunction('onCodeReceivedEvent', async (code: string) => `${code}!`)
})

afterAll(async () => {
  await browser?.close()
  server.close()
})

const url = (host: string, path: string) => `http://${host}:${(server.address() as AddressInfo).port}${path}`

test('calls of the page arrive in order, from the first script of each document on', async () => {
  for (const [host, path] of [
    ['127.0.0.1', '/a'],
    ['localhost', '/b'],
    ['localhost', '/c'],
  ] as const) {
    seen.length = 0
    await page.goto(url(host, path))
    await page.evaluate('onThing({ text: "second" }, null)')
    await expect
      .poll(() => seen)
      .toEqual([
        ['first', path],
        [{ text: 'second' }, null],
      ])
  }
})

test('a call has no response, so the page waits for nothing', async () => {
  expect(await page.evaluate('typeof onThing("third")')).toBe('undefined')
})

test('a function that fails, and a text that is no call, do not disturb later calls', async () => {
  seen.length = 0
  await page.evaluate('onThing("bad"); whatsappMcpReport("{"); whatsappMcpReport("null"); onThing("good")')
  await expect.poll(() => seen).toEqual([['bad'], ['good']])
})

test('the functions whose result the library waits for have one', async () => {
  expect(await page.evaluate('onCodeReceivedEvent("1234")')).toBe('1234!')
})

test('what the page writes into its console is kept no longer than without these calls', async () => {
  // Chromium itself keeps the newest 1,000 entries.
  await page.evaluate(
    'globalThis.Logged = class {}; for (let i = 0; i < 1_500; i += 1) console.log(new Logged())',
  )
  const kept = async () => {
    const all = await page.queryObjects(await page.evaluateHandle('Logged.prototype'))
    const count = await all.evaluate((found) => (found as unknown as unknown[]).length)
    await all.dispose()
    return count
  }
  await expect.poll(kept).toBeLessThanOrEqual(1_000)
})
