/** The page of groups, channels and status, in a real browser: it shows the world, and follows what happens there. */
import puppeteer, { type Browser, type Page } from 'puppeteer'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { openSimulator } from '../open-simulator.ts'
import { amara, jurgen, ming } from '../scene.ts'
import type { Simulator, World } from '../simulator.ts'
import { type Control, openControl } from './control.ts'

let simulator: Simulator
let world: World
let control: Control
let browser: Browser
let page: Page
const complaints: string[] = []

beforeAll(async () => {
  simulator = await openSimulator({ dataDir: null, examples: true })
  world = simulator.world
  control = await openControl(world, { host: '127.0.0.1', port: 0 }, simulator.onChange)
  browser = await puppeteer.launch({
    executablePath: process.env.WHATSAPP_CHROME_EXECUTABLE ?? '/usr/bin/chromium',
    args: ['--no-sandbox'],
  })
  page = await browser.newPage()
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text())
  })
  await page.goto(control.url)
  await Promise.all([page.waitForNavigation(), page.locator('a[href="/places"]').click()])
})
afterAll(async () => {
  await browser.close()
  await control.close()
  await simulator.close()
})

/** The text of an element as a person reads it; empty until it is there. */
const textOf = (selector: string) =>
  page.evaluate(`document.querySelector(${JSON.stringify(selector)})?.innerText ?? ''`).then(String)
const reads = (selector: string, words: string | RegExp) => expect.poll(() => textOf(selector)).toMatch(words)
const house = () => world.state().groups.find(({ subject }) => subject.startsWith('Haus'))?.id ?? ''
const group = () => `article[data-id="${house()}"]`
const membersOf = () =>
  page.$$eval(`${group()} .members li`, (all) => all.map((one) => one.textContent ?? ''))

describe('a person at /places', () => {
  it('reads who is in a group, and who is an admin', async () => {
    await reads(group(), 'Haus 12 – Nachbarn')
    expect(await membersOf()).toEqual(['Robin Example (this account)admin', 'Jürgen Müller', '王小明'])
  })

  it('sees members come, go and become admins', async () => {
    await world.addMembers({ group: house(), members: [amara] })
    await world.setAdmin({ group: house(), member: jurgen, admin: true })
    await world.removeMembers({ group: house(), members: [ming] })
    await expect
      .poll(membersOf)
      .toEqual(['Robin Example (this account)admin', 'Jürgen Mülleradmin', 'Amara Okafor'])
  })

  it('sees the invite, the settings and who wants to join', async () => {
    const invite = world.inviteTo({ group: house() })
    await world.setGroup({ group: house(), approves: true })
    await world.setGroup({ group: house(), description: '<b>Lift</b>, bins' })
    await world.askToJoin({ group: house(), person: ming })
    await reads(group(), /Want to join\s+王小明/)
    const text = await textOf(group())
    expect(text).toContain(`chat.whatsapp.com/${invite}`)
    expect(text).toContain('<b>Lift</b>, bins')
    expect(text).toContain('admins approve who joins')
  })

  it('sees channels with their posts, newest first, and who follows them', async () => {
    const { id } = await world.addChannel({ name: 'City news', description: 'Every day' })
    await world.writeInChannel({ channel: id, content: { type: 'chat', text: 'The bridge is closed' } })
    await world.writeInChannel({ channel: id, content: { type: 'chat', text: 'It is open again' } })
    await reads(`article[data-id="${id}"]`, /follows it[\s\S]*It is open again[\s\S]*The bridge is closed/)
    await reads('#channels', /Trail news[\s\S]*does not follow it/)
  })

  it('sees status updates, own ones and those of others', async () => {
    await world.writeStatus({ from: amara, content: { type: 'chat', text: 'At the lake' } })
    await reads('#status', /At the lake\s+Amara Okafor/)
    await reads('#status', /Dinner!\s+Robin Example \(this account\)/)
  })

  it('gets there from the chats and back, and the browser has nothing to complain about', async () => {
    await Promise.all([page.waitForNavigation(), page.locator('a[href="/"]').click()])
    expect(await page.title()).toBe('Simulated phone')
    await expect.poll(() => page.$$('.chat').then((all) => all.length)).toBeGreaterThan(3)
    expect(complaints.filter((one) => !one.includes('422'))).toEqual([])
  })
})
