/** A limited connection: what single statements of it could still show. */
import { afterEach, expect, it } from 'vitest'
import { toJid } from '../model/ids.ts'
import { createReader } from './reader.ts'
import { createIsSeen, isLimited, limit } from './sight.ts'
import { type Connection, connect } from './sqlite.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

const PHONE = toJid('15551230001@c.us')
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
