/** Policies: whatever a caller sends, by whichever row and face, goes, waits or is refused as its policy says; the double counts. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toolName } from '../src/faces/mcp/words.ts'
import type { Policy } from '../src/model/policy.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { type Operation, requestAt } from '../src/operations/operation.ts'
import { type Harness, openHarness } from './harness.ts'
import { callWire, openSession } from './mcp-wire.ts'
import { createTestClock } from './test-clock.ts'

/** In the address book; and a person to whom the owner never wrote, who is not in it. */
const AMARA = '15550001101'
const PRIYA = '15550001106'

type Outcome = 'sent' | 'held' | 'refused'
/** What becomes of a message to Amara, and of one to Priya. */
const EXPECTED: Record<Policy, [amara: Outcome, priya: Outcome]> = {
  open: ['sent', 'sent'],
  known: ['sent', 'held'],
  confirm: ['held', 'held'],
  only: ['sent', 'refused'],
  off: ['refused', 'refused'],
}
const POLICIES = Object.keys(EXPECTED) as Policy[]

let harness: Harness
/** A message of Amara. */
let received = ''
const secrets: Record<string, string> = {}
const bearer = (policy: string): Record<string, string> =>
  secrets[policy] === undefined ? {} : { authorization: `Bearer ${secrets[policy]}` }

beforeAll(async () => {
  // The policy of a new server.
  harness = await openHarness({
    build: '2.3000.1048116627',
    env: { WHATSAPP_MCP_TOOLSETS: 'all', WHATSAPP_MCP_SENDS: '' },
  })
})
afterAll(() => harness.close())

it('begins with a key for each policy', async () => {
  await harness.link()
  await harness.synced()
  const { id } = await harness.world.write({ from: AMARA, text: 'something to forward' })
  received = `false_${AMARA}@c.us_${id}`
  await expect.poll(async () => (await harness.get(`/api/messages/${received}`)).status).toBe(200)
  for (const policy of POLICIES) {
    const sends = policy === 'only' ? { policy, chats: [AMARA] } : policy
    const { status, json, text } = await harness.post('/api/keys', {
      name: policy,
      scopes: ['read', 'send'],
      sends,
    })
    expect(status, text).toBe(201)
    expect(json.key.sends).toEqual({ policy, chats: policy === 'only' ? [`${AMARA}@c.us`] : [] })
    secrets[policy] = json.secret
  }
})

const messagesTo = (phone: string) => harness.world.countMessages({ chat: `${phone}@c.us` })
/** Those that send to a chat; a status update reaches many (test/status-updates.test.ts). */
const ROWS = OPERATIONS.filter(({ effect, name }) => effect === 'send' && name !== 'post_status_update')

/** The input of this row for the person. */
function inputOf({ name, example }: Operation, phone: string): Record<string, unknown> {
  const input: Record<string, unknown> = { ...Object(example.input) }
  delete input.reply_to
  if (name === 'send_media') input.media = { data: PIXEL, mimetype: 'image/png' }
  if (name === 'forward_message') return { message_id: received, chats: [phone] }
  if ('phone_number' in input) return { ...input, phone_number: phone }
  if ('chat' in input) return { ...input, chat: phone }
  throw new Error(`${name} sends, and this test does not know to whom: add its input`)
}
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=='

type Face = (
  row: Operation,
  input: Record<string, unknown>,
  headers: Record<string, string>,
) => Promise<string>
const FACES: Record<string, Face> = {
  async REST(row, input, headers) {
    const [route = 'GET /'] = row.routes
    const [method = 'POST', path = '/'] = route.split(' ')
    const body = requestAt(row, route, input)
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
      const value = encodeURIComponent(String(body[name]))
      delete body[name]
      return value
    })
    return (await harness.call({ method, path: filled, body, headers })).text
  },
  async MCP(row, input, headers) {
    const session = await openSession(harness.url, undefined, undefined, headers)
    const params = { name: toolName(row), arguments: input }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
    return (await callWire(harness.url, { headers: session, body })).text()
  },
}

const outcomeOf = (text: string): Outcome =>
  text.includes('recipient_not_allowed') || text.includes('action_refused')
    ? 'refused'
    : text.includes('held_for_approval') || text.includes('"state":"held"')
      ? 'held'
      : 'sent'

describe.each(Object.keys(FACES))('over %s', (face) => {
  it.each(POLICIES)(
    'the policy %s decides about every row that sends',
    async (policy) => {
      expect(ROWS.length).toBeGreaterThan(4)
      for (const row of ROWS) {
        for (const [index, phone] of [AMARA, PRIYA].entries()) {
          const before = messagesTo(phone)
          const text = await FACES[face]?.(row, inputOf(row, phone), bearer(policy))
          const expected = EXPECTED[policy][index]
          expect([row.name, phone, outcomeOf(text ?? ''), text]).toEqual([row.name, phone, expected, text])
          expect([row.name, phone, messagesTo(phone) - before]).toEqual([
            row.name,
            phone,
            expected === 'sent' ? 1 : 0,
          ])
        }
      }
    },
    120_000,
  )
})

