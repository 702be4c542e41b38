/** Which files beside the archive leave when it opens. */
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import { seal, sealedName } from '../files/sealed-file.ts'
import { createLog } from '../log.ts'
import { MEDIA_ON_DEMAND } from '../model/media-rules.ts'
import { openStore } from '../store/store.ts'
import { createMediaRoom } from './media.ts'
import { openMediaFolder } from './media-folder.ts'

const HASH = Buffer.alloc(32, 1).toString('base64')
const OTHER = Buffer.alloc(32, 2).toString('base64')

let root: string
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wma-media-'))
  mkdirSync(join(root, 'media'))
})
afterEach(() => rmSync(root, { recursive: true, force: true }))

/** Opens the archive and its media; returns the key of the files once it is done with them. `knows`: a file of it. */
async function opened(archive: string, knows?: string): Promise<string> {
  const store = openStore(join(root, archive))
  const file = { size_bytes: 70_000, type: null }
  if (knows !== undefined) store.transaction(() => store.mediaFiles.use({ filehash: knows, ...file }, 0))
  const unused = () => Promise.reject(new Error('nothing is read'))
  const room = createMediaRoom({
    store,
    reads: { quoted: unused, messagesAt: unused },
    dir: join(root, 'media'),
    rules: MEDIA_ON_DEMAND,
    engine: () => null,
    clock: createTestClock(),
    log: createLog({ level: 'silent' }),
  })
  await room.clean()
  room.stop()
  const key = String(store.meta.get('media_key'))
  store.close()
  return key
}

const files = () => readdirSync(join(root, 'media')).sort()

async function add(key: string, filehash: string, sizeBytes = 70_000): Promise<string> {
  const name = sealedName(key, filehash)
  const pieces = async function* () {
    yield Buffer.alloc(sizeBytes)
  }
  await seal(join(root, 'media', name), key, pieces(), 2 ** 20)
  return name
}

it.each([0, 1, 65_536, 65_537, 131_072])(
  'a file of %i bytes that this archive wrote and does not know leaves',
  async (sizeBytes) => {
    const key = await opened('a.db')
    const known = await add(key, HASH)
    await add(key, OTHER, sizeBytes)
    await opened('a.db', HASH)
    expect(files()).toEqual([known])
  },
)

it('what an interrupted download left leaves', async () => {
  const draft = '0123456789abcdef'.repeat(2)
  for (const name of [draft, `${draft}.0123456789ab.part`]) writeFileSync(join(root, 'media', name), 'half')
  await opened('a.db')
  expect(files()).toEqual([])
})

it('files of an archive that was moved away stay, until it is back', async () => {
  const name = await add(await opened('a.db'), HASH)
  await opened('a.db', HASH)
  renameSync(join(root, 'a.db'), join(root, 'away.db'))
  // The key is made at the first start, and known at the second.
  for (let start = 1; start <= 2; start += 1) {
    await opened('a.db')
    expect(files()).toEqual([name])
  }
  rmSync(join(root, 'a.db'))
  renameSync(join(root, 'away.db'), join(root, 'a.db'))
  await opened('a.db')
  expect(files()).toEqual([name])
})

it('a file that was cut is not here, and leaves', async () => {
  const store = openStore(join(root, 'a.db'))
  const folder = openMediaFolder(store, join(root, 'media'), createLog({ level: 'silent' }))
  const pieces = async function* () {
    yield Buffer.alloc(70_000)
  }
  const file = await folder.write(pieces(), 2 ** 20)
  store.transaction(() => store.mediaFiles.use(file, 0))
  expect(await folder.find(file.filehash)).toMatchObject(file)
  truncateSync(join(root, 'media', String(files()[0])), 69_000)
  expect(await folder.find(file.filehash)).toBe(null)
  await folder.clean()
  expect(files()).toEqual([])
  store.close()
})
