/** The control API and what it refuses, on the double's real world. */

import { request } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSimulator } from '../open-simulator.ts'
import type { Simulator } from '../simulator.ts'
import { type Control, openControl } from './control.ts'
import { verbs } from './verbs.ts'

let simulator: Simulator
let control: Control

beforeEach(async () => {
  simulator = await openSimulator({ dataDir: null })
  control = await openControl(simulator.world, { host: '127.0.0.1', port: 0 }, simulator.onChange)
})
afterEach(async () => {
  await control.close()
  await simulator.close()
})

async function post(verb: string, body?: string | object, headers: Record<string, string> = {}) {
  const response = await fetch(`${control.url}/control/${verb}`, {
    method: 'POST',
    headers,
    body: typeof body === 'object' ? JSON.stringify(body) : (body ?? null),
  })
  return { status: response.status, json: JSON.parse(await response.text()) }
}

async function get(path: string) {
  const response = await fetch(control.url + path)
  return { status: response.status, json: JSON.parse(await response.text()) }
}

/** `fetch` sets Host and Sec-Fetch-Site itself, so what a browser sends is sent by hand. */
function send(path: string, headers: Record<string, string>, method = 'GET'): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(control.url + path, { method, headers }, (response) => {
      response.resume()
      resolve(response.statusCode ?? 0)
    })
    asked.on('error', reject)
    asked.end()
  })
}

describe('reading', () => {
  it('gives the state and the messages as the world holds them', async () => {
    expect(await get('/control/state')).toEqual({ status: 200, json: toJson(simulator.world.state()) })
    expect(await get('/control/messages')).toEqual({ status: 200, json: toJson(simulator.world.messages()) })
  })

  it('gives the messages of one chat', async () => {
    const [contact] = simulator.world.state().contacts
    const { json } = await post('write', { from: contact?.phone, text: 'Only here' })
    const chat = await get(`/control/messages?chat=${encodeURIComponent(json.chat)}`)
    expect(chat.json.at(-1)).toMatchObject({ body: 'Only here', chat: json.chat })
    expect(chat.json.every((message: { chat: string }) => message.chat === json.chat)).toBe(true)
  })

  it('lists the verbs with their arguments, and what can be chosen', async () => {
    const { json } = await get('/control')
    expect(Object.keys(json.verbs)).toEqual(Object.keys(verbs))
    expect(json.verbs.typePairingCode).toEqual({ code: 'a string' })
    const { json: choices } = await get('/control/choices')
    expect(choices.builds).toContain(simulator.world.state().build)
    expect(choices.faults.map(({ name }: { name: string }) => name)).toContain('offline')
  })

  it('reports changes as they happen', async () => {
    const stop = new AbortController()
    const response = await fetch(`${control.url}/control/events`, { signal: stop.signal })
    expect(response.headers.get('content-type')).toBe('text/event-stream')
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    let heard = (await reader?.read())?.value ?? ''
    simulator.world.addContact({ phone: '15550009999' })
    await post('set_fault', { name: 'offline', value: true })
    while (!heard.includes('event: change')) heard += (await reader?.read())?.value ?? ''
    stop.abort()
  })
})

