/** However much the archive holds, tools that are not documented to be long answer short, and leave nothing out unsaid. */
import type { CallToolResult } from '@modelcontextprotocol/server'
import { encode } from 'gpt-tokenizer/encoding/o200k_base'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { toJid } from '../src/model/ids.ts'
import type { SeenMessage } from '../src/model/seen.ts'
import { AMARA, openToolsStage, seen, type ToolsStage, textOf } from './tools-stage.ts'

const CROWD = '120363000000000077@g.us'
/** What people write when they write much: as long as WhatsApp takes. */
const LONG = [
  '这个电梯又坏了，明天见面的时候我们再说吧。',
  '👍🏽🎉👩🏿‍🚒🇩🇪 ',
  'Könntet ihr bitte bis Donnerstag Bescheid geben? ',
  'مرحبا كيف حالك اليوم؟ سنلتقي غدا في المكتبة. ',
].map((text) => text.repeat(6_000).slice(0, 65_000))
/** What stands in the message of this number. One in ten is that long. */
const bodyOf = (n: number) => `wort ${LONG[n % LONG.length]?.slice(0, n % 10 === 9 ? 65_000 : 1_500)}`

let stage: ToolsStage
let longest: string
/** A quarter of an hour ago, Unix seconds: everything here is newer than what the world begins with, and over. */
const T = Math.floor(Date.now() / 1000) - 900

beforeAll(async () => {
  stage = await openToolsStage()
})
afterAll(() => stage.close())

it('begins with more than any answer can hold', async () => {
  await stage.harness.link()
  await stage.harness.synced()
  const { archive } = stage.harness.app
  const members = Array.from({ length: 1_023 }, (_, n) => toJid(`${15_560_000_000 + n}@c.us`))
  archive.take({
    type: 'contacts',
    contacts: members.map((phone, n) => ({
      phone,
      lid: null,
      name: null,
      pushname: n % 7 === 0 ? `${'名前'.repeat(60)} ${n}` : `Member ${n}`,
      inAddressBook: false,
      isBusiness: false,
      isBlocked: false,
    })),
  })
  const chat = (id: string, name: string | null, unreadCount: number) => ({
    id: toJid(id),
    name,
    unreadCount,
    timestamp: T,
    archived: false,
    pinnedAt: 0,
    mutedUntil: 0,
    isReadOnly: false,
    last: null,
    members: name === null ? null : members.map((id, n) => ({ id, isAdmin: n < 3 })),
  })
  archive.take({ type: 'chats', chats: [chat(CROWD, '群'.repeat(100), 60)] })
  const common = Array.from({ length: 300 }, (_, n) =>
    chat(`12036300000001${1000 + n}@g.us`, `Gruppe ${n}`, 0),
  )
  archive.take({
    type: 'chats',
    chats: common.map((one) => ({ ...one, members: [{ id: toJid(`${AMARA}@c.us`), isAdmin: false }] })),
  })
  for (let n = 0; n < 60; n += 1) archive.take({ type: 'message', message: inCrowd(n, members) })
  // Short ones, for pages.
  for (let n = 0; n < 90; n += 1) {
    const short = {
      chat: toJid(`${AMARA}@c.us`),
      bareId: `5A0${n}`,
      body: `Seite ${n}`,
      sentAt: T + 100 + n,
    }
    archive.take({ type: 'message', message: seen(short) })
  }
  archive.flush()
  longest = `false_${CROWD}_C059_${members[59]}`
})

function inCrowd(n: number, members: SeenMessage['mentions']): SeenMessage {
  return seen({
    chat: toJid(CROWD),
    bareId: `C0${n}`,
    sender: members[n] ?? null,
    body: bodyOf(n),
    sentAt: T + n,
    quoted: { bareId: `C0${n - 1}`, sender: members[0] ?? null, body: bodyOf(n - 1) },
    mentions: members.slice(0, 300),
    hasMedia: true,
    content: { media: { filename: `${'文件'.repeat(400)}.pdf`, mimetype: 'application/pdf' } },
    reactions: members.slice(0, 200).map((sender, at) => ({ sender, emoji: '🤷🏾‍♀️', at: T * 1000 + at })),
  })
}

type Call = [name: string, input: () => Record<string, unknown>]

