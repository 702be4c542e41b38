/** Archives as crashes, copies, other programs and other versions leave them: opened whole, or refused by name. */
import {
  copyFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openSmallDisk } from '../../test/soak/small-disk.ts'
import { AppError } from '../errors.ts'
import { createSlot, readSlots, writeSlots } from './key-file.ts'
import { connect } from './sqlite.ts'
import { openStore, type Store } from './store.ts'
import { TOKENS_VERSION } from './tokens.ts'
import { openArchive } from './unlock.ts'

let dir: string
let file: string
/** What the archive is encrypted with, if at all. */
let key: string | null
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-file-'))
  file = join(dir, 'a.db')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function fill(store: Store, from: number, to: number): void {
  store.transaction(() => {
    for (let id = from; id < to; id += 1) {
      store.messages.insert({
        id,
        chat: 1,
        bare_id: `3EB0${id}`,
        sender: 1,
        type: 'chat',
        body: `message ${id} `.repeat(10),
        ack: 1,
        has_media: 0,
        edited_at_ms: null,
        revoked_at_ms: null,
        details: null,
      })
    }
  })
}

/** Opens, reads everything, writes; the number of messages, or the code of the refusal. */
function use(path: string): number | string {
  let store: Store | null = null
  try {
    store = openStore(path, { key })
    const [check] = store.db.query<{ integrity_check: string }>('PRAGMA integrity_check').all()
    expect(check?.integrity_check).toBe('ok')
    fill(store, 9_000_000, 9_000_001)
    return store.messages.count() - 1
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  } finally {
    store?.close()
  }
}

function filled(count: number): void {
  const store = openStore(file, { key })
  fill(store, 0, count)
  store.close()
}

