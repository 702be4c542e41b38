/** Downloads of media, with and without a request, by an engine that a test answers for. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type Clock, createDeferred } from '../clock.ts'
import type { Engine, FetchedMedia, MediaRequest } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import { createLog } from '../log.ts'
import { type KeyParts, parseMessageKey } from '../model/ids.ts'
import { MEDIA_ON_DEMAND, type MediaRules } from '../model/media-rules.ts'
import { NOW, openTestArchive, type TestArchive } from '../store/test-archive.ts'
import { createMediaRoom, type MediaRoom, type OpenMedia } from './media.ts'

const KIB = 1024
const MINUTE_MS = 60_000

let archive: TestArchive
let chat: number
let dir: string
let room: MediaRoom
let nowMs: number
let isConnected: boolean
/** Files that the browser holds. */
let held: number
let asked: MediaRequest[]
let answer: (what: MediaRequest) => Promise<FetchedMedia>

beforeEach(() => {
  archive = openTestArchive()
  chat = archive.chat('direct', { person: archive.person({ phone: '15550001101@c.us' }) })
  dir = mkdtempSync(join(tmpdir(), 'wma-media-'))
  nowMs = NOW * 1_000
  isConnected = true
  asked = []
  held = 0
})
afterEach(async () => {
  room.stop()
  await room.clean()
  archive.close()
  rmSync(dir, { recursive: true, force: true })
})

const EAGER: MediaRules = {
  ...MEDIA_ON_DEMAND,
  download: 'eager',
  eagerMaxBytes: 100 * KIB,
  eagerTypes: ['image'],
}

function open(rules: MediaRules): void {
  const engine: Partial<Engine> = {
    connected: () => isConnected,
    fetchMedia: (what) => {
      asked.push(what)
      return answer(what)
    },
  }
  const { store, reader } = archive
  const clock: Clock = { now: () => nowMs, after: () => () => {} }
  room = createMediaRoom({
    store,
    reads: {
      quoted: async (...args) => reader.quoted(...args),
      messagesAt: async (...args) => reader.messagesAt(...args),
    },
    dir,
    rules,
    engine: () => engine as Engine,
    clock,
    log: createLog({ level: 'silent' }),
  })
}

/** A picture that arrived so many seconds ago, and says that it has this many bytes. */
function picture(name: string, { ago = 0, statedBytes = 1 } = {}): { place: number; key: KeyParts } {
  const place = archive.message(chat, { from: 1, id: name, type: 'image', hasMedia: true, ago })
  archive.store.raws.setSource(place, {
    type: 'image',
    directPath: `/${name}`,
    mediaKey: null,
    mediaKeyTimestamp: null,
    encFilehash: null,
    filehash: null,
    mimetype: 'image/jpeg',
    sizeBytes: statedBytes,
  })
  const [found] = archive.reader.messagesAt([place])
  const key = parseMessageKey(found?.message.id ?? '')
  if (key === null) throw new Error('not a key')
  return { place, key }
}

/** What WhatsApp has: so many bytes, which differ by `fill`. `during` runs while they come. */
function bytes(sizeBytes: number, fill = 0, during = async () => {}): Promise<FetchedMedia> {
  const pieces = async function* () {
    await during()
    yield Buffer.alloc(sizeBytes, fill)
  }
  held += 1
  const close = async () => {
    held -= 1
  }
  return Promise.resolve({ sizeBytes, directPath: '/found', bytes: pieces(), close })
}

const stateOf = (place: number) => archive.store.mediaFiles.stateOf(place)
const settled = () => new Promise((resolve) => setTimeout(resolve, 50))

it('what is deleted for everyone while its media comes is not kept', async () => {
  open(MEDIA_ON_DEMAND)
  const { place, key } = picture('A')
  answer = () =>
    bytes(KIB, 0, async () => {
      const row = archive.store.messages.get(place)
      if (row === undefined) throw new Error('no message')
      archive.store.transaction(() => {
        archive.store.messages.update({ ...row, type: 'revoked', has_media: 0 })
        archive.store.raws.drop([place])
      })
    })
  await expect(room.open(key)).rejects.toMatchObject({ code: 'media_not_found' })
  await room.clean()
  expect([archive.store.raws.source(place), readdirSync(dir)]).toEqual([null, []])
})

