/** Encrypted archives on real files: made, opened, refused by name, changed, and cut short at every step of a change. */
import { spawn } from 'node:child_process'
import {
  copyFileSync,
  existsSync,
  linkSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AppError } from '../errors.ts'
import { changeArchiveKey, decryptArchive, encryptArchive, type KeyStep } from './change-key.ts'
import { createSlot, keyFileOf, writeSlots } from './key-file.ts'
import { sweepLeftovers } from './leftovers.ts'
import { vacuumInto } from './rewrite.ts'
import { openStore, type Store } from './store.ts'
import { openArchive, unlock } from './unlock.ts'

const SECRET = 'correct horse battery'
const OTHER = 'staple of another colour'
const CANARY = 'canary-7d31 nobody else reads this'

let dir: string
let file: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'wma-key-'))
  file = join(dir, '1555.db')
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

function fill(store: Store, count: number): void {
  store.transaction(() => {
    for (let id = 1; id <= count; id += 1) {
      store.messages.insert({
        id,
        chat: 1,
        bare_id: `3EB0${id}`,
        sender: 1,
        type: 'chat',
        body: `${CANARY} ${id}`,
        ack: 1,
        has_media: 0,
        edited_at_ms: null,
        revoked_at_ms: null,
        details: null,
      })
    }
  })
}

/** Keys as cheap as the key file takes them, so that only what is about the real ones waits for them. */
const CHEAP = { n: 1024, r: 8, p: 1 }

function make(secret: string | null, count = 300): void {
  if (secret !== null) writeSlots(file, [createSlot(secret, CHEAP).slot])
  const store = openArchive(file, secret)
  fill(store, count)
  store.close()
}

/** What opening with this secret comes to: the number of messages, or the code. */
function open(secret: string | null, path = file): number | string {
  let store: Store | null = null
  try {
    store = openArchive(path, secret)
    expect(store.messages.newest(1)?.body ?? CANARY).toContain(CANARY)
    return store.messages.count()
  } catch (error) {
    if (error instanceof AppError) return error.code
    throw error
  } finally {
    store?.close()
  }
}

/** Nothing but zeros, over all of its length. */
function expectOverwritten(hold: string): void {
  const bytes = readFileSync(hold)
  expect(bytes.length).toBeGreaterThan(10_000)
  expect(bytes.findIndex((byte) => byte !== 0)).toBe(-1)
}

const codeOf = (work: () => unknown): string => {
  try {
    work()
    return 'nothing'
  } catch (error) {
    return error instanceof AppError ? error.code : String(error)
  }
}

/** The files of the directory in which the text stands as it is. */
function filesWith(text: string): string[] {
  return readdirSync(dir).filter((name) => readFileSync(join(dir, name)).includes(text))
}

describe('an archive with a key', () => {
  it('is encrypted from its first byte, log and all, and opens with its key only', () => {
    const store = openArchive(file, SECRET)
    fill(store, 300)
    expect(statSync(`${file}-wal`).size).toBeGreaterThan(10_000)
    expect(filesWith(CANARY)).toEqual([])
    expect(filesWith('CREATE TABLE')).toEqual([])
    store.close()
    expect(filesWith(CANARY)).toEqual([])
    expect(open(SECRET)).toBe(300)
    expect([open(OTHER), open(null)]).toEqual(['archive_key_wrong', 'archive_key_missing'])
  })

  it('has a key file that its owner alone reads, with nothing of the key in it', () => {
    make(SECRET)
    expect(statSync(keyFileOf(file)).mode & 0o777).toBe(0o600)
    const text = readFileSync(keyFileOf(file), 'utf8')
    const { key } = unlock(file, SECRET)
    expect(key).toMatch(/^[0-9a-f]{64}$/)
    for (const part of [SECRET, key ?? '', Buffer.from(key ?? '', 'hex').toString('base64')])
      expect(text).not.toContain(part)
    expect(JSON.parse(text)).toMatchObject({ version: 1, cipher: 'aes256cbc', keys: [{ kdf: 'scrypt' }] })
  })

  it('uses all 32 bytes of it: the last one counts', () => {
    make(SECRET)
    const { key } = unlock(file, SECRET)
    const almost = `${key?.slice(0, 62)}${key?.endsWith('00') ? '01' : '00'}`
    expect(codeOf(() => openStore(file, { key: almost }))).toBe('archive_foreign')
    openStore(file, { key }).close()
  })

  it('differs from another one with the same key and content', () => {
    make(SECRET)
    const first = readFileSync(file)
    rmSync(file)
    rmSync(keyFileOf(file))
    make(SECRET)
    expect(readFileSync(file).subarray(24, 4096)).not.toEqual(first.subarray(24, 4096))
  })

  it('that was never closed opens with everything that was written', () => {
    const store = openArchive(file, SECRET)
    fill(store, 300)
    const copy = join(dir, 'copy.db')
    for (const end of ['', '-wal', '.key.json']) copyFileSync(file + end, copy + end)
    store.close()
    expect(open(SECRET, copy)).toBe(300)
  })
})