describe('acting', () => {
  it('takes a verb by either spelling', async () => {
    const phone = '15550007777'
    expect((await post('add_contact', { phone, name: 'Zoë' })).json).toMatchObject({ phone, name: 'Zoë' })
    expect((await post('addContact', { phone: '15550007778', name: null })).status).toBe(200)
    const message = await post('writeFromPhone', { chat: `${phone}@c.us`, text: 'Hi', t: 1700000000 })
    expect(message.json).toMatchObject({ body: 'Hi', fromMe: true, t: 1700000000 })
  })

  it('sends any kind of message, changes it, and reads chats and the newest messages', async () => {
    const content = { type: 'document', caption: 'read this', media: { filename: 'a.pdf' } }
    const { json } = await post('write_content', { from: '15550001101', content })
    expect(json).toMatchObject({ type: 'document', caption: 'read this', media: { filename: 'a.pdf' } })
    await post('react', { id: json.id, by: 'me', emoji: '👍' })
    await post('pin_chat', { chat: json.chat, pinned: true })
    const messages = await get(`/control/messages?limit=1&chat=${encodeURIComponent(json.chat)}`)
    expect(messages.json).toMatchObject([{ id: json.id, reactions: [{ emoji: '👍' }] }])
    expect((await get('/control/chats')).json[0]).toMatchObject({ id: json.chat, last: { id: json.id } })
    expect((await post('write_content', { from: '15550001101', content: { type: 'song' } })).status).toBe(400)
    expect((await post('write_content', { from: '15550001101', content: { type: 'chat' } })).status).toBe(400)
    expect((await post('seed_history', { chats: 20, messages: 100 })).json).toMatchObject({ messages: 100 })
  })

  it('says ok where a verb returns nothing, with or without a body', async () => {
    expect(await post('clear_faults')).toEqual({ status: 200, json: { ok: true } })
    expect(await post('clear_faults', {})).toEqual({ status: 200, json: { ok: true } })
  })

  it('switches faults and builds', async () => {
    await post('set_fault', { name: 'load_hangs', value: true })
    expect(simulator.world.state().faults).toEqual({ load_hangs: true })
    await post('set_fault', { name: 'load_hangs', value: false })
    expect(simulator.world.state().faults).toEqual({})
    const { json } = await get('/control/choices')
    await post('set_build', { build: json.builds.at(-1) })
    expect(simulator.world.state().build).toBe(json.builds.at(-1))
  })

  it('answers 422 with the reason where the world refuses, thrown or rejected', async () => {
    const code = await post('type_pairing_code', { code: 'ABCD-EFGH' })
    expect(code).toEqual({ status: 422, json: { error: 'The code is wrong or has expired.' } })
    expect((await post('add_contact', { phone: '12' })).status).toBe(422)
    expect((await get('/control/messages?chat=nobody@c.us')).status).toBe(422)
  })

  it('answers 400 for a wrong argument and names it', async () => {
    expect(await post('write', '{nonsense')).toEqual({
      status: 400,
      json: { error: 'The body is not JSON.' },
    })
    expect((await post('write', '[1]')).json.error).toBe('The body must be a JSON object.')
    expect((await post('write', { from: '1' })).json.error).toBe('text is missing: a string.')
    expect((await post('write', { from: 1, text: '' })).json.error).toBe('from must be a string.')
    expect((await post('scan', { code: 'x' })).json.error).toBe('The field code does not exist. Use qr.')
    expect((await post('add_group', { subject: 'x', members: [1] })).status).toBe(400)
  })

  it('answers 404 for a verb that does not exist, naming those that do', async () => {
    const { status, json } = await post('shout', {})
    expect(status).toBe(404)
    expect(json.error).toMatch(
      /^The verb shout does not exist. Use one of state, messages, scan, .*clearFaults\.$/,
    )
    expect((await post('constructor', {})).status).toBe(404)
    expect((await get('/elsewhere')).status).toBe(404)
  })

  it('answers 405 with Allow for a method that does not fit', async () => {
    const reading = await fetch(`${control.url}/control/scan`)
    expect([reading.status, reading.headers.get('allow')]).toEqual([405, 'POST'])
    const deleting = await fetch(`${control.url}/control/state`, { method: 'DELETE' })
    expect([deleting.status, deleting.headers.get('allow')]).toEqual([405, 'GET, HEAD, POST'])
  })
})

describe('other web pages', () => {
  it('are refused by Host, whatever the path', async () => {
    for (const host of ['evil.example', 'localhost.evil.example', '127.0.0.1.evil.example:80', '10.0.0.1']) {
      expect(await send('/', { host })).toBe(403)
      expect(await send('/control/state', { host })).toBe(403)
    }
    for (const host of ['localhost:1', '127.0.0.1', '[::1]:8891']) {
      expect(await send('/control/state', { host })).toBe(200)
    }
  })

  it('are refused by Origin and Sec-Fetch-Site', async () => {
    expect((await post('clear_faults', {}, { origin: 'https://evil.example' })).status).toBe(403)
    expect((await post('clear_faults', {}, { origin: 'null' })).status).toBe(403)
    expect((await post('clear_faults', {}, { origin: 'http://127.0.0.1:1' })).status).toBe(403)
    expect((await post('clear_faults', {}, { origin: control.url })).status).toBe(200)
    for (const site of ['cross-site', 'same-site']) {
      expect(await send('/control/state', { 'sec-fetch-site': site })).toBe(403)
      expect(await send('/control/scan', { 'sec-fetch-site': site }, 'POST')).toBe(403)
    }
    expect(await send('/control/state', { 'sec-fetch-site': 'same-origin' })).toBe(200)
  })

  it('may link to the phone page, but neither frame nor read it', async () => {
    const link = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }
    expect(await send('/', { ...link, 'sec-fetch-dest': 'document' })).toBe(200)
    expect(await send('/', { ...link, 'sec-fetch-dest': 'iframe' })).toBe(403)
    const response = await fetch(control.url)
    expect(response.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
    expect(response.headers.get('access-control-allow-origin')).toBeNull()
  })
})

describe('the phone page', () => {
  it('is served with its files, and names no other host', async () => {
    for (const [path, type] of [
      ['/', 'text/html'],
      ['/places', 'text/html'],
      ['/phone.css', 'text/css'],
      ['/phone.js', 'text/javascript'],
      ['/parts.js', 'text/javascript'],
      ['/places.js', 'text/javascript'],
    ] as const) {
      const response = await fetch(control.url + path)
      expect(response.headers.get('content-type')).toBe(`${type}; charset=utf-8`)
      expect(await response.text()).not.toMatch(/https?:\/\//)
    }
  })
})

it('listens on loopback only', async () => {
  const opening = openControl(simulator.world, { host: '0.0.0.0', port: 0 }, simulator.onChange)
  await expect(opening).rejects.toThrow(/must listen on a loopback address/)
})

it('closes although an event stream is open', async () => {
  const response = await fetch(`${control.url}/control/events`)
  await control.close()
  await expect(response.text()).rejects.toThrow()
})

function toJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
