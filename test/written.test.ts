/** Fields say of themselves that people wrote them: a text of people in any other field would be cut and quoted by nobody. */
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { NewContent } from '../simulator/simulator.ts'
import { type Fields, fieldsOf, UNMARKED } from '../src/model/fields.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { briefShape, type Route, requestAt } from '../src/operations/operation.ts'
import { setGroupPicture } from '../src/operations/pictures.ts'
import { openToolsStage, type ToolsStage, textOf } from './tools-stage.ts'

/** In quotes it reads otherwise. */
const CANARY = 'Canary "1" \u202eevil'
const WRITER = '15550003301'

const PARTY = {
  type: 'event_creation',
  eventName: CANARY,
  eventDescription: CANARY,
  eventStartTime: 1_700_000_000,
  eventLocation: { name: CANARY },
  eventJoinLink: CANARY,
}
const CONTENTS: NewContent[] = [
  { type: 'location', location: { lat: 48.2, lng: 16.4, name: CANARY, address: CANARY } },
  { type: 'vcard', vcards: [`BEGIN:VCARD\nVERSION:3.0\nFN:${CANARY}\nORG:${CANARY}\nEND:VCARD`] },
  { type: 'raw', model: PARTY },
  { type: 'raw', model: { type: 'gp2', subtype: 'subject', body: CANARY } },
]

let stage: ToolsStage
let inputs: Record<string, Record<string, unknown>>
beforeAll(async () => {
  // A build that can forward. What tools send waits in the outbox.
  stage = await openToolsStage({
    build: '2.3000.1048116627',
    env: { WHATSAPP_MCP_SENDS: 'confirm' },
  })
})
afterAll(() => stage.close())

