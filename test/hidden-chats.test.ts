/** Chats that a caller does not see: no reading, on any face, returns a byte of them, and its errors are those of chats that do not exist. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import { toolName } from '../src/faces/mcp/words.ts'
import { isReading, OPERATIONS, ROWS } from '../src/operations/index.ts'
import { type Operation, type Row, requestAt } from '../src/operations/operation.ts'
import { appearOnline, type Harness, openHarness } from './harness.ts'
import { callWire, openSession, openWire } from './mcp-wire.ts'

const AMARA = '15550001101'
/** Writes from a LID, and is hidden by phone number. */
const MING = '15550001103'
const OLENA = '15550001104'
const NOBODY = '15559990001'

let harness: Harness
let group = { id: '', name: '' }
let lid = ''
/** Ids of messages of the hidden chats: received, sent, a picture, and one in a chat that is seen. */
const ids: Record<'received' | 'inGroup' | 'sent' | 'picture' | 'seen', string> = {
  received: '',
  inGroup: '',
  sent: '',
  picture: '',
  seen: '',
}
const secrets: Record<string, string> = {}
const bearer = (name: string): Record<string, string> =>
  name === 'owner' ? {} : { authorization: `Bearer ${secrets[name]}` }

async function idOf(q: string): Promise<string> {
  await expect
    .poll(async () => (await harness.get(`/api/search?q=${encodeURIComponent(q)}`)).json.count)
    .toBe(1)
  return (await harness.get(`/api/search?q=${encodeURIComponent(q)}`)).json.messages[0].id
}

async function make(name: string, input: Record<string, unknown>): Promise<void> {
  const { status, json, text } = await harness.post('/api/keys', { name, ...input })
  expect(status, text).toBe(201)
  secrets[name] = json.secret
}

beforeAll(async () => {
  harness = await openHarness({
    env: { WHATSAPP_MCP_TOOLSETS: 'all', WHATSAPP_HIDE_CHATS: OLENA },
  })
})
afterAll(() => harness.close())
afterEach(() => harness.world.clearFaults())

it('begins with messages in each chat, and keys', async () => {
  await harness.link()
  await harness.synced()
  await appearOnline(harness)
  const [first] = harness.world.state().groups
  group = { id: first?.id ?? '', name: first?.subject ?? '' }
  lid = harness.world.state().contacts.find(({ phone }) => phone === MING)?.lid ?? ''
  const { world } = harness
  await world.write({ from: MING, text: 'canary direct received?' })
  await world.write({ from: AMARA, chat: group.id, text: 'canary ingroup received?' })
  await world.writeFromPhone({ chat: `${MING}@c.us`, text: 'canary direct sent' })
  await world.writeContent({ from: MING, content: { type: 'image', caption: 'canary direct picture' } })
  // A private reply to a message of the hidden group.
  const { id: quote } = await world.write({ from: AMARA, chat: group.id, text: 'canary to be quoted' })
  await world.write({ from: AMARA, text: 'about what I wrote there', quote })
  await world.write({ from: OLENA, text: 'canary of the settings?' })
  await world.writeStatus({ from: MING, content: { type: 'chat', text: 'canary of a status' } })
  await idOf('"of a status"')
  await world.write({ from: AMARA, text: 'a hiking plan?' })
  ids.received = await idOf('"direct received"')
  ids.inGroup = await idOf('"ingroup received"')
  ids.sent = await idOf('"direct sent"')
  ids.picture = await idOf('"direct picture"')
  ids.seen = await idOf('hiking')
  const scopes = ['read', 'send', 'manage']
  await make('hide', { scopes, chats: { hide: [MING, group.id] } })
  await make('only', { scopes, chats: { only: [AMARA] } })
  await make('free', { scopes })
  await make('admin', { scopes: ['admin'] })
})

