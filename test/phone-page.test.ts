/** The page of the simulated phone, in a real browser: a person sends each kind of message by its form. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import puppeteer, { type Browser, type Page } from 'puppeteer'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { openSimulator } from '../simulator/open-simulator.ts'
import type { Simulator } from '../simulator/simulator.ts'
import { browserPath } from './harness.ts'

let simulator: Simulator
let browser: Browser
let page: Page
let dir: string
const complaints: string[] = []
beforeAll(async () => {
  dir = mkdtempSync(join(tmpdir(), 'wma-phone-'))
  simulator = await openSimulator({ dataDir: null, pace: 'none', control: { host: '127.0.0.1', port: 0 } })
  browser = await puppeteer.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
  page = await browser.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  page.on('pageerror', (error) => void complaints.push(String(error)))
  await page.goto(simulator.controlUrl ?? '')
  await page.locator('#chats button.chat').click()
})
afterAll(async () => {
  await browser.close()
  await simulator.close()
  rmSync(dir, { recursive: true, force: true })
})

const KINDS: [type: string, sent: object, ...fields: [name: string, value: string][]][] = [
  ['image', { type: 'image', caption: 'Look', viewOnce: true }, ['caption', 'Look'], ['viewOnce', 'on']],
  ['video', { type: 'video' }],
  ['ptt', { type: 'ptt' }],
  ['audio', { type: 'audio' }],
  ['document', { type: 'document', media: { filename: 'a.pdf' } }, ['filename', 'a.pdf']],
  ['sticker', { type: 'sticker' }],
  [
    'location',
    { type: 'location', location: { lat: 48.2104, lng: 16.3655, name: 'Here' } },
    ['place', 'Here'],
  ],
  ['vcard', { type: 'vcard', vcards: [expect.stringContaining('FN:Ida\n')] }, ['card', 'Ida']],
  [
    'poll_creation',
    { type: 'poll_creation', poll: { name: 'When?', options: ['Friday', 'Saturday'], multiple: true } },
    ['question', 'When?'],
    ['multiple', 'on'],
  ],
  ['call_log', { type: 'call_log', call: { missed: true } }],
]

/** Opens the form and chooses this kind. */
async function choose(type: string): Promise<void> {
  await page.locator('#attach').click()
  await page.select('#attach-type', type)
}

/** Sends the form; the message that the world has then. */
async function sent() {
  const before = simulator.world.countMessages()
  await page.locator('#attach-dialog button[value=ok]').click()
  await expect.poll(() => simulator.world.countMessages()).toBe(before + 1)
  return simulator.world.messages().reduce((one, other) => (other.t >= one.t ? other : one))
}

it.each(KINDS.map((row) => [row[0], row] as const))('%s', async (type, [, expected, ...fields]) => {
  await choose(type)
  for (const [name, value] of fields) {
    const field = page.locator(`#attach-dialog [name=${name}]`)
    await (value === 'on' ? field.click() : field.fill(value))
  }
  expect(await sent()).toMatchObject(expected)
  expect(complaints).toEqual([])
})

it('a file of the computer', async () => {
  writeFileSync(join(dir, 'menu.txt'), 'Soup 6')
  await choose('document')
  const input = await page.$('#attach-dialog input[type=file]')
  await (input as Awaited<ReturnType<typeof page.$<'input'>>>)?.uploadFile(join(dir, 'menu.txt'))
  const message = await sent()
  expect(message.media?.filename).toBe('menu.txt')
  expect(Buffer.from(simulator.world.openMedia({ id: message.id }).data, 'base64').toString()).toBe('Soup 6')
})

it('fields of other kinds are hidden', async () => {
  await choose('location')
  expect(await page.$eval('#attach-dialog [name=question]', (field) => field.checkVisibility())).toBe(false)
  expect(await page.$eval('#attach-dialog [name=lat]', (field) => field.checkVisibility())).toBe(true)
  await page.locator('#attach-dialog button[value=cancel]').click()
})
