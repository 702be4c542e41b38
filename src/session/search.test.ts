/** What the inbox writes can be searched at once, and in the index is what the messages say, whatever happens to them. */
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { createLog } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { SeenContact, SeenMessage } from '../model/seen.ts'
import { createOwnIds } from '../own-ids.ts'
import { createEventReader } from '../store/read-events.ts'
import type { SearchFilter } from '../store/read-search.ts'
import { createReader } from '../store/reader.ts'
import { openReads, startReadThreads } from '../store/reads.ts'
import { openStore, type Store } from '../store/store.ts'
import type { Inbox } from './inbox.ts'
import { startIndexing } from './indexing.ts'

const ME = toJid('15550001000@c.us')
const AMARA = toJid('15551110000@c.us')
const AMARA_LID = toJid('99001@lid')
const BOB = toJid('15552220000@c.us')
const GROUP = toJid('120363000000000001@g.us')
const T = 1_700_000_000

const clock = createTestClock()
const log = createLog({ level: 'silent' })
let dir: string
let store: Store
let inbox: Inbox

function open(name = 'a.db'): void {
  store = openStore(join(dir, name))
  store.meta.set('account_wid', ME)
  inbox = createTestInbox(store, clock, { own: [ME] })
}

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-search-'))
  open()
})
afterEach(() => {
  store.close()
  rmSync(dir, { recursive: true, force: true })
})

function message(bareId: string, body: string, more: Partial<SeenMessage> = {}): SeenMessage {
  return seenMessage({ chat: AMARA, bareId, body, sentAt: T, ...more })
}

function take(...seen: SeenMessage[]): void {
  for (const one of seen) inbox.take({ type: 'message', message: one })
  inbox.flush()
}

function meet(contact: Pick<SeenContact, 'phone' | 'lid'>): void {
  const facts = { name: null, pushname: null, inAddressBook: false, isBusiness: false, isBlocked: false }
  inbox.take({ type: 'contacts', contacts: [{ ...contact, ...facts }] })
  inbox.flush()
}

const search = (query: string, filter: SearchFilter = {}) =>
  createReader(store.db, clock).searchMessages(query, filter, { limit: 100, sort: 'newest' })
/** Bare ids of what is found, newest first. */
const found = (query: string, filter: SearchFilter = {}) =>
  search(query, filter).items.map(({ message: { id } }) => id.split('_')[2])

/** All that the index holds: each token with its message. */
function indexed(): string[] {
  store.db.exec('CREATE VIRTUAL TABLE temp.words USING fts5vocab(main, search, instance)')
  const rows = store.db
    .query<{ term: string; doc: number }>('SELECT DISTINCT term, doc FROM temp.words ORDER BY term, doc')
    .all()
  store.db.exec('DROP TABLE temp.words')
  return rows.map(({ term, doc }) => `${term} ${doc}`)
}

/** The same as one made of the messages as they are now. */
function expectFaithful(): void {
  const before = indexed()
  store.search.rebuild()
  while (store.search.step());
  expect(before).toEqual(indexed())
}