/** Every input that names something names what is hidden. A row that needs more has its line. */
function inputsOf(row: Row): Record<string, unknown>[] {
  const example: Record<string, unknown> = { ...Object(row.example.input) }
  const hidden: Record<string, unknown[]> = {
    chat_id: [`${MING}@c.us`, `${lid}@lid`, group.id],
    contact_id: [MING, `${lid}@lid`],
    phone_number: [MING],
    group_id: [group.id],
    message_id: [ids.received, ids.inGroup, ids.sent, ids.picture],
  }
  const names = Object.keys(hidden).filter((name) => name in example)
  const more = { ...MORE[row.name] }
  if (names.length === 0) return [{ ...example, ...more }, more]
  return names.flatMap((name) =>
    (hidden[name] ?? []).map((value) => ({ ...example, [name]: value, ...more })),
  )
}
const MORE: Record<string, Record<string, unknown>> = {
  list_chats: { limit: 100 },
  list_unread: { limit: 100, messages_per_chat: 5, include_muted: true },
  list_waiting: { days: 30, include_groups: true },
  search_messages: { q: 'canary', limit: 100 },
  list_contacts: { limit: 100 },
  list_events: { after: '0', limit: 100 },
  stream_events: { after: '0' },
  read_messages: { limit: 50 },
}

const readings = () => ROWS.filter((row) => isReading(row) && row.gives !== 'events' && row.routes.length > 0)

async function overRest(
  row: Row,
  input: Record<string, unknown>,
  headers: Record<string, string>,
): Promise<string> {
  const [route] = row.routes
  if (route === undefined) return ''
  const [method = 'GET', path = '/'] = route.split(' ')
  const left = { ...requestAt(row, route, input) }
  const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = encodeURIComponent(String(left[name] ?? 'default'))
    delete left[name]
    return value
  })
  const fields = Object.entries(left).map(([name, value]): [string, string] => [name, String(value)])
  const isInQuery = method === 'GET' || method === 'DELETE'
  const query = isInQuery ? `?${new URLSearchParams(fields)}` : ''
  const body = isInQuery ? {} : { body: left }
  return (await harness.call({ method, path: `${filled}${query}`, headers, ...body })).text
}

/** What must not come back. A group that is seen may have Ming as a member, so his name is no canary. */
const canaries = () => ['canary', group.id, group.name]

