/** What real clients send reaches every tool as it is meant; what could do harm is refused. REST stays as it is documented. */
import Fastify, { type FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { systemClock } from '../src/clock.ts'
import { fail } from '../src/errors.ts'
import { identifyCallers } from '../src/faces/http/calls.ts'
import { type Mount, mountMcp } from '../src/faces/mcp/mount.ts'
import { openMcp } from '../src/faces/mcp/open.ts'
import { defineTools } from '../src/faces/mcp/tools.ts'
import { toolName } from '../src/faces/mcp/words.ts'
import { createLog } from '../src/log.ts'
import { TOOLSET_NAMES } from '../src/model/toolsets.ts'
import { OWNER } from '../src/operations/call.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import type { Operation } from '../src/operations/operation.ts'
import { CLIENT_ROWS } from './client-arguments.ts'
import { type EventStage, openEventStage } from './event-stage.ts'
import { callWire } from './mcp-wire.ts'

/** What the operation was asked; it does nothing. */
let asked: unknown[] = []
const recording = OPERATIONS.map(
  (operation): Operation => ({
    ...operation,
    needs: 'nothing',
    run(input) {
      asked.push(input)
      return fail('not_connected')
    },
  }),
)
const definitions = defineTools(OPERATIONS)
/** Without a session, one tool is not offered. */
const TOOLS = OPERATIONS.filter(({ name }) => name !== 'enable_toolset').flatMap((operation) => {
  const tool = definitions.find(({ name }) => name === toolName(operation))
  return tool === undefined ? [] : [{ operation, tool }]
})

let stage: EventStage
let http: FastifyInstance
let mount: Mount
let url: string
beforeAll(async () => {
  stage = await openEventStage()
  const log = createLog({ level: 'silent' })
  const options = {
    operations: recording,
    toolsets: TOOLSET_NAMES,
    account: 'default',
    door: stage.app.door,
    clock: systemClock,
    mcpUrl: () => `${stage.url}/mcp`,
    log,
    version: '1.0.0',
    sessionKey: 'a key',
  }
  http = Fastify({ forceCloseConnections: true })
  identifyCallers(http, () => OWNER)
  mount = mountMcp(http, { load: async () => openMcp(options), clock: systemClock, log })
  url = await http.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(async () => {
  await mount.close()
  await http.close()
  await stage.close()
})
beforeEach(() => {
  asked = []
})

/** The text of the answer, which is always a failure; where it is `invalid_input`, nothing was asked. */
async function call(
  name: string,
  given: unknown,
  writes = (json: string) => json,
  to = url,
): Promise<string> {
  const message = { jsonrpc: '2.0', id: 'a', method: 'tools/call', params: { name, arguments: given } }
  const answer = await callWire(to, { body: writes(JSON.stringify(message)) })
  const [{ result, error }] = answer.messages()
  return error?.message ?? result.content[0].text
}

describe.each(CLIENT_ROWS.map((row) => [row.client, row] as const))('%s', (_, row) => {
  it.each(TOOLS.map((one) => [one.tool.name, one] as const))(
    'calls %s',
    async (name, { operation, tool }) => {
      if (row.isEmpty && !operation.input.safeParse({}).success) return
      const example = row.isEmpty ? {} : operation.example.input
      const given = Object(example)
      const text = await call(name, row.sends(given, tool), row.writes)
      if (row.overwrites !== undefined && row.overwrites in Object(tool.inputSchema.properties)) {
        expect(text).toContain(`"${row.overwrites}": must be one of`)
        return expect(asked).toEqual([])
      }
      expect(text).toContain('"code":"not_connected"')
      const meant = row.means?.(given, tool) ?? given
      expect(asked).toEqual([operation.input.parse(meant)])
    },
  )
})

it('a list of tools may be asked for with an empty list of parameters, as PHP writes it', async () => {
  const answer = await callWire(url, { body: { jsonrpc: '2.0', id: 1, method: 'tools/list', params: [] } })
  expect(answer.messages()[0].result.tools).toHaveLength(TOOLS.length)
})

describe('a field that a tool does not have', () => {
  it.each([
    ['whatsapp_read_messages', { chat: 'Amara' }, /unknown field "chat" \(did you mean "chat_id"\?\)/],
    ['whatsapp_list_chats', { Limit: 5 }, /did you mean "limit"/],
    ['whatsapp_list_chats', { limt: 5 }, /did you mean "limit"/],
    ['whatsapp_list_unread', { messagesPerChat: 5 }, /did you mean "messages_per_chat"/],
    ['whatsapp_send_message', { phone_number: '15551234567', message: 'hi', messages: 'a' }, /"message"/],
    [
      'whatsapp_send_message',
      { phone_number: '15551234567', message: 'hi', dry_run: true },
      /"dry_run" \(the/,
    ],
    ['whatsapp_send_to_chat', { chat: 'A', message: 'hi', schedule_at: 'tomorrow' }, /"schedule_at" \(the/],
    ['whatsapp_logout', { dry_run: true }, /unknown field "dry_run"/],
    ['whatsapp_load_earlier', { chat_id: '15551234567@c.us', before: 'May' }, /unknown field "before"/],
  ])('is refused where it may mean something: %s %j', async (name, given, says) => {
    expect(await call(name, given)).toMatch(says)
    expect(asked).toEqual([])
  })

  it('is left out of a reading, which says so', async () => {
    stage.write()
    const answer = await callWire(stage.url, {
      body: {
        jsonrpc: '2.0',
        id: 1,
        method: 'tools/call',
        params: { name: 'whatsapp_list_chats', arguments: { colour: 'red', limit: 500, toolCallId: 'x' } },
      },
    })
    const [{ result }] = answer.messages()
    expect(result.structuredContent).toMatchObject({
      count: 1,
      note: 'The field "colour" is ignored: this tool does not have it. limit was lowered to its maximum, 100.',
    })
    expect(JSON.parse(result.content[0].text)).toEqual(result.structuredContent)
    const rest = await stage.get('/api/chats?colour=red')
    expect(rest.status).toBe(400)
  })
})

describe('an empty text', () => {
  it.each([
    ['whatsapp_change_group', { group_id: '120363041234567890@g.us' }, 'description'],
    ['whatsapp_change_profile', {}, 'about'],
  ])('removes with %s what was there, if it is the only empty field', async (name, example, field) => {
    await call(name, { ...example, [field]: '' })
    await call(name, { ...example, name: 'Ours', [field]: '' })
    await call(name, { ...example, name: 'Ours', [field]: null })
    await call(name, { ...example, name: 'Ours', [field]: '', only_admins_send: '', idempotency_key: '' })
    expect(asked).toEqual([
      { ...example, [field]: '' },
      { ...example, name: 'Ours', [field]: '' },
      { ...example, name: 'Ours' },
      { ...example, name: 'Ours' },
    ])
  })
})

describe('what is required', () => {
  it.each([
    ['whatsapp_send_message', { phone_number: '15551234567', message: '' }, /"message": must not be empty/],
    ['whatsapp_send_message', { phone_number: 'null', message: 'hi' }, /"phone_number"/],
    ['whatsapp_search_messages', { q: '' }, /"q": must be the text to search for/],
  ])('stays strict: %s %j', async (name, given, says) => {
    expect(await call(name, given)).toMatch(says)
    expect(asked).toEqual([])
  })
})

it('searches and lists take q and query alike', async () => {
  await call('whatsapp_search_messages', { query: 'dinner' })
  await call('whatsapp_list_chats', { q: 'amara' })
  expect(asked).toMatchObject([{ q: 'dinner' }, { query: 'amara' }])
})

it('words of a list may have commas between, in each of its entries', async () => {
  await call('whatsapp_search_messages', { q: 'a', type: ['chat,image'], kind: 'direct, group' })
  expect(asked).toMatchObject([{ type: ['chat', 'image'], kind: ['direct', 'group'] }])
})

it('a name where an id is wanted names the tool that finds it', async () => {
  expect(await call('whatsapp_read_messages', { chat_id: 'Amara' })).toContain(
    'whatsapp_list_chats with query finds it by name',
  )
  const from = await call('whatsapp_search_messages', { q: 'a', from: 'Amara' })
  expect(from).toMatch(/"from": must be me, or a phone number, .*whatsapp_list_contacts with query/)
})