describe('without a key', () => {
  it('REST sends to everybody, and MCP to those whom the owner knows', async () => {
    const send = OPERATIONS.find(({ name }) => name === 'send_message') as Operation
    for (const [face, phone, expected] of [
      ['REST', PRIYA, 'sent'],
      ['MCP', AMARA, 'sent'],
      ['MCP', PRIYA, 'held'],
    ] as const) {
      const text = await FACES[face]?.(send, inputOf(send, phone), {})
      expect([face, phone, outcomeOf(text ?? '')]).toEqual([face, phone, expected])
    }
  })
})

describe('an action on a message', () => {
  const act = (policy: string, path: string, body: object, method = 'PUT') =>
    harness.call({ method, path: `/api/messages/${path}`, body, headers: bearer(policy) })

  it('follows the policy, and is refused where it would have to wait', async () => {
    const { id } = await harness.world.write({ from: PRIYA, text: 'react to me' })
    const message = `false_${PRIYA}@c.us_${id}`
    await expect.poll(async () => (await harness.get(`/api/messages/${message}`)).status).toBe(200)
    for (const [policy, status, code] of [
      ['off', 403, 'recipient_not_allowed'],
      ['only', 403, 'recipient_not_allowed'],
      ['known', 422, 'action_refused'],
      ['open', 200, undefined],
    ] as const) {
      const path = `/api/chats/${PRIYA}@c.us/presence`
      const typing = { method: 'POST', path, body: { state: 'typing' }, headers: bearer(policy) }
      const { status: typed } = await harness.call(typing)
      expect([policy, typed >= 400]).toEqual([policy, policy !== 'open'])
      const { status: got, json } = await act(policy, `${message}/reaction`, { emoji: '🎈' })
      expect([policy, got, json.code]).toEqual([policy, status, code])
    }
  })

  it('forwards only to whom the caller may send', async () => {
    const before = messagesTo(PRIYA)
    for (const policy of ['off', 'only', 'known', 'confirm'] as const) {
      const { json } = await act(policy, `${received}/forward`, { chats: [PRIYA] }, 'POST')
      expect(json.code ?? json.results[0].code).toBe(
        policy === 'off' || policy === 'only' ? 'recipient_not_allowed' : 'held_for_approval',
      )
    }
    expect(messagesTo(PRIYA)).toBe(before)
  })
})

describe('a group', () => {
  it('brings no text and nobody to whom the caller may not send', async () => {
    const { id = '' } = harness.world.state().groups[0] ?? {}
    const groups = harness.world.state().groups.length
    const scopes = ['read', 'send', 'manage']
    for (const [sends, code] of [
      ['off', 'recipient_not_allowed'],
      ['confirm', 'change_refused'],
      ['known', 'change_refused'],
    ] as const) {
      const { json } = await harness.post('/api/keys', { name: `group ${sends}`, scopes, sends })
      const headers = { authorization: `Bearer ${json.secret}` }
      const create = await harness.call({
        method: 'POST',
        path: '/api/groups',
        body: { name: 'PIN 4711', members: [PRIYA] },
        headers,
      })
      expect([sends, create.json.code]).toEqual([sends, code])
      if (sends === 'known') continue
      const body = { name: 'PIN 4711' }
      const change = await harness.call({ method: 'PATCH', path: `/api/groups/${id}`, body, headers })
      expect([sends, change.json.code]).toEqual([sends, code])
    }
    expect(harness.world.state().groups).toHaveLength(groups)
    expect(JSON.stringify(harness.world.state().groups)).not.toContain('4711')
  })
})

