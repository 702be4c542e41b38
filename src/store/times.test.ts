/** Times out of any range, as versions before wrote them: everything is read, exported, and imported again. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { CHAT_KINDS, Chat } from '../model/chat.ts'
import { toJid } from '../model/ids.ts'
import { Message } from '../model/message.ts'
import { createExporter, EXPORT_FORMATS } from './exporter.ts'
import { createImporter } from './import.ts'
import { readHeaderLine } from './import-header.ts'
import { firstPositionOf } from './position.ts'
import { createReader } from './reader.ts'
import { openStore, type Store } from './store.ts'
import { msToIso, toSeconds } from './times.ts'

const T = 1_700_000_000
const CHAT = toJid('15551110000@c.us')
const KEY = { fromMe: false, chat: CHAT, bareId: 'A', participant: null }
const clock = createTestClock()
let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-times-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** An archive of the version before, with this as every time that the page told. */
function before(time: number): Store {
  const file = join(dir, 'archive.db')
  const store = openStore(file)
  store.meta.set('account_wid', '15550001000@c.us')
  const person = store.people.insert({
    phone: CHAT,
    lid: null,
    name: 'Amara',
    pushname: null,
    inAddressBook: true,
    isBusiness: false,
    isBlocked: false,
  })
  const chat = store.chats.insert('direct', { person })
  const message = firstPositionOf(T)
  store.messages.insert({
    id: message,
    chat,
    bare_id: 'A',
    sender: person,
    type: 'chat',
    body: 'text',
    ack: 1,
    has_media: 0,
    edited_at_ms: time,
    revoked_at_ms: null,
    details: JSON.stringify({ expires_at: time }),
  })
  store.chats.noteMessage(chat, message, T)
  store.changes.addRevision(message, { what: 'edited', type: 'chat', body: 'was', untilMs: time })
  store.changes.setReaction({ message, sender: person, emoji: '👍', at_ms: time })
  store.chats.setFacts(chat, {
    name: null,
    unread_count: 1,
    timestamp: time,
    archived: 0,
    pinned_at: time,
    muted_until: time,
    is_read_only: 0,
  })
  // What later migrations change.
  store.db.exec(`DROP INDEX events_of_chats; CREATE INDEX events_by_chat ON events (chat);
    ALTER TABLE chats ADD COLUMN history_complete INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE chats DROP COLUMN history; ALTER TABLE chats DROP COLUMN history_reason;
    ALTER TABLE chats DROP COLUMN history_tries; ALTER TABLE chats DROP COLUMN history_next_at;
    ALTER TABLE chats DROP COLUMN history_from; ALTER TABLE chats DROP COLUMN phone_asked_at;
    DROP INDEX messages_unknown; ALTER TABLE messages DROP COLUMN standing;
    DROP TABLE pictures; DROP TABLE number_checks; DROP TABLE media; DROP TABLE media_files; DROP TABLE media_leaving; DROP TABLE media_previews; DROP TABLE message_raw; DROP TABLE raw_packs;
    DROP TABLE person_phones; DROP TABLE phone_aliases; DROP TABLE poll_votes; ALTER TABLE messages DROP COLUMN by_phone;
    DROP TABLE member_spans; DROP INDEX messages_own;
    ALTER TABLE chats DROP COLUMN forgotten_until; ALTER TABLE chats DROP COLUMN goes_on_from; ALTER TABLE chats DROP COLUMN familiar;
    PRAGMA user_version = 3`)
  store.close()
  return openStore(file)
}

it.each([
  [1e308, T],
  [-5, T],
  [-1e308, T],
  [T * 1000, T],
  [T + 0.5, T],
  [T, T],
])('a chat of the time %d is read, and exported so that it can be imported', (time, timestamp) => {
  const store = before(time)
  const reader = createReader(store.db, clock)
  const all = { kinds: CHAT_KINDS, unreadOnly: false }
  const [chat] = reader.listChats(all, { limit: 10 }).items
  expect(Chat.parse(chat)).toMatchObject({ id: CHAT, timestamp })
  expect(reader.getChat(CHAT).chat.timestamp).toBe(timestamp)
  expect(Message.parse(chat?.last_message)).toMatchObject({ timestamp: T })
  expect(reader.getMessage(KEY, { before: 1, after: 1 })).toMatchObject({ revisions: [{ body: 'was' }] })
  const asked = { kinds: CHAT_KINDS, muted: true, archived: true }
  reader.listUnread({ ...asked, perChat: 5 }, { limit: 10 })
  reader.listWaiting({ ...asked, days: 36_500 }, { limit: 10 })

  const exporter = createExporter(store.db, clock)
  const [jsonl = ''] = EXPORT_FORMATS.map((format) => [...exporter.export(null, format).pieces].join(''))
  const copy = openStore(join(dir, 'copy.db'))
  const [first = '', ...lines] = jsonl.trimEnd().split('\n')
  const importer = createImporter(copy, readHeaderLine(first), () => true)
  copy.transaction(() => lines.forEach(importer.add))
  importer.finish()
  expect(createReader(copy.db, clock).listChats(all, { limit: 10 }).items).toEqual([chat])
  for (const one of [store, copy]) one.close()
})

it('an export of a version before is imported, its times set right', () => {
  const store = before(T)
  const [jsonl = ''] = [[...createExporter(store.db, clock).export(null, 'jsonl').pieces].join('')]
  store.close()
  const copy = openStore(join(dir, 'copy.db'))
  const [first = '', ...lines] = jsonl.replace(`"timestamp":${T}`, '"timestamp":1e308').trimEnd().split('\n')
  const importer = createImporter(copy, readHeaderLine(first), () => true)
  copy.transaction(() => lines.forEach(importer.add))
  importer.finish()
  expect(createReader(copy.db, clock).getChat(CHAT).chat.timestamp).toBe(253_402_300_799)
  copy.close()
})

it('times are whole seconds up to the year 9999', () => {
  expect([T, T * 1000, T + 0.9, -1, Number.NaN].map(toSeconds)).toEqual([T, T, T, 0, 0])
  expect(msToIso(1e308)).toBe('9999-12-31T23:59:59.999Z')
  expect(msToIso(Number.NaN)).toBe('1970-01-01T00:00:00.000Z')
})
