/**
 * `npm run bench groups [-- --json FILE] [--members N]`: what changes of a group's members cost: events, their bytes in the archive
 * and as readers receive them, bytes written to the disk, and processor time, for all at once, and one by one. Three of ten members
 * are known by LID only. A few seconds; no browser.
 */
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/clock.ts'
import { toJid } from '../src/model/ids.ts'
import type { SeenChat } from '../src/model/seen.ts'
import { createEventReader } from '../src/store/read-events.ts'
import { openStore, type Store } from '../src/store/store.ts'
import { createTestInbox } from '../test/test-inbox.ts'

/** The changes that come one by one. */
const SINGLE = 100
const GROUP = toJid('120363000000000001@g.us')

/** `receivedBytes`: the events as JSON. `writtenBytes`: what was appended to the log of the file. */
type Cost = {
  change: string
  events: number
  eventBytes: number
  receivedBytes: number
  writtenBytes: number
  cpuMs: number
}

const { values } = parseArgs({
  options: { json: { type: 'string' }, members: { type: 'string', default: '1000' } },
})
const count = Number(values.members)
if (!Number.isInteger(count) || count < 2 * SINGLE) throw new Error(`--members takes ${2 * SINGLE} or more`)

const folder = mkdtempSync(join(tmpdir(), 'bench-groups-'))
const file = join(folder, 'archive.db')
const store = openStore(file)
try {
  const costs = measure(store)
  console.table(costs)
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ count, costs }, null, 2)}\n`)
} finally {
  store.close()
  rmSync(folder, { recursive: true, force: true })
}

function measure(store: Store): Cost[] {
  const { events, db } = store
  const inbox = createTestInbox(store, systemClock)
  const reader = createEventReader(store, systemClock)
  const people = Array.from({ length: count }, (_, n) => ({
    id: toJid(n % 10 < 3 ? `${900_000_000_000_000 + n}@lid` : `${15_560_000_000 + n}@c.us`),
    isAdmin: n === 0,
  }))
  const set = (members: SeenChat['members']) => {
    inbox.take({ type: 'chats', chats: [chatWith(members)] })
    inbox.flush()
  }
  const bytes = db.query<{ n: number }>('SELECT coalesce(sum(octet_length(data)), 0) AS n FROM events')
  const receivedSince = (cursor: number) =>
    JSON.stringify(reader.readEvents(cursor, { kinds: null, chat: null }, 1_000).events).length
  const costOf = (change: string, run: () => void): Cost => {
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    const [cursor, dataBytes] = [events.last(), bytes.get()?.n ?? 0]
    const cpu = process.cpuUsage()
    run()
    const { user, system } = process.cpuUsage(cpu)
    return {
      change,
      events: events.last() - cursor,
      eventBytes: (bytes.get()?.n ?? 0) - dataBytes,
      receivedBytes: events.last() === cursor ? 0 : receivedSince(cursor),
      writtenBytes: statSync(`${file}-wal`).size,
      cpuMs: Math.round((user + system) / 1_000),
    }
  }
  set(people.slice(0, 1))
  return [
    costOf(`${count - 1} come at once`, () => set(people)),
    costOf('nothing changes', () => set(people)),
    costOf(`${SINGLE} go, one by one`, () => {
      for (let gone = 1; gone <= SINGLE; gone += 1) set(people.slice(0, -gone))
    }),
    costOf(`${SINGLE} come again, one by one`, () => {
      for (let gone = SINGLE - 1; gone >= 0; gone -= 1) set(people.slice(0, gone === 0 ? undefined : -gone))
    }),
    costOf('all but one go at once', () => set(people.slice(0, 1))),
  ]
}

function chatWith(members: SeenChat['members']): SeenChat {
  return {
    id: GROUP,
    name: 'Everybody',
    unreadCount: 0,
    timestamp: 1_700_000_000,
    archived: false,
    pinnedAt: 0,
    mutedUntil: 0,
    isReadOnly: false,
    last: null,
    members,
  }
}
