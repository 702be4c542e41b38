/** One body for every operation that is a tool: over REST, MCP of both eras and stdio it tells the same facts. */
import { Client } from '@modelcontextprotocol/client'
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { PRINTS_TEXT } from '../src/cli/sandbox.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'
import { setGroupPicture } from '../src/operations/pictures.ts'
import { requestOf } from './call-row.ts'
import { appearOnline, type Harness, openHarness } from './harness.ts'
import { MAIN } from './program.ts'

const AMARA = '15550001101'
const OLENA = '15550001104'
const STRANGER = '15559990001'
/** Whose chat is deleted, once a face. */
const GONE = '15550003331'

type Input = Record<string, unknown>
type Face = (operation: Operation, input: Input) => Promise<unknown>

let harness: Harness
const faces = new Map<string, Face>()
const clients: Client[] = []
let group = ''
/** A group of which this account is an admin. */
let own = ''
/** A channel that this account does not follow, and a label. */
let channel = ''
let label = ''
let messageId = ''
let pictureId = ''
let documentId = ''
let firstEvent = ''

beforeAll(async () => {
  // The newest build of the double does not forward.
  harness = await openHarness({
    build: '2.3000.1048116627',
    env: { WHATSAPP_MCP_TOOLSETS: 'all', WHATSAPP_TEXT_COMMAND: PRINTS_TEXT },
  })
})

it('begins with a linked account and a client of each face', async () => {
  harness.world.addContact({ phone: GONE, name: 'Gone' })
  harness.world.setPicture({ of: AMARA })
  channel = (await harness.world.addChannel({ name: 'Trails', foreign: true })).id
  label = harness.world.addLabel({ name: 'Family' }).id
  harness.world.setProfile({ business: true })
  await harness.link()
  await appearOnline(harness)
  group = harness.world.state().groups[0]?.id ?? ''
  own = harness.world.state().groups[1]?.id ?? ''
  for (const text of ['Shall we meet at the station?', 'I have the blue umbrella', 'And a second question?'])
    await harness.world.write({ from: AMARA, text })
  const { id } = await harness.world.writeContent({ from: AMARA, content: { type: 'image' } })
  pictureId = `false_${AMARA}@c.us_${id}`
  const plan = await harness.world.writeContent({
    from: AMARA,
    content: { type: 'document', media: { data: btoa('The plan'), mimetype: 'text/plain' } },
  })
  documentId = `false_${AMARA}@c.us_${plan.id}`
  await harness.synced()
  await expect.poll(async () => (await harness.get('/api/search?q=second')).json.count).toBe(1)
  messageId = (await harness.get('/api/search?q=umbrella')).json.messages[0].id
  firstEvent = (await harness.get('/api/events?after=0&limit=1')).json.next_after
  faces.set('REST', overRest)
  for (const lane of ['legacy', 'current'] as const)
    faces.set(`MCP ${lane}`, overMcp(await harness.mcp(lane)))
  const stdio = new Client({ name: 'test', version: '1.0.0' })
  await stdio.connect(
    new StdioClientTransport({
      command: process.execPath,
      args: [MAIN, 'stdio', '--url', harness.url],
      stderr: 'ignore',
    }),
  )
  clients.push(stdio)
  faces.set('stdio', overMcp(stdio))
})
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()))
  await harness.close()
})

/** A new message of this account, for each face: it can be deleted once. */
async function ownMessage(): Promise<string> {
  const { json } = await harness.post('/api/send', { phone_number: AMARA, message: 'A message to change' })
  return json.message_id
}

async function poll(): Promise<string> {
  const body = { question: 'Which?', options: ['a', 'b'] }
  return (await harness.post(`/api/chats/${AMARA}/polls`, body)).json.message_id
}

/** What is called with more than its example. Made late: ids are known once it is linked. */
/** What was sent marks its chat as read, a moment later. */
async function unreadRests(): Promise<void> {
  const unread = async () => {
    const { chats } = (await harness.get('/api/chats')).json
    return JSON.stringify(chats.map((chat: { unread_count: number }) => chat.unread_count))
  }
  let last = ''
  await expect
    .poll(
      async () => {
        const before = last
        last = await unread()
        return before === last
      },
      { interval: 400, timeout: 10_000 },
    )
    .toBe(true)
}

