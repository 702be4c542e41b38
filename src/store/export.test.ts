/** Exports of an archive that changes meanwhile, and how much one step of them takes. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { toJid } from '../model/ids.ts'
import { createExporter, EXPORT_FORMATS, type ExportFormat } from './exporter.ts'
import { createImporter } from './import.ts'
import { readHeaderLine } from './import-header.ts'
import { openStore } from './store.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

const PHONE = toJid('15552222222@c.us')
const LID = toJid('777@lid')

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

const piecesOf = (format: ExportFormat = 'jsonl') =>
  createExporter(archive.store.db, createTestClock()).export(null, format).pieces

/** The number of messages and of chats that an import of this text has. */
function imported(text: string): { messages: number; chats: number } {
  const dir = mkdtempSync(join(tmpdir(), 'wma-exported-'))
  const store = openStore(join(dir, 'archive.db'))
  try {
    const [first = '', ...lines] = text.trimEnd().split('\n')
    const importer = createImporter(store, readHeaderLine(first), () => true)
    store.transaction(() => lines.forEach(importer.add))
    importer.finish()
    return { messages: importer.counts.messages, chats: store.chats.all().length }
  } finally {
    store.close()
    rmSync(dir, { recursive: true, force: true })
  }
}

/** An export in the middle of which this happens, after each number of pieces that it has. */
function* exportsWith(happens: () => void, prepare: () => void): Generator<string> {
  for (let at = 1, isOver = false; !isOver; at += 1) {
    archive.close()
    archive = openTestArchive()
    archive.store.transaction(prepare)
    let text = ''
    let count = 0
    isOver = true
    for (const piece of piecesOf()) {
      text += piece
      count += 1
      if (count !== at) continue
      archive.store.transaction(happens)
      isOver = false
    }
    yield text
  }
}

describe('an export can be imported', () => {
  let hidden: number
  let chat: number
  function known(): void {
    hidden = archive.person({ lid: LID, pushname: 'L' })
    chat = archive.chat('direct', { person: hidden })
    for (let n = 0; n < 500; n += 1) archive.message(chat, { from: hidden, ago: 1_000 - n })
  }

  it('where a phone number becomes known while it is made', () => {
    const learn = () => archive.store.identify(PHONE, LID, Date.now())
    const texts = [...exportsWith(learn, known)]
    expect(texts.length).toBeGreaterThan(5)
    for (const text of texts) expect(imported(text)).toEqual({ messages: 500, chats: 1 })
  })

  it('where an earlier version stored odd numbers', () => {
    known()
    const options = [{ name: 'Fri', votes: 2.5 }]
    archive.message(chat, { details: { media: { size_bytes: 2 ** 63, width: 1e300, height: 2.5 } } })
    archive.message(chat, { details: { poll: { question: 'When?', multiple: true, options } } })
    expect(imported([...piecesOf()].join(''))).toEqual({ messages: 502, chats: 1 })
  })

  it('where two people and their chats turn out to be one while it is made', () => {
    let other: number
    const both = () => {
      known()
      other = archive.person({ phone: PHONE })
      const chats = [chat, archive.chat('direct', { person: other })] as const
      for (let n = 0; n < 500; n += 1)
        archive.message(chats[n % 2 === 0 ? 0 : 1], { from: n % 2 === 0 ? hidden : other, ago: 500 - n })
    }
    const merge = () => {
      archive.store.identify(PHONE, LID, Date.now())
    }
    for (const text of exportsWith(merge, both)) expect(imported(text).messages).toBe(1_000)
  })

  it('where an exported person becomes a different person', () => {
    const come = () => {
      const other = archive.person({ phone: PHONE })
      const present = archive.chat('direct', { person: other })
      archive.message(present, { from: other })
      archive.store.identify(PHONE, LID, Date.now())
    }
    const texts = [...exportsWith(come, known)]
    // What comes after the last page was read is not in it.
    for (const text of texts) expect(imported(text).messages).toBeOneOf([500, 501])
    expect(imported(texts[0] ?? '').messages).toBe(501)
  })
})

describe.each(EXPORT_FORMATS)('a step of an export as %s', (format) => {
  it.each<[string, () => void]>([
    [
      'members',
      () => {
        const people = Array.from({ length: 500 }, (_, n) =>
          archive.person({ phone: `${15550000000 + n}@c.us` }),
        )
        for (let n = 0; n < 40; n += 1) {
          const group = archive.chat('group', { jid: `12036${n}@g.us` })
          archive.members(group, ...people.map((person) => ({ person, isAdmin: false })))
        }
      },
    ],
    [
      'reactions',
      () => {
        const people = Array.from({ length: 500 }, (_, n) =>
          archive.person({ phone: `${15550000000 + n}@c.us` }),
        )
        const chat = archive.chat('group', { jid: '12036@g.us' })
        for (let n = 0; n < 40; n += 1) {
          const message = archive.message(chat)
          for (const sender of people)
            archive.store.changes.setReaction({ message, sender, emoji: '👍', at_ms: 1 })
        }
      },
    ],
    [
      'long texts',
      () => {
        const chat = archive.chat('group', { jid: '12036@g.us' })
        for (let n = 0; n < 40; n += 1) archive.message(chat, { body: 'größe '.repeat(10_000) })
      },
    ],
    [
      'earlier texts',
      () => {
        const chat = archive.chat('group', { jid: '12036@g.us' })
        for (let n = 0; n < 40; n += 1) {
          const revision = { what: 'edited', type: 'chat', body: 'x'.repeat(60_000), untilMs: 1 } as const
          archive.store.changes.addRevision(archive.message(chat), revision)
        }
      },
    ],
    [
      'short texts',
      () => {
        const chat = archive.chat('group', { jid: '12036@g.us' })
        for (let n = 0; n < 1_000; n += 1) archive.message(chat)
      },
    ],
  ])('is some ten kilobytes, or one row, however many %s there are', (_, prepare) => {
    archive.store.transaction(prepare)
    const sizes = Array.from(piecesOf(format), (piece) => piece.length)
    expect(Math.max(...sizes)).toBeLessThan(80_000)
  })

  it('is some hundred rows where they are small', () => {
    const chat = archive.chat('group', { jid: '12036@g.us' })
    archive.store.transaction(() => {
      for (let n = 0; n < 1_000; n += 1) archive.message(chat)
    })
    expect([...piecesOf(format)].length).toBeLessThan(20)
  })
})