describe.each(['hide', 'only'])('a key with %s', (name) => {
  it('gets nothing of hidden chats from any reading over REST', async () => {
    let found = 0
    for (const row of readings()) {
      for (const input of inputsOf(row)) {
        const text = await overRest(row, input, bearer(name))
        for (const canary of canaries())
          expect([row.name, input, text.includes(canary) && asked(input, canary)]).toEqual([
            row.name,
            input,
            false,
          ])
        if ((await overRest(row, input, {})).includes('canary')) found += 1
      }
    }
    // The same requests of the owner return them.
    expect(found).toBeGreaterThan(12)
  })

  it.each(['legacy', 'plain'] as const)(
    'gets nothing of them from any tool or resource (%s)',
    async (lane) => {
      const session =
        lane === 'legacy' ? await openSession(harness.url, undefined, undefined, bearer(name)) : bearer(name)
      const ask = async (method: string, params: object) => {
        const body = { jsonrpc: '2.0', id: 1, method, params }
        const wire = await callWire(harness.url, { path: '/mcp?toolsets=all', headers: session, body })
        return wire.text()
      }
      for (const row of OPERATIONS.filter(isReading)) {
        const tool = toolName(row as Operation)
        if (tool === null) continue
        for (const input of inputsOf(row)) {
          const text = await ask('tools/call', {
            name: tool,
            arguments: { ...input, response_format: 'detailed' },
          })
          for (const canary of canaries())
            expect([row.name, input, text.includes(canary) && asked(input, canary)]).toEqual([
              row.name,
              input,
              false,
            ])
        }
      }
      for (const uri of [
        ...[group.id, `${MING}@c.us`].map((id) => `whatsapp://chats/${id}`),
        `whatsapp://messages/${ids.inGroup}`,
      ]) {
        expect(await ask('resources/read', { uri })).not.toContain('canary')
      }
      for (const value of ['', group.name.slice(0, 3), 'a']) {
        const params = {
          ref: { type: 'ref/resource', uri: 'whatsapp://chats/{chat_id}' },
          argument: { name: 'chat_id', value },
        }
        expect(await ask('completion/complete', params)).not.toContain(group.id)
      }
    },
  )

  it('has counts without them', async () => {
    const stats = async (who: string) =>
      (await harness.call({ path: '/api/archive', headers: bearer(who) })).json
    const [all, seen] = [await stats('free'), await stats(name)]
    for (const count of ['messages', 'chats', 'events']) expect(seen[count], count).toBeLessThan(all[count])
    const { json } = await harness.call({ path: '/api/search?q=canary', headers: bearer(name) })
    expect(json.count).toBe(0)
  })

  it('gets the same error as for a chat that does not exist', async () => {
    const unknownGroup = '120363999999999999@g.us'
    const pairs: [string, string, string?][] = [
      [`/api/chats/${group.id}`, `/api/chats/${unknownGroup}`],
      [`/api/chats/${MING}@c.us`, `/api/chats/${NOBODY}@c.us`],
      [`/api/contacts/${MING}`, `/api/contacts/${NOBODY}`],
      [`/api/messages/${ids.inGroup}`, `/api/messages/false_${unknownGroup}_3EB0A0_${AMARA}@c.us`],
      [`/api/messages/${ids.picture}/media`, `/api/messages/false_${NOBODY}@c.us_3EB0A0/media`],
      [`/api/messages/${ids.picture}/thumbnail`, `/api/messages/false_${NOBODY}@c.us_3EB0A0/thumbnail`],
      [`/api/events?chat_id=${group.id}`, `/api/events?chat_id=${unknownGroup}`],
      [`/api/export?chat_id=${group.id}`, `/api/export?chat_id=${unknownGroup}`],
      [`/api/search?q=x&chat_id=${group.id}`, `/api/search?q=x&chat_id=${unknownGroup}`],
      [
        `/api/search?q=x&before=${ids.inGroup}`,
        `/api/search?q=x&before=false_${unknownGroup}_3EB0A0_${AMARA}@c.us`,
      ],
      [`/api/chats/${group.id}/load-earlier`, `/api/chats/${unknownGroup}/load-earlier`, 'POST'],
    ]
    for (const [hidden, unknown, method = 'GET'] of pairs) {
      const ask = async (path: string) => {
        const { status, json } = await harness.call({ method, path, headers: bearer(name) })
        return [status, json.code, json.detail, json.hint, json.retry]
      }
      const one = await ask(hidden)
      expect([hidden, ...one]).toEqual([hidden, ...(await ask(unknown))])
      expect(one[0]).toBe(404)
    }
  })

  it('neither changes nor forwards a message of them, and finds none by name', async () => {
    const headers = bearer(name)
    const before = harness.world.countMessages()
    const calls = [
      { method: 'PUT', path: `/api/messages/${ids.inGroup}/reaction`, body: { emoji: '🎈' } },
      { method: 'PUT', path: `/api/messages/${ids.inGroup}/star` },
      { method: 'POST', path: `/api/messages/${ids.received}/forward`, body: { chats: [`${AMARA}@c.us`] } },
      { method: 'DELETE', path: `/api/messages/${ids.sent}?for=everyone` },
      { method: 'DELETE', path: `/api/chats/${group.id}/messages` },
      {
        method: 'POST',
        path: `/api/chats/${encodeURIComponent(group.name)}/messages`,
        body: { message: 'x' },
      },
      { method: 'POST', path: `/api/chats/${group.id}/messages`, body: { message: 'x' } },
    ]
    for (const call of calls) {
      const { status, text } = await harness.call({ ...call, headers })
      expect([call.path, status]).toEqual([call.path, 404])
      for (const canary of ['canary', group.name]) expect(text).not.toContain(canary)
    }
    expect(harness.world.countMessages()).toBe(before)
  })

  it('changes no hidden chat or group, and tells nothing of it', async () => {
    const { world } = harness
    const invite = world.inviteTo({ group: group.id })
    const before = JSON.stringify([world.chats(), world.state().groups, world.state().contacts])
    const names = ['chat_id', 'group_id', 'contact_id', 'invite']
    const tasks = OPERATIONS.filter(
      ({ uses = [], example, needs, tag }) =>
        ['chats', 'groups', 'contacts'].includes(tag) &&
        needs === 'ready' &&
        uses.length > 0 &&
        names.some((one) => one in Object(example.input)),
    )
    const shown = await harness.call({ path: '/api/groups?limit=100', headers: bearer(name) })
    expect([shown.status, shown.text.includes(group.id)]).toEqual([200, false])
    expect(tasks.length).toBeGreaterThan(10)
    for (const row of tasks) {
      const inputs = 'invite' in Object(row.example.input) ? [{ invite }] : inputsOf(row)
      for (const input of inputs) {
        const { code } = JSON.parse(
          await overRest(row, { ...Object(row.example.input), ...input }, bearer(name)),
        )
        expect([row.name, code]).toEqual([row.name, 'chat_not_found'])
      }
    }
    expect(JSON.stringify([world.chats(), world.state().groups, world.state().contacts])).toBe(before)
  })

  it('brings nobody into a group whom it does not see', async () => {
    const { world } = harness
    const before = JSON.stringify(world.state().groups)
    // A number that only WhatsApp knows as theirs.
    const other = name === 'hide' ? '5511987654331' : '5511987654332'
    await world.setFault({ name: 'other_number', value: { [other]: MING } })
    for (const member of [MING, `${lid}@lid`, other]) {
      const body = { name: 'x', members: [AMARA, member] }
      const { json } = await harness.call({
        method: 'POST',
        path: '/api/groups',
        body,
        headers: bearer(name),
      })
      // Who sees only listed chats would not see the group either, whoever is in it.
      const code = name === 'hide' ? 'chat_not_found' : 'recipient_not_allowed'
      expect([member, json.code]).toEqual([member, code])
    }
    await world.setFault({ name: 'other_number', value: false })
    expect(JSON.stringify(world.state().groups)).toBe(before)
  })

  it('writes to nobody whom it does not see', async () => {
    const before = harness.world.countMessages()
    for (const [path, body] of [
      ['/api/send', { phone_number: MING, message: 'x' }],
      [`/api/chats/${MING}/messages`, { message: 'x' }],
      [`/api/chats/${lid}@lid/messages`, { message: 'x' }],
    ] as const) {
      const { status, json } = await harness.call({ method: 'POST', path, body, headers: bearer(name) })
      expect([path, status, json.code]).toEqual([path, 404, 'chat_not_found'])
    }
    expect(harness.world.countMessages()).toBe(before)
  })

  it('writes to nobody whom it does not see by a number that only WhatsApp knows as theirs', async () => {
    const other = name === 'hide' ? '5511987654321' : '5511987654322'
    await harness.world.setFault({ name: 'other_number', value: { [other]: MING } })
    const before = harness.world.countMessages()
    for (const [path, body] of [
      ['/api/send', { phone_number: other, message: 'x' }],
      [`/api/chats/${other}/messages`, { message: 'x', send_at: new Date(Date.now() + 3_600_000) }],
    ] as const) {
      const { status, json } = await harness.call({ method: 'POST', path, body, headers: bearer(name) })
      expect([path, status, json.code]).toEqual([path, 404, 'chat_not_found'])
    }
    await harness.world.setFault({ name: 'other_number', value: false })
    expect(harness.world.countMessages()).toBe(before)
  })

  it('subscribes to none of them, and its stream has none of their events', async () => {
    const session = await openSession(harness.url, undefined, undefined, bearer(name))
    const subscribe = async (uri: string) => {
      const body = { jsonrpc: '2.0', id: 1, method: 'resources/subscribe', params: { uri } }
      return (await callWire(harness.url, { headers: session, body })).messages()[0].error?.data?.code
    }
    expect(await subscribe(`whatsapp://chats/${group.id}`)).toBe('chat_not_found')
    expect(await subscribe(`whatsapp://messages/${ids.received}`)).toBe('chat_not_found')
    expect(await subscribe(`whatsapp://chats/${AMARA}@c.us`)).toBeUndefined()
    const stream = await openWire(harness.url, {
      method: 'GET',
      path: '/api/events/stream?after=0',
      headers: { ...bearer(name), accept: 'text/event-stream' },
    })
    await harness.world.write({ from: AMARA, chat: group.id, text: 'canary live' })
    await harness.world.write({ from: AMARA, text: `the end for ${name}` })
    await expect.poll(() => stream.text()).toContain(`the end for ${name}`)
    for (const canary of canaries()) expect(stream.text()).not.toContain(canary)
    stream.close()
  })
})