describe.each([
  ['a plain archive', null],
  ['an encrypted archive', '5e'.repeat(32)],
])('%s', (_, given) => {
  beforeEach(() => {
    key = given
  })

  it('is one file once it is closed, and opens again as it was', () => {
    filled(1000)
    expect(statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0).toBe(0)
    expect(use(file)).toBe(1000)
  })

  it('that was never closed opens with everything that was written', () => {
    const store = openStore(file, { key })
    fill(store, 0, 1000)
    // As a killed process leaves it: the log is not worked in.
    for (const end of ['', '-wal']) copyFileSync(file + end, join(dir, `copy.db${end}`))
    store.close()
    expect(use(join(dir, 'copy.db'))).toBe(1000)
  })

  it('whose making was cut short is made', () => {
    writeFileSync(file, '')
    expect(use(file)).toBe(0)
    rmSync(file)
    const begun = connect(file, key)
    begun.exec(`PRAGMA application_id = ${0x574d4141}`)
    begun.close()
    expect(use(file)).toBe(0)
  })

  it('that found no room when it was made is made once there is some', { timeout: 60_000 }, (context) => {
    // A deleted file keeps its space as long as the library holds it open.
    const disk = openSmallDisk(32)
    if (typeof disk === 'string') return context.skip(disk)
    const refused: unknown[] = []
    try {
      for (let pages = 0; pages < 24; pages += 1) {
        const made = join(disk.path, `${pages}.db`)
        disk.fill(pages * 4096)
        refused.push(use(made))
        disk.free()
        expect([pages, use(made)]).toEqual([pages, expect.any(Number)])
        for (const end of ['', '-wal', '-shm']) rmSync(made + end, { force: true })
      }
    } finally {
      disk.free()
      disk.close()
    }
    // The disk was full at each step of the making.
    expect(refused.filter((code) => code === 'archive_full').length).toBeGreaterThan(5)
  })

  it('with a torn end of its log opens with what was complete', () => {
    const store = openStore(file, { key })
    for (let n = 0; n < 50; n += 1) fill(store, n * 10, n * 10 + 10)
    const wal = readFileSync(`${file}-wal`)
    for (const cut of [1, 100, 4096, Math.floor(wal.length / 2), wal.length - 10]) {
      const copy = join(dir, `cut-${cut}.db`)
      copyFileSync(file, copy)
      writeFileSync(`${copy}-wal`, wal.subarray(0, wal.length - cut))
      const found = use(copy)
      expect(typeof found === 'number' ? found % 10 : found).toBe(0)
    }
    store.close()
  })

  it('with overwritten parts of its log opens with what was complete before', () => {
    const store = openStore(file, { key })
    for (let n = 0; n < 50; n += 1) fill(store, n * 10, n * 10 + 10)
    const wal = Buffer.from(readFileSync(`${file}-wal`))
    wal.fill(0x5a, Math.floor(wal.length / 2), Math.floor(wal.length / 2) + 512)
    const copy = join(dir, 'noise.db')
    copyFileSync(file, copy)
    writeFileSync(`${copy}-wal`, wal)
    const found = use(copy)
    expect(typeof found === 'number' ? found % 10 : found).toBe(0)
    expect(found).toBeLessThan(500)
    store.close()
  })

  it.each([1, 4095, 4096, 20_000])('that ends %i bytes too early is refused as damaged', (missing) => {
    filled(1000)
    truncateSync(file, statSync(file).size - missing)
    expect(use(file)).toBe('archive_damaged')
  })

  it('with noise in its pages is refused as damaged', () => {
    filled(1000)
    const bytes = Buffer.from(readFileSync(file))
    for (let page = 2; page < bytes.length / 4096; page += 1) bytes.fill(0xa5, page * 4096, page * 4096 + 64)
    writeFileSync(file, bytes)
    expect(use(file)).toBe('archive_damaged')
  })

  it('copied while it is written opens whole, or is refused as damaged', () => {
    const store = openStore(file, { key })
    const copy = join(dir, 'copy.db')
    const found = new Set<number | string>()
    for (let round = 0; round < 30; round += 1) {
      fill(store, round * 100, round * 100 + 50)
      // Half of the file, then more is written and worked in, then the other half.
      const before = readFileSync(file)
      fill(store, round * 100 + 50, round * 100 + 100)
      store.db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
      const after = readFileSync(file)
      const cut = Math.floor((before.length * (round + 1)) / 31)
      writeFileSync(copy, Buffer.concat([before.subarray(0, cut), after.subarray(cut)]))
      const result = use(copy)
      found.add(typeof result === 'number' ? 'opened' : result)
      for (const end of ['', '-wal', '-shm']) rmSync(copy + end, { force: true })
    }
    store.close()
    expect([...found].every((result) => result === 'opened' || result === 'archive_damaged')).toBe(true)
  })

  it.each([
    ['a text file', 'dear diary, nothing happened today. '.repeat(50)],
    ['a short file', 'x'],
    ['an encrypted or random file', Buffer.from(Array.from({ length: 8192 }, (_, n) => (n * 73 + 41) % 256))],
  ])('that is %s is refused as foreign, and left as it is', (_, content) => {
    writeFileSync(file, content)
    expect(use(file)).toBe('archive_foreign')
    expect(readFileSync(file)).toEqual(Buffer.from(content))
  })

  it('that is another program’s database is refused as foreign, and left as it is', () => {
    const other = connect(file)
    other.exec('CREATE TABLE diary (day, text)')
    other.close()
    const before = readFileSync(file)
    expect(use(file)).toBe('archive_foreign')
    expect(readFileSync(file)).toEqual(before)
  })

  it('of a newer version is refused as newer, and left as it is', () => {
    filled(10)
    const newer = connect(file, key)
    newer.exec('PRAGMA user_version = 99')
    newer.close()
    const before = readFileSync(file)
    expect(use(file)).toBe('archive_newer')
    expect(readFileSync(file)).toEqual(before)
  })

  it('in a directory that is none is refused as unavailable', () => {
    expect(use(join(dir, 'nowhere', 'a.db'))).toBe('archive_unavailable')
  })

  it('that was closed and copied, or moved, opens as it was', () => {
    filled(100)
    copyFileSync(file, join(dir, 'moved.db'))
    expect(use(join(dir, 'moved.db'))).toBe(100)
  })
})

describe('on a full disk', () => {
  const SECRET = 'correct horse battery'
  const CHEAP = { n: 1024, r: 8, p: 1 }

  it.for<[string, (path: string) => void]>([
    [
      'a second key, of an interrupted change',
      (path) => writeSlots(path, [createSlot('another', CHEAP).slot, ...readSlots(path)]),
    ],
    [
      'a search index of another version',
      (path) => {
        const store = openArchive(path, SECRET)
        store.meta.set('search_version', 1)
        store.close()
      },
    ],
  ])('an archive with %s is read, and put right later', { timeout: 60_000 }, ([_, prepare], context) => {
    const disk = openSmallDisk(32)
    if (typeof disk === 'string') return context.skip(disk)
    const path = join(disk.path, 'a.db')
    try {
      writeSlots(path, [createSlot(SECRET, CHEAP).slot])
      const made = openArchive(path, SECRET)
      fill(made, 0, 1)
      made.close()
      for (let pages = 0; pages < 4; pages += 1) {
        prepare(path)
        disk.fill(pages * 4096)
        const store = openArchive(path, SECRET)
        expect(store.messages.count()).toBe(1)
        disk.free()
        while (store.search.step());
        expect(store.meta.get('search_version')).toBe(TOKENS_VERSION)
        store.close()
        openArchive(path, SECRET).close()
        expect(readSlots(path)).toHaveLength(1)
      }
    } finally {
      disk.free()
      disk.close()
    }
  })
})
