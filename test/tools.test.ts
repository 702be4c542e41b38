/** Tools on a real account: two forms of each answer, the same facts as data and as text, and failures that can be mended. */
import { AjvJsonSchemaValidator } from '@modelcontextprotocol/client/validators/ajv'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { buildOfRun } from '../simulator/builds.ts'
import { sparse } from '../src/faces/mcp/cut.ts'
import { defineTools } from '../src/faces/mcp/tools.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { toJson } from '../src/json.ts'
import { fieldsOf } from '../src/model/fields.ts'
import { timeOf } from '../src/operations/brief.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { briefShape } from '../src/operations/operation.ts'
import { setGroupPicture, setProfilePicture } from '../src/operations/pictures.ts'
import { AMARA, fillStage, openToolsStage, type ToolsStage, textOf } from './tools-stage.ts'

type Input = Record<string, unknown>
type Calls = [name: string, input: (stage: ToolsStage) => Input][]

let stage: ToolsStage
beforeAll(async () => {
  stage = await openToolsStage()
})
afterAll(() => stage.close())

const definitions = defineTools(OPERATIONS)
const rowOf = (tool: string) => OPERATIONS.find((operation) => toolName(operation) === tool)

/** Before an account is linked, in this order. */
const BEFORE: Calls = [
  ['whatsapp_status', () => ({})],
  ['whatsapp_start_auth', () => ({})],
  ['whatsapp_pairing_code', ({ harness }) => ({ phone_number: harness.world.state().account.phone })],
  ['whatsapp_status', () => ({})],
  ['whatsapp_logout', () => ({})],
]

/** A person who is in groups only by invitation. */
const RESERVED = '15550001777'

/** People whose chats are deleted. */
/** Calls to reject, once each. */
const RINGING: string[] = []
const TO_DELETE = ['15550003331', '15550003332']

