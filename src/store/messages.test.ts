/** Texts as SQLite gives them back: whatever cleanText lets through comes back as it was, and leaves whole. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cleanText } from '../model/text.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'

let archive: TestArchive
beforeEach(() => {
  archive = openTestArchive()
})
afterEach(() => archive.close())

/** How many messages the index holds this word of. */
const indexed = (word: string) =>
  archive.store.db.query<{ rowid: number }>('SELECT rowid FROM search WHERE search MATCH ?').all(word).length
const found = (q: string) =>
  archive.reader
    .searchMessages(q, {}, { limit: 20, cursor: undefined, sort: 'newest' })
    .items.map(({ message }) => message.body)

describe('a text that is no proper one', () => {
  it.each([
    ['a NUL', 'abc\0secretword'],
    ['the first half of a character', 'abc \ud83d secretword'],
    ['the second half', 'abc\ude00secretword'],
    ['every control there is', `abc${String.fromCharCode(...Array(32).keys(), 0x7f, 0x85)}secretword`],
  ])('%s: reads back as it was written, is found, and leaves no word behind', (_, text) => {
    const person = archive.person({ phone: '15551111111@c.us' })
    const chat = archive.chat('direct', { person })
    const body = cleanText(text)
    const id = archive.message(chat, { from: person, body })
    expect(archive.store.messages.get(id)?.body).toBe(body)
    expect(found('secretword')).toEqual([body])
    expect(found(text)).toEqual([body])
    archive.store.transaction(() => archive.store.messages.remove([id]))
    expect(['abc', 'secretword'].map(indexed)).toEqual([0, 0])
  })
})