/** True if the request did not name it itself: an error may repeat what was asked. */
function asked(input: Record<string, unknown>, canary: string): boolean {
  return !JSON.stringify(input).includes(canary)
}

it('a key whose chats are changed sees by the new list at once, also in lists that were cached', async () => {
  await make('changing', { scopes: ['read'] })
  const list = async () =>
    (await harness.call({ path: '/api/chats?limit=100', headers: bearer('changing') })).json.chats.map(
      ({ id }: { id: string }) => id,
    )
  expect(await list()).toContain(group.id)
  const { json } = await harness.get('/api/keys')
  const { id } = json.keys.find((key: { name: string }) => key.name === 'changing')
  const chats = { only: [AMARA], hide: [] }
  await harness.call({ method: 'PATCH', path: `/api/keys/${id}`, body: { chats } })
  expect(await list()).toEqual([`${AMARA}@c.us`])
  await harness.call({ method: 'PATCH', path: `/api/keys/${id}`, body: { chats: null } })
  expect(await list()).toContain(group.id)
})

it.each([
  ['MCP without a key', 'owner', 'mcp', false],
  ['MCP with an admin key', 'admin', 'mcp', false],
  ['a key without admin', 'free', 'rest', false],
  ['an admin key', 'admin', 'rest', true],
  ['the keyless owner', 'owner', 'rest', true],
])('WHATSAPP_HIDE_CHATS: %s', async (_, who, face, sees) => {
  const body = {
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'whatsapp_list_chats', arguments: { limit: 100 } },
  }
  const { text } =
    face === 'rest'
      ? await harness.call({ path: '/api/chats?limit=100', headers: bearer(who) })
      : { text: (await callWire(harness.url, { headers: bearer(who), body })).text() }
  expect(text.includes('canary of the settings')).toBe(sees)
  expect(text).toContain(AMARA)
})