const CALLS: Call[] = [
  ['whatsapp_get_chat', () => ({ chat_id: CROWD })],
  ['whatsapp_list_unread', () => ({})],
  ['whatsapp_list_waiting', () => ({ include_groups: true })],
  ['whatsapp_get_message', () => ({ message_id: longest })],
  ['whatsapp_search_messages', () => ({ q: 'wort' })],
  ['whatsapp_list_contacts', () => ({})],
  ['whatsapp_get_contact', () => ({ contact_id: AMARA })],
  ['whatsapp_list_events', () => ({ after: '0', chat_id: CROWD })],
  ['whatsapp_get_archive_stats', () => ({})],
  ['whatsapp_load_earlier', () => ({ chat_id: `${AMARA}@c.us` })],
]

/** The same with the largest pages that there are. */
const LARGE: Call[] = [
  ['whatsapp_list_unread', () => ({ limit: 100, messages_per_chat: 50 })],
  ['whatsapp_get_message', () => ({ message_id: longest, before: 50, after: 50 })],
  ['whatsapp_search_messages', () => ({ q: 'wort', limit: 100 })],
  ['whatsapp_list_contacts', () => ({ limit: 100 })],
  ['whatsapp_list_events', () => ({ after: '0', chat_id: CROWD, limit: 100 })],
]
const CONCISE: Call[] = [
  ['whatsapp_list_chats', () => ({ limit: 100, response_format: 'concise' })],
  ['whatsapp_read_messages', () => ({ chat_id: CROWD, limit: 100, response_format: 'concise' })],
]

/** Data and text together, by a published tokenizer. */
function sizeOf(result: CallToolResult): number {
  expect(result.isError).toBeUndefined()
  return encode(textOf(result)).length + encode(JSON.stringify(result.structuredContent)).length
}

describe('an answer', () => {
  it.each(CALLS)('%s is at most 2,000 tokens unless more is asked for', async (name, input) => {
    const size = sizeOf(await stage.call(name, input()))
    expect(size).toBeLessThanOrEqual(2_000)
  })

  it.each(CALLS)('%s is at most 8,000 tokens in detail', async (name, input) => {
    expect(sizeOf(await stage.call(name, { ...input(), response_format: 'detailed' }))).toBeLessThanOrEqual(
      8_000,
    )
  })

  it.each([...LARGE, ...CONCISE])('%s is at most 8,000 tokens on its largest page', async (name, input) => {
    const concise = sizeOf(await stage.call(name, input()))
    const detailed = CONCISE.some(([documented]) => documented === name)
      ? 0
      : sizeOf(await stage.call(name, { ...input(), response_format: 'detailed' }))
    expect(Math.max(concise, detailed)).toBeLessThanOrEqual(8_000)
    // And not much less than that, where there is more to tell.
    expect(concise).toBeGreaterThan(3_000)
  })
})

describe('what is left out', () => {
  it('of a text is counted, and how to see it whole is said once', async () => {
    const { messages, note } = await stage.data('whatsapp_read_messages', {
      chat_id: CROWD,
      limit: 1,
      response_format: 'concise',
    })
    const [message] = messages
    const [, shown = '', more] = /^([\s\S]*)… \((\d+) more characters\)$/.exec(message.body) ?? []
    expect(shown.length + Number(more)).toBe(65_005)
    expect(note.match(/whatsapp_read_messages/g)).toHaveLength(1)
    const whole = await stage.data('whatsapp_read_messages', {
      chat_id: CROWD,
      limit: 1,
    })
    expect(whole.messages[0].id).toBe(message.id)
    // Of documented tools, too, an answer is at most 100 KB.
    const [, start = '', missing] =
      /^([\s\S]*)… \((\d+) more characters\)$/.exec(whole.messages[0].body) ?? []
    expect(start.length).toBeGreaterThanOrEqual(8_000)
    expect(start + bodyOf(59).slice(-Number(missing))).toBe(bodyOf(59))
    expect(whole.note).toContain('GET /api/messages')
  })

  it('of a list without pages is counted by name', async () => {
    const { members, note } = await stage.data('whatsapp_get_chat', { chat_id: CROWD })
    expect(members.length).toBeGreaterThanOrEqual(10)
    expect(note).toContain(`${1_023 - members.length} of members`)
    expect(note).toContain('GET /api/chats/{chat_id}')
    const { common_groups, note: other } = await stage.data('whatsapp_get_contact', { contact_id: AMARA })
    expect(other).toContain(`${301 - common_groups.length} of common_groups`)
  })

  it('stands in the text too', async () => {
    const result = await stage.call('whatsapp_get_chat', { chat_id: CROWD })
    expect(result.structuredContent).toMatchObject({ note: textOf(result).split('\n').at(-1) })
  })

  it('is nothing where everything fits', async () => {
    expect(await stage.data('whatsapp_get_contact', { contact_id: '15560000001' })).not.toHaveProperty('note')
  })

  it('is never a part of an id', async () => {
    const { message } = await stage.data('whatsapp_get_message', { message_id: longest })
    expect(message.id).toBe(longest)
  })
})

