/** A limited connection: what single statements of it could still show. */
import { afterEach, expect, it } from 'vitest'
import { STATUS, toJid } from '../model/ids.ts'
import type { Sight } from '../model/sight.ts'
import { createExporter } from './exporter.ts'
import { createReader } from './reader.ts'
import { createIsSeen, isLimited, limit } from './sight.ts'
import { type Connection, connect } from './sqlite.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

const PHONE = toJid('15551230001@c.us')
const OTHER = toJid('15551230002@c.us')
const LID = toJid('771230001@lid')
const GROUP = toJid('120363000000000001@g.us')
const clock = { now: () => 1_735_819_200_000, after: () => () => {} }

let archive: TestArchive
let db: Connection
afterEach(() => {
  db.close()
  archive.close()
})

/** An archive with a person whose two rows were merged after an event of the one that is retired. */
function open() {
  archive = openTestArchive()
  const { store } = archive
  const byPhone = archive.person({ phone: PHONE, name: 'Amara' })
  const byLid = archive.person({ lid: LID })
  const group = archive.chat('group', { jid: GROUP })
  const facts = { at_ms: 1, chat: null, message: null }
  store.transaction(() => {
    store.events.append({ ...facts, kind: 'contact.changed', data: { person: byLid } })
    store.events.append({ ...facts, kind: 'send.held', data: {} })
  })
  store.transaction(() => {
    store.mergePeople(byLid, byPhone)
    store.db.command('UPDATE people SET lid = ? WHERE id = ?').run(LID, byPhone)
  })
  db = connect(store.file)
  return { group, show: limit(db) }
}

it('shows no event of a hidden person whose rows were merged, nor of a send to somebody without a chat', () => {
  const { show } = open()
  const events = db.query<{ kind: string }>('SELECT kind FROM events')
  for (const hide of [[PHONE], [LID]]) {
    show({ only: null, hide })
    expect(events.all().map(({ kind }) => kind)).toEqual([])
  }
  show({ only: [GROUP], hide: [] })
  expect(events.all().map(({ kind }) => kind)).toEqual([])
  show({ only: null, hide: [GROUP] })
  expect(events.all().map(({ kind }) => kind)).toEqual(['contact.changed'])
})

it('is limited, and writes nothing', () => {
  const { show } = open()
  expect([isLimited(db), isLimited(archive.store.db)]).toEqual([true, false])
  const { listContacts } = createReader(db, clock)
  show({ only: null, hide: [LID] })
  expect(listContacts({}, { limit: 10 }).items).toEqual([])
  show({ only: null, hide: [] })
  expect(listContacts({}, { limit: 10 }).items).toHaveLength(1)
  expect(() => db.exec("INSERT INTO main.meta VALUES ('x', 1)")).toThrow()
})

it('is what another connection says of each chat', () => {
  const { group } = open()
  const isSeen = createIsSeen(archive.store.db)
  expect(isSeen(group, { only: null, hide: [GROUP] })).toBe(false)
  expect(isSeen(group, { only: [GROUP], hide: [] })).toBe(true)
  expect(isSeen(group, { only: [PHONE], hide: [] })).toBe(false)
})

it('shows a quote only if the archive has the original in a chat that is seen; in a group, also if it has none', () => {
  archive = openTestArchive()
  const amara = archive.person({ phone: PHONE, name: 'Amara' })
  const direct = archive.chat('direct', { person: amara })
  const group = archive.chat('group', { jid: GROUP })
  const other = archive.chat('group', { jid: toJid('120363000000000002@g.us') })
  archive.message(direct, { from: amara, id: 'SEEN', body: 'seen' })
  archive.message(other, { from: amara, id: 'HIDDEN', body: 'hidden' })
  const cases: [chat: number, quoted: string, shown: string][] = [
    [direct, 'SEEN', 'as quoted'],
    [direct, 'HIDDEN', ''],
    [direct, 'NEVER STORED', ''],
    [group, 'HIDDEN', ''],
    [group, 'NEVER STORED', 'as quoted'],
  ]
  const places = cases.map(([chat, bare_id]) =>
    archive.message(chat, {
      from: amara,
      details: { quoted: { bare_id, sender: amara, body: 'as quoted' } },
    }),
  )
  db = connect(archive.store.file)
  const show = limit(db)
  const limited = createReader(db, clock)
  show({ only: null, hide: [toJid('120363000000000002@g.us')] })
  const bodies = (reader: typeof limited) =>
    reader.messagesAt(places).map(({ message }) => message.reply_to?.body)
  expect(bodies(limited)).toEqual(cases.map(([, , shown]) => shown))
  expect(bodies(archive.reader)).toEqual(cases.map(() => 'as quoted'))
})