it('begins with messages of every type', async () => {
  const { harness } = stage
  const { world } = harness
  world.addContact({ phone: WRITER, name: CANARY, pushname: CANARY })
  world.addContact({ phone: '15550003331', name: CANARY })
  world.setPicture({ of: WRITER })
  await world.openChat({ chat: '15550003331' })
  const { id: group } = world.addGroup({ subject: CANARY, members: [WRITER] })
  const channel = await world.addChannel({ name: CANARY, description: CANARY })
  const label = world.addLabel({ name: CANARY })
  world.setProfile({ pushname: CANARY, about: CANARY, business: true })
  await harness.link()
  await harness.synced()
  const first = await world.write({ from: WRITER, text: CANARY })
  await world.edit({ id: first.id, text: `${CANARY} edited` })
  await world.react({ id: first.id, by: WRITER, emoji: '👍' })
  const ringing = await world.ring({ from: WRITER })
  await world.writeStatus({ from: WRITER, content: { type: 'chat', text: 'At the lake' } })
  const mine = await world.writeStatus({ from: 'me', content: { type: 'chat', text: 'mine' } })
  const voice = await world.writeContent({
    from: WRITER,
    content: { type: 'ptt', media: { data: Buffer.from(CANARY).toString('base64') } },
  })
  const file = await world.writeContent({
    from: WRITER,
    content: {
      type: 'document',
      caption: CANARY,
      media: { mimetype: CANARY, sizeBytes: 1234, filename: CANARY },
    },
  })
  const gone = await world.write({ from: WRITER, chat: group, text: CANARY })
  await world.revoke({ id: gone.id })
  await world.write({ from: WRITER, chat: group, text: CANARY, quote: gone.id })
  const chat_id = `${WRITER}@c.us`
  for (const content of CONTENTS) await world.writeContent({ from: WRITER, content })
  const sent = async (path: string, body: object): Promise<string> =>
    (await harness.post(path, body)).json.message_id
  const own = await sent('/api/send', { phone_number: WRITER, message: CANARY })
  const poll = await sent(`/api/chats/${WRITER}/polls`, { question: CANARY, options: ['Canary "2"', 'b'] })
  for (let n = 0; n < 4; n++)
    await stage.call('whatsapp_send_message', { phone_number: WRITER, message: CANARY })
  const [held, approved, rejected, changed] = (await harness.get('/api/outbox?state=held')).json.items
  const { key } = (await harness.post('/api/keys', { name: 'Laptop', scopes: ['read'] })).json
  const own_group = world.state().groups[1]?.id ?? ''
  const group_to_leave = world.addGroup({ subject: CANARY, members: [WRITER] }).id
  const foreign = world.addGroup({ subject: CANARY, members: [WRITER], foreign: true })
  await world.setGroup({ group: foreign.id, description: CANARY })
  // Its receiver does not exist: what is replayed fails.
  const hook = (await harness.post('/api/webhooks', { url: 'https://receiver.example/' })).json
  await harness.post(`/api/webhooks/${hook.id}/replay`, { after: '0' })
  const failed = () => harness.get(`/api/webhooks/${hook.id}/deliveries`)
  await expect.poll(async () => (await failed()).json.count, { interval: 50 }).toBeGreaterThan(0)
  const [delivery] = (await failed()).json.deliveries
  const webhook_id = hook.id
  const message_id = `false_${chat_id}_${first.id}`
  inputs = {
    react: { message_id, emoji: '👍' },
    edit_message: { message_id: own, message: CANARY },
    delete_message: { message_id: own, for: 'me' },
    star_message: { message_id, starred: true },
    pin_message: { message_id, for: '24h' },
    vote: { message_id: poll, options: ['Canary "2"'] },
    forward_message: { message_id, chats: [chat_id] },
    get_receipts: { message_id: poll },
    change_chat: { chat_id, archived: true },
    change_chats: { chat_ids: [chat_id], archived: true },
    read_chat: { chat_id },
    set_chat_presence: { chat_id, state: 'typing' },
    delete_chat: { chat_id: '15550003331@c.us' },
    block_contact: { contact_id: WRITER },
    check_numbers: { phone_numbers: [WRITER] },
    change_profile: { about: CANARY },
    get_presence: { contact_id: WRITER },
    get_picture: { id: WRITER },
    reject_call: { call_id: ringing.id },
    set_group_picture: { ...setGroupPicture.example.input, group_id: own_group },
    list_group_members: { group_id: group },
    delete_status_update: { message_id: `true_status@broadcast_${mine.id}_${mine.from}` },
    follow_channel: { channel_id: channel.id },
    set_chat_labels: { chat_id, labels: [label.id] },
    get_poll_results: { message_id: poll },
    get_group: { group_id: group },
    create_group: { name: CANARY, members: [WRITER], description: CANARY },
    change_group: { group_id: own_group, description: CANARY },
    change_group_members: { group_id: own_group, action: 'add', members: [WRITER] },
    get_group_invite: { group_id: own_group },
    reset_group_invite: { group_id: own_group },
    get_invite: { invite: world.inviteTo({ group: foreign.id }) },
    join_group: { invite: world.inviteTo({ group: foreign.id }) },
    leave_group: { group_id: group_to_leave },
    list_join_requests: { group_id: own_group },
    answer_join_requests: { group_id: own_group, action: 'approve', members: [WRITER] },
    get_outbox_item: { item_id: held.id },
    approve_outbox_item: { item_id: approved.id, digest: approved.digest },
    reject_outbox_item: { item_id: rejected.id, reason: 'Not now' },
    change_outbox_item: { item_id: changed.id, message: CANARY },
    cancel_outbox_item: { item_id: held.id },
    get_key: { key_id: key.id },
    change_key: { key_id: key.id, name: 'Laptop 2' },
    rotate_key: { key_id: key.id },
    remove_key: { key_id: key.id },
    get_webhook: { webhook_id },
    change_webhook: { webhook_id, paused: true },
    rotate_webhook_secret: { webhook_id },
    test_webhook: { webhook_id },
    list_deliveries: { webhook_id },
    replay_webhook: { webhook_id, after: '0' },
    retry_delivery: { webhook_id, event: delivery.event },
    remove_webhook: { webhook_id },
    pairing_code: { phone_number: world.state().account.phone },
    send_message: { phone_number: WRITER, message: CANARY },
    send_to_chat: { chat: group, message: CANARY },
    get_chat: { chat_id: group },
    list_unread: { include_muted: true, include_archived: true },
    list_waiting: { include_groups: true },
    read_messages: { chat_id, include_notices: true },
    download_media: { message_id: `false_${chat_id}_${file.id}` },
    read_media: { message_id: `false_${chat_id}_${voice.id}` },
    get_message: { message_id },
    search_messages: { q: 'canary' },
    load_earlier: { chat_id },
    get_contact: { contact_id: WRITER },
    list_events: { after: '0', limit: 100 },
    forget_chat: { chat_id: group },
  }
  await expect
    .poll(async () => (await harness.get('/api/search?q=canary')).json.count, { interval: 50 })
    .toBe(8)
})

