/**
 * `npm run screenshots [-- FOLDER]`: takes a screenshot of every page, small and large, light and dark, from the built sandbox in
 * a real browser. Writes PNG files to FOLDER (default `screenshots/`, which git ignores) for you to look at; compares nothing.
 */
import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import puppeteer, { type Page } from 'puppeteer'
import { findBrowser } from '../src/browser/find.ts'

const ROOT = resolve(import.meta.dirname, '..')
const SIZES = { small: { width: 360, height: 740 }, large: { width: 1280, height: 860 } } as const
const COLORS = ['light', 'dark'] as const
/** Time for a page to draw the data that it fetched. */
const SETTLE_MS = 300

type Scene = { name: string; path: string; on: 'server' | 'phone'; act?: (page: Page) => Promise<void> }

/** The pages before linking, while a code is waiting, and after it is scanned, in this order. */
const SCENES = {
  stopped: [
    { name: 'qr-stopped', on: 'server', path: '/qr' },
    { name: 'qr-number', on: 'server', path: '/qr/code' },
    { name: 'docs', on: 'server', path: '/docs', act: (page) => waitFor(page, '.opblock') },
    { name: 'docs-search', on: 'server', path: '/docs', act: search },
    { name: 'docs-tried', on: 'server', path: '/docs', act: tryStatus },
  ],
  code: [
    { name: 'qr-code', on: 'server', path: '/qr' },
    { name: 'phone-code', on: 'phone', path: '/', act: (page) => waitFor(page, '.chat') },
    { name: 'phone-type-code', on: 'phone', path: '/', act: (page) => click(page, '#type-code') },
  ],
  linked: [
    { name: 'qr-linked', on: 'server', path: '/qr' },
    { name: 'phone-chats', on: 'phone', path: '/', act: (page) => waitFor(page, '.chat') },
    { name: 'phone-chat', on: 'phone', path: '/', act: (page) => click(page, '.chat') },
    { name: 'phone-group', on: 'phone', path: '/', act: (page) => click(page, '.chat[data-chat$="@g.us"]') },
    { name: 'phone-places', on: 'phone', path: '/places', act: (page) => waitFor(page, '.place') },
    { name: 'phone-new-contact', on: 'phone', path: '/', act: (page) => click(page, '#new-contact') },
    { name: 'phone-lab', on: 'phone', path: '/', act: openLab },
  ],
} satisfies Record<string, Scene[]>

async function waitFor(page: Page, selector: string): Promise<void> {
  await page.waitForSelector(selector)
}

async function click(page: Page, selector: string): Promise<void> {
  await page.waitForSelector('.chat')
  await page.locator(selector).click()
}

async function search(page: Page): Promise<void> {
  await page.waitForSelector('.opblock')
  await page.type('.operation-filter-input', 'pairing')
  await new Promise((done) => setTimeout(done, 1_000))
}

async function tryStatus(page: Page): Promise<void> {
  const operation = '#operations-link-get_status'
  await page.locator(`${operation} .opblock-summary-control`).click()
  await page.locator(`${operation} .try-out__btn`).click()
  await page.locator(`${operation} .execute`).click()
  const answer = await page.waitForSelector(`${operation} .live-responses-table`)
  await answer?.evaluate((element) => element.scrollIntoView())
}

async function openLab(page: Page): Promise<void> {
  await click(page, '.lab summary')
  await page.$eval('.lab', (element) => element.scrollIntoView())
}

const folder = resolve(process.argv[2] ?? join(ROOT, 'screenshots'))
const executablePath = findBrowser()?.path
if (executablePath === undefined)
  throw new Error('No browser was found. Install Chrome or Chromium, or set WHATSAPP_CHROME_EXECUTABLE.')
const dir = mkdtempSync(join(tmpdir(), 'screenshots-'))
const sandbox = spawn(
  process.execPath,
  [join(ROOT, 'dist/main.js'), 'sandbox', '--dir', dir, '--port', '0', '--phone-port', '0', '--pace', 'none'],
  { stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, WHATSAPP_MCP_LOG_LEVEL: 'error' } },
)
const ended = new Promise((done) => sandbox.once('close', done))
const browser = await puppeteer.launch({ executablePath, args: ['--no-sandbox'] })
try {
  mkdirSync(folder, { recursive: true })
  const addresses = await listening()
  const { server, phone } = addresses
  await take(SCENES.stopped, addresses)
  await post(`${server}/api/auth/start`)
  await take(SCENES.code, addresses)
  await post(`${phone}/control/scan`)
  await untilReady(server)
  await converse(addresses)
  await take(SCENES.linked, addresses)
} finally {
  await browser.close()
  sandbox.kill('SIGTERM')
  await ended
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 })
}

type Addresses = { server: string; phone: string }

/** Returns the addresses that the sandbox prints when it has started. */
async function listening(): Promise<Addresses> {
  let text = ''
  for await (const chunk of sandbox.stdout) {
    text += chunk
    const server = /(http:\/\/[\w.:]+)\/qr/.exec(text)?.[1]
    const phone = /phone\s+(http:\/\/[\w.:]+)/i.exec(text)?.[1]
    if (server !== undefined && phone !== undefined) return { server, phone }
  }
  throw new Error('The sandbox did not start.')
}

async function take(scenes: readonly Scene[], addresses: Addresses): Promise<void> {
  for (const { name, on, path, act } of scenes) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      for (const color of COLORS) {
        const page = await browser.newPage()
        await page.setViewport(viewport)
        await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: color }])
        await page.goto(`${addresses[on]}${path}`)
        await act?.(page)
        await new Promise((done) => setTimeout(done, SETTLE_MS))
        await page.screenshot({ path: join(folder, `${name}-${size}-${color}.png`) })
        const isWider = await page.$eval('html', ({ scrollWidth, clientWidth }) => scrollWidth > clientWidth)
        console.log(`${name} ${size} ${color}${isWider ? ': wider than the window' : ''}`)
        await page.close()
      }
    }
  }
}

/** Creates messages for the screenshots: received ones, one of them right to left, and sent ones, one of them long. */
async function converse({ server, phone }: Addresses): Promise<void> {
  const { contacts } = (await (await fetch(`${phone}/control/state`)).json()) as {
    contacts: { phone: string }[]
  }
  const contact = contacts[0]?.phone
  await post(`${phone}/control/write`, { from: contact, text: 'Are you coming tonight?' })
  await post(`${server}/api/send`, { phone_number: contact, message: 'Yes, at eight. '.repeat(12) })
  await post(`${phone}/control/write`, {
    from: contact,
    text: 'נתראה שם 🎉 https://example.com/a-very-long-address-without-any-break-in-it',
  })
  await post(`${phone}/control/write_from_phone`, { chat: `${contact}@c.us`, text: 'Bringing cake' })
}

async function untilReady(server: string): Promise<void> {
  for (;;) {
    const status = (await (await fetch(`${server}/api/status`)).json()) as { ready: boolean }
    if (status.ready) return
    await new Promise((done) => setTimeout(done, 200))
  }
}

async function post(url: string, body: unknown = {}): Promise<void> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) console.error(`${url}: ${answer.status} ${await answer.text()}`)
}
