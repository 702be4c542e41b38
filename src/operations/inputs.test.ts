import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { EVENT_KINDS } from '../model/events.ts'
import { MESSAGE_TYPES } from '../model/message-types.ts'
import { OPERATIONS, ROWS } from './index.ts'

function parse(name: string, input: unknown) {
  const operation = OPERATIONS.find((one) => one.name === name) ?? expect.fail(`no ${name}`)
  return operation.input.safeParse(input)
}

describe('accepted inputs', () => {
  it.each<[string, object, object]>([
    ['list_chats', {}, { limit: 20, unread_only: false, kind: ['direct', 'group', 'other'] }],
    ['list_chats', { limit: '100', unread_only: '1' }, { limit: 100, unread_only: true }],
    ['list_chats', { archived: 'false', query: ' anna ' }, { archived: false, query: 'anna' }],
    ['list_chats', { archived: true, kind: 'channel' }, { archived: true, kind: ['channel'] }],
    ['list_chats', { kind: 'direct, status' }, { kind: ['direct', 'status'] }],
    ['list_chats', { kind: ['group', 'direct'] }, { kind: ['group', 'direct'] }],
    ['read_messages', { phone_number: '+1 (555) 123-4567' }, { phone_number: '15551234567', limit: 10 }],
    ['read_messages', { phone_number: 15551234567 }, { phone_number: '15551234567' }],
    ['read_messages', { chat_id: '15551234567@s.whatsapp.net' }, { chat_id: '15551234567@c.us' }],
    ['read_messages', { chat_id: '42@lid' }, { chat_id: '42@lid' }],
    ['read_messages', { chat_id: '4915-16@g.us' }, { chat_id: '4915-16@g.us' }],
    ['read_messages', { chat_id: ' +1 555 123 4567' }, { chat_id: '15551234567@c.us' }],
    ['read_messages', { chat_id: '\u202a+١ ٥٥٥ ١٢٣ ٤٥٦٧\u202c' }, { chat_id: '15551234567@c.us' }],
    ['read_messages', { chat_id: '＋１（５５５）１２３－４５６７' }, { chat_id: '15551234567@c.us' }],
    ['get_contact', { contact_id: 15551234567 }, { contact_id: '15551234567@c.us' }],
    ['get_contact', { contact_id: '42@lid' }, { contact_id: '42@lid' }],
    [
      'get_message',
      { message_id: 'false_1@g.us_ID_2@c.us', before: '0' },
      {
        message_id: { fromMe: false, chat: '1@g.us', bareId: 'ID', participant: '2@c.us' },
        before: 0,
        after: 5,
      },
    ],
    ['read_messages', { chat_id: '42@lid', before: '2024-02-29' }, { before: { time: 1_709_164_800 } }],
    ['search_messages', { q: 'x', type: 'photo,voice' }, { type: ['image', 'ptt'] }],
    ['search_messages', { q: 'x', type: ['text', 'sticker-pack'] }, { type: ['chat', 'sticker-pack'] }],
    ['search_messages', { q: 'x', type: 'call_log' }, { type: ['call_log'] }],
    ['list_waiting', { days: '3', include_groups: 1 }, { days: 3, include_groups: true }],
    [
      'list_unread',
      { messages_per_chat: '0', include_muted: 0 },
      { messages_per_chat: 0, include_muted: false },
    ],
  ])('%s %j', (name, input, parsed) => {
    expect(parse(name, input).data).toMatchObject(parsed)
  })

  it.each([
    [1_735_819_200, 1_735_819_200],
    ['1735819200', 1_735_819_200],
    ['1735819200.5', 1_735_819_200.5],
    ['2025-01-02', 1_735_776_000],
    ['2025-01-02T12:00', 1_735_819_200],
    ['2025-01-02 12:00:00', 1_735_819_200],
    ['2025-01-02T12:00:00.250Z', 1_735_819_200.25],
    ['2025-01-02T14:00:00+02:00', 1_735_819_200],
    // As a plus arrives that nobody encoded.
    ['2025-01-02T14:00:00 02:00', 1_735_819_200],
    ['2025-01-02T07:00:00-0500', 1_735_819_200],
    ['2025-01-02t12:00:00z', 1_735_819_200],
    [0, 0],
  ])('time %j', (text, time) => {
    const { data } = parse('read_messages', { chat_id: '42@lid', before: text, after: text })
    expect(data).toMatchObject({ before: { time }, after: { time } })
  })

  it.each([
    '2025-01-02T12:00:00Z',
    '2025-01-02t12:00:00z',
    '2025-01-02 12:00z',
    ' 2025-01-02T12:00:00.000Z ',
    '2025-01-02T13:00:00+01:00',
    '2025-01-02T13:00:00+0100',
  ])('moment %j', (text) => {
    const ms = 1_735_819_200_000
    const send = { phone_number: '15551234567', message: 'x', send_at: text }
    expect(parse('send_message', send).data).toMatchObject({ send_at: ms })
    expect(parse('list_group_members', { group_id: '1@g.us', at: text }).data).toMatchObject({ at: ms })
    expect(parse('add_key', { name: 'a', scopes: ['read'], expires_at: text }).data).toMatchObject({
      expires_at: ms,
    })
    expect(parse('replay_webhook', { webhook_id: 'wh_0a1b2c3d4e5f', since: text }).data).toMatchObject({
      since: ms,
    })
    expect(parse('change_chat', { chat_id: '42@lid', muted_until: text }).data).toMatchObject({
      muted_until: ms / 1_000,
    })
  })

  it('every kind at once, where there is a list of kinds', () => {
    const short: string[] = []
    for (const { name, input } of ROWS)
      JSON.stringify(z.toJSONSchema(input, { io: 'input', unrepresentable: 'any' }), (field, node) => {
        if (node?.items?.enum?.length > node?.maxItems) short.push(`${name} ${field}`)
        return node
      })
    expect(short).toEqual([])
  })

  const chats = Array.from({ length: 1_000 }, (_, n) => `1555${1_000_000 + n}@c.us`)
  const accounts = Array.from({ length: 100 }, (_, n) => `account-${n}`)
  it.each<[string, string, object, string[]]>([
    ['search_messages', 'type', { q: 'x' }, MESSAGE_TYPES.slice(1)],
    ['add_webhook', 'kinds', { url: 'https://receiver.example/' }, EVENT_KINDS.slice(1)],
    ['add_webhook', 'chats', { url: 'https://receiver.example/' }, chats],
    ['add_key', 'accounts', { name: 'x', scopes: ['read'] }, accounts],
  ])('%s: as many %s as there can be', (name, field, more, all) => {
    for (const given of [all, all.join()])
      expect(parse(name, { ...more, [field]: given }).data).toMatchObject({ [field]: all })
  })

  it('a message as a position in time', () => {
    const key = { fromMe: true, chat: '42@lid', bareId: 'ID', participant: null }
    expect(parse('read_messages', { chat_id: '42@lid', after: 'true_42@lid_ID' }).data).toMatchObject({
      after: { key },
    })
  })
})

