/** An archive of the version before content was typed: what its rows allow is corrected, and the rest is read again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { toJid } from '../model/ids.ts'
import type { Message } from '../model/message.ts'
import { PREVIEWED } from './earlier-content.ts'
import { firstPositionOf } from './position.ts'
import { createReader } from './reader.ts'
import { connect } from './sqlite.ts'
import { openStore, type Store } from './store.ts'

const T = 1_700_000_000
const CHAT = toJid('120363000000000001@g.us')
const PREVIEW = `/9j/${'4AAQSkZJRgABAQ'.repeat(20)}=`
const CARD =
  'BEGIN:VCARD\r\nVERSION:3.0\r\nN:;Zoë;;;\r\nFN:Zoë M\r\nitem1.TEL;waid=15550001777:+1 555 000 1777\r\nTEL:555\r\nEND:VCARD'

/** Written by a person, without a space. */
const CAPTION = '0x52908400098527886E0F7030069857D2E4169EE7'

/** Type, text and details as version 6 stored them. */
const ROWS: [type: string, body: string, details?: object][] = [
  ['location', PREVIEW],
  ['vcard', CARD],
  ['event_creation', 'Party'],
  ['poll_creation', 'When?'],
  ['call_log', ''],
  ['unknown', ''],
  ['chat', PREVIEW],
  ['chat', 'look', { quoted: { bare_id: 'A0', sender: 0, body: PREVIEW } }],
  ['product', PREVIEW, { media: { width: 3 } }],
  ['image', CAPTION],
  ['vcard', 'BEGIN:VCARD\nN:Diaz;José;;;\nTEL:1\nEND:VCARD'],
  ['vcard', 'BEGIN:VCARD\nFN;CHARSET=UTF-8:José\nEND:VCARD'],
  ['history_bundle', ''],
  // Phones of one maker group the name too.
  ['vcard', 'BEGIN:VCARD\nitem1.FN;CHARSET=UTF-8:Grouped\nitem2.TEL:7\nEND:VCARD'],
  ['vcard', 'BEGIN:VCARD\nitem1.N:Diaz;Ana;;;\nEND:VCARD'],
]

let dir: string
let store: Store
let messages: Message[]

beforeAll(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-content-'))
  const file = join(dir, 'archive.db')
  openStore(file).close()
  const id = connect(file).query<{ application_id: number }>('PRAGMA application_id').get()?.application_id
  rmSync(file)
  const db = connect(file)
  const migrations = join(import.meta.dirname, 'migrations', 'archive')
  for (const name of readdirSync(migrations).sort()) {
    if (name < '07') db.exec(readFileSync(join(migrations, name), 'utf8'))
  }
  db.exec(`PRAGMA application_id = ${id}; PRAGMA user_version = 6`)
  db.exec(`INSERT INTO meta VALUES ('account_wid', '15550001000@c.us'), ('search_version', 3)`)
  db.exec(`INSERT INTO chats (id, kind, jid, name, history, history_reason, last_message)
    VALUES (1, 'group', '${CHAT}', 'Hike', 'all', 'whatsapp', ${firstPositionOf(T + 12)}), (2, 'group', '2@g.us', 'Plain', 'all', 'whatsapp', NULL)`)
  for (const [index, [type, body, details]] of ROWS.entries()) {
    db.command('INSERT INTO messages VALUES (?, 1, ?, 0, ?, ?, 1, 0, NULL, NULL, ?)').run(
      firstPositionOf(T + index),
      `A${index}`,
      type,
      body,
      details === undefined ? null : JSON.stringify(details),
    )
  }
  db.command('INSERT INTO revisions VALUES (?, 1, ?, ?, ?, 1)').run(
    firstPositionOf(T),
    'revoked',
    'location',
    PREVIEW,
  )
  db.command('INSERT INTO revisions VALUES (?, 1, ?, ?, ?, 1)').run(
    firstPositionOf(T + 9),
    'edited',
    'image',
    CAPTION,
  )
  db.close()
  store = openStore(file)
  while (store.search.step());
  const reader = createReader(store.db, createTestClock())
  messages = reader.readMessages(CHAT, { limit: 100, notices: true }).messages
})
afterAll(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

const at = (index: number) => messages.find(({ timestamp }) => timestamp === T + index)

it('no longer has previews as texts, neither of the message nor of its quote or earlier version', () => {
  expect(at(0)).toMatchObject({ body: '', summary: 'Location' })
  expect(at(8)).toMatchObject({ body: '', media: { width: 3 } })
  expect(at(7)).toMatchObject({ body: 'look', reply_to: { body: '' } })
  expect(store.changes.textsBefore(firstPositionOf(T))).toEqual([''])
  expect(at(6)?.body).toBe(PREVIEW)
})

it('keeps captions that look like base64', () => {
  expect(at(9)?.body).toBe(CAPTION)
  expect(store.changes.textsBefore(firstPositionOf(T + 9))).toEqual([CAPTION])
})

it('has the contact of a card, the name of an event, and the question of a poll', () => {
  expect(at(1)).toMatchObject({
    body: '',
    contacts: [{ name: 'Zoë M', phone_numbers: ['+1 555 000 1777', '555'] }],
  })
  expect(at(2)).toMatchObject({ body: '', event: { name: 'Party' } })
  expect(at(10)).toMatchObject({ contacts: [{ name: 'José Diaz', phone_numbers: ['1'] }] })
  expect(at(11)).toMatchObject({ contacts: [{ name: 'José', phone_numbers: [] }] })
  expect(at(13)).toMatchObject({ contacts: [{ name: 'Grouped', phone_numbers: ['7'] }] })
  expect(at(14)).toMatchObject({ contacts: [{ name: 'Ana Diaz', phone_numbers: [] }] })
  expect(at(3)).toMatchObject({ body: 'When?' })
  const found = createReader(store.db, createTestClock()).searchMessages(
    'zoë',
    {},
    { limit: 5, sort: 'newest' },
  )
  expect(found.items.map(({ message }) => message.timestamp)).toEqual([T + 1])
})

it('knows notices and what is unknown', () => {
  const shown = createReader(store.db, createTestClock()).readMessages(CHAT, { limit: 100 })
  const types = shown.messages.map(({ type }) => type)
  for (const type of ['call_log', 'history_bundle']) expect(types).not.toContain(type)
  expect(at(5)).toMatchObject({ unknown: true })
  expect(shown.chat.last_message?.type).toBe('vcard')
})

it('reads the chat again, for what was not stored', () => {
  expect(store.chats.get(1)).toMatchObject({ history: 'more', history_from: null })
  expect(store.chats.get(2)).toMatchObject({ history: 'all' })
})

it('knows the same types with previews in messages, in earlier texts and in exported files', () => {
  const sql = readFileSync(join(import.meta.dirname, 'migrations', 'archive', '07-content.sql'), 'utf8')
  const lists = [...sql.matchAll(/type IN \(('location',[^)]*)\)/g)].map(([, list = '']) =>
    list.split(',').map((type) => type.trim().replaceAll("'", '')),
  )
  expect(lists).toEqual([[...PREVIEWED], [...PREVIEWED]])
})
