/** Archives of earlier versions, row by row as those wrote them, opened by this one. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { deflateSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { systemClock } from '../clock.ts'
import { toJid } from '../model/ids.ts'
import { openControl } from './open-control.ts'
import { DICTIONARY } from './raw-models.ts'
import { connect } from './sqlite.ts'
import { openStore, type Store } from './store.ts'
import { verify } from './verify.ts'

let dir: string
let store: Store | null = null
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-upgrade-'))
})
afterEach(() => {
  store?.close()
  store = null
  rmSync(dir, { recursive: true, force: true })
})

type Database = 'archive' | 'control'
const migrations = join(import.meta.dirname, 'migrations')

/** The steps of a database in their order: the number of each is the version that it makes. */
const stepsOf = (of: Database) =>
  readdirSync(join(migrations, of))
    .map((name) => ({ to: Number.parseInt(name, 10), sql: readFileSync(join(migrations, of, name), 'utf8') }))
    .sort((one, other) => one.to - other.to)
const versionsOf = (of: Database) => stepsOf(of).map(({ to }) => to)
/** The SQL that makes an empty database of this version. */
const madeOf = (of: Database, version: number) =>
  stepsOf(of)
    .filter(({ to }) => to <= version)
    .map(({ sql }) => sql)
    .join('\n')

/** An archive of this version with these rows, opened. */
function upgraded(version: number, rows: string): Store {
  const file = join(dir, 'archive.db')
  openStore(file).close()
  const id = connect(file).query<{ application_id: number }>('PRAGMA application_id').get()?.application_id
  rmSync(file)
  const db = connect(file)
  db.exec(madeOf('archive', version))
  db.exec(`PRAGMA application_id = ${id}; PRAGMA user_version = ${version}; ${rows}`)
  db.close()
  store = openStore(file)
  return store
}

it('version 5: a chat that counted as complete is doubted once, and nothing else changes', () => {
  const { chats } = upgraded(
    5,
    `INSERT INTO people (id, phone, name) VALUES (1, '15551110000@c.us', 'Amara');
     INSERT INTO chats (id, kind, person, caught_up_to, history_complete, unread_count, forgotten_before)
       VALUES (1, 'direct', 1, 77, 1, 3, 0);
     INSERT INTO chats (id, kind, jid, name, history_complete, forgotten_before) VALUES (2, 'group', '2@g.us', 'Hike', 0, 9)`,
  )
  const doubted = {
    history: 'more',
    history_reason: null,
    history_tries: 0,
    history_next_at: null,
    history_from: null,
  }
  expect(chats.get(1)).toMatchObject({ ...doubted, caught_up_to: 77, unread_count: 3, phone_asked_at: null })
  expect(chats.get(2)).toMatchObject({ ...doubted, name: 'Hike', forgotten_before: 9, forgotten_until: 9 })
  expect(chats.get(1)).not.toHaveProperty('history_complete')
})

it('version 7: a known number is its person’s since ever, and moves from there', () => {
  const { people, identify, db } = upgraded(
    7,
    `INSERT INTO people (id, phone, lid) VALUES (1, '15551110000@c.us', '91@lid'), (2, '15552220000@c.us', NULL), (3, NULL, '93@lid');
     INSERT INTO chats (id, kind, person, last_message) VALUES (1, 'direct', 1, 4194304);
     INSERT INTO messages (id, chat, bare_id, sender, type, body, ack) VALUES (4194304, 1, 'A', 1, 'chat', 'from Amara', 1)`,
  )
  const [one, two] = [toJid('15551110000@c.us'), toJid('15552220000@c.us')]
  expect([people.at(one, 0), people.at(two, 0), people.find(toJid('93@lid'))?.id]).toEqual([1, 2, 3])
  identify(one, toJid('93@lid'), 5_000_000)
  expect([people.at(one, 4_000_000), people.at(one, 6_000_000)]).toEqual([1, 3])
  const [message] = db.query<{ chat: number; sender: number }>('SELECT chat, sender FROM messages').all()
  expect(message).toEqual({ chat: 1, sender: 1 })
  expect(verify(db)).toEqual([])
})