describe('rejected inputs, with the name of the field', () => {
  it.each<[string, object, string]>([
    ['list_chats', { limit: 0 }, 'limit'],
    ['list_chats', { limit: '101' }, 'limit'],
    ['list_chats', { limit: 'ten' }, 'limit'],
    ['list_chats', { limit: '1e1' }, 'limit'],
    ['list_chats', { limit: '' }, 'limit'],
    ['list_chats', { limit: 1.5 }, 'limit'],
    ['list_chats', { limit: ['1', '2'] }, 'limit'],
    ['list_chats', { limit: null }, 'limit'],
    ['list_chats', { unread_only: 'yes' }, 'unread_only'],
    ['list_chats', { unread_only: 2 }, 'unread_only'],
    ['list_chats', { archived: '' }, 'archived'],
    ['list_chats', { archived: 'toString' }, 'archived'],
    ['list_chats', { kind: 'person' }, 'kind'],
    ['list_chats', { kind: '' }, 'kind'],
    ['list_chats', { kind: [] }, 'kind'],
    ['list_chats', { query: '  ' }, 'query'],
    ['list_chats', { query: 'x'.repeat(201) }, 'query'],
    ['list_chats', { cursor: 5 }, 'cursor'],
    ['read_messages', {}, 'phone_number'],
    ['read_messages', { phone_number: '15551234567', chat_id: '42@lid' }, 'phone_number'],
    ['read_messages', { phone_number: '123' }, 'phone_number'],
    ['read_messages', { chat_id: 'Anna' }, 'chat_id'],
    ['read_messages', { chat_id: '' }, 'chat_id'],
    ['read_messages', { chat_id: '@c.us' }, 'chat_id'],
    ['read_messages', { chat_id: '1@Example.com' }, 'chat_id'],
    ['read_messages', { chat_id: '1@c.us@g.us' }, 'chat_id'],
    ['read_messages', { chat_id: 15551234567 }, 'chat_id'],
    ['read_messages', { chat_id: '42@lid', before: 'yesterday' }, 'before'],
    ['read_messages', { chat_id: '42@lid', before: '2025-13-01' }, 'before'],
    ['read_messages', { chat_id: '42@lid', before: '2023-11-31' }, 'before'],
    ['read_messages', { chat_id: '42@lid', before: '2023-02-29T12:00:00Z' }, 'before'],
    ['read_messages', { chat_id: '42@lid', before: '2025-01-02T25:00' }, 'before'],
    ['read_messages', { chat_id: '42@lid', before: '' }, 'before'],
    ['read_messages', { chat_id: '42@lid', after: 1_735_819_200_000 }, 'after'],
    ['read_messages', { chat_id: '42@lid', after: -1 }, 'after'],
    ['list_group_members', { group_id: '1@g.us', at: '2025-01-02' }, 'at'],
    ['list_group_members', { group_id: '1@g.us', at: '2025-01-02T12:00:00' }, 'at'],
    ['list_group_members', { group_id: '1@g.us', at: '2025-02-30T12:00:00Z' }, 'at'],
    ['list_group_members', { group_id: '1@g.us', at: '1735819200' }, 'at'],
    ['get_message', { message_id: '3EB0AA' }, 'message_id'],
    ['get_message', { message_id: 'true_1@c.us_A', before: 51 }, 'before'],
    ['get_contact', { contact_id: '1@g.us' }, 'contact_id'],
    ['get_contact', { contact_id: 'Anna' }, 'contact_id'],
    ['get_chat', { chat_id: 'status' }, 'chat_id'],
    ['list_unread', { messages_per_chat: 51 }, 'messages_per_chat'],
    ['list_waiting', { days: 0 }, 'days'],
  ])('%s %j', (name, input, field) => {
    expect(parse(name, input).error?.issues.map(({ path }) => path[0])).toEqual([field])
  })

  const reading = OPERATIONS.filter(({ tag, effect }) => tag !== 'link' && effect === 'read')
  it.each(reading.map((operation) => [operation.name, operation] as const))(
    '%s: unknown fields',
    (_, operation) => {
      const issues = operation.input.safeParse(Object.assign({ limitt: 5 }, operation.example.input)).error
        ?.issues
      expect(issues).toMatchObject([{ code: 'unrecognized_keys', keys: ['limitt'] }])
      expect(operation.input.safeParse(operation.example.input).success).toBe(true)
      expect(operation.effect).toBe('read')
    },
  )
})
