/** Models of messages: written together, read and removed alone. */
import { inflateSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { DICTIONARY } from './raw-models.ts'
import { openTestArchive, type TestArchive } from './test-archive.ts'
import { verify } from './verify.ts'

let archive: TestArchive
let chat: number
beforeEach(() => {
  archive = openTestArchive()
  chat = archive.chat('group', { jid: '120363000000000001@g.us' })
})
afterEach(() => archive.close())

const rawOf = (n: number, build: string | null = 'one') => ({
  engine: 'wweb',
  build,
  model: { type: 'chat', messageSecret: `secret ${n}`, t: n },
})
/** Messages with their models, recorded in one transaction. */
function record(count: number, build: string | null = 'one'): number[] {
  const { store, message } = archive
  return store.transaction(() =>
    Array.from({ length: count }, (_, n) => {
      const id = message(chat)
      store.raws.setModel(id, rawOf(n, build), 'text')
      return id
    }),
  )
}
const packs = () =>
  archive.store.db.query<{ payload: Uint8Array }>('SELECT payload FROM raw_packs ORDER BY id').all()
const at = (ids: number[], n: number): number => ids[n] ?? 0

it('writes the models of a transaction together, and reads one alone', () => {
  const { raws } = archive.store
  const ids = record(150)
  expect(packs()).toHaveLength(1)
  for (const n of [0, 77, 149]) expect(raws.model(at(ids, n))).toEqual(rawOf(n))
  expect(ids.every(raws.hasModel)).toBe(true)
  expect(raws.model(at(ids, 149) + 1)).toBe(null)
})

it('begins another pack where one is full, and for another build', () => {
  const { raws } = archive.store
  const ids = [...record(250), ...record(1, null), ...record(1, 'two')]
  expect(packs()).toHaveLength(4)
  expect([raws.model(at(ids, 249)), raws.model(at(ids, 250))]).toEqual([rawOf(249), rawOf(0, null)])
})

it('reads a model within its transaction, and none of one that was rolled back', () => {
  const { store, message } = archive
  const fail = () =>
    store.transaction(() => {
      const id = message(chat)
      store.raws.setModel(id, rawOf(7), 'text')
      expect([store.raws.hasModel(id), store.raws.model(id)]).toEqual([true, rawOf(7)])
      throw new Error('rolled back')
    })
  expect(fail).toThrow('rolled back')
  record(1)
  const stored = store.db.query<{ message: number }>('SELECT message FROM message_raw').all()
  expect(stored).toHaveLength(1)
})

it('replaces the model of a message that is seen again', () => {
  const { store } = archive
  const ids = record(3)
  store.transaction(() => store.raws.setModel(at(ids, 1), rawOf(99, 'two'), 'text'))
  expect(ids.map((id) => store.raws.model(id)?.model.t)).toEqual([0, 99, 2])
  expect(packs()).toHaveLength(2)
})

it('removes the model of a deleted message from its pack, and the pack with its last one', () => {
  const { store } = archive
  const ids = record(3)
  const texts = () =>
    packs().map(({ payload }) => inflateSync(payload, { dictionary: DICTIONARY }).toString())
  expect(texts()[0]).toContain('secret 1')
  store.transaction(() => store.messages.remove([at(ids, 1)]))
  expect(texts()[0]).not.toContain('secret 1')
  expect(ids.map((id) => store.raws.model(id)?.model.t)).toEqual([0, undefined, 2])
  store.transaction(() => store.messages.remove([at(ids, 0), at(ids, 2)]))
  expect(texts()).toEqual([])
})

it('is verified: a model whose pack is gone', () => {
  record(2)
  expect(verify(archive.store.db)).toEqual([])
  archive.store.db.exec('DELETE FROM raw_packs')
  expect(verify(archive.store.db)).toMatchObject([{ check: 'models', rows: 2 }])
})
