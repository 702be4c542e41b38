/** /qr in a real browser without scripts: an account is linked by its buttons and forms alone, by QR code and by number. */
import puppeteer, { type Browser, type Page } from 'puppeteer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { browserPath, type Harness, openHarness } from './harness.ts'

let harness: Harness
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  harness = await openHarness()
  browser = await puppeteer.launch({ executablePath: browserPath(), args: ['--no-sandbox'] })
  page = await browser.newPage()
  // A press may start the browser of the account.
  page.setDefaultTimeout(60_000)
  // A breach of the policy is an error on the console.
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
})
afterAll(async () => {
  await browser.close()
  await harness.close()
})

const text = () => page.evaluate('document.body.innerText').then(String)
/** Until the page says so. It reloads itself meanwhile, so that a look may meet none. */
const says = (words: string | RegExp) => expect.poll(() => text().catch(() => '')).toMatch(words)
const press = (name: string) =>
  Promise.all([page.waitForNavigation(), page.locator(`::-p-aria(${name})`).click()])

describe('a person at /qr', () => {
  it('starts by the button, scans, and is led on, while the page follows by itself', async () => {
    await page.goto(`${harness.url}/qr`)
    expect(await text()).toContain('Not linked yet')
    await press('Start')
    expect(page.url()).toBe(`${harness.url}/qr`)
    await says('Point the phone at this code')
    await page.waitForSelector('img[alt^="QR code"]')
    await harness.world.scan()
    await harness.until('ready')
    await says(/Linked as Robin Example/)
    expect(await text()).toContain(`${harness.url}/mcp`)
    const links = await page.$$eval('main a', (all) => all.map((one) => one.getAttribute('href')))
    expect(links).toContain('/docs')
  })

  it('types a number, whatever happens meanwhile, and the code on the phone', async () => {
    await harness.post('/api/logout')
    await page.goto(`${harness.url}/qr`)
    await press('Link with a phone number instead')
    expect(page.url()).toBe(`${harness.url}/qr/code`)
    expect(await page.$('meta[http-equiv="refresh"]')).toBeNull()
    await page.type('input', '12')
    await press('Get a pairing code')
    expect(await text()).toContain('8 to 15 digits')
    expect(await page.$eval('input', (field) => field.getAttribute('value'))).toBe('12')

    const { phone } = harness.world.state().account
    await page.$eval('input', (field) => field.setAttribute('value', ''))
    await page.type('input', `+${phone}`)
    await press('Get a pairing code')
    expect(page.url()).toBe(`${harness.url}/qr`)
    await says('Link with phone number instead')
    const code = await page.$eval('.code', (element) => element.textContent ?? '')
    expect(code).toMatch(/^[0-9A-Z]{4}-[0-9A-Z]{4}$/)
    await harness.world.typePairingCode({ code })
    await harness.until('ready')
    await page.reload()
    await says(/Linked as Robin Example/)
  })

  it('is not asked for a number while an account is linked', async () => {
    await page.goto(`${harness.url}/qr/code`)
    expect(page.url()).toBe(`${harness.url}/qr`)
  })

  it('never broke the policy of the page', () => {
    expect(complaints.filter((line) => !line.includes('400'))).toEqual([])
  })
})