describe('an archive is refused by name, and left as it is', () => {
  const cases: [string, string, () => void, string | null][] = [
    ['whose key file is lost', 'archive_key_unknown', () => rmSync(keyFileOf(file)), SECRET],
    ['whose key file is lost, without a key', 'archive_key_unknown', () => rmSync(keyFileOf(file)), null],
    ['whose key file is torn', 'archive_key_unknown', () => truncateSync(keyFileOf(file), 40), SECRET],
    [
      'whose key file asks for all memory',
      'archive_key_unknown',
      () => edit('"n": 1024', '"n": 1073741824'),
      SECRET,
    ],
    ['whose key file is newer', 'archive_newer', () => edit('"version": 1', '"version": 2'), SECRET],
    ['whose salt was changed', 'archive_key_wrong', () => edit('"salt": "', '"salt": "AAAA'), SECRET],
    [
      'that another one has replaced, with its key file left',
      'archive_foreign',
      () => replaceByAnother(),
      SECRET,
    ],
    ['that pretends to be encrypted', 'archive_foreign', () => pretend(), SECRET],
    ['that is text', 'archive_foreign', () => writeFileSync(file, 'dear diary '.repeat(900)), SECRET],
    [
      'that is gone, while its key file is here, without a key',
      'archive_key_missing',
      () => rmSync(file),
      null,
    ],
    [
      'that is gone, while its key file is here, with another key',
      'archive_key_wrong',
      () => rmSync(file),
      OTHER,
    ],
    ['that ends too early', 'archive_damaged', () => truncateSync(file, statSync(file).size - 4096), SECRET],
  ]
  const edit = (from: string, to: string) => {
    const text = readFileSync(keyFileOf(file), 'utf8')
    expect(text).toContain(from)
    writeFileSync(keyFileOf(file), text.replace(from, to))
  }
  const replaceByAnother = () => {
    const keyFile = readFileSync(keyFileOf(file))
    rmSync(file)
    rmSync(keyFileOf(file))
    make(SECRET)
    writeFileSync(keyFileOf(file), keyFile)
  }
  const pretend = () => {
    const bytes = Buffer.from(Array.from({ length: 8192 }, (_, n) => (n * 73 + 41) % 256))
    // As the cipher leaves them: the size of a page, and what is the same in every database.
    Buffer.from('1000020200402020', 'hex').copy(bytes, 16)
    writeFileSync(file, bytes)
  }
  it.each(cases)('%s: %s', (_, code, damage, secret) => {
    make(SECRET)
    damage()
    const before = new Map(readdirSync(dir).map((name) => [name, readFileSync(join(dir, name))]))
    expect(open(secret)).toBe(code)
    for (const [name, bytes] of before) {
      if (!/-(wal|shm)$/.test(name)) expect(readFileSync(join(dir, name)), name).toEqual(bytes)
    }
    expect(existsSync(file)).toBe(before.has('1555.db'))
  })

  it('that is plain, where a key is set: archive_not_encrypted', () => {
    make(null)
    expect(open(SECRET)).toBe('archive_not_encrypted')
    expect(open(null)).toBe(300)
    expect(existsSync(keyFileOf(file))).toBe(false)
  })
})