/** With one. */
const WITH: Calls = [
  ['whatsapp_status', () => ({})],
  ['whatsapp_start_auth', () => ({})],
  ['whatsapp_pairing_code', ({ harness }) => ({ phone_number: harness.world.state().account.phone })],
  ['whatsapp_send_message', () => ({ phone_number: AMARA, message: 'see you' })],
  [
    'whatsapp_send_to_chat',
    ({ messageId }) => ({ chat: `${AMARA}@c.us`, message: 'yes', reply_to: messageId }),
  ],
  ['whatsapp_list_chats', () => ({})],
  ['whatsapp_list_chats', () => ({ kind: ['channel'] })],
  ['whatsapp_list_chats', () => ({ limit: 1 })],
  ['whatsapp_get_chat', ({ group }) => ({ chat_id: group })],
  ['whatsapp_get_chat', () => ({ chat_id: `${AMARA}@c.us` })],
  ['whatsapp_list_unread', () => ({ include_muted: true, include_archived: true })],
  ['whatsapp_list_unread', () => ({})],
  ['whatsapp_list_waiting', () => ({ include_groups: true, include_archived: true, include_muted: true })],
  ['whatsapp_read_messages', () => ({ phone_number: AMARA })],
  ['whatsapp_read_messages', ({ group }) => ({ chat_id: group, limit: 1 })],
  ['whatsapp_get_message', ({ messageId }) => ({ message_id: messageId })],
  ['whatsapp_search_messages', () => ({ q: 'dinner' })],
  ['whatsapp_search_messages', () => ({ q: 'dinner', limit: 1, sort: 'relevance' })],
  ['whatsapp_load_earlier', () => ({ chat_id: `${AMARA}@c.us` })],
  ['whatsapp_list_contacts', () => ({})],
  ['whatsapp_list_contacts', () => ({ query: 'hidden', limit: 1 })],
  ['whatsapp_get_contact', () => ({ contact_id: AMARA })],
  ['whatsapp_list_events', () => ({ after: '0', limit: 100 })],
  ['whatsapp_list_events', () => ({})],
  ['whatsapp_get_archive_stats', () => ({})],
  ['whatsapp_list_toolsets', () => ({})],
  ['whatsapp_download_media', ({ fileId }) => ({ message_id: fileId })],
  ['whatsapp_read_media', ({ fileId }) => ({ message_id: fileId })],
  ['whatsapp_react', ({ messageId }) => ({ message_id: messageId, emoji: '🎈' })],
  ['whatsapp_star_message', ({ messageId }) => ({ message_id: messageId, starred: true })],
  ['whatsapp_pin_message', ({ messageId }) => ({ message_id: messageId, for: '24h' })],
  ['whatsapp_edit_message', ({ own }) => ({ message_id: own.pop(), message: 'sunday is fine' })],
  ['whatsapp_delete_message', ({ own }) => ({ message_id: own.pop(), for: 'everyone' })],
  ['whatsapp_vote', ({ pollId }) => ({ message_id: pollId, options: ['tea'] })],
  ['whatsapp_get_poll_results', ({ pollId }) => ({ message_id: pollId })],
  ['whatsapp_get_receipts', ({ own }) => ({ message_id: own[0] })],
  // This build forwards nothing at once.
  [
    'whatsapp_forward_message',
    ({ messageId }) => ({
      message_id: messageId,
      chats: [AMARA, 'nobody at all'],
      send_at: new Date(Date.now() + 3_600_000).toISOString(),
    }),
  ],
  ['whatsapp_change_chat', () => ({ chat_id: `${AMARA}@c.us`, archived: true, muted_until: 'forever' })],
  ['whatsapp_change_chats', () => ({ chat_ids: [`${AMARA}@c.us`, '15559990009@c.us'], archived: false })],
  ['whatsapp_read_chat', () => ({ chat_id: `${AMARA}@c.us` })],
  ['whatsapp_set_chat_presence', () => ({ chat_id: `${AMARA}@c.us`, state: 'typing', seconds: 1 })],
  ['whatsapp_delete_chat', () => ({ chat_id: `${TO_DELETE.pop()}@c.us` })],
  ['whatsapp_block_contact', () => ({ contact_id: AMARA, blocked: false })],
  ['whatsapp_check_numbers', () => ({ phone_numbers: [AMARA, '15559990001'] })],
  ['whatsapp_list_blocked', () => ({})],
  ['whatsapp_get_profile', () => ({})],
  ['whatsapp_change_profile', () => ({ about: 'Away' })],
  ['whatsapp_set_presence', () => ({ available: true })],
  ['whatsapp_get_presence', () => ({ contact_id: AMARA })],
  ['whatsapp_get_picture', () => ({ id: AMARA })],
  ['whatsapp_set_profile_picture', () => setProfilePicture.example.input],
  [
    'whatsapp_set_group_picture',
    ({ ownGroup }) => ({ ...setGroupPicture.example.input, group_id: ownGroup }),
  ],
  ['whatsapp_reject_call', () => ({ call_id: RINGING.pop() })],
  ['whatsapp_list_channels', () => ({})],
  ['whatsapp_follow_channel', ({ channel }) => ({ channel_id: channel })],
  ['whatsapp_post_status_update', () => ({ message: 'Open' })],
  ['whatsapp_list_status_updates', () => ({})],
  ['whatsapp_delete_status_update', ({ posts }) => ({ message_id: posts.pop() })],
  ['whatsapp_list_labels', () => ({})],
  ['whatsapp_set_chat_labels', ({ label }) => ({ chat_id: `${AMARA}@c.us`, labels: [label] })],
  [
    'whatsapp_create_group',
    () => ({ name: 'Book club', members: [AMARA, RESERVED, '15559990001'], description: 'a' }),
  ],
  ['whatsapp_list_groups', () => ({ limit: 2 })],
  ['whatsapp_get_group', ({ ownGroup }) => ({ group_id: ownGroup })],
  ['whatsapp_list_group_members', ({ group }) => ({ group_id: group })],
  ['whatsapp_list_group_members', ({ group }) => ({ group_id: group, limit: 1 })],
  [
    'whatsapp_change_group',
    ({ ownGroup }) => ({ group_id: ownGroup, description: 'a', only_admins_add: true }),
  ],
  [
    'whatsapp_change_group_members',
    ({ ownGroup }) => ({ group_id: ownGroup, action: 'add', members: [AMARA, RESERVED, '15559990001'] }),
  ],
  ['whatsapp_get_group_invite', ({ ownGroup }) => ({ group_id: ownGroup })],
  ['whatsapp_reset_group_invite', ({ ownGroup }) => ({ group_id: ownGroup })],
  [
    'whatsapp_get_invite',
    ({ harness, ownGroup }) => ({ invite: harness.world.inviteTo({ group: ownGroup }) }),
  ],
  [
    'whatsapp_join_group',
    ({ harness: { world } }) => {
      const { id } = world.addGroup({ subject: 'Open', members: [AMARA], foreign: true })
      return { invite: world.inviteTo({ group: id }) }
    },
  ],
  ['whatsapp_leave_group', ({ groups }) => ({ group_id: groups.pop() })],
  ['whatsapp_list_join_requests', ({ ownGroup }) => ({ group_id: ownGroup })],
  [
    'whatsapp_answer_join_requests',
    ({ ownGroup }) => ({ group_id: ownGroup, action: 'approve', members: [RESERVED] }),
  ],
  ['whatsapp_enable_toolset', () => ({ toolset: 'people' })],
  ['whatsapp_get_archive_stats', () => ({})],
]

