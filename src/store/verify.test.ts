/** A whole archive looked through: the search index is checked for real, against what the messages say. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createTextOf } from './search-index.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'
import { verify } from './verify.ts'

let archive: TestArchive
let chat: number
let ids: number[]

beforeEach(() => {
  archive = openTestArchive()
  const person = archive.person({ phone: '15551111111@c.us' })
  chat = archive.chat('direct', { person })
  archive.store.transaction(() => {
    ids = Array.from({ length: 30 }, (_, n) =>
      archive.message(chat, { from: person, body: `text ${n} 你好 $5 👍`, ago: 100 - n }),
    )
  })
})
afterEach(() => archive.close())

const look = () => verify(archive.store.db).map(({ check, rows }) => [check, rows])
const exec = (sql: string) => archive.store.db.exec(sql)

it('is whole whatever was written, changed, deleted and forgotten', () => {
  const { store } = archive
  archive.message(chat, { body: '', details: { media: { filename: 'only a name.pdf' } } })
  archive.message(chat, { body: '', details: { media: { width: 3 } } })
  archive.message(chat, { body: '…' })
  store.transaction(() => {
    const [first = 0, second = 0, third = 0] = ids
    const [edited, revoked] = [store.messages.get(first), store.messages.get(second)]
    if (edited) store.messages.update({ ...edited, body: 'something else' })
    if (revoked) store.messages.update({ ...revoked, type: 'revoked', body: '' })
    store.messages.remove([third])
  })
  expect(look()).toEqual([])
  expect(archive.store.search.isIncomplete()).toBe(false)
  // Nothing of the looking is left.
  expect(look()).toEqual([])
})

it.each([
  [
    'media',
    `INSERT INTO media (message, type, direct_path) VALUES (7, 'image', '/v')`,
    '1 media belong to no message',
  ],
  [
    'previews',
    `INSERT INTO media_previews VALUES (7, x'ffd8ff')`,
    '1 previews belong to no media, or are empty',
  ],
])('reports %s without their message', (check, sql, says) => {
  exec(sql)
  expect(verify(archive.store.db)).toEqual([{ check, rows: 1, says }])
})

describe('a search index', () => {
  it.each<[string, () => void, string]>([
    [
      'with words of a message that is gone',
      () => exec(`DELETE FROM messages WHERE id = ${ids[3]}`),
      '1 deleted messages can still',
    ],
    [
      'with words of a message that was deleted for everyone',
      () => exec(`UPDATE messages SET type = 'revoked', body = '' WHERE id = ${ids[3]}`),
      '1 deleted messages can still',
    ],
    [
      'without some messages',
      () => {
        for (const id of ids.slice(0, 2))
          archive.store.db
            .command(`INSERT INTO search (search, rowid, tokens) VALUES ('delete', ?, ?)`)
            .run(BigInt(id), tokens(id))
      },
      '2 messages cannot be found',
    ],
    [
      'with other words than those of a message',
      () => exec(`UPDATE messages SET body = 'another' WHERE id = ${ids[3]}`),
      '1 messages can be found by wrong words',
    ],
    [
      'that cannot be read',
      () => exec(`UPDATE search_data SET block = x'00ff00ff00ff' WHERE id > 10`),
      'cannot be read',
    ],
  ])('%s is reported, and the index is rebuilt', (_, harm, says) => {
    harm()
    const flaws = verify(archive.store.db).filter(({ check }) => check === 'search')
    expect(flaws[0]?.says).toContain(says)
    expect(flaws[0]?.says).toContain('rebuilt')
    expect(archive.store.search.isIncomplete()).toBe(true)
    while (archive.store.search.step());
    expect(verify(archive.store.db).filter(({ check }) => check === 'search')).toEqual([])
  })

  it('that is being made is not looked at where it is not made yet', () => {
    archive.store.search.rebuild()
    expect(look()).toEqual([])
    archive.store.search.step()
    expect(look()).toEqual([])
  })
})

/** What the index holds of one of the messages above. */
function tokens(id: number): string {
  const row = archive.store.messages.get(id)
  return row === undefined ? '' : (createTextOf(archive.store.db)(row) ?? '')
}
