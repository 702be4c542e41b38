import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AttentionFilter } from './read-waiting.ts'
import { NOW, openTestArchive, type TestArchive } from './test-archive.ts'

const DAY = 86_400
const ALL: AttentionFilter = { kinds: ['direct', 'group'], muted: false, archived: false }

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

/** A direct chat with somebody new; `facts` as on WhatsApp. */
function talk(name: string, facts: Parameters<TestArchive['chat']>[2] = {}) {
  const person = archive.person({ phone: `1555${name.length}${name.charCodeAt(0)}@c.us`, name })
  return { person, chat: archive.chat('direct', { person }, facts) }
}

describe('unread', () => {
  const unread = (
    filter: Partial<AttentionFilter & { perChat: number }> = {},
    limit = 100,
    cursor?: string,
  ) => archive.reader.listUnread({ ...ALL, perChat: 5, ...filter }, { limit, cursor })

  it('shows the newest unread messages of each chat, oldest first, own ones not', () => {
    const { person, chat } = talk('Anna', { unread_count: 3 })
    for (let index = 0; index < 5; index += 1)
      archive.message(chat, { from: person, ago: 50 - index, body: `${index}` })
    archive.message(chat, { body: 'mine' })
    const few = talk('Bob', { unread_count: 9, timestamp: NOW - 99 })
    archive.message(few.chat, { from: few.person, ago: 200, body: 'only' })
    talk('Read', { unread_count: 0, timestamp: NOW })
    const bodies = (perChat: number) =>
      unread({ perChat }).items.map(({ name, unread_messages }) => [
        name,
        ...unread_messages.map(({ body }) => body),
      ])
    expect(bodies(5)).toEqual([
      ['Anna', '2', '3', '4'],
      ['Bob', 'only'],
    ])
    expect(bodies(2)).toEqual([
      ['Anna', '3', '4'],
      ['Bob', 'only'],
    ])
    expect(bodies(0)).toEqual([['Anna'], ['Bob']])
    expect(unread()).toMatchObject({ chats: 2, messages: 12, leftOut: { muted: 0, archived: 0 }, next: null })
    expect(unread().items[0]).toMatchObject({ unread_count: 3, last_message: { body: 'mine' } })
  })

  it('has chats marked as unread, without messages', () => {
    const { person, chat } = talk('Anna', { unread_count: -1 })
    archive.message(chat, { from: person })
    expect(unread()).toMatchObject({
      items: [{ marked_unread: true, unread_messages: [] }],
      chats: 1,
      messages: 0,
    })
  })

  it('leaves out what is muted or archived, and says so', () => {
    talk('plain', { unread_count: 1 })
    talk('muted', { unread_count: 2, muted_until: -1 })
    talk('muted before', { unread_count: 3, muted_until: NOW - 1 })
    talk('archived', { unread_count: 4, archived: 1 })
    talk('both', { unread_count: 5, archived: 1, muted_until: NOW + 9 })
    const gone = talk('gone', { unread_count: 6 })
    archive.store.chats.setRemoved(gone.chat, NOW)
    archive.chat('channel', { jid: '1@newsletter' }, { unread_count: 7 })
    const told = (filter: Partial<AttentionFilter>) => {
      const { items, chats, messages, leftOut } = unread(filter)
      return { names: items.map(({ name }) => name).sort(), chats, messages, ...leftOut }
    }
    expect(told({})).toEqual({
      names: ['muted before', 'plain'],
      chats: 2,
      messages: 4,
      muted: 2,
      archived: 1,
    })
    expect(told({ muted: true })).toMatchObject({ chats: 3, messages: 6, muted: 0, archived: 2 })
    expect(told({ archived: true })).toMatchObject({ chats: 3, messages: 8, muted: 2, archived: 0 })
    expect(told({ muted: true, archived: true })).toMatchObject({
      chats: 5,
      messages: 15,
      muted: 0,
      archived: 0,
    })
  })

  it('comes page by page, the totals being of all', () => {
    for (const name of ['a', 'bb', 'ccc']) talk(name, { unread_count: 1, timestamp: NOW - name.length })
    const first = unread({}, 2)
    const second = unread({}, 2, first.next ?? '')
    expect([first, second].map(({ items }) => items.map(({ name }) => name))).toEqual([['a', 'bb'], ['ccc']])
    expect(second).toMatchObject({ chats: 3, messages: 3, next: null })
  })
})