const inputs: Record<string, () => Input | Promise<Input>> = {
  react: () => ({ message_id: messageId, emoji: '🎈' }),
  edit_message: async () => ({ message_id: await ownMessage(), message: 'Changed' }),
  delete_message: async () => ({ message_id: await ownMessage(), for: 'everyone' }),
  vote: async () => ({ message_id: await poll(), options: ['a'] }),
  forward_message: () => ({ message_id: messageId, chats: [`${AMARA}@c.us`] }),
  get_poll_results: async () => ({ message_id: await poll() }),
  get_receipts: async () => ({
    message_id: (await harness.get('/api/search?q=usual')).json.messages[0].id,
  }),
  star_message: () => ({ message_id: messageId, starred: true }),
  pin_message: () => ({ message_id: messageId, for: '24h' }),
  list_groups: () => ({ query: 'hau' }),
  get_group: () => ({ group_id: own }),
  create_group: () => ({ name: 'Book club', members: [AMARA, STRANGER] }),
  change_group: () => ({ group_id: own, description: 'Mondays' }),
  change_group_members: () => ({ group_id: own, action: 'demote', members: ['15550001102', STRANGER] }),
  get_group_invite: () => ({ group_id: own }),
  reset_group_invite: () => ({ group_id: own }),
  get_invite: () => ({ invite: harness.world.inviteTo({ group: own }) }),
  list_join_requests: () => ({ group_id: own }),
  answer_join_requests: () => ({ group_id: own, action: 'approve', members: [AMARA] }),
  leave_group: async () => {
    const { id } = harness.world.addGroup({ subject: 'Soon over', members: [AMARA] })
    await expect.poll(async () => (await harness.get(`/api/chats/${id}`)).status).toBe(200)
    return { group_id: id }
  },
  join_group: () => {
    const { id } = harness.world.addGroup({ subject: 'Open to all', members: [AMARA], foreign: true })
    return { invite: harness.world.inviteTo({ group: id }) }
  },
  change_chat: () => ({ chat_id: `${OLENA}@c.us`, pinned: true, muted_until: 'forever' }),
  change_chats: () => ({ chat_ids: [`${OLENA}@c.us`, `${AMARA}@c.us`], muted_until: 'off' }),
  read_chat: () => ({ chat_id: `${OLENA}@c.us` }),
  set_chat_presence: () => ({ chat_id: `${OLENA}@c.us`, state: 'typing', seconds: 1 }),
  delete_chat: async () => {
    const chat = () => harness.get(`/api/chats/${GONE}@c.us`)
    // The face before has deleted it.
    if ((await chat()).status === 200)
      await expect.poll(async () => (await chat()).json.removed_at).toBeDefined()
    await harness.world.openChat({ chat: GONE })
    await expect
      .poll(async () => [(await chat()).status, (await chat()).json.removed_at])
      .toEqual([200, undefined])
    return { chat_id: `${GONE}@c.us` }
  },
  block_contact: () => ({ contact_id: OLENA, blocked: true }),
  check_numbers: () => ({ phone_numbers: [AMARA, STRANGER] }),
  follow_channel: () => ({ channel_id: channel }),
  set_chat_labels: () => ({ chat_id: `${OLENA}@c.us`, labels: [label] }),
  delete_status_update: async () => {
    const content = { type: 'chat' as const, text: 'Open' }
    const { id, from } = await harness.world.writeStatus({ from: 'me', content })
    return { message_id: `true_status@broadcast_${id}_${from}` }
  },
  list_group_members: () => ({ group_id: group }),
  get_presence: () => ({ contact_id: AMARA }),
  get_picture: () => ({ id: AMARA }),
  reject_call: async () => {
    const { id } = await harness.world.ring({ from: AMARA })
    const last = async () => (await harness.get('/api/events?kind=call.incoming&after=0')).json.events.at(-1)
    await expect.poll(async () => (await last())?.data.call_id).toBe(id)
    return { call_id: id }
  },
  set_group_picture: () => ({ ...setGroupPicture.example.input, group_id: own }),
  list_chats: async () => {
    await unreadRests()
    return { limit: 3, query: 'a' }
  },
  get_chat: () => ({ chat_id: group }),
  list_unread: () => ({ messages_per_chat: 2 }),
  list_waiting: () => ({ days: 30, include_groups: true }),
  read_messages: () => ({ phone_number: AMARA, limit: 4 }),
  get_message: () => ({ message_id: messageId, before: 1, after: 1 }),
  download_media: () => ({ message_id: pictureId }),
  read_media: () => ({ message_id: documentId }),
  search_messages: () => ({ q: 'question', chat_id: `${AMARA}@c.us` }),
  load_earlier: () => ({ chat_id: `${AMARA}@c.us`, count: 10 }),
  list_contacts: () => ({ query: 'a', limit: 2 }),
  get_contact: () => ({ contact_id: AMARA }),
  list_events: () => ({ after: firstEvent, limit: 2, wait: 1 }),
  send_message: () => ({ phone_number: AMARA, message: 'The same words' }),
  send_to_chat: () => ({ chat: group, message: 'The same words', reply_to: undefined }),
  pairing_code: () => ({ phone_number: STRANGER }),
}
/** What differs from one call to the next: of what grows meanwhile, and of each message sent. */
const VOLATILE = [
  'group_id',
  'link',
  'url',
  'expires_at',
  'stale_since',
  'proven_at',
  'memory',
  'posted_at',
  'archive',
  'size_bytes',
  'seconds',
  'message_id',
  'call_id',
]
const OF_SENDS = ['message_id', 'timestamp', 'posted_at']
/** They change what the others are told, so they come last; this one takes the link with it. */
const LAST = [
  ...['send_location', 'send_contacts', 'send_poll', 'vote'],
  'send_media',
  ...['post_status_update', 'delete_status_update', 'set_chat_labels', 'follow_channel'],

  'change_profile',
  ...['change_chat', 'change_chats', 'read_chat', 'set_chat_presence', 'delete_chat', 'block_contact'],
  ...['create_group', 'change_group', 'change_group_members', 'leave_group', 'join_group'],
  'set_group_picture',
  'forward_message',
  'reject_call',
  'edit_message',
  'delete_message',
  'send_message',
  'send_to_chat',
  'logout',
]