describe('a change', () => {
  it('encrypts a plain archive, and leaves nothing plain', () => {
    make(null)
    expect(filesWith(CANARY)).toEqual(['1555.db'])
    expect(encryptArchive(file, SECRET, { cost: CHEAP })).toBe(true)
    expect(filesWith(CANARY)).toEqual([])
    expect(open(SECRET)).toBe(300)
    expect([open(null), open(OTHER)]).toEqual(['archive_key_missing', 'archive_key_wrong'])
    expect(statSync(file).mode & 0o777).toBe(0o600)
    expect(encryptArchive(file, SECRET, { cost: CHEAP })).toBe(false)
    expect(codeOf(() => encryptArchive(file, OTHER, { cost: CHEAP }))).toBe('archive_key_wrong')
    expect(readdirSync(dir).filter((name) => name.includes('.new'))).toEqual([])
  })

  it('takes along what a killed server left in the log', () => {
    const store = openArchive(file, null)
    fill(store, 300)
    const killed = join(dir, 'killed.db')
    for (const end of ['', '-wal']) copyFileSync(file + end, killed + end)
    store.close()
    encryptArchive(killed, SECRET, { cost: CHEAP })
    expect(open(SECRET, killed)).toBe(300)
    expect(filesWith(CANARY)).toEqual(['1555.db'])
  })

  it('overwrites the old file before it lets it go', () => {
    make(null)
    const hold = join(dir, 'held')
    // A second name for the old file, to look at what becomes of it.
    linkSync(file, hold)
    encryptArchive(file, SECRET, { cost: CHEAP })
    expectOverwritten(hold)
    expect(readdirSync(dir).sort()).toEqual(['1555.db', '1555.db.key.json', 'held'])
  })

  it('that fails overwrites the copy, which may be plain, before it lets it go', () => {
    make(SECRET)
    const hold = join(dir, 'held')
    const onStep = (step: KeyStep) => {
      if (step !== 'copied') return
      linkSync(`${file}.new`, hold)
      expect(filesWith(CANARY)).toContain('held')
      throw new Error('the disk refuses')
    }
    expect(codeOf(() => decryptArchive(file, SECRET, { onStep }))).toBe('archive_unavailable')
    expectOverwritten(hold)
    expect(open(SECRET)).toBe(300)
  })

  it('encrypts with another key, and the old one opens it no more', () => {
    make(SECRET)
    expect(changeArchiveKey(file, { from: SECRET, to: OTHER, cost: CHEAP })).toBe(true)
    expect([open(OTHER), open(SECRET)]).toEqual([300, 'archive_key_wrong'])
    expect(changeArchiveKey(file, { from: SECRET, to: OTHER, cost: CHEAP })).toBe(false)
    expect(codeOf(() => changeArchiveKey(file, { from: SECRET, to: 'yet another key', cost: CHEAP }))).toBe(
      'archive_key_wrong',
    )
    expect(open(OTHER)).toBe(300)
    expect(filesWith(CANARY)).toEqual([])
  })

  it('makes it plain again', () => {
    make(SECRET)
    expect(codeOf(() => decryptArchive(file, OTHER))).toBe('archive_key_wrong')
    expect(decryptArchive(file, SECRET)).toBe(true)
    expect(open(null)).toBe(300)
    expect(existsSync(keyFileOf(file))).toBe(false)
    expect(decryptArchive(file, SECRET)).toBe(false)
  })

  it('keeps the key file of an archive that was moved away', () => {
    make(SECRET)
    const moved = join(dir, 'moved.db')
    renameSync(file, moved)
    renameSync(keyFileOf(file), `${keyFileOf(file)}.aside`)
    make(null)
    renameSync(`${keyFileOf(file)}.aside`, keyFileOf(file))
    encryptArchive(file, OTHER, { cost: CHEAP })
    expect(open(OTHER)).toBe(300)
    renameSync(`${keyFileOf(file)}.old`, keyFileOf(moved))
    expect(open(SECRET, moved)).toBe(300)
  })

  it('does not reveal the key when the disk returns an error', () => {
    const store = openArchive(file, SECRET)
    const key = 'c4'.repeat(32)
    let failure: unknown
    try {
      vacuumInto(store.db, join(dir, 'nowhere', 'copy.db'), key)
    } catch (error) {
      failure = error
    }
    store.close()
    expect(failure).toMatchObject({ code: 'archive_unavailable' })
    expect(inspect(failure, { depth: 9, showHidden: true })).not.toContain(key)
  })
})