describe('waiting', () => {
  const waiting = (filter: Partial<AttentionFilter & { days: number }> = {}, limit = 100, cursor?: string) =>
    archive.reader.listWaiting({ ...ALL, kinds: ['direct'], days: 14, ...filter }, { limit, cursor })
  const names = (filter: Partial<AttentionFilter & { days: number }> = {}) =>
    waiting(filter).items.map(({ name }) => name)

  it('is who had the last word, since they first wrote', () => {
    const { person, chat } = talk('Anna')
    archive.message(chat, { from: person, ago: 900 })
    archive.message(chat, { ago: 800 })
    archive.message(chat, { from: person, ago: 700 })
    archive.message(chat, { from: person, ago: 600, type: 'revoked' })
    archive.message(chat, { from: person, ago: 500, body: 'well?' })
    archive.message(chat, { from: person, ago: 400, type: 'call_log' })
    archive.message(chat, { from: person, ago: 300, type: 'revoked' })
    const answered = talk('Bob')
    archive.message(answered.chat, { from: answered.person, ago: 90 })
    archive.message(answered.chat, { ago: 80 })
    talk('Nothing was said', { timestamp: NOW })
    expect(waiting().items).toMatchObject([
      {
        name: 'Anna',
        last_message: { type: 'revoked' },
        waiting: {
          since_at: '2025-01-02T11:48:20.000Z',
          seconds: 700,
          messages: 2,
          message: { body: 'well?', from_me: false },
        },
      },
    ])
  })

  it('skips chats with an own reaction or call; an own deleted message is no reply', () => {
    const talks = ['liked', 'called', 'answer deleted', 'liked by them', 'no longer liked'].map((name) => {
      const { person, chat } = talk(name)
      return { person, chat, question: archive.message(chat, { from: person, ago: 90 }) }
    })
    const [liked, called, deleted, byThem, unliked] = talks
    archive.store.changes.setReaction({ message: liked?.question ?? 0, sender: 0, emoji: '👍', at_ms: 1 })
    archive.store.changes.setReaction({ message: unliked?.question ?? 0, sender: 0, emoji: '', at_ms: 1 })
    archive.message(called?.chat ?? 0, { type: 'call_log' })
    archive.message(deleted?.chat ?? 0, { type: 'revoked' })
    const them = { message: byThem?.question ?? 0, sender: byThem?.person ?? 0, emoji: '👍', at_ms: 1 }
    archive.store.changes.setReaction(them)
    expect(names().sort()).toEqual(['answer deleted', 'liked by them', 'no longer liked'])
  })

  it('waits since the last reply that stands: an own deleted message or notice answers nothing', () => {
    const silent = [{ type: 'revoked' }, { type: 'e2e_notification' }]
    const silences = silent.flatMap((reply) => [80, 60].map((ago) => ({ ...reply, ago })))
    for (const [index, silence] of silences.entries()) {
      const { person, chat } = talk('a'.repeat(index + 1))
      archive.message(chat, { from: person, ago: 110 })
      archive.message(chat, { ago: 100 })
      for (const ago of [90, 70]) archive.message(chat, { from: person, ago })
      archive.message(chat, silence)
    }
    const told = waiting().items.map(({ waiting: { seconds, messages } }) => ({ seconds, messages }))
    expect(told).toEqual(Array(4).fill({ seconds: 90, messages: 2 }))
  })

  it('leaves out groups, what is muted, archived, removed or older, unless asked', () => {
    const facts = { muted: { muted_until: -1 }, archived: { archived: 1 }, plain: {} }
    for (const [name, its] of Object.entries(facts)) {
      const { person, chat } = talk(name, its)
      archive.message(chat, { from: person, ago: 60 })
    }
    const old = talk('old!')
    archive.message(old.chat, { from: old.person, ago: 15 * DAY })
    const gone = talk('gone forever')
    archive.message(gone.chat, { from: gone.person })
    archive.store.chats.setRemoved(gone.chat, NOW)
    // Active, but by what is no word.
    archive.message(old.chat, { from: old.person, type: 'call_log' })
    archive.message(archive.chat('group', { jid: '1@g.us' }, { name: 'group' }), {
      from: old.person,
      ago: 70,
    })
    archive.message(archive.chat('channel', { jid: '1@newsletter' }), { from: -1 })
    expect(names()).toEqual(['plain'])
    expect(names({ kinds: ['direct', 'group'] })).toEqual(['plain', 'group'])
    expect(names({ muted: true }).sort()).toEqual(['muted', 'plain'])
    expect(names({ archived: true }).sort()).toEqual(['archived', 'plain'])
    expect(names({ days: 16 })).toEqual(['old!', 'plain'])
    expect(names({ days: 100_000 })).toEqual(['old!', 'plain'])
  })

  it('counts what lies within the days only', () => {
    const { person, chat } = talk('Anna')
    for (const days of [20, 10, 5]) archive.message(chat, { from: person, ago: days * DAY })
    expect(waiting().items).toMatchObject([{ waiting: { seconds: 10 * DAY, messages: 2 } }])
  })

  it('comes page by page', () => {
    for (const name of ['a', 'bb', 'ccc']) {
      const { person, chat } = talk(name)
      archive.message(chat, { from: person, ago: name.length })
    }
    const first = waiting({}, 2)
    const second = waiting({}, 2, first.next ?? '')
    expect([first, second].map(({ items }) => items.map(({ name }) => name))).toEqual([['a', 'bb'], ['ccc']])
    expect(second.next).toBeNull()
  })
})
