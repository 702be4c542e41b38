/** Words in media, with real programs: what is tried again, where copies lie, and what a stop ends. */
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { cpuMsOf } from '../../test/cpu-time.ts'
import { seenMessage } from '../../test/seen-message.ts'
import { createTestClock } from '../../test/test-clock.ts'
import { createTestInbox } from '../../test/test-inbox.ts'
import { AppError } from '../errors.ts'
import { createLog } from '../log.ts'
import { type KeyParts, parseMessageKey, toJid } from '../model/ids.ts'
import { openStore, type Store } from '../store/store.ts'
import { createMediaWords, type MediaWords, toWords } from './media-words.ts'

const ME = toJid('15550001000@c.us')
const AMARA = toJid('15551110000@c.us')
const idOf = (bareId: string) => `false_${AMARA}_${bareId}`
const keyOf = (bareId: string) => parseMessageKey(idOf(bareId)) as KeyParts

it('a long row of spaces costs no time', async () => {
  const printed = `${' '.repeat(65_534)}x`
  expect(await cpuMsOf(async () => toWords(printed))).toBeLessThan(500)
  expect(toWords(printed)).toBe('x')
  expect(toWords('one \t\r\n\f\n\n two\u0007 ')).toBe('one\n\n two')
})

const isWindows = process.platform === 'win32'
// The program runs below everything else in priority.
const WAIT = { timeout: 60_000 }
let root: string
let store: Store
let words: MediaWords
let clock: ReturnType<typeof createTestClock>
/** Thrown by the next reads of a file. */
let faults: Error[]
/** Files that are open. */
let opened: number
/** Ends the downloads that never end: those of {@link LOST}. */
let endDownloads: () => void
let downloads: Promise<void>
const LOST = 'LOST'
const path = process.env.PATH ?? ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'wma-words-'))
  mkdirSync(join(root, 'bin'))
  store = openStore(join(root, 'a.db'))
  clock = createTestClock()
  faults = []
  opened = 0
  downloads = new Promise((resolve) => {
    endDownloads = resolve
  })
})
afterEach(async () => {
  process.env.PATH = path
  await words?.stop()
  store.close()
  rmSync(root, { recursive: true, force: true })
})

/** Looks for the words of voice notes with this script of the shell, whose `$0` is the word after it. */
function start(script: string, ...args: string[]): void {
  const places = () =>
    store.db.query<{ id: number; bare_id: string }>('SELECT id, bare_id FROM messages').all()
  const placeOf = (bareId: string) => places().find(({ bare_id }) => bare_id === bareId)?.id ?? 0
  words = createMediaWords({
    store,
    reads: {
      quoted: async ({ bareId }: KeyParts) => ({ id: idOf(bareId), place: placeOf(bareId), keys: [] }),
      messagesAt: async (wanted: readonly number[]) =>
        places()
          .filter(({ id }) => wanted.includes(id))
          .map(({ bare_id }) => ({ message: { id: idOf(bare_id) } })),
    } as unknown as Parameters<typeof createMediaWords>[0]['reads'],
    media: {
      async open({ bareId }) {
        opened += 1
        if (bareId === LOST) await downloads
        let isOpen = true
        return {
          id: idOf(bareId),
          sizeBytes: 5,
          sha256: null,
          sniffed: 'audio/ogg',
          facts: {},
          read: async function* () {
            const fault = faults.shift()
            if (fault !== undefined) throw fault
            yield Buffer.from('sound')
          },
          close() {
            if (isOpen) opened -= 1
            isOpen = false
          },
        }
      },
    },
    dir: join(root, 'media'),
    rules: {
      commands: { transcript: ['sh', '-c', script, ...args], text: null },
      ms: 60_000,
      memoryBytes: 2 ** 30,
    },
    clock,
    log: createLog({ level: 'silent' }),
  })
}

/** A voice note whose file is stored. */
function voiceNote(bareId: string): void {
  const filehash = Buffer.alloc(32, bareId).toString('base64')
  const source = {
    type: 'ptt',
    directPath: '',
    mediaKey: null,
    mediaKeyTimestamp: null,
    encFilehash: null,
    filehash,
    mimetype: 'audio/ogg',
    sizeBytes: 5,
  }
  const facts = { chat: AMARA, bareId, body: '', type: 'ptt', hasMedia: true, source } as const
  const inbox = createTestInbox(store, clock, { own: [ME] })
  inbox.take({ type: 'message', message: seenMessage(facts) })
  inbox.flush()
  store.transaction(() => store.mediaFiles.use({ filehash, size_bytes: 5, type: 'audio/ogg' }, 0))
}

type State = { words: string | null; transcript: unknown }
const stateOf = (bareId: string): State | undefined =>
  store.db
    .query<State>(
      "SELECT words, details ->> 'transcript' AS transcript FROM messages JOIN media ON message = id WHERE bare_id = ?",
    )
    .get(bareId)

/** A program with the name of ffmpeg, and of the shell: its last argument is the file to write. */
function installFfmpeg(script: string): void {
  const file = join(root, 'bin', 'ffmpeg')
  writeFileSync(file, `#!/bin/sh\n${script}\n`)
  chmodSync(file, 0o700)
  process.env.PATH = `${join(root, 'bin')}${delimiter}${path}`
}

