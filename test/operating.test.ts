/** What whoever runs the server sees: probes, metrics, and nothing private in them. */
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { FAMILIES } from '../src/metrics/families.ts'
import { type Harness, openHarness } from './harness.ts'
import { openReceiver, type Receiver } from './webhook-receiver.ts'

let harness: Harness
let receiver: Receiver
beforeAll(async () => {
  receiver = await openReceiver()
  harness = await openHarness({ env: { WHATSAPP_WEBHOOK_ALLOWED_ORIGINS: receiver.origin } })
})
afterAll(async () => {
  await harness.close()
  await receiver.stop()
})

/** The samples of `/metrics`, by name and labels as they are written. */
async function metrics(headers: Record<string, string> = {}): Promise<Map<string, number>> {
  const { status, text } = await harness.call({ path: '/metrics', headers })
  expect(status, text).toBe(200)
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(
    lines.map((line) => {
      const [, name = '', value = ''] = /^(\w+(?:\{.*\})?) (\S+)$/.exec(line) ?? []
      expect(value, line).toMatch(/^(-?[\d.]+(e[+-]?\d+)?|NaN|[+-]Inf)$/i)
      return [name, Number(value)]
    }),
  )
}

describe('a probe', () => {
  it.each([
    ['without Host', { host: '' }],
    ['by another name', { host: 'whatsapp.internal:8790' }],
    ['through a proxy', { 'x-forwarded-for': '10.0.0.1' }],
    ['with a wrong key', { authorization: 'Bearer wma_wrong' }],
  ])('is answered %s, and says nothing of an account', async (_, headers) => {
    for (const path of ['/health/live', '/health/ready']) {
      const answer = await harness.call({ path, headers })
      expect([answer.status, answer.json]).toEqual([200, { ok: true }])
    }
  })

  it('is for nothing else', async () => {
    const answer = await harness.call({ method: 'POST', path: '/health/live' })
    expect([answer.status, answer.json.code]).toEqual([405, 'method_not_allowed'])
    expect((await harness.get('/health/live?x=1')).status).toBe(400)
  })
})