const tools = OPERATIONS.filter(({ tool, routes }) => tool !== null && routes.length > 0)
const inOrder = [
  ...tools.filter(({ name }) => !LAST.includes(name)),
  ...tools.filter(({ name }) => LAST.includes(name)),
]

describe.each(inOrder.map((operation) => [operation.name, operation] as const))('%s', (name, operation) => {
  it('returns the same facts over every face', async () => {
    const volatile = operation.effect === 'send' ? OF_SENDS : VOLATILE
    const told = new Map<string, unknown>()
    for (const [face, call] of faces) {
      if (name === 'logout' && !harness.app.session.status().ready) await harness.link()
      const input = (await inputs[name]?.()) ?? operation.example.input
      told.set(face, without(volatile, await call(operation, JSON.parse(JSON.stringify(input)))))
    }
    const first = told.get('REST')
    for (const [face, answer] of told) expect(answer, face).toEqual(first)
  })
})

it('did everything that was asked, once a face', () => {
  const sent = harness.world.messages().filter(({ body }) => body === 'The same words')
  expect(sent.map(({ chat }) => chat)).toEqual([...Array(4).fill(`${AMARA}@c.us`), ...Array(4).fill(group)])
})

async function overRest(row: Operation, input: Input): Promise<unknown> {
  const { status, json } = await harness.call(requestOf(row, input))
  expect(status, JSON.stringify(json)).toBe(row.status ?? 200)
  return json
}

function overMcp(client: Client): Face {
  return async ({ name, tool = `whatsapp_${name}` }, input) => {
    const result = await client.callTool({
      name: String(tool),
      arguments: { ...input, response_format: 'detailed' },
    })
    expect(result.isError, JSON.stringify(result.content)).not.toBe(true)
    const [first] = result.content
    expect(JSON.parse(first?.type === 'text' ? first.text : ''), 'text and data').toEqual(
      result.structuredContent,
    )
    return result.structuredContent
  }
}

function without(names: readonly string[], value: unknown): unknown {
  if (Array.isArray(value)) return value.map((one) => without(names, one))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => !names.includes(key))
      .map(([key, one]) => [key, without(names, one)]),
  )
}