it('exports the address alone of a person who is only mentioned and not seen', () => {
  archive = openTestArchive()
  const author = archive.person({ phone: OTHER, name: 'Author' })
  const hidden = archive.person({ phone: PHONE, lid: LID, name: 'Amara' })
  const direct = archive.chat('direct', { person: author })
  archive.message(direct, { from: author, body: 'ask @15551230001', details: { mentions: [hidden] } })
  db = connect(archive.store.file)
  const show = limit(db)
  const exporter = createExporter(db, clock)
  const people = (sight: Sight) => {
    show(sight)
    const lines = [...exporter.export(null, 'jsonl').pieces].join('').trim().split('\n')
    return lines.map((line) => JSON.parse(line)).filter(({ line }) => line === 'person')
  }
  const bare = { phone: PHONE, lid: null, name: null, pushname: null, in_address_book: false }
  for (const sight of [
    { only: null, hide: [PHONE] },
    { only: [OTHER], hide: [] },
  ])
    expect(people(sight)).toMatchObject([{ name: 'Author' }, bare])
  expect(people({ only: null, hide: [] })).toMatchObject([{ name: 'Author' }, { lid: LID, name: 'Amara' }])
})

it('shows the status updates of no hidden person, and with only chats those of their people', () => {
  archive = openTestArchive()
  const { store } = archive
  const [amara, ming] = [archive.person({ phone: PHONE, lid: LID }), archive.person({ phone: OTHER })]
  const status = archive.chat('status', { jid: STATUS })
  const facts = { at_ms: 1, kind: 'message.received' as const, chat: status, data: {} }
  for (const [from, body] of [
    [undefined, 'update mine'],
    [ming, 'update of Ming'],
    [amara, 'update of Amara'],
  ] as const) {
    const message = archive.message(status, { ...(from === undefined ? {} : { from }), body })
    store.transaction(() => store.events.append({ ...facts, message }))
  }
  const data = { bare_id: 'GONE', sender: amara }
  store.transaction(() => store.events.append({ ...facts, kind: 'message.forgotten', message: null, data }))
  db = connect(store.file)
  const show = limit(db)
  const limited = createReader(db, clock)
  const events = db.query<{ n: number }>('SELECT count(*) AS n FROM events WHERE chat = ?')
  const all = { limit: 10, before: undefined, after: undefined, notices: false }
  const shown = (sight: Sight) => {
    show(sight)
    const { chat, messages } = limited.readMessages(STATUS, all)
    const { items } = limited.searchMessages('update', {}, { limit: 10, sort: 'newest' })
    const bodies = messages.map(({ body }) => body.slice(7))
    expect(items.map(({ message }) => message.body.slice(7)).reverse()).toEqual(bodies)
    expect(limited.getChat(STATUS).history.messages).toBe(bodies.length)
    return [bodies, chat.last_message?.body.slice(7), events.get(status)?.n]
  }
  const others = [['mine', 'of Ming'], undefined, 2]
  for (const hide of [[PHONE], [LID]]) expect(shown({ only: null, hide })).toEqual(others)
  expect(shown({ only: null, hide: [GROUP] })).toEqual([['mine', 'of Ming', 'of Amara'], 'of Amara', 4])
  expect(shown({ only: [STATUS, OTHER], hide: [] })).toEqual(others)
})

it('searches the only chats of a reader without passing by the hits in all others', () => {
  archive = openTestArchive()
  const { store } = archive
  const chats = Array.from({ length: 3 }, (_, n) =>
    archive.chat('group', { jid: toJid(`12036300000000010${n}@g.us`) }),
  )
  const [mine = 0, ...others] = chats
  store.transaction(() => {
    for (let n = 0; n < 3; n++) archive.message(mine, { ago: 90_000, body: `coffee ${n}` })
    for (let n = 0; n < 20_000; n++) archive.message(others[n % 2] ?? 0, { ago: 40_000, body: `coffee ${n}` })
  })
  db = connect(store.file)
  const show = limit(db)
  const limited = createReader(db, clock)
  const cost = (q: string, sight: Sight) => {
    show(sight)
    const before = process.cpuUsage()
    const { items } = limited.searchMessages(q, {}, { limit: 20, sort: 'newest' })
    const { user, system } = process.cpuUsage(before)
    expect(items.map(({ message }) => message.body)).toEqual(['coffee 2', 'coffee 1', 'coffee 0'])
    return user + system
  }
  const at = (n: number) => toJid(`12036300000000010${n}@g.us`)
  const least = (q: string, sight: Sight) => Math.min(...Array.from({ length: 10 }, () => cost(q, sight)))
  for (const q of ['coffee', 'cof*'])
    expect(least(q, { only: [at(0)], hide: [] }) * 2, q).toBeLessThan(
      least(q, { only: null, hide: [at(1), at(2)] }),
    )
  show({ only: [toJid('120363000000000999@g.us')], hide: [] })
  expect(limited.searchMessages('coffee', {}, { limit: 20, sort: 'newest' }).items).toEqual([])
})
