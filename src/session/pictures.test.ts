/** Profile pictures where the settings say that no file is kept. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import type { Engine } from '../engine/engine.ts'
import { toJid } from '../model/ids.ts'
import { openStore } from '../store/store.ts'
import { createPictureRoom } from './pictures.ts'

const AMARA = toJid('15550001101@c.us')
const BRUNO = toJid('15550001102@c.us')

const dir = mkdtempSync(join(tmpdir(), 'wma-pictures-'))
afterAll(() => rmSync(dir, { recursive: true, force: true }))

it('a picture that is not kept is asked for once by one who reads it twice, and its version is known', async () => {
  const store = openStore(join(dir, 'a.db'))
  const clock = createTestClock()
  const asked: string[] = []
  let engine = {
    connected: () => true,
    async perform(_: string, { chat }: { chat: string }) {
      asked.push(chat)
      return { result: { tag: '1', data: Buffer.from(chat).toString('base64') } }
    },
  } as unknown as Engine
  const room = createPictureRoom({
    ...{ store, clock, account: toJid('15550001000@c.us'), own: () => new Set(), engine: () => engine },
    shelf: {
      find: async () => null,
      keep: async () => null,
      read: () => expect.fail('there is no file'),
      wake: () => {},
    },
  })
  const read = async (of: typeof AMARA) => {
    const { read, sizeBytes } = await room.open(of)
    let text = ''
    for await (const piece of read(0, sizeBytes)) text += Buffer.from(piece).toString()
    return text
  }
  expect([await read(AMARA), await read(AMARA)]).toEqual([AMARA, AMARA])
  expect(asked).toEqual([AMARA])
  expect(store.pictures.get(AMARA)).toMatchObject({ tag: '1', filehash: null })
  expect([await read(BRUNO), await read(AMARA)]).toEqual([BRUNO, AMARA])
  store.pictures.markStale(AMARA)
  await read(AMARA)
  clock.advance(3_600_000)
  await read(AMARA)
  expect(asked).toEqual([AMARA, BRUNO, AMARA, AMARA, AMARA])
  // Changes between two connections are reported by none.
  clock.advance(1)
  engine = { ...engine }
  expect([await read(AMARA), await read(AMARA)]).toEqual([AMARA, AMARA])
  expect(asked).toHaveLength(6)
  store.close()
})