describe('the browser frees', () => {
  it('what is larger than it says', async () => {
    const { key } = picture('A')
    open({ ...MEDIA_ON_DEMAND, maxBytes: KIB })
    answer = () => bytes(KIB + 1)
    await expect(room.open(key)).rejects.toMatchObject({ code: 'media_too_large' })
    expect(held).toBe(0)
  })

  it('what cannot be stored, before the first byte is read', async () => {
    const { key } = picture('A')
    open(MEDIA_ON_DEMAND)
    rmSync(dir, { recursive: true })
    writeFileSync(dir, '')
    answer = () => bytes(KIB)
    await expect(room.open(key)).rejects.toThrow()
    expect(held).toBe(0)
  })

  it('what is stored', async () => {
    const { key } = picture('A')
    open(MEDIA_ON_DEMAND)
    answer = () => bytes(KIB)
    await room.open(key)
    expect(held).toBe(0)
  })

  it('what passes through, read or not, when it is closed', async () => {
    const { key } = picture('A')
    open({ ...MEDIA_ON_DEMAND, download: 'never' })
    answer = () => bytes(KIB)
    const opened = await room.open(key)
    expect(held).toBe(1)
    opened.close()
    expect(held).toBe(0)
    answer = () => bytes(KIB, 0, async () => fail('not_connected'))
    await expect(room.open(key)).rejects.toMatchObject({ code: 'not_connected' })
    expect(held).toBe(0)
  })
})

it('what passes through is held two at a time until it is read, and waits in a bounded line', async () => {
  open({ ...MEDIA_ON_DEMAND, download: 'never' })
  answer = () => bytes(KIB)
  const { key } = picture('A')
  const opened: OpenMedia[] = []
  const begin = () => room.open(key).then((one) => opened.push(one))
  const all = Array.from({ length: 18 }, begin)
  await expect.poll(() => [held, opened.length]).toEqual([2, 2])
  await settled()
  expect([held, opened.length]).toEqual([2, 2])
  await expect(room.open(key)).rejects.toMatchObject({ code: 'server_busy' })
  opened[0]?.close()
  opened[0]?.close()
  await expect.poll(() => [held, opened.length]).toEqual([2, 3])
  answer = () => fail('not_connected')
  opened[1]?.close()
  await expect(Promise.all(all)).rejects.toMatchObject({ code: 'not_connected' })
  await settled()
  opened[2]?.close()
  await expect.poll(() => held).toBe(0)
})

it.each([
  ['says so', 200 * KIB, 1],
  ['does not say so', 1, 2],
])(
  'what is larger than the quota and %s passes through, and displaces nothing',
  async (_, statedBytes, times) => {
    open({ ...MEDIA_ON_DEMAND, quotaBytes: 100 * KIB })
    const kept = picture('kept')
    answer = () => bytes(90 * KIB)
    await room.open(kept.key)
    const large = picture('large', { statedBytes })
    answer = () => bytes(200 * KIB, 1)
    asked = []
    const opened = await room.open(large.key)
    let read = 0
    for await (const piece of opened.read(0, opened.sizeBytes)) read += piece.length
    expect([opened.sizeBytes, read, asked.length]).toEqual([200 * KIB, 200 * KIB, times])
    opened.close()
    expect([stateOf(kept.place), stateOf(large.place)]).toEqual(['here', 'at_whatsapp'])
    await room.clean()
    expect([held, readdirSync(dir).length]).toEqual([0, 1])
  },
)

it('a part that passes through ends with its last byte, and nothing after it is read', async () => {
  open({ ...MEDIA_ON_DEMAND, download: 'never' })
  const pieces = async function* () {
    yield Buffer.alloc(KIB)
    fail('not_connected')
  }
  answer = async () => ({ sizeBytes: 2 * KIB, directPath: '/found', bytes: pieces(), close: async () => {} })
  const opened = await room.open(picture('A').key)
  const part: Uint8Array[] = []
  for await (const piece of opened.read(KIB / 2, KIB)) part.push(piece)
  expect(Buffer.concat(part)).toHaveLength(KIB / 2)
  opened.close()
})