/** The fields whose texts people wrote, by the names of what they are in, and whether they are marked. */
function canaries(value: unknown, fields: Fields, path: string): [path: string, isMarked: boolean][] {
  if (typeof value === 'string') return value.includes('Canary') ? [[path, fields.written === true]] : []
  if (Array.isArray(value)) return value.flatMap((one) => canaries(one, fields, path))
  return Object.entries(Object(value)).flatMap(([name, one]) =>
    canaries(one, fields.fields.get(name) ?? UNMARKED, `${path}.${name}`),
  )
}

it('while sends wait, no task reaches people', async () => {
  const { groups } = stage.harness.world.state()
  const calls: [tool: string, input: Record<string, unknown>][] = [
    ['create_group', { name: CANARY, members: [WRITER] }],
    ['change_group', { group_id: groups[1]?.id, description: CANARY }],
    ['change_group_members', { group_id: groups[1]?.id, action: 'add', members: [WRITER] }],
  ]
  for (const [name, input] of calls) {
    const result = await stage.call(`whatsapp_${name}`, input)
    expect([name, result.isError, /action_refused|change_refused/.test(textOf(result))]).toEqual([
      name,
      true,
      true,
    ])
  }
  expect(stage.harness.world.state().groups).toEqual(groups)
  const typing = { chat_id: `${WRITER}@c.us`, state: 'paused' }
  expect((await stage.call('whatsapp_set_chat_presence', typing)).isError).toBeUndefined()
})

it('short forms quote what people wrote', async () => {
  for (const row of OPERATIONS.filter(({ brief, effect }) => brief !== undefined && effect === 'read')) {
    const tool = row.tool ?? `whatsapp_${row.name}`
    const result = await stage.call(tool, {
      ...(inputs[row.name] ?? Object(row.example.input)),
      response_format: 'concise',
    })
    expect(result.isError, textOf(result)).toBeUndefined()
    const found = canaries(result.structuredContent, fieldsOf(briefShape(row)), row.name)
    expect(found.filter(([, isMarked]) => !isMarked)).toEqual([])
    expect(textOf(result), row.name).not.toContain('Canary "1"')
    expect(textOf(result), row.name).not.toContain('\u202e')
  }
})

const seen = new Set<string>()

// Logging out is last: it ends what waits in the outbox.
const WITH_ROUTES = OPERATIONS.filter(({ routes }) => routes.length > 0).sort(
  (a, b) => Number(a.name === 'logout') - Number(b.name === 'logout'),
)
it.each(WITH_ROUTES.map((row) => [row.name, row] as const))(
  '%s marks what people wrote',
  async (name, row) => {
    const { harness } = stage
    const route = row.routes[0] as Route
    const [method = '', template = ''] = route.split(' ')
    const input = requestAt(row, route, inputs[name] ?? row.example.input)
    // The account that an earlier row of the table adds.
    const path = template.replace('{account}', 'work').replace(/\{(\w+)\}/g, (_, field) => {
      const text = encodeURIComponent(String(input[field]))
      delete input[field]
      return text
    })
    const inQuery = method === 'GET' || method === 'DELETE'
    const query = inQuery ? `?${new URLSearchParams(input as Record<string, string>)}` : ''
    const answer = await harness.call({
      method,
      path: `${path}${query}`,
      ...(inQuery ? {} : { body: input }),
    })
    expect(answer.status, answer.text).toBeLessThan(300)
    const found = canaries(answer.json, fieldsOf(row.output), name)
    expect(found.filter(([, isMarked]) => !isMarked)).toEqual([])
    for (const [where] of found) seen.add(where.split('.').at(-1) ?? '')
  },
)

it('every kind of marked field was seen, but for what only WhatsApp Web says', () => {
  const marked = (fields: Fields): string[] =>
    [...fields.fields].flatMap(([name, field]) => [...(field.written ? [name] : []), ...marked(field)])
  const all = new Set(OPERATIONS.flatMap((row) => marked(fieldsOf(row.output))))
  expect([...all].filter((name) => !seen.has(name)).sort()).toEqual(['emoji', 'last_error'])
})