describe('the owner knows', () => {
  const send = (phone: string) =>
    harness.call({
      method: 'POST',
      path: `/api/chats/${phone}/messages`,
      body: { message: 'Hello' },
      headers: bearer('known'),
    })

  it('nobody by what this server sent, and somebody by what the phone sent', async () => {
    expect((await send(PRIYA)).status).toBe(202)
    await harness.world.writeFromPhone({ chat: `${PRIYA}@c.us`, text: 'from my phone to Priya' })
    await expect.poll(async () => (await harness.get('/api/search?q=phone+Priya')).json.count).toBe(1)
    expect((await send(PRIYA)).status).toBe(200)
  })

  it('a group in which they wrote', async () => {
    const { id = '' } = harness.world.state().groups.find(({ announce, left }) => !announce && !left) ?? {}
    const written = harness.world.messages({ chat: id }).some(({ fromMe }) => fromMe)
    expect((await send(id)).status).toBe(written ? 200 : 202)
    await harness.world.writeFromPhone({ chat: id, text: 'from my phone to the group' })
    await expect.poll(async () => (await harness.get('/api/search?q=phone+group')).json.count).toBe(1)
    expect((await send(id)).status).toBe(200)
  })

  it('a group to which they approved a message, and no person by that', async () => {
    const { id } = harness.world.addGroup({ subject: 'Neighbours', members: [AMARA] })
    harness.world.addContact({ phone: '15559990007', name: null, pushname: 'Unknown' })
    await expect.poll(async () => (await harness.get(`/api/chats/${id}`)).status).toBe(200)
    for (const [to, then] of [
      [id, 200],
      ['15559990007', 202],
    ] as const) {
      const { status, json } = await send(to)
      expect([to, status, json.item.reason]).toEqual([to, 202, 'stranger'])
      await harness.post(`/api/outbox/${json.item.id}/approve`, { digest: json.item.digest })
      expect([to, (await send(to)).status]).toEqual([to, then])
    }
  })

  it('nobody for a caller that does not see them', async () => {
    const input = { name: 'blind', scopes: ['send'], sends: 'known', chats: { hide: [AMARA] } }
    secrets.blind = (await harness.post('/api/keys', input)).json.secret
    const { status } = await harness.call({
      method: 'POST',
      path: '/api/send',
      body: { phone_number: AMARA, message: 'Hello' },
      headers: bearer('blind'),
    })
    expect(status).toBe(404)
  })
})

it('a message that waits for its recipient says so, and is sent once it is approved', async () => {
  const stranger = '15559990002'
  harness.world.addContact({ phone: stranger, name: null, pushname: 'Unknown' })
  const { json } = await harness.call({
    method: 'POST',
    path: '/api/send',
    body: { phone_number: stranger, message: 'Is this right?' },
    headers: bearer('known'),
  })
  expect(json.item).toMatchObject({ state: 'held', reason: 'stranger', expires_at: expect.any(String) })
  const { id, digest } = json.item
  const own = await harness.call({
    method: 'POST',
    path: `/api/outbox/${id}/approve`,
    body: { digest },
    headers: bearer('known'),
  })
  expect([own.status, own.json.code]).toEqual([403, 'scope_missing'])
  const { json: approved } = await harness.post(`/api/outbox/${id}/approve`, { digest })
  expect(approved.item.state).toBe('sent')
  expect(messagesTo(stranger)).toBe(1)
})

it('what a key scheduled to a stranger before it got the policy known waits for the owner at its time', async () => {
  const stranger = '15559990013'
  harness.world.addContact({ phone: stranger, name: null, pushname: 'Unknown' })
  const { json: made } = await harness.post('/api/keys', {
    name: 'tightened',
    scopes: ['send'],
    sends: 'open',
  })
  const { json } = await harness.call({
    method: 'POST',
    path: '/api/send',
    body: { phone_number: stranger, message: 'In an hour', send_at: new Date(Date.now() + 3_600_000) },
    headers: { authorization: `Bearer ${made.secret}` },
  })
  const path = `/api/outbox/${json.item.id}`
  const change = (to: string, body: object) => harness.call({ method: 'PATCH', path: to, body })
  expect((await change(`/api/keys/${made.key.id}`, { sends: 'known' })).status).toBe(200)
  expect((await change(path, { send_at: new Date(Date.now() + 3_000) })).status).toBe(200)
  await expect.poll(async () => (await harness.get(path)).json.item.state).toBe('held')
  expect((await harness.get(path)).json.item).toMatchObject({ reason: 'stranger', error: null })
  expect(messagesTo(stranger)).toBe(0)
  await harness.post(`${path}/reject`)
})

it('the policy only knows a person by every number, also of what is scheduled', async () => {
  const other = '5511987654321'
  const sends = { policy: 'only', chats: [other] }
  const input = { name: 'alias', scopes: ['send'], sends }
  secrets.alias = (await harness.post('/api/keys', input)).json.secret
  const send = (more: object = {}) =>
    harness.call({
      method: 'POST',
      path: `/api/chats/${other}/messages`,
      body: { message: 'olá', ...more },
      headers: bearer('alias'),
    })
  await harness.world.setFault({ name: 'other_number', value: { [other]: AMARA } })
  // From the first send on, the archive knows whose number it is.
  expect([(await send()).status, (await send()).status]).toEqual([200, 200])
  const { status, json } = await send({ send_at: new Date(Date.now() + 3_600_000) })
  expect([status, json.item.chat.id]).toEqual([202, `${AMARA}@c.us`])
  await harness.app.accounts.get('default').outbox.review()
  const { item } = (await harness.get(`/api/outbox/${json.item.id}`)).json
  expect([item.state, item.error]).toEqual(['scheduled', null])
  await harness.post(`/api/outbox/${item.id}/cancel`)
  await harness.world.setFault({ name: 'other_number', value: false })
})