const HELLO = 'echo hello'
const full = () => Object.assign(new Error('no space'), { code: 'ENOSPC', errno: -28 })

describe.skipIf(isWindows)("a problem that is not the file's", () => {
  it.each([
    ['a full disk', full],
    ['a busy server', () => new AppError('server_busy')],
    ['too many open files', () => Object.assign(new Error('too many'), { code: 'EMFILE', errno: -24 })],
  ])('%s: tried again later', async (_, fault) => {
    voiceNote('A')
    voiceNote('B')
    faults = [fault()]
    start(HELLO)
    words.wake()
    await expect.poll(() => clock.waits(300_000), WAIT).toBe(true)
    expect([stateOf('A'), stateOf('B')]).toMatchObject([{ words: null }, { words: null }])
    clock.advance(300_000)
    await expect.poll(() => stateOf('A')?.transcript, WAIT).toBe('hello')
    await expect.poll(() => stateOf('B')?.transcript, WAIT).toBe('hello')
  })

  it('a full disk is said to who asks', async () => {
    voiceNote('A')
    faults = [full()]
    start(HELLO)
    await expect(words.find(keyOf('A'))).rejects.toMatchObject({ code: 'disk_full' })
    expect(stateOf('A')).toMatchObject({ words: null })
  })

  it('ffmpeg is missing: a request after its installation starts the others', async () => {
    voiceNote('A')
    voiceNote('B')
    start(HELLO, '{wav}')
    process.env.PATH = join(root, 'bin')
    await expect(words.find(keyOf('A'))).rejects.toMatchObject({ code: 'needs_ffmpeg' })
    expect(stateOf('A')).toMatchObject({ words: null })
    installFfmpeg('for out; do :; done; echo sound > "$out"')
    expect((await words.find(keyOf('A'))).words).toBe('hello')
    await expect.poll(() => stateOf('B')?.transcript, WAIT).toBe('hello')
  })
})

it.skipIf(isWindows)('a file that cannot be read counts as failed, and the next one is read', async () => {
  voiceNote('A')
  voiceNote('B')
  faults = [new Error('the sealed file is cut')]
  start(HELLO)
  words.wake()
  await expect
    .poll(() => [stateOf('A')?.words, stateOf('B')?.words].sort(), WAIT)
    .toEqual(['failed', 'found'])
})

it.skipIf(isWindows)('the WAV lies beside the copy of the file', async () => {
  voiceNote('A')
  installFfmpeg('for out; do :; done; echo "$out" > "$out"')
  start('cat "$0"', '{wav}')
  const { words: place } = await words.find(keyOf('A'))
  expect(place.startsWith(join(root, 'media', 'words-'))).toBe(true)
  expect(readdirSync(join(root, 'media'))).toEqual([])
})

it.skipIf(isWindows)('a stop ends ffmpeg', async () => {
  voiceNote('A')
  const runs = join(root, 'runs')
  // By itself it would run on long after the stop.
  installFfmpeg(`echo > '${runs}'; exec sleep 50`)
  start(HELLO, '{wav}')
  const asked = words.find(keyOf('A')).catch((error) => error)
  await expect.poll(() => existsSync(runs), WAIT).toBe(true)
  const from = performance.now()
  await words.stop()
  expect(performance.now() - from).toBeLessThan(10_000)
  expect(await asked).toMatchObject({ code: 'words_failed' })
  expect(stateOf('A')).toMatchObject({ words: null })
  expect(readdirSync(join(root, 'media'))).toEqual([])
})

it.skipIf(isWindows)('no file is open while a program runs, or while a request waits for it', async () => {
  voiceNote('A')
  voiceNote('B')
  const [runs, end] = [join(root, 'runs'), join(root, 'end')]
  start(`echo > '${runs}'; until [ -e '${end}' ]; do sleep 0.05; done; ${HELLO}`)
  const asked = Promise.all(['A', 'B'].map((bareId) => words.find(keyOf(bareId))))
  await expect.poll(() => existsSync(runs), WAIT).toBe(true)
  expect(opened).toBe(0)
  writeFileSync(end, '')
  expect((await asked).map(({ words: found }) => found)).toEqual(['hello', 'hello'])
  faults = [new Error('the sealed file is cut')]
  voiceNote('C')
  await expect(words.find(keyOf('C'))).rejects.toThrow()
  expect(opened).toBe(0)
})

it.skipIf(isWindows)('what one account downloads or waits for delays no other account', async () => {
  for (const bareId of [LOST, 'A']) voiceNote(bareId)
  start(HELLO)
  const first = words
  const asked = [first.find(keyOf(LOST))]
  for (let count = 0; count < 20; count += 1) {
    voiceNote(`N${count}`)
    asked.push(first.find(keyOf(`N${count}`)))
  }
  const over = Promise.allSettled(asked)
  await expect.poll(() => opened).toBe(1)
  await expect(first.find(keyOf('A'))).rejects.toMatchObject({ code: 'server_busy' })
  start(HELLO)
  expect((await words.find(keyOf('A'))).words).toBe('hello')
  const stopped = first.stop()
  endDownloads()
  await Promise.all([stopped, over])
})