describe('a message', () => {
  it('is found once it is written, by every word of it', () => {
    take(message('A1', 'Treffen um acht'), message('A2', 'kein Treffen', { sentAt: T + 1 }))
    expect(found('treffen')).toEqual(['A2', 'A1'])
    expect(found('acht treffen')).toEqual(['A1'])
    expect(found('neun')).toEqual([])
  })

  it('that was edited is found by what it says now', () => {
    take(message('A1', 'um acht'))
    take(message('A1', 'um neun', { editedAt: (T + 60) * 1000 }))
    expect([found('acht'), found('neun'), found('um')]).toEqual([[], ['A1'], ['A1']])
    expectFaithful()
  })

  it('that was deleted is not found', () => {
    take(message('A1', 'um acht'))
    take(message('A1', '', { type: 'revoked' }))
    expect(found('acht')).toEqual([])
    expect(indexed()).toEqual([])
  })

  it('that could not be read at first is found once it can', () => {
    take(message('A1', '', { type: 'ciphertext' }))
    expect(indexed()).toEqual([])
    take(message('A1', 'um acht'))
    expect(found('acht')).toEqual(['A1'])
  })

  it('that leaves the archive takes its words out of the file', () => {
    take(message('A1', 'xylophonkonzert'), message('A2', 'bleibt', { sentAt: T + 1 }))
    const [row] = store.db.query<{ id: number }>(`SELECT id FROM messages WHERE bare_id = 'A1'`).all()
    store.transaction(() => store.messages.remove([row?.id ?? 0]))
    expect([found('xylophonkonzert'), found('bleibt')]).toEqual([[], ['A2']])
    const blocks = store.db.query<{ block: Uint8Array }>('SELECT block FROM search_data').all()
    expect(blocks.some(({ block }) => Buffer.from(block).includes('xylophon'))).toBe(false)
  })

  it('is found by the name of its file', () => {
    const media = { mimetype: 'application/pdf', filename: 'Übersicht_2025.pdf' }
    take(message('A1', 'der Plan', { type: 'document', hasMedia: true, content: { media } }))
    expect([found('ubersicht'), found('plan 2025'), found('"plan ubersicht"')]).toEqual([['A1'], ['A1'], []])
    expect(search('2025').items[0]?.snippet).toEqual({ text: 'Übersicht_2025.pdf', marks: [[10, 14]] })
  })

  it('is not there where the transaction was not', () => {
    expect(() =>
      store.transaction(() => {
        take(message('A1', 'um acht'))
        throw new Error('undone')
      }),
    ).toThrow('undone')
    expect(indexed()).toEqual([])
  })
})

describe('history written later, in any order', () => {
  it('is found in order of time', () => {
    const at = (n: number) => message(`A${n}`, `wort ${n}`, { sentAt: T + n })
    take(at(5))
    inbox.recordStretch(inbox.where.findChat(AMARA) ?? 0, [at(3), at(4)], () => 'history', null)
    take(at(6), message('B1', 'wort', { chat: BOB, sentAt: T - 1 }))
    inbox.recordStretch(inbox.where.findChat(AMARA) ?? 0, [at(1), at(2)], () => 'history', null)
    expect(found('wort')).toEqual(['A6', 'A5', 'A4', 'A3', 'A2', 'A1', 'B1'])
  })
})

describe('two addresses that turn out to be one person', () => {
  it('are found under both, in the chat and among what they wrote', () => {
    const inGroup = { chat: GROUP, sender: AMARA_LID }
    take(
      message('A1', 'hallo vom Telefon'),
      message('A2', 'hallo vom LID', { chat: AMARA_LID, sentAt: T + 1 }),
    )
    take(message('G1', 'hallo Gruppe', { ...inGroup, sentAt: T + 2 }))
    // Both chats have this one.
    take(message('A3', 'hallo beide'), message('A3', 'hallo beide', { chat: AMARA_LID }))
    expect(found('hallo', { chat: AMARA })).toEqual(['A3', 'A1'])
    meet({ phone: AMARA, lid: AMARA_LID })
    for (const chat of [AMARA, AMARA_LID]) {
      expect(found('hallo', { chat })).toEqual(['A2', 'A3', 'A1'])
      expect(found('hallo', { from: chat })).toEqual(['G1', 'A2', 'A3', 'A1'])
    }
    expectFaithful()
  })
})

describe('an archive without an index', () => {
  /** As a version before this one wrote it. */
  function forgetAll(): void {
    store.db.exec(`INSERT INTO search (search) VALUES ('delete-all')`)
    store.db.exec(`DELETE FROM meta WHERE name LIKE 'search%'`)
    store.close()
    open()
  }

  it('is indexed in the background, the newest first, and says so meanwhile', () => {
    for (let n = 0; n < 450; n += 1) take(message(`A${n}`, `wort ${n}`, { sentAt: T + n }))
    forgetAll()
    expect([search('wort').indexing, found('wort')]).toEqual([true, []])
    store.search.step()
    store.search.step()
    expect([search('wort').indexing, found('449'), found('1')]).toEqual([true, ['A449'], []])
    // What is written or changed meanwhile, on both sides of where it is.
    take(message('B1', 'wort neu', { sentAt: T + 500 }), message('B2', 'wort alt', { sentAt: T - 1 }))
    take(message('A3', 'wort drei', { sentAt: T + 3, editedAt: (T + 600) * 1000 }))
    take(message('A440', '', { sentAt: T + 440, type: 'revoked' }))
    expect([found('neu'), found('alt'), found('drei')]).toEqual([['B1'], [], []])
    // Killed, and opened again.
    store.close()
    open()
    const stop = startIndexing(store, clock, log)
    for (let n = 0; n < 10; n += 1) clock.advance(5)
    stop()
    expect(search('wort').indexing).toBe(false)
    expect([found('alt'), found('drei'), found('3'), found('440')]).toEqual([['B2'], ['A3'], [], []])
    expectFaithful()
  })

  it('of other tokens is made anew', () => {
    take(message('A1', 'um acht'))
    store.meta.set('search_version', 999)
    store.close()
    open()
    expect(search('acht').indexing).toBe(true)
    while (store.search.step());
    expect(found('acht')).toEqual(['A1'])
  })

  it('of other tokens counts for nothing, also while that could not be noted: as on a full disk', () => {
    take(message('A1', 'um acht'))
    store.meta.set('search_version', 1)
    const expectNone = () => expect([search('acht').indexing, found('acht')]).toEqual([true, []])
    expectNone()
    take(message('A2', 'nach acht'), message('A1', 'vor acht', { editedAt: (T + 60) * 1000 }))
    expectNone()
    expect(store.search.isIncomplete()).toBe(true)
    while (store.search.step());
    expect([search('acht').indexing, found('acht').sort(), found('um')]).toEqual([false, ['A1', 'A2'], []])
    expectFaithful()
  })
})