it('version 9: a model that was compressed alone is read, replaced and removed as others are', () => {
  const payload = deflateSync('{"type":"chat","t":7}', { dictionary: DICTIONARY }).toString('hex')
  const { raws, messages, transaction, db } = upgraded(
    9,
    `INSERT INTO chats (id, kind, jid, last_message) VALUES (1, 'group', '2@g.us', 4194305);
     INSERT INTO messages (id, chat, bare_id, sender, type, body, ack) VALUES (4194304, 1, 'A', 0, 'chat', 'a', 1),
       (4194305, 1, 'B', 0, 'chat', 'b', 1);
     INSERT INTO message_raw (message, engine, build, payload)
       VALUES (4194304, 'wweb', NULL, x'${payload}'), (4194305, 'wweb', 'one', x'${payload}')`,
  )
  const raw = { engine: 'wweb', build: 'one', model: { type: 'chat', t: 7 } }
  expect([raws.model(4194304), raws.model(4194305)]).toEqual([{ ...raw, build: null }, raw])
  transaction(() => {
    raws.setModel(4194305, { ...raw, model: { t: 8 } }, 'b')
    messages.remove([4194304])
  })
  expect([raws.model(4194304), raws.model(4194305)?.model]).toEqual([null, { t: 8 }])
  expect(db.query('SELECT id FROM raw_packs').all()).toHaveLength(1)
  expect(verify(db)).toEqual([])
})

it.each(versionsOf('archive'))(
  'an archive of version %i opens, with its rows and without a flaw',
  (version) => {
    const { db } = upgraded(
      version,
      `INSERT INTO chats (id, kind, jid, name, last_message) VALUES (1, 'group', '2@g.us', 'Hike', 4194304);
     INSERT INTO messages (id, chat, bare_id, sender, type, body, ack) VALUES (4194304, 1, 'A', 0, 'chat', 'a', 1)`,
    )
    expect(db.query('SELECT body FROM messages').all()).toEqual([{ body: 'a' }])
    expect(db.query('PRAGMA user_version').get()).toMatchObject({
      user_version: versionsOf('archive').at(-1),
    })
    expect(verify(db)).toEqual([])
  },
)

it.each<[Database, number[]]>([
  ['archive', [10, 12, 14, 16, 20, 21, 22, 23, 26]],
  ['control', [3, 6, 9, 11, 12, 14, 15, 16]],
])('a new step of the %s has the next number: one that was passed over would never run', (of, passed) => {
  const numbers = Array.from({ length: versionsOf(of).at(-1) ?? 0 }, (_, index) => index + 1)
  expect(numbers.filter((one) => !versionsOf(of).includes(one))).toEqual(passed)
})

it.each(versionsOf('control'))('a control database of version %i opens, with its rows', async (version) => {
  const file = join(dir, 'control.db')
  const archives = join(dir, 'archives')
  mkdirSync(archives)
  const options = { file, archives, secret: null, clock: systemClock }
  const fresh = openControl(options)
  await fresh.accounts.list()
  await fresh.close()
  const made = connect(file).query<{ application_id: number }>('PRAGMA application_id').get()
  rmSync(file)
  const db = connect(file)
  db.exec(madeOf('control', version))
  db.exec(`PRAGMA application_id = ${made?.application_id}; PRAGMA user_version = ${version};
    INSERT INTO accounts (id, label, state, created_at_ms) VALUES ('work', 'Work', 'running', 1)`)
  db.close()
  const control = openControl(options)
  expect(await control.accounts.list()).toMatchObject([{ id: 'default' }, { id: 'work', label: 'Work' }])
  expect([await control.keys.list(), await control.webhooks.list()]).toEqual([[], []])
  await control.close()
})

it('version 13: who is in a group has been there since before, and what changes is noted', () => {
  const { chats, people, db, transaction } = upgraded(
    13,
    `INSERT INTO people (id, phone) VALUES (1, '15551110000@c.us'), (2, '15552220000@c.us');
     INSERT INTO chats (id, kind, jid) VALUES (1, 'group', '2@g.us');
     INSERT INTO members (chat, person, is_admin) VALUES (1, 1, 1), (1, 2, 0)`,
  )
  const third = people.idOf(toJid('15553330000@c.us'))
  const change = (came: number, gone: number[], atMs: number) =>
    transaction(() => chats.changeMembers(1, { present: [{ person: came, isAdmin: false }], gone }, atMs))
  change(third, [2], 5_000)
  change(2, [], 6_000)
  // A new role of a member begins no stay.
  change(2, [], 7_000)
  expect(db.query('SELECT person, since_ms, until_ms FROM member_spans ORDER BY id').all()).toEqual([
    { person: 1, since_ms: null, until_ms: null },
    { person: 2, since_ms: null, until_ms: 5_000 },
    { person: third, since_ms: 5_000, until_ms: null },
    { person: 2, since_ms: 6_000, until_ms: null },
  ])
  expect(verify(db)).toEqual([])
})