it('of media that the phone did not have, it is asked once a day', async () => {
  const { place, key } = picture('A')
  open(MEDIA_ON_DEMAND)
  answer = () => fail('media_expired')
  const codes = []
  for (const wait of [0, MINUTE_MS, 24 * 60 * MINUTE_MS]) {
    nowMs += wait
    codes.push(
      await room.open(key).then(
        () => 'open',
        ({ code }) => code,
      ),
    )
  }
  expect([codes, asked.length, stateOf(place)]).toEqual([Array(3).fill('media_expired'), 2, 'expired'])
  nowMs += 24 * 60 * MINUTE_MS
  answer = () => bytes(KIB)
  await room.open(key)
  expect(stateOf(place)).toBe('here')
})

it('a phone that has not said anything yet is asked again at once', async () => {
  const { place, key } = picture('A')
  open(MEDIA_ON_DEMAND)
  answer = () => fail('whatsapp_timeout')
  await expect(room.open(key)).rejects.toMatchObject({ code: 'whatsapp_timeout' })
  expect(stateOf(place)).toBe('at_whatsapp')
  answer = () => bytes(KIB)
  await room.open(key)
  expect(stateOf(place)).toBe('here')
})

describe('without a request', () => {
  it('a full disk ends the downloads for ten minutes, and no message is given up', async () => {
    const places = ['A', 'B', 'C'].map((name) => picture(name).place)
    open(EAGER)
    answer = () => bytes(KIB, 0, async () => fail('disk_full'))
    for (let wakes = 0; wakes < 3; wakes += 1) {
      room.wake()
      await expect.poll(() => [asked.length, held]).toEqual([1, 0])
      await settled()
    }
    expect(asked).toHaveLength(1)
    answer = () => bytes(KIB)
    nowMs += 10 * MINUTE_MS
    room.wake()
    await expect.poll(() => places.map(stateOf)).toEqual(['here', 'here', 'here'])
  })

  it('a lost connection gives up nothing: what it interrupted is fetched ten minutes later', async () => {
    const { place } = picture('A')
    open(EAGER)
    answer = () => {
      isConnected = false
      return fail('not_connected')
    }
    room.wake()
    await settled()
    isConnected = true
    answer = () => bytes(KIB)
    room.wake()
    await settled()
    // The message may be what broke it.
    expect(asked).toHaveLength(1)
    nowMs += 10 * MINUTE_MS
    room.wake()
    await expect.poll(() => stateOf(place)).toBe('here')
  })

  it('an error that passes delays its message only, and the longer the older that is', async () => {
    const [slow, other] = ['slow', 'other'].map((name) => picture(name).place)
    open(EAGER)
    answer = ({ source }) => (source?.directPath === '/slow' ? fail('whatsapp_timeout') : bytes(KIB))
    /** Wakes it; the slow one was asked for so often then, and is not asked for again soon. */
    const tries = async (count: number) => {
      room.wake()
      await settled()
      const times = () => asked.filter(({ source }) => source?.directPath === '/slow').length
      await expect.poll(times).toBe(count)
    }
    await tries(1)
    await expect.poll(() => stateOf(other as number)).toBe('here')
    await tries(1)
    for (const [minutes, count] of [
      [10, 2],
      [9, 2],
      [1, 3],
      [19, 3],
      [1, 4],
    ] as const) {
      nowMs += minutes * MINUTE_MS
      await tries(count)
    }
    answer = () => bytes(KIB)
    nowMs += 60 * MINUTE_MS
    room.wake()
    await expect.poll(() => stateOf(slow as number)).toBe('here')
  })

  it('what came later is fetched however much WhatsApp has no more, which is asked for once', async () => {
    archive.store.transaction(() => {
      for (let made = 0; made < 501; made += 1) picture(`old${made}`)
    })
    open(EAGER)
    answer = () => fail('media_expired')
    room.wake()
    await expect.poll(() => asked.length, { timeout: 20_000 }).toBe(501)
    const { place } = picture('new', { ago: -60 })
    answer = () => bytes(KIB)
    room.wake()
    await expect.poll(() => stateOf(place)).toBe('here')
    await settled()
    expect(asked).toHaveLength(502)
  })

  it('media that is larger than it says is bounded by what may be fetched without a request', async () => {
    const { place, key } = picture('A')
    open(EAGER)
    answer = () => bytes(100 * KIB + 1)
    room.wake()
    await expect.poll(() => asked.length).toBe(1)
    await settled()
    expect([asked.length, stateOf(place)]).toEqual([1, 'at_whatsapp'])
    await room.open(key)
    expect(stateOf(place)).toBe('here')
  })

  it('media that is larger than it says displaces nothing newer', async () => {
    open({ ...EAGER, quotaBytes: 150 * KIB })
    const old = picture('old', { ago: -60 })
    const newer = picture('new', { ago: -120 })
    answer = ({ source }) => bytes(90 * KIB, source?.directPath === '/new' ? 1 : 2)
    room.wake()
    const { mediaFiles } = archive.store
    await expect.poll(() => mediaFiles.nextUnfetched(0, ['image'], KIB, [])).toBe(null)
    expect([stateOf(newer.place), stateOf(old.place)]).toEqual(['here', 'at_whatsapp'])
    await room.clean()
    expect(readdirSync(dir)).toHaveLength(1)
  })
})