it.each([['only'], [{ policy: 'only' }], [{ policy: 'open', chats: [AMARA] }], ['everything']])(
  'a key has no policy %j',
  async (sends) => {
    const { status } = await harness.post('/api/keys', { name: 'x', scopes: ['send'], sends })
    expect(status).toBe(400)
  },
)

it('a key that sends too fast is told when to go on, and the owner is not held up', async () => {
  await harness.close()
  const env = { WHATSAPP_MCP_SENDS: '', WHATSAPP_SENDS_PER_MINUTE: '2', WHATSAPP_NEW_PEOPLE_PER_DAY: '1' }
  const clock = createTestClock()
  harness = await openHarness({ env, clock })
  await harness.link()
  await harness.synced()
  const secret = (await harness.post('/api/keys', { name: 'fast', scopes: ['send'] })).json.secret
  const headers = { authorization: `Bearer ${secret}` }
  const send = async (phone_number: string, as: Record<string, string> = headers) => {
    const body = { phone_number, message: 'Hello' }
    const answer = await harness.call({ method: 'POST', path: '/api/send', body, headers: as })
    return [answer.status, answer.json.code, Number(answer.headers['retry-after'] ?? 0) > 0]
  }
  const late = [429, 'sends_too_fast', true]
  // At the same time: each is counted before it is sent.
  const answers = await Promise.all([send(AMARA), send(AMARA), send(AMARA)])
  expect(answers.filter(([status]) => status === 200)).toHaveLength(2)
  expect(answers.filter(([status]) => status === 429)).toEqual([late])
  const before = messagesTo(AMARA)
  expect(await send(AMARA)).toEqual(late)
  expect(messagesTo(AMARA)).toBe(before)
  for (const { phone } of [{ phone: '15559990003' }, { phone: '15559990004' }])
    harness.world.addContact({ phone, name: null, pushname: 'New' })
  expect(await send('15559990003', {})).toEqual([200, undefined, false])
  expect(await send('15559990004', {})).toEqual(late)
  expect(await send(AMARA, {})).toEqual([200, undefined, false])
  expect(await send(AMARA, {})).toEqual(late)
  // Agents without a key have a count of their own: they neither use up that of the owner's scripts, nor it theirs.
  const agent = async () => {
    const params = { name: 'whatsapp_send_message', arguments: { phone_number: AMARA, message: 'Hello' } }
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
    return (await callWire(harness.url, { body })).text().includes('sends_too_fast')
  }
  clock.advance(61_000)
  expect([await agent(), await agent(), await agent()]).toEqual([false, false, true])
  expect(await send(AMARA, {})).toEqual([200, undefined, false])
  // What was scheduled over a longer time for the same moment leaves no faster.
  const send_at = new Date(clock.now() + 300_000)
  const schedule = async (phone_number: string, as: Record<string, string>) => {
    clock.advance(61_000)
    const body = { phone_number, message: 'Later', send_at }
    expect((await harness.call({ method: 'POST', path: '/api/send', body, headers: as })).status).toBe(202)
  }
  for (let count = 0; count < 3; count += 1) await schedule(AMARA, headers)
  await schedule('15559990003', {})
  const states = async () =>
    (await harness.get('/api/outbox?limit=4')).json.items.map(({ state }: { state: string }) => state)
  clock.advance(60_000)
  // The last one is that of the owner, who overtakes the third of the key.
  await expect.poll(states, { timeout: 10_000 }).toEqual(['sent', 'scheduled', 'sent', 'sent'])
  clock.advance(61_000)
  await expect.poll(states, { timeout: 10_000 }).toEqual(['sent', 'sent', 'sent', 'sent'])
  // For all callers together too, those that are due count by themselves.
  const other = (await harness.post('/api/keys', { name: 'other', scopes: ['send'] })).json.secret
  const as = { authorization: `Bearer ${other}` }
  clock.advance(61_000)
  const soon = { phone_number: AMARA, message: 'Soon', send_at: new Date(clock.now() + 120_000) }
  for (let count = 0; count < 2; count += 1)
    expect((await harness.call({ method: 'POST', path: '/api/send', body: soon, headers })).status).toBe(202)
  clock.advance(121_000)
  await expect.poll(states, { timeout: 10_000 }).toEqual(['sent', 'sent', 'sent', 'sent'])
  const gone = [200, undefined, false]
  expect([await send(AMARA, as), await send(AMARA, as), await send(AMARA)]).toEqual([gone, gone, gone])
})