it('WHATSAPP_HIDE_CHATS: MCP without a key writes to them by no other number either', async () => {
  await harness.world.setFault({ name: 'other_number', value: { '5511987654323': OLENA } })
  const before = harness.world.countMessages()
  const params = { name: 'whatsapp_send_message', arguments: { phone_number: '5511987654323', message: 'x' } }
  const body = { jsonrpc: '2.0', id: 1, method: 'tools/call', params }
  expect((await callWire(harness.url, { body })).text()).toContain('chat_not_found')
  await harness.world.setFault({ name: 'other_number', value: false })
  expect(harness.world.countMessages()).toBe(before)
})

it('cannot limit an admin', async () => {
  const input = { name: 'x', scopes: ['admin'], chats: { hide: [AMARA] } }
  expect((await harness.post('/api/keys', input)).json.code).toBe('invalid_input')
})

it('a number is hidden in the other spelling too, before anybody looks it up', async () => {
  const [given, used] = ['+55 11 98765-4341', '551187654341']
  await make('spelled', { scopes: ['read'], chats: { hide: [given] } })
  harness.world.addContact({ phone: used, name: null, pushname: 'Bia' })
  await harness.world.write({ from: used, text: 'spelled otherwise' })
  await idOf('spelled otherwise')
  const read = (path: string) => harness.call({ method: 'GET', path, headers: bearer('spelled') })
  expect((await read(`/api/chats/${used}@c.us`)).json.code).toBe('chat_not_found')
  expect((await read('/api/search?q=spelled+otherwise')).json.count).toBe(0)
})