describe('a person who comes while it is fetched without a request', () => {
  /** Opens it while the download runs that nobody asked for, which then ends like this. */
  async function joined(end: () => Promise<FetchedMedia>): Promise<number> {
    const { place, key } = picture('A')
    open(EAGER)
    let finish = () => {}
    const running = new Promise<void>((resolve) => {
      finish = resolve
    })
    answer = ({ askPhone }) => (askPhone ? bytes(KIB) : running.then(end))
    room.wake()
    await expect.poll(() => asked.length).toBe(1)
    nowMs += MINUTE_MS
    const opening = [room.open(key), room.open(key)]
    await settled()
    finish()
    for (const media of await Promise.all(opening)) expect(media.sizeBytes).toBe(KIB)
    return place
  }

  it.each([
    ['WhatsApp has it no more', () => fail('media_expired')],
    ['it is larger than it says', () => bytes(100 * KIB + 1)],
  ])('gets it although %s', async (_, end) => {
    const place = await joined(async () => end())
    expect([asked.map(({ askPhone }) => askPhone), stateOf(place)]).toEqual([[false, true], 'here'])
  })

  it('gets that very file, which counts as used now', async () => {
    await joined(() => bytes(KIB))
    expect(asked).toHaveLength(1)
    expect(archive.store.mediaFiles.bytesSince(nowMs)).toBe(KIB)
  })
})

describe('two messages with the same file', () => {
  const HASH = Buffer.alloc(32, 7).toString('base64')
  /** A picture with this file. */
  function copy(name: string): { place: number; key: KeyParts } {
    const made = picture(name)
    const source = archive.store.raws.source(made.place)
    if (source !== null) archive.store.raws.setSource(made.place, { ...source, filehash: HASH })
    return made
  }

  it('share a download', async () => {
    const [first, second] = [copy('A'), copy('B')]
    open(MEDIA_ON_DEMAND)
    answer = () => bytes(KIB)
    await Promise.all([room.open(first.key), room.open(second.key)])
    expect(asked).toHaveLength(1)
  })

  it.each([
    ['WhatsApp has one of them no more', () => fail('media_expired')],
    ['WhatsApp Web does not have one of them', () => fail('message_not_found')],
    [
      'one of them is deleted for everyone while it comes',
      (place: number) =>
        bytes(KIB, 0, async () => {
          const row = archive.store.messages.get(place)
          if (row === undefined) throw new Error('no message')
          archive.store.messages.update({ ...row, type: 'revoked', has_media: 0 })
        }),
    ],
  ])('share no error: %s', async (_, end) => {
    const [first, second, third] = [copy('A'), copy('B'), copy('C')]
    open(MEDIA_ON_DEMAND)
    const begun = createDeferred<void>()
    answer = async ({ source }) => {
      await begun.promise
      return source?.directPath === '/A' ? end(first.place) : bytes(KIB)
    }
    const opening = [first, second, third].map(({ key }) => room.open(key))
    const all = Promise.allSettled(opening)
    await settled()
    begun.resolve()
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled'])
    expect(asked).toHaveLength(2)
  })
})