/** What the build of this run cannot do, see the table in docs/operations.md. Where a stanza rejects calls, it has no calling engine. */
const { createsGroups, rejectsCalls } = buildOfRun()
const IMPOSSIBLE = [
  ...(createsGroups ? [] : ['whatsapp_create_group']),
  ...(rejectsCalls ? ['whatsapp_reject_call'] : []),
]

/** All others with their examples. Logging out is last. */
const REST: Calls = definitions
  .filter(({ name }) => name !== 'whatsapp_logout' && !WITH.some(([tool]) => tool === name))
  .map(({ name }) => [name, () => ({ ...Object(rowOf(name)?.example.input) })])
const LAST: Calls = [['whatsapp_logout', () => ({})]]
const ALL = [...WITH, ...REST, ...LAST].filter(([name]) => !IMPOSSIBLE.includes(name))

describe('before an account is linked', () => {
  it.each(BEFORE)('%s: data and text have the same facts, in both forms', check)
})

describe('with an account', () => {
  it('has something of every kind', async () => {
    const { world } = stage.harness
    world.addContact({ phone: RESERVED, name: null, pushname: 'Reserved' })
    await world.setContact({ phone: RESERVED, invitesOnly: true })
    for (const phone of TO_DELETE) {
      world.addContact({ phone, name: 'Gone' })
      await world.openChat({ chat: phone })
    }
    world.setPicture({ of: AMARA })
    await fillStage(stage)
    for (const _ of [1, 2]) RINGING.push((await world.ring({ from: AMARA })).id)
    await world.setGroup({ group: stage.ownGroup, approves: true, by: 'me' })
    await world.askToJoin({ group: stage.ownGroup, person: RESERVED })
  })

  it.each<[tool: string, input: Input, entries: string | null]>([
    ['whatsapp_status', {}, null],
    ['whatsapp_start_auth', {}, null],
    ['whatsapp_pairing_code', { phone_number: AMARA }, null],
    ['whatsapp_send_message', { phone_number: AMARA, message: 'how long is this?' }, null],
    ['whatsapp_list_chats', {}, 'chats'],
    ['whatsapp_read_messages', { phone_number: AMARA }, 'messages'],
  ])('%s answers about as long as its description says', async (name, input, entries) => {
    const result = await stage.call(name, input)
    const data: Input = Object(result.structuredContent)
    const tokens = encode(textOf(result)).length + encode(toJson(data)).length
    const list = entries === null ? [null] : data[entries]
    const each = tokens / (Array.isArray(list) ? list.length : Number.NaN)
    const said = rowOf(name)?.documented?.tokens ?? Number.NaN
    expect(each).toBeLessThan(said * 1.25)
    expect(each).toBeGreaterThan(said / 2)
  })

  it.each(ALL)('%s: data and text have the same facts, in both forms', check, 60_000)
})

