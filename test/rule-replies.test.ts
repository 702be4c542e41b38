/** Rules that reply: over the outbox, as a caller of their own, and never to themselves. The double's world is the witness. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { accountPath } from '../src/model/account-paths.ts'
import { connectClient, type Harness, openHarness } from './harness.ts'
import { openReceiver, status } from './webhook-receiver.ts'

const AMARA = '15550001101'
const STRANGER = '15550009999'
const SECOND = '15550003000'

let harness: Harness
const until = (what: () => unknown, ms = 60_000) => expect.poll(what, { timeout: ms, interval: 20 })
const quiet = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))
const rules = async () => (await harness.get('/api/rules')).json.rules
const items = async (query = '') => (await harness.get(`/api/outbox${query}`)).json.items
/** What this account wrote with this text. */
const replies = (text: string) =>
  harness.world.messages().filter(({ body, fromMe }) => fromMe && body === text)

async function save(text: string): Promise<void> {
  const { read_at: before } = (await harness.get('/api/rules')).json
  writeFileSync(join(harness.authDir, '.whatsapp-mcp-api', 'rules.yaml'), text, { mode: 0o600 })
  await until(async () => (await harness.get('/api/rules')).json.read_at).not.toBe(before)
  expect((await harness.get('/api/rules')).json.problem).toBeNull()
}
const away = (text: string, more = '') => `
rules:
  - name: away
    kinds: [message.received]
    reply: ${JSON.stringify(text)}
${more}`

beforeAll(async () => {
  harness = await openHarness({ env: { WHATSAPP_RULES: 'true', WHATSAPP_MCP_SENDS: '' } })
  await harness.link()
})
afterAll(() => harness.close())

it('replies with the filled text once in a while, as its own caller', async () => {
  await harness.synced()
  await save(away('Hello {{name}}, "{{text}}" comes later.', '    quote: true\n    sends: open\n'))
  await harness.world.write({ from: AMARA, text: 'the {{name}} of it' })
  await until(async () => (await items())[0]?.state).toBe('sent')
  const [item] = await items()
  expect(item).toMatchObject({ caller: 'rule:default/away', operation: 'send_to_chat' })
  const { json } = await harness.get(`/api/messages?phone_number=${AMARA}&limit=2`)
  const [asked, answered] = json.messages
  expect(answered.body).toBe(`Hello ${asked.sender_name}, "the {{name}} of it" comes later.`)
  expect(answered.reply_to.id).toBe(asked.id)
  const audited = async () => (await harness.get('/api/audit?caller=rule:default/away')).json.entries[0]
  await until(audited).toMatchObject({
    face: 'rule',
    operation: 'send_to_chat',
    decision: 'allowed',
    outcome: 'ok',
  })
  await harness.world.write({ from: AMARA, text: 'and again' })
  await until(async () => (await rules())[0].last_attempt?.duration_ms).toBe(0)
  expect((await items()).length).toBe(1)
})

it('does not reply to the owner, and holds what goes to a stranger', async () => {
  await save(away('Known people only.'))
  const before = (await items()).length
  await harness.world.writeFromPhone({ chat: `${AMARA}@c.us`, text: 'mine' })
  harness.world.addContact({ phone: STRANGER, name: null })
  await harness.world.write({ from: STRANGER, text: 'who are you?' })
  await until(async () => (await items('?state=held')).length).toBe(1)
  expect((await items()).length).toBe(before + 1)
  expect((await items('?state=held'))[0]).toMatchObject({
    chat: { id: `${STRANGER}@c.us` },
    reason: 'stranger',
    preview: 'Known people only.',
  })
  await until(async () => (await rules())[0].last_attempt).toMatchObject({ error: null })
  expect(replies('Known people only.')).toEqual([])
})

it('does not reply to a message that came long ago', async () => {
  await save(away('Too late.', '    sends: open\n'))
  const t = Math.floor(Date.now() / 1_000) - 2 * 3_600
  await harness.world.write({ from: AMARA, text: 'from two hours ago', t })
  await until(async () => (await rules())[0].last_attempt?.error).toBeNull()
  expect(replies('Too late.')).toEqual([])
})

it('is no tool, and no agent reads its file', async () => {
  const client = await connectClient(harness.url, 'plain')
  const { tools } = await client.listTools()
  await client.close()
  expect(tools.filter(({ name }) => name.includes('rule'))).toEqual([])
  const { json } = await harness.post('/api/keys', { name: 'agent', scopes: ['read', 'send', 'manage'] })
  const headers = { authorization: `Bearer ${json.secret}` }
  const { status, json: refused } = await harness.call({ path: '/api/rules', headers })
  expect([status, refused.code]).toEqual([403, 'scope_missing'])
})

it('never answers the reply of another rule of this server', async () => {
  await harness.post('/api/accounts', { id: 'second' })
  harness.world.switchAccount({ phone: SECOND, pushname: 'Kim Example' })
  await harness.post(accountPath('/api/auth/start', 'second'))
  await harness.world.scan()
  const second = async () => (await harness.get(accountPath('/api/status', 'second'))).json
  await until(async () => (await second()).sync?.phase).toBe('done')
  harness.world.introduceAccounts()
  await save(`${away('I am away.', '    sends: open\n    every_s: 1\n')}
  - name: away-too
    account: second
    kinds: [message.received]
    reply: I am away too.
    sends: open
    every_s: 1
`)
  const first = (await harness.status()).account?.wid ?? ''
  // By hand, from the phone of the second account.
  await harness.world.writeFromPhone({ chat: first, text: 'are you there?' })
  await until(async () => (await items('?state=sent')).length).toBe(2)
  await quiet(3_000)
  expect((await items('?state=sent')).length).toBe(2)
})

it('is paused by a logout, as a webhook is, which gets the last events first', async () => {
  const [receiver, hanging] = await Promise.all([openReceiver(), openReceiver()])
  hanging.answer = () => {}
  try {
    await harness.close()
    harness = await openHarness({
      env: {
        WHATSAPP_RULES: 'true',
        WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: `${receiver.origin},${hanging.origin}`,
      },
    })
    await harness.link()
    await save(away('Gone.', '    sends: open\n'))
    receiver.answer = (response) => void setTimeout(() => status(200)(response), 500)
    const kinds = ['message.received', 'session.changed']
    const { id } = (await harness.post('/api/webhooks', { url: receiver.url, kinds })).json
    const { id: silent } = (await harness.post('/api/webhooks', { url: hanging.url, kinds })).json
    await harness.world.write({ from: AMARA, text: 'before the logout' })
    await until(async () => (await items())[0]?.state).toBe('sent')
    await until(() => hanging.requests.length).toBeGreaterThan(0)
    expect((await harness.post('/api/logout')).status).toBe(200)
    const hook = async (of = id) => (await harness.get(`/api/webhooks/${of}`)).json
    // Before its last delivery has ended, so that a stop loses it as little as a crash.
    for (const of of [id, silent]) expect((await hook(of)).paused_reason).toBe('logged_out')
    expect((await rules())[0].paused_reason).toBe('logged_out')
    await until(() => receiver.delivered().map(({ event }) => event.message?.body)).toContain(
      'before the logout',
    )
    expect((await hook()).failing_chats).toBe(0)
    await harness.restart()
    for (const of of [id, silent]) expect((await hook(of)).paused_reason).toBe('logged_out')
    expect((await rules())[0].paused_reason).toBe('logged_out')
  } finally {
    await hanging.stop()
    await receiver.stop()
  }
})
