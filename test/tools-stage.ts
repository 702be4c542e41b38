/** For tests of tools: an account with something of every kind, tools to call on it, and what is too large for any answer. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { PRINTS_TEXT } from '../src/cli/sandbox.ts'
import { createTools } from '../src/faces/mcp/tools.ts'
import { toJid } from '../src/model/ids.ts'
import type { SeenMessage } from '../src/model/seen.ts'
import { TOOLSETS } from '../src/model/toolsets.ts'
import { DEFAULT_ACCOUNT, OWNER } from '../src/operations/call.ts'
import { OPERATIONS } from '../src/operations/index.ts'
import { type Harness, openHarness } from './harness.ts'
import { seenMessage } from './seen-message.ts'

export const AMARA = '15550001101'
const JURGEN = '15550001102'
const MING = '15550001103'
const OLENA = '15550001104'

export type ToolsStage = {
  harness: Harness
  /** What the scene made: a group, a message with all that a message can have, a media message, a deleted one. */
  group: string
  /** A group of which this account is an admin, and groups to leave, once each. */
  ownGroup: string
  groups: string[]
  /** A channel that this account does not follow, and a label. */
  channel: string
  label: string
  /** Own status updates, to delete once each. */
  posts: string[]
  messageId: string
  /** A document. */
  fileId: string
  /** Messages of this account, to change once each. */
  own: string[]
  pollId: string
  /** What the log of the tools has heard. */
  warnings: Record<string, unknown>[]
  call(name: string, input?: Record<string, unknown>): Promise<CallToolResult>
  /** The data of an answer that must be one. */
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
  data(name: string, input?: Record<string, unknown>): Promise<any>
  close(): Promise<void>
}

/** The text of a result that has one block of it, and perhaps pictures. */
export function textOf({ content: [first, ...others] }: CallToolResult): string {
  if (first?.type !== 'text' || others.some(({ type }) => type !== 'image')) throw new Error('not one text')
  return first.text
}

/** A linked account; `fill` for one in which something happened. */
export async function openToolsStage(options?: Parameters<typeof openHarness>[0]): Promise<ToolsStage> {
  const harness = await openHarness({
    ...options,
    env: { WHATSAPP_TEXT_COMMAND: PRINTS_TEXT, WHATSAPP_TRANSCRIBE_COMMAND: PRINTS_TEXT, ...options?.env },
  })
  const warnings: Record<string, unknown>[] = []
  const warn = (facts: unknown) => void warnings.push(Object(facts))
  const tools = createTools({
    operations: OPERATIONS,
    toolsetOf: () => null,
    denied: [],
    door: harness.app.door,
    account: DEFAULT_ACCOUNT,
    mcpUrl: () => `${harness.url}/mcp`,
    log: { warn },
  })
  const stage: ToolsStage = {
    harness,
    group: '',
    ownGroup: '',
    groups: [],
    channel: '',
    label: '',
    posts: [],
    messageId: '',
    fileId: '',
    own: [],
    pollId: '',
    warnings,
    call: (name, input = {}) =>
      tools.call({
        name,
        arguments: input,
        call: {
          caller: OWNER,
          face: 'mcp',
          client: null,
          account: DEFAULT_ACCOUNT,
          requestId: 'request-1',
          canAsk: false,
          signal: new AbortController().signal,
          toolsets: {
            list: () => [{ name: 'core', on: true, tools: 17, purpose: TOOLSETS.core }],
            enable: async () => true,
          },
        },
        progress: { mcpReq: { notify: async () => {} } },
      }),
    async data(name, input) {
      const result = await stage.call(name, input)
      if (result.isError) throw new Error(textOf(result))
      return result.structuredContent
    },
    close: () => harness.close(),
  }
  return stage
}

/** Links, and has every kind of thing happen. */
export async function fillStage(stage: ToolsStage): Promise<void> {
  const { harness } = stage
  const { world } = harness
  stage.group = world.state().groups[0]?.id ?? ''
  stage.ownGroup = world.state().groups[1]?.id ?? ''
  stage.groups = ['One', 'Two'].map((subject) => world.addGroup({ subject, members: [AMARA] }).id)
  const hidden = world.addContact({
    phone: '15550002222',
    name: null,
    pushname: '"Hidden" [1]',
    phoneHidden: true,
  })
  await world.write({ from: `${hidden.lid}@lid`, text: 'who am I\nand "why"?' })
  const channel = await world.addChannel({ name: 'News' })
  await world.writeInChannel({ channel: channel.id, content: { type: 'chat', text: 'breaking' } })
  stage.channel = (await world.addChannel({ name: 'Trails', description: 'Open', foreign: true })).id
  stage.label = world.addLabel({ name: 'New "customer"' }).id
  world.setProfile({ business: true })
  await world.markUnread({ chat: `${MING}@c.us` })
  await harness.link()
  await harness.synced()
  const question = await world.write({ from: AMARA, text: 'dinner on friday?' })
  await world.write({ from: AMARA, text: 'or lunch', quote: question.id })
  const file = await world.writeContent({
    from: JURGEN,
    content: {
      type: 'document',
      caption: 'the plan for dinner',
      forwarded: 1,
      media: { mimetype: 'application/pdf', sizeBytes: 1234, filename: 'plan "new".pdf' },
    },
  })
  stage.fileId = `false_${JURGEN}@c.us_${file.id}`
  await world.write({ from: JURGEN, chat: stage.group, text: 'Who brings dinner? 🍜\u202e evil' })
  for (const text of ['Open', 'Closed']) {
    const { id, from } = await world.writeStatus({ from: 'me', content: { type: 'chat', text } })
    stage.posts.push(`true_status@broadcast_${id}_${from}`)
  }
  await world.react({ id: question.id, by: AMARA, emoji: '👍🏽' })
  await world.react({ id: question.id, by: 'me', emoji: '❤️' })
  await world.edit({ id: question.id, text: 'dinner on saturday?' })
  const gone = await world.write({ from: JURGEN, text: 'oops' })
  await world.revoke({ id: gone.id })
  for (const message of ['saturday is fine', 'or saturday night', 'or sunday', 'or monday', 'or not']) {
    const { json } = await harness.post('/api/send', { phone_number: AMARA, message })
    stage.own.push(json.message_id)
  }
  const poll = { question: 'Tea or coffee?', options: ['tea', 'coffee'] }
  stage.pollId = (await harness.post(`/api/chats/${OLENA}/polls`, poll)).json.message_id
  await harness.post('/api/send', { phone_number: OLENA, message: 'or water' })
  await world.archiveChat({ chat: `${JURGEN}@c.us`, archived: true })
  await world.pinChat({ chat: stage.group, pinned: true })
  await world.muteChat({ chat: stage.group, until: -1 })
  await until(
    async () => (await stage.data('whatsapp_get_chat', { chat_id: stage.group })).chat.muted === true,
  )
  stage.messageId = `false_${AMARA}@c.us_${question.id}`
}

/** A message of the autumn of 2025 as WhatsApp might give it, straight into the archive. */
export function seen(facts: Parameters<typeof seenMessage>[0]): SeenMessage {
  return seenMessage({ sender: toJid(`${AMARA}@c.us`), sentAt: 1_760_000_000, ack: 0, ...facts })
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  const end = Date.now() + 60_000
  while (!(await holds())) {
    if (Date.now() > end) throw new Error('it does not come to hold')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
