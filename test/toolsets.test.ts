/** Toolsets: what each way of asking offers, what switches one on, and what no client can widen. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readConfig } from '../src/config.ts'
import { type EventStage, openEventStage } from './event-stage.ts'
import { BOTH, callWire, currentCall, openSession, openWire } from './mcp-wire.ts'

const LIST = 'whatsapp_list_toolsets'
const ENABLE = 'whatsapp_enable_toolset'
/** A tool of each toolset that has tools today. */
const TOOL = {
  core: 'whatsapp_status',
  messages: 'whatsapp_star_message',
  groups: 'whatsapp_leave_group',
  chats: 'whatsapp_get_archive_stats',
  people: 'whatsapp_get_contact',
  channels: 'whatsapp_list_channels',
}

/** One client on a path of the endpoint, in one lane. */
type Lane = {
  call(method: string, params?: object): Promise<{ result: never; error?: { code: number; message: string } }>
}
const LANES = {
  plain: async (url: string, path: string): Promise<Lane> => ({
    call: async (method, params = {}) =>
      (await callWire(url, { path, body: { jsonrpc: '2.0', id: 1, method, params } })).messages()[0],
  }),
  current: async (url: string, path: string): Promise<Lane> => ({
    call: async (method, params = {}) =>
      (await callWire(url, { ...currentCall(method, { ...params }), path })).messages().at(-1),
  }),
  session: async (url: string, path: string): Promise<Lane> => {
    const headers = await openSession(url, '2025-11-25', path)
    let id = 1
    return {
      call: async (method, params = {}) => {
        id += 1
        const body = { jsonrpc: '2.0', id, method, params }
        return (await callWire(url, { path, headers, body })).messages().at(-1)
      },
    }
  },
}

async function toolsOf(lane: Lane): Promise<string[]> {
  const { result } = await lane.call('tools/list')
  return Object(result).tools.map(({ name }: { name: string }) => name)
}

/** The toolsets that are on, by the tools that are listed, and by what the tool says. */
async function onIn(lane: Lane): Promise<string[]> {
  const tools = await toolsOf(lane)
  const on = Object.entries(TOOL).flatMap(([toolset, tool]) => (tools.includes(tool) ? [toolset] : []))
  expect(tools).toContain(LIST)
  const said = await statesIn(lane)
  expect(Object.keys(said).filter((name) => said[name])).toEqual(on)
  return on
}

async function statesIn(lane: Lane): Promise<Record<string, boolean>> {
  const { result } = await lane.call('tools/call', { name: LIST, arguments: {} })
  const { toolsets } = Object(result).structuredContent
  return Object.fromEntries(
    toolsets.map(({ name, on }: { name: string; on?: boolean }) => [name, on === true]),
  )
}

describe.each([
  [undefined, '', ['core'], ['core', 'messages', 'groups', 'chats', 'people', 'channels']],
  [undefined, 'people', ['people'], ['people']],
  [undefined, 'core, people', ['core', 'people'], ['core', 'people']],
  [
    undefined,
    'all',
    ['core', 'messages', 'groups', 'chats', 'people', 'channels'],
    ['core', 'messages', 'groups', 'chats', 'people', 'channels'],
  ],
  ['core,people', '', ['core', 'people'], ['core', 'people']],
  ['core,people', 'people,chats', ['people'], ['people']],
  ['core', 'people', [], []],
  [
    'all',
    '',
    ['core', 'messages', 'groups', 'chats', 'people', 'channels'],
    ['core', 'messages', 'groups', 'chats', 'people', 'channels'],
  ],
] as const)('with the setting %s and ?toolsets=%s', (setting, asked, on, allowed) => {
  let stage: EventStage
  const path = asked === '' ? '/mcp' : `/mcp?toolsets=${encodeURIComponent(asked)}`
  beforeAll(async () => {
    stage = await openEventStage(setting === undefined ? {} : { WHATSAPP_MCP_TOOLSETS: setting })
  })
  afterAll(() => stage.close())

  it.each(['plain', 'current', 'session'] as const)(
    '%s: these are on, and only allowed ones are named',
    async (name) => {
      const lane = await LANES[name](stage.url, path)
      expect(await onIn(lane)).toEqual(on)
      expect(Object.keys(await statesIn(lane))).toEqual(allowed)
      expect((await toolsOf(lane)).includes(ENABLE)).toBe(name === 'session')
      for (const [toolset, tool] of Object.entries(TOOL)) {
        const { error } = await lane.call('tools/call', { name: tool, arguments: {} })
        if (on.some((one) => one === toolset)) expect(error).toBeUndefined()
        else {
          expect(error?.code).toBe(-32602)
          expect(error?.message).toContain(`toolset "${toolset}", which is off`)
        }
      }
    },
  )

  it('a session switches on what is allowed, and nothing else', async () => {
    const lane = await LANES.session(stage.url, path)
    for (const toolset of ['core', 'messages', 'groups', 'chats', 'people', 'channels']) {
      const { result } = await lane.call('tools/call', { name: ENABLE, arguments: { toolset } })
      expect(Object(result).isError === true, toolset).toBe(!allowed.some((one) => one === toolset))
    }
    expect(await onIn(lane)).toEqual(allowed)
    // No other session has changed.
    expect(await onIn(await LANES.session(stage.url, path))).toEqual(on)
  })
})