/** Asks for both forms; a call that does something is not repeated for nothing: each does it. */
async function check(name: string, input: (stage: ToolsStage) => Input): Promise<void> {
  const detailed = await stage.call(name, { ...input(stage), response_format: 'detailed' })
  const concise = await stage.call(name, { ...input(stage), response_format: 'concise' })
  const { outputSchema } = definitions.find((one) => one.name === name) ?? {}
  for (const { structuredContent, isError, content } of [detailed, concise]) {
    expect(isError, JSON.stringify(content)).toBeUndefined()
    if (outputSchema === undefined) continue
    const validate = new AjvJsonSchemaValidator().getValidator(outputSchema)
    expect(validate(structuredContent)).toMatchObject({ valid: true })
  }
  expect(JSON.parse(textOf(detailed))).toEqual(detailed.structuredContent)
  if (rowOf(name)?.documented !== undefined) expect(textOf(detailed)).toBe(toJson(detailed.structuredContent))
  expectInText(concise.structuredContent, textOf(concise))
  expectEachFactTold(name, detailed.structuredContent)
}

/** Each value of the data stands in the text. */
function expectInText(data: unknown, text: string): void {
  for (const { path, value } of leaves(data)) {
    const where = `${path.join('.')} ${String(value)} in ${text}`
    if (path.at(-1) === 'timestamp' && typeof value === 'number') expect(text, where).toContain(timeOf(value))
    else if (typeof value === 'number')
      expect(text, where).toMatch(new RegExp(`(?<![\\d.])${value}(?![\\d.]\\d)`))
    else if (typeof value === 'string' && path.at(-1) !== 'type')
      expect(text.includes(value) || text.includes(toJson(value)), where).toBe(true)
  }
}

/** Were any value of it another, the text would be another. */
function expectEachFactTold(name: string, answer: unknown): void {
  const row = rowOf(name)
  const brief = row?.brief
  if (row === undefined || brief === undefined) throw new Error('no short form')
  const shape = briefShape(row)
  const data = shape.parse(answer)
  const text = brief.text(data)
  for (const { path, value } of leaves(sparse(data, fieldsOf(shape)))) {
    const changed = shape.safeParse(replaced(data, path, anotherThan(value)))
    // A word of a fixed set has no other here.
    if (changed.success) expect(brief.text(changed.data), `${name} ${path.join('.')}`).not.toBe(text)
  }
}

type Leaf = { path: string[]; value: unknown }

function leaves(value: unknown, path: string[] = []): Leaf[] {
  if (value === null) return []
  if (typeof value !== 'object') return [{ path, value }]
  return Object.entries(value).flatMap(([name, one]) => leaves(one, [...path, name]))
}

function anotherThan(value: unknown): unknown {
  if (typeof value === 'string') return `${value}x`
  return typeof value === 'number' ? value + 1 : !value
}

function replaced(value: unknown, [name, ...rest]: string[], other: unknown): unknown {
  if (name === undefined) return other
  const copy = structuredClone(value)
  if (typeof copy !== 'object' || copy === null) throw new Error(`nothing at ${name}`)
  return Object.assign(copy, { [name]: replaced(Reflect.get(copy, name), rest, other) })
}
