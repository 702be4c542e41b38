/** How the reader asks: by index, and fast enough with an archive of many years. */
import { readdirSync, readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cpuMs } from '../../test/cpu-time.ts'
import { systemClock } from '../clock.ts'
import { toJid } from '../model/ids.ts'
import { firstPositionOf } from './position.ts'
import { createReader } from './reader.ts'
import { connect } from './sqlite.ts'
import { NOW, openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeAll(() => {
  archive = openTestArchive()
  fill(archive)
})
afterAll(() => archive.close())

/** 20 000 people, 5 000 chats, 250 000 messages with reactions, answers and mentions; 100 000 of them in one chat. */
function fill({ store }: TestArchive): void {
  const upTo = (count: number) =>
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count})`
  const start = firstPositionOf(NOW) - 250_000 * 4096
  store.db.exec(`
    ${upTo(20_000)} INSERT INTO people (phone, lid, name, pushname, in_address_book)
      SELECT (15550000000 + i) || '@c.us', (800000000000 + i) || '@lid', iif(i % 2, 'Jürgen Müller ' || i, NULL),
        'push ' || i, i % 2 FROM n;
    ${upTo(5_000)} INSERT INTO chats (kind, jid, person, name, unread_count, timestamp, archived)
      SELECT iif(i % 5, 'direct', 'group'), iif(i % 5, NULL, i || '@g.us'), iif(i % 5, i, NULL),
        iif(i % 5, NULL, 'Grüppe ' || i), i % 51 = 0, ${NOW} - 5000 + i, i % 10 = 0 FROM n;
    ${upTo(4_000)} INSERT INTO members SELECT (i % 1000 + 1) * 5, i, i % 7 = 0 FROM n;
    ${upTo(250_000)} INSERT INTO messages (id, chat, bare_id, sender, type, body, ack, details)
      SELECT ${start} + i * 4096, iif(i % 5 < 2, 4999, i % 4998 + 1), 'ID' || i, iif(i % 2, 0, i % 5000 + 1), 'chat',
        'some words of message ' || i, 3, iif(i % 3, NULL, json_object('quoted', json_object('bare_id', 'ID' || (i - 5),
        'sender', NULL, 'body', 'words'), 'mentions', json_array(i % 90 + 1))) FROM n;
    INSERT INTO search (rowid, tokens) SELECT id, body || ' _c' || chat FROM messages;
    INSERT INTO reactions SELECT id, id % 3, '👍', 0 FROM messages WHERE id % 5 = 0;
    UPDATE chats SET last_message = (SELECT max(id) FROM messages WHERE chat = chats.id);
  `)
}

describe('every statement', () => {
  /** What may read a whole table: names are folded here and not in SQLite; chats and archives are counted. */
  const MAY_SCAN = [
    /FROM people WHERE same_as IS NULL$/,
    // Few: numbers that WhatsApp knows by another one.
    /FROM phone_aliases(?: WHERE phone IN .*)?$/,
    /^SELECT\s+\(SELECT count\(\*\) FROM messages\)/,
    /^SELECT c\.kind, count\(\*\)/,
    /FILTER .* FROM chats\s+WHERE unread_count/s,
    /FROM people p LEFT JOIN chats c ON c\.person = p\.id\s+WHERE p\.same_as IS NULL AND/,
  ]

  it('is answered from an index, without sorting', () => {
    // Of its own: in libsql an EXPLAIN stays open, and nothing can be closed cleanly beside it.
    const db = connect(':memory:')
    const migrations = new URL('./migrations/archive/', import.meta.url)
    for (const name of readdirSync(migrations).sort())
      db.exec(readFileSync(new URL(name, migrations), 'utf8'))
    const asked: string[] = []
    createReader(
      {
        ...db,
        query(sql) {
          asked.push(sql)
          return db.query(sql)
        },
      },
      systemClock,
    )
    expect(asked.length).toBeGreaterThan(20)
    const slow = asked
      .filter((sql) => !MAY_SCAN.some((known) => known.test(sql)))
      .flatMap((sql) => {
        const plan = db.query<{ detail: string }>(`EXPLAIN QUERY PLAN ${sql}`).all()
        // Scanned are only the views of a limited reader, the lists that were passed in, the few segments of the index, and FTS5's hits, between two positions.
        return plan
          .map(({ detail }) => detail)
          .filter(
            (step) =>
              /TEMP B-TREE/.test(step) ||
              /^SCAN (?!sqlite_temp_schema$|asked|json_each|segments$|\(subquery|search VIRTUAL TABLE INDEX \d+:[<>]*M)/.test(
                step,
              ),
          )
          .map((step) => `${step}: ${sql}`)
      })
    expect(slow).toEqual([])
  })
})

describe('with an archive of many years', () => {
  const all = { unreadOnly: false, kinds: ['direct', 'group'] } as const
  const some = { kinds: ['direct', 'group'], muted: false, archived: false } as const
  const BIG = toJid('15550004999@c.us')

  /** Bounds are far above what is usual, for busy machines, and far below what reading everything takes. */
  it.each<[string, number, (archive: TestArchive) => unknown[]]>([
    ['20 chats', 5, ({ reader }) => reader.listChats(all, { limit: 20 }).items],
    ['100 chats', 15, ({ reader }) => reader.listChats(all, { limit: 100 }).items],
    [
      'a page of found chats',
      60,
      ({ reader }) => reader.listChats({ ...all, query: 'muller 11' }, { limit: 20 }).items,
    ],
    ['100 messages', 10, ({ reader }) => reader.readMessages(BIG, { limit: 100 }).messages],
    ['10 messages', 5, ({ reader }) => reader.readMessages(BIG, { limit: 10 }).messages],
    ['all contacts', 150, ({ reader }) => reader.listContacts({}, { limit: 20 }).items],
    ['found contacts', 150, ({ reader }) => reader.listContacts({ query: 'muller 11' }, { limit: 20 }).items],
    ['unread', 20, ({ reader }) => reader.listUnread({ ...some, perChat: 5 }, { limit: 20 }).items],
    ['waiting', 30, ({ reader }) => reader.listWaiting({ ...some, days: 14 }, { limit: 20 }).items],
    [
      'found messages',
      20,
      ({ reader }) => reader.searchMessages('words', { chat: BIG }, { limit: 20, sort: 'newest' }).items,
    ],
    ['one chat', 50, ({ reader }) => [reader.getChat(BIG)]],
    ['one contact', 300, ({ reader }) => [reader.getContact(BIG)]],
  ])('%s take less than %d ms', (name, bound, read) => {
    expect(read(archive).length).toBeGreaterThan(0)
    const times = Array.from({ length: 15 }, (_, round) => {
      // Nothing may be remembered of the round before.
      archive.store.meta.set('round', round)
      const start = cpuMs()
      read(archive)
      return cpuMs() - start
    }).sort((one, other) => one - other)
    if (process.env.PRINT) console.log(name, times[7]?.toFixed(2), times[0]?.toFixed(2))
    expect(times[7]).toBeLessThan(bound)
  })
})