describe('pages that were made smaller', () => {
  /** Every id, page by page. */
  async function walk(
    name: string,
    input: Record<string, unknown>,
    // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came back
    read: (data: any) => { ids: string[]; next: Record<string, unknown> | null },
  ): Promise<string[][]> {
    const pages: string[][] = []
    for (let more: Record<string, unknown> | null = {}; more !== null && pages.length < 500; ) {
      const { ids, next } = read(await stage.data(name, { ...input, ...more }))
      pages.push(ids)
      more = next
    }
    return pages
  }
  const idsOf = (list: { id: string }[]) => list.map(({ id }) => id)
  const nextOf = ({ next_cursor }: { next_cursor?: string }) =>
    next_cursor === undefined ? null : { cursor: next_cursor }

  it.each([
    ['whatsapp_search_messages', { q: 'wort' }, 'messages', 60],
    ['whatsapp_search_messages', { q: 'wort', limit: 30, response_format: 'detailed' }, 'messages', 60],
    ['whatsapp_list_contacts', { limit: 100 }, 'contacts', 1_023 + 6],
    ['whatsapp_list_chats', { limit: 100, kind: 'group', response_format: 'concise' }, 'chats', 303],
    // Every page is a call with texts of 65,000 characters; there are dozens.
  ])(
    '%s %o: all pages together are everything once',
    { timeout: 300_000 },
    async (name, input, list, count) => {
      const pages = await walk(name, input, (data) => ({ ids: idsOf(data[list]), next: nextOf(data) }))
      const ids = pages.flat()
      expect([ids.length, new Set(ids).size]).toEqual([count, count])
      expect(pages.length).toBeGreaterThan(3)
    },
  )

  it('whatsapp_read_messages: backwards and forwards', async () => {
    const input = { chat_id: CROWD, limit: 50, response_format: 'concise' }
    const back = await walk('whatsapp_read_messages', input, ({ messages, next_before }) => ({
      ids: idsOf(messages),
      next: next_before === undefined ? null : { before: next_before },
    }))
    const on = await walk('whatsapp_read_messages', { ...input, after: 1 }, ({ messages, next_after }) => ({
      ids: idsOf(messages),
      next: next_after === undefined ? null : { after: next_after },
    }))
    expect(back.reverse().flat()).toEqual(on.flat())
    expect(new Set(on.flat()).size).toBe(60)
    expect(on.length).toBeGreaterThan(3)
  })

  it('whatsapp_list_events: each once', async () => {
    const input = { after: '0', chat_id: CROWD, kind: 'message.received', limit: 100 }
    const pages = await walk('whatsapp_list_events', input, ({ events, next_after, has_more }) => ({
      ids: events.map(({ message }: { message: { id: string } }) => message.id),
      next: has_more ? { after: next_after } : null,
    }))
    expect(new Set(pages.flat()).size).toBe(60)
    expect(pages.flat()).toHaveLength(60)
  })

  it('say so', async () => {
    const { count, note } = await stage.data('whatsapp_search_messages', { q: 'wort' })
    expect(note).toContain(`limit ${count}`)
  })
})

/** The last of all: there are more chats after it. */
describe('a failure', () => {
  it('is at most 2,000 tokens, however long the names in it are', async () => {
    const name = '猫'.repeat(20_000)
    const { archive } = stage.harness.app
    const chats = Array.from({ length: 12 }, (_, n) => ({
      id: toJid(`12036300000009${1000 + n}@g.us`),
      name,
      unreadCount: 0,
      timestamp: T - 100,
      archived: false,
      pinnedAt: 0,
      mutedUntil: 0,
      isReadOnly: false,
      last: null,
      members: null,
    }))
    archive.take({ type: 'chats', chats })
    archive.flush()
    const result = await stage.call('whatsapp_send_to_chat', { chat: '猫'.repeat(200), message: 'x' })
    expect(result.isError).toBe(true)
    const text = textOf(result)
    const { code, candidates } = JSON.parse(text.split('\n').at(-1) ?? '')
    expect(code).toBe('chat_ambiguous')
    expect(candidates).toHaveLength(10)
    expect(candidates[0].name).toBe(`${'猫'.repeat(100)}… (19900 more characters)`)
    expect(encode(text).length).toBeLessThanOrEqual(2_000)
  })
})