describe('a list of tools that changes', () => {
  let stage: EventStage
  beforeAll(async () => {
    stage = await openEventStage()
  })
  afterAll(() => stage.close())

  const CHANGED = { jsonrpc: '2.0', method: 'notifications/tools/list_changed' }
  const enable = (id: number) => ({
    body: {
      ...{ jsonrpc: '2.0', id, method: 'tools/call' },
      params: { name: ENABLE, arguments: { toolset: 'people' } },
    },
  })
  const listen = (headers: Record<string, string>) =>
    openWire(stage.url, { method: 'GET', headers: { ...headers, accept: 'text/event-stream' } })

  it('is announced to its session, once, before the result', async () => {
    const headers = await openSession(stage.url)
    const quiet = await listen(await openSession(stage.url))
    const first = (await callWire(stage.url, { headers, ...enable(2) })).messages()
    expect(first).toEqual([CHANGED, expect.objectContaining({ id: 2 })])
    expect((await callWire(stage.url, { headers, ...enable(3) })).messages()).toHaveLength(1)
    expect(quiet.messages()).toEqual([])
    quiet.close()
  })

  it('is announced on the standing stream, where responses are plain JSON', async () => {
    const headers = await openSession(stage.url, '2024-11-05')
    const stream = await listen(headers)
    expect((await callWire(stage.url, { headers, ...enable(2) })).messages()).toHaveLength(1)
    await expect.poll(() => stream.messages()).toEqual([CHANGED])
    stream.close()
  })

  it('is declared by sessions only', async () => {
    const params = {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 'a', version: '1' },
    }
    const body = { jsonrpc: '2.0', id: 1, method: 'initialize', params }
    const [session] = (await callWire(stage.url, { body, headers: BOTH })).messages()
    const [plain] = (await callWire(stage.url, { body })).messages()
    expect(session.result.capabilities.tools).toEqual({ listChanged: true })
    expect(plain.result.capabilities.tools).toEqual({})
  })
})

describe('a toolset that does not exist', () => {
  it('in the URL is rejected in every lane, with the names of those that do', async () => {
    const stage = await openEventStage()
    const path = '/mcp?toolsets=core,gruops'
    const body = { jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }
    for (const call of [{ body }, { body, headers: BOTH }, currentCall('tools/list')]) {
      const answer = await callWire(stage.url, { ...call, path })
      expect(answer.status).toBe(400)
      expect(answer.messages()[0].error.message).toContain('core, messages, groups, chats, people, channels')
    }
    await stage.close()
  })

  it('in the setting is an error of the configuration', () => {
    const env = { WHATSAPP_MCP_TOOLSETS: 'core,gruops' }
    expect(() => readConfig({ env, root: '/' })).toThrow(
      'The value of WHATSAPP_MCP_TOOLSETS is not allowed. Allowed: all, or a list of core, messages',
    )
  })
})