type Kind = 'encrypt' | 'change' | 'decrypt'
const STEPS: KeyStep[] = ['key_file', 'copied', 'verified', 'set_aside', 'replaced', 'wiped']
const PROGRAMS: Record<Kind, string> = {
  encrypt: `encryptArchive(file, '${SECRET}', { onStep, cost })`,
  change: `changeArchiveKey(file, { from: '${SECRET}', to: '${OTHER}', onStep, cost })`,
  decrypt: `decryptArchive(file, '${SECRET}', { onStep })`,
}
const SECRETS: Record<Kind, [before: string | null, after: string | null]> = {
  encrypt: [null, SECRET],
  change: [SECRET, OTHER],
  decrypt: [SECRET, null],
}

/**
 * A process that does it, and is killed at this step; or while the copy is written, as soon as that is seen. It waits with a whole copy,
 * so that it does not get further before it is killed.
 */
async function killed(kind: Kind, at: KeyStep | 'copying'): Promise<void> {
  const program = `
    import { encryptArchive, changeArchiveKey, decryptArchive } from ${JSON.stringify(resolve(import.meta.dirname, 'change-key.ts'))}
    const file = ${JSON.stringify(file)}
    const cost = ${JSON.stringify(CHEAP)}
    const onStep = (step) => {
      if (step === ${JSON.stringify(at)}) process.kill(process.pid, 'SIGKILL')
      if (${at === 'copying'} && step === 'copied') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    }
    ${PROGRAMS[kind]}`
  const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', program], {
    cwd: resolve(import.meta.dirname, '../..'),
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const ended = new Promise((done) => child.once('close', (_, signal) => done(signal)))
  if (at === 'copying') {
    await expect
      .poll(() => statSync(`${file}.new`, { throwIfNoEntry: false })?.size ?? 0, {
        interval: 1,
        timeout: 60_000,
      })
      // As much as is looked at afterwards.
      .toBeGreaterThan(10_000)
    child.kill('SIGKILL')
  }
  expect(await ended).toBe('SIGKILL')
}

describe('killed in the middle', () => {
  const points = (['encrypt', 'change', 'decrypt'] as const).flatMap((kind) =>
    (['copying', ...STEPS] as const)
      .filter((step) => kind !== 'decrypt' || step !== 'key_file')
      .map((step) => [kind, step] as const),
  )
  it.each(points)(
    'of %s, at %s: the old one or the new one, whole, and done by a second run',
    async (kind, at) => {
      const [before, after] = SECRETS[kind]
      // Large enough for the copy to be seen while it grows.
      const count = at === 'copying' ? 40_000 : 300
      make(before, count)
      const isNew = ['replaced', 'wiped'].includes(at)
      // Second names of the files that must go, to look at what becomes of them.
      const [old, copy] = [join(dir, 'old'), join(dir, 'copy')]
      linkSync(file, old)
      await killed(kind, at)
      if (existsSync(`${file}.new`)) linkSync(`${file}.new`, copy)
      sweepLeftovers(dir)
      if (isNew) expectOverwritten(old)
      expect(existsSync(copy)).toBe(!isNew && at !== 'key_file')
      if (existsSync(copy)) expectOverwritten(copy)
      for (const name of [old, copy]) rmSync(name, { force: true })
      expect(readdirSync(dir).filter((name) => /\.(new|replaced)/.test(name))).toEqual([])
      const states = [open(before), open(after)]
      expect(states[isNew ? 1 : 0]).toBe(count)
      expect(typeof states[isNew ? 0 : 1]).toBe('string')
      if (isNew && after !== null) expect(filesWith(CANARY)).toEqual([])
      if (kind === 'encrypt') encryptArchive(file, SECRET, { cost: CHEAP })
      if (kind === 'change') changeArchiveKey(file, { from: SECRET, to: OTHER, cost: CHEAP })
      if (kind === 'decrypt') decryptArchive(file, SECRET)
      expect(open(after)).toBe(count)
      expect(filesWith(CANARY)).toEqual(after === null ? ['1555.db'] : [])
      expect(existsSync(keyFileOf(file))).toBe(after !== null)
      if (after !== null) expect(JSON.parse(readFileSync(keyFileOf(file), 'utf8')).keys).toHaveLength(1)
    },
    120_000,
  )
})
