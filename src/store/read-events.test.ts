/** Events as they are told: people and messages that changed, were joined or went meanwhile; and pages of a long log. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { LoggedEvent } from './event-log.ts'
import { createEventReader, type EventReader } from './read-events.ts'
import { ME_JID, NOW, openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
let reader: EventReader
beforeEach(() => {
  archive = openTestArchive()
  reader = createEventReader(archive.store, { now: () => NOW * 1000, after: () => () => {} })
})
afterEach(() => archive.close())

const ALL = { kinds: null, chat: null }
const append = (event: Partial<LoggedEvent> & Pick<LoggedEvent, 'kind'>) =>
  archive.store.events.append({ at_ms: NOW * 1000, chat: null, message: null, data: null, ...event })
const read = () => reader.readEvents(0, ALL, 100).events

describe('an event', () => {
  it('names a person by what is known now, also one that turned out to be another', () => {
    const { store } = archive
    const byLid = archive.person({ lid: '111@lid', pushname: 'Hidden' })
    const chat = archive.chat('direct', { person: byLid })
    const message = archive.message(chat, { from: byLid })
    append({ kind: 'message.reaction', chat, message, data: { emoji: '👍', sender: byLid } })
    expect(read()[0]).toMatchObject({ chat: { id: '111@lid' }, data: { from: '111@lid', from_me: false } })
    const byPhone = archive.person({ phone: '15551230001@c.us' })
    store.transaction(() => store.mergePeople(byLid, byPhone))
    expect(read()[0]).toMatchObject({
      chat: { id: '15551230001@c.us' },
      message: { from: '15551230001@c.us' },
      data: { from: '15551230001@c.us' },
    })
    append({ kind: 'message.reaction', chat, message, data: { emoji: '', sender: 0 } })
    expect(read()[1]).toMatchObject({ data: { emoji: '', from: ME_JID, from_me: true } })
  })

  it('of a chat that turned out to be another is one of that chat, with and without a message', () => {
    const { store } = archive
    const [byLid, byPhone] = [
      archive.person({ lid: '111@lid' }),
      archive.person({ phone: '15551230001@c.us' }),
    ]
    const [old, present] = [byLid, byPhone].map((person) => archive.chat('direct', { person }))
    if (old === undefined || present === undefined) throw new Error('no chats')
    append({ kind: 'message.received', chat: old, message: archive.message(old, { from: byLid }) })
    append({ kind: 'chat.removed', chat: old })
    append({ kind: 'message.received', chat: present, message: archive.message(present, { from: byPhone }) })
    store.transaction(() => store.mergePeople(byLid, byPhone))
    const of = (chat: number) =>
      store.events.matching({ after: 0, upTo: 100 }, { kinds: null, chat }, 100).map(({ cursor }) => cursor)
    expect([of(old), of(present)]).toEqual([[], [1, 2, 3]])
  })

  it('of a message or a person that is gone has null in its place', () => {
    append({ kind: 'message.edited', message: 12_345, data: { revision: 1 } })
    append({ kind: 'contact.changed', data: { person: 99 } })
    expect(read()).toMatchObject([
      { chat: null, message: null, data: { before: null } },
      { chat: null, data: { contact: null } },
    ])
  })

  it('names the members of a chat that changed as a chat has them', () => {
    const fields = ['pinned_at', 'muted_until', 'removed', 'name', 'members']
    append({ kind: 'chat.changed', data: { fields } })
    expect(read()[0]?.data).toEqual({ fields: ['restored', 'name', 'pinned', 'muted', 'members'] })
  })

  it('is returned as it is now by every reader, although they share pages', () => {
    const person = archive.person({ phone: '15551230001@c.us' })
    const chat = archive.chat('direct', { person })
    append({ kind: 'chat.removed', chat })
    expect(read()[0]?.chat?.name).toBe('+15551230001')
    archive.store.people.setPushname(person, 'Amara')
    expect(read()[0]?.chat?.name).toBe('Amara')
  })
})

it('a long stretch that does not fit is passed in pieces, each of which moves on', () => {
  archive.store.transaction(() => {
    for (let n = 0; n < 45_000; n += 1) append({ kind: 'chat.removed' })
    append({ kind: 'gap.found' })
  })
  const pages: [number, number, boolean][] = []
  let place = 0
  for (let more = true; more; ) {
    const { events, next, hasMore } = reader.readEvents(place, { kinds: ['gap.found'], chat: null }, 10)
    pages.push([events.length, next, hasMore])
    place = next
    more = hasMore
  }
  expect(pages).toEqual([
    [0, 20_000, true],
    [0, 40_000, true],
    [1, 45_001, false],
  ])
})