describe('metrics', () => {
  it('say what happened: states, sends, capabilities, sizes, webhooks', async () => {
    const before = await metrics()
    expect(before.get('whatsapp_session_state{account="default",state="stopped"}')).toBe(1)
    expect(before.has('whatsapp_session_proven_timestamp_seconds{account="default"}')).toBe(false)
    await harness.link()
    await harness.synced()
    const { json: hook } = await harness.post('/api/webhooks', { url: receiver.url })
    const [contact] = harness.world.state().contacts
    await harness.post('/api/send', { phone_number: contact?.phone, message: 'Hello' })
    await harness.world.setFault({ name: 'send_fails', value: true })
    await harness.post('/api/send', { phone_number: contact?.phone, message: 'Hello' })
    await harness.world.setFault({ name: 'send_fails', value: false })
    const after = await metrics()
    expect(Object.fromEntries(after)).toMatchObject({
      'whatsapp_session_state{account="default",state="ready"}': 1,
      'whatsapp_session_state{account="default",state="stopped"}': 0,
      'whatsapp_session_connected{account="default"}': 1,
      'whatsapp_session_transitions_total{account="default",state="starting",reason=""}': 1,
      'whatsapp_session_transitions_total{account="default",state="ready",reason=""}': 1,
      'whatsapp_sends_total{account="default",operation="send_message",state="sent",code=""}': 1,
      'whatsapp_sends_total{account="default",operation="send_message",state="failed",code="send_refused"}': 1,
      'whatsapp_send_ack_seconds_bucket{account="default",le="+Inf"}': 1,
      'whatsapp_send_ack_seconds_count{account="default"}': 1,
      'whatsapp_archive_problem{account="default"}': 0,
      'whatsapp_archive_stale_seconds{account="default"}': 0,
      'whatsapp_capability{account="default",ability="link",state="works"}': 1,
      [`whatsapp_webhook_paused{account="default",webhook="${hook.id}"}`]: 0,
    })
    const value = (name: string) => after.get(name) ?? 0
    expect(
      Math.abs(Date.now() / 1_000 - value('whatsapp_session_proven_timestamp_seconds{account="default"}')),
    ).toBeLessThan(60)
    for (const name of ['archive_bytes', 'archive_messages', 'browser_memory_bytes'])
      expect(value(`whatsapp_${name}{account="default"}`), name).toBeGreaterThan(0)
    expect(value('whatsapp_control_bytes')).toBeGreaterThan(0)
    expect(value('process_resident_memory_bytes')).toBeGreaterThan(0)
  })

  it('show what a webhook has not delivered', async () => {
    const { json } = await harness.post('/api/webhooks', { url: receiver.url })
    const labels = `{account="default",webhook="${json.id}"}`
    const path = `/api/webhooks/${json.id}`
    const [contact] = harness.world.state().contacts
    await harness.call({ method: 'PATCH', path, body: { paused: true } })
    await harness.world.write({ from: contact?.phone ?? '', text: 'Two' })
    const lag = async () => (await metrics()).get(`whatsapp_webhook_lag_events${labels}`)
    await expect.poll(lag).toBeGreaterThan(0)
    expect((await metrics()).get(`whatsapp_webhook_lag_seconds${labels}`)).toBeGreaterThan(0)
    await harness.call({ method: 'PATCH', path, body: { paused: false } })
    await expect.poll(lag).toBe(0)
    const seconds = async () => (await metrics()).get(`whatsapp_webhook_lag_seconds${labels}`)
    await expect.poll(seconds).toBe(0)
    await harness.call({ method: 'DELETE', path })
  })

  it('lag where a reader is slow, and not longer', async () => {
    const lag = () => [...(harness.app.accounts.opened()[0]?.archive.events.lags() ?? [])]
    const reading = harness.app.archive.events.open({})
    expect(lag()).toEqual([0])
    const [contact] = harness.world.state().contacts
    await harness.world.write({ from: contact?.phone ?? '', text: 'One' })
    await expect.poll(lag).not.toEqual([0])
    // Later events of the same message may come meanwhile.
    const shown = async () => (await metrics()).get('whatsapp_event_reader_lag_events{account="default"}')
    await expect.poll(async () => (await shown()) === lag()[0]).toBe(true)
    await expect
      .poll(async () => {
        while ((await reading.next(100)).hasMore);
        return lag()
      })
      .toEqual([0])
    reading.close()
    expect(lag()).toEqual([])
  })

  it('have no names, numbers or texts', async () => {
    const { text } = await harness.get('/metrics')
    const { account, contacts, groups } = harness.world.state()
    const secrets = [...contacts, account].flatMap(({ phone, lid, pushname }) => [phone, lid, pushname])
    for (const secret of [...secrets, ...groups.flatMap(({ id, subject }) => [id, subject]), harness.authDir])
      expect(text.includes(secret), secret).toBe(false)
  })

  it('need the scope read, and are limited to the accounts of a key', async () => {
    await harness.post('/api/accounts', { id: 'work' })
    const make = async (input: object) => {
      const { json } = await harness.post('/api/keys', { name: 'metrics', ...input })
      return { authorization: `Bearer ${json.secret}` }
    }
    const refused = await harness.call({ path: '/metrics', headers: await make({ scopes: ['send'] }) })
    expect([refused.status, refused.json.code]).toEqual([403, 'scope_missing'])
    const names = [...(await metrics(await make({ scopes: ['read'], accounts: ['work'] }))).keys()]
    expect(names.filter((name) => name.includes('account="work"')).length).toBeGreaterThan(3)
    expect(names.filter((name) => name.includes('account="default"'))).toEqual([])
    const [contact] = harness.world.state().contacts
    const hides = await make({ scopes: ['read'], chats: { hide: [`${contact?.phone}@c.us`] } })
    const counted = [...(await metrics(hides)).keys()].filter((name) =>
      /_(messages|bytes|sends|outbox|webhook)/.test(name),
    )
    expect(counted.filter((name) => name.startsWith('whatsapp_'))).toEqual([
      'whatsapp_browser_memory_bytes{account="default"}',
    ])
    const foreign = await harness.call({ path: '/metrics', headers: { origin: 'https://evil.example' } })
    expect([foreign.status, foreign.json.code]).toEqual([403, 'forbidden_origin'])
  })

  it('are all on the dashboard, which asks for no others', () => {
    const dashboard = readFileSync(new URL('../deploy/grafana.json', import.meta.url), 'utf8')
    const asked = new Set(
      [...dashboard.matchAll(/\bwhatsapp_\w+/g)].map(([name]) => name.replace(/_(bucket|sum|count)$/, '')),
    )
    expect([...asked].sort()).toEqual(FAMILIES.map(({ name }) => name).sort())
  })
})