describe('a damaged index', () => {
  const damage = () => {
    store.close()
    open()
    store.db.exec(`UPDATE search_data SET block = x'00ff00ff00ff00ff' WHERE id > 10`)
    store.close()
    open()
  }
  const mend = () => {
    while (store.search.step());
    expect(found('acht').sort()).toEqual(['A1', 'A2'])
    expectFaithful()
  }

  beforeEach(() => take(message('A1', 'um acht'), message('A2', 'nach acht')))

  it('is found out by a search, and made anew', async () => {
    damage()
    const threads = startReadThreads(60_000)
    createEventReader(store, clock)
    const reads = openReads(store, threads, clock, createOwnIds('test'))
    const search = reads.reader().searchMessages('acht', {}, { limit: 100, sort: 'newest' })
    expect(await search).toMatchObject({ items: [], indexing: true })
    mend()
    await reads.close()
    await threads.close()
  })

  it('is found out by a message that changes, which is then written', () => {
    take(message('A3', 'acht'))
    damage()
    const revoke = () => take(message('A3', '', { type: 'revoked' }))
    expect(revoke).toThrow('damaged')
    revoke()
    mend()
  })

  it('does not keep a copy of the archive from being opened', () => {
    damage()
    store.close()
    copyFileSync(join(dir, 'a.db'), join(dir, 'b.db'))
    open('b.db')
    expect(search('acht').indexing).toBe(true)
    mend()
  })
})

describe('whatever happens', () => {
  it('the index is what the messages say', () => {
    const people: Jid[] = [AMARA, AMARA_LID, BOB, toJid('99002@lid')]
    let state = 11
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647
      return state % below
    }
    const words = ['acht', 'neun', 'Über', '电梯坏', '👍', 'مُحَمَّد', 'Йод', 'ok']
    for (let round = 0; round < 60; round += 1) {
      const seen = Array.from({ length: 20 }, () => {
        const chat = random(3) === 0 ? GROUP : (people[random(4)] ?? AMARA)
        const sender = people[random(4)] ?? AMARA
        const body = Array.from({ length: random(5) }, () => words[random(8)]).join(' ')
        const type = ['chat', 'image', 'ciphertext', 'revoked'][Math.max(0, random(8) - 4)] ?? 'chat'
        return message(`X${random(150)}`, type === 'revoked' ? '' : body, {
          ...{ chat, type, sender: chat === GROUP ? sender : chat, sentAt: T + random(40) },
          editedAt: random(3) === 0 ? (T + round) * 1000 : null,
        })
      })
      take(...seen)
      const ids = store.db.query<{ id: number }>('SELECT id FROM messages ORDER BY id').all()
      const gone = ids.filter(() => random(20) === 0).map(({ id }) => id)
      store.transaction(() => store.messages.remove(gone))
      if (round === 20) meet({ phone: AMARA, lid: AMARA_LID })
      if (round === 40) meet({ phone: BOB, lid: toJid('99002@lid') })
    }
    expect(store.messages.count()).toBeGreaterThan(50)
    expectFaithful()
  })
})
