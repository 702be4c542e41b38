/** What a tool answers when it could not do what was asked: which failure, in which state, and what to do next. */
import type { CallToolResult, Client } from '@modelcontextprotocol/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { ERRORS, type ErrorCode } from '../src/errors.ts'
import { type Harness, openHarness } from './harness.ts'

const AMARA = '15550001101'

describe.each(['legacy', 'current', 'plain'] as const)('a failure (%s)', (lane) => {
  let harness: Harness
  let client: Client
  beforeAll(async () => {
    harness = await openHarness()
    for (const phone of ['15550003001', '15550003002'])
      harness.world.addContact({ phone, name: 'Sam Twin', pushname: 'Sam' })
    client = await harness.mcp(lane)
  })
  afterAll(() => harness.close())

  const sent = () => harness.world.messages().filter(({ fromMe }) => fromMe).length

  /** Calls a tool that must fail: its sentences, and the facts under them. */
  async function failureOf(name: string, input: Record<string, unknown>) {
    const result = (await client.callTool({ name, arguments: input })) as CallToolResult
    expect(result.isError).toBe(true)
    expect(result).not.toHaveProperty('structuredContent')
    const [block, ...others] = result.content
    if (block?.type !== 'text' || others.length > 0) return expect.fail('not one text')
    const [sentences = '', json = '', ...rest] = block.text.split('\n')
    expect(rest).toEqual([])
    return { sentences, facts: JSON.parse(json) as Record<string, unknown> & { code: ErrorCode } }
  }

  type Case = [name: string, input: Record<string, unknown>, code: ErrorCode, nextStep: RegExp]

  async function check(...[name, input, code, nextStep]: Case): Promise<void> {
    const before = sent()
    const { sentences, facts } = await failureOf(name, input)
    expect(facts).toMatchObject({
      code,
      retry: ERRORS[code].retry,
      state: harness.app.session.status().state,
      request_id: expect.stringMatching(/^[\da-f-]{36}$/),
    })
    const [cause = '', hint = ''] = sentences.split(' Next step: ')
    expect(cause).toMatch(/^\S.*\.$/s)
    expect(hint).toMatch(nextStep)
    expect(sentences).not.toMatch(/\b(?:GET|POST) \//)
    expect(sent()).toBe(before)
  }

  it.each<Case>([
    ['whatsapp_list_chats', {}, 'not_linked', /whatsapp_start_auth/],
    ['whatsapp_send_message', { phone_number: AMARA, message: 'hi' }, 'not_linked', /whatsapp_start_auth/],
  ])('before an account is linked: %s %j', check)

  it('comes with an account', async () => {
    await harness.link()
    await harness.synced()
  })

  it.each<Case>([
    ['whatsapp_list_chats', { limit: 0 }, 'invalid_input', /\w/],
    ['whatsapp_list_chats', { Limit: 5 }, 'invalid_input', /\w/],
    ['whatsapp_list_chats', { response_format: 'short' }, 'invalid_input', /\w/],
    ['whatsapp_read_messages', { phone_number: '15559999999' }, 'chat_not_found', /whatsapp_list_chats/],
    [
      'whatsapp_send_to_chat',
      { chat: 'Nobody At All', message: 'hi' },
      'chat_not_found',
      /whatsapp_list_chats/,
    ],
    ['whatsapp_send_message', { phone_number: '99900011122233', message: 'hi' }, 'not_on_whatsapp', /number/],
    ['whatsapp_send_to_chat', { chat: 'sam twin', message: 'hi' }, 'chat_ambiguous', /candidates/],
  ])('with one: %s %j', check)

  it('of a name that several chats have distinguishes them, and their ids work', async () => {
    const { facts } = await failureOf('whatsapp_send_to_chat', { chat: 'sam twin', message: 'which one?' })
    const same = { name: 'Sam Twin', kind: 'direct', why: 'same name' }
    expect(facts.candidates).toEqual(
      expect.arrayContaining([
        { id: '15550003001@c.us', ...same },
        { id: '15550003002@c.us', ...same },
      ]),
    )
    const chosen = { chat: '15550003002@c.us', message: 'this one' }
    const { structuredContent } = await client.callTool({ name: 'whatsapp_send_to_chat', arguments: chosen })
    expect(structuredContent).toMatchObject({ chat: { id: '15550003002@c.us' } })
  })

  it('is an error of the protocol where there is no such tool', async () => {
    await expect(client.callTool({ name: 'whatsapp_dance', arguments: {} })).rejects.toMatchObject({
      code: -32602,
    })
  })
})
