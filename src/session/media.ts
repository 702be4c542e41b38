/**
 * Media of one account: fetched from WhatsApp when it is asked for, and kept beside the archive within a quota. A file is deleted
 * with the last message that refers to it.
 */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import { sniffType } from '../files/media-type.ts'
import type { Log } from '../log.ts'
import type { Media, MediaSource } from '../model/content.ts'
import { type KeyParts, type MessageKey, parseMessageKey } from '../model/ids.ts'
import type { MediaRules } from '../model/media-rules.ts'
import type { MediaFile } from '../store/media-files.ts'
import type { Reads } from '../store/reads.ts'
import { detailsOf } from '../store/render.ts'
import type { Store } from '../store/store.ts'
import { createEagerMedia } from './eager-media.ts'
import { openMediaFolder } from './media-folder.ts'

/** A download takes this long at most, and longer the larger it is. */
const FETCH_MS = 60_000
const FETCH_MS_PER_MIB = 200
const MIB = 2 ** 20
/** Downloads at the same time: the browser holds each whole. */
const AT_ONCE = 2
/** Media that the phone did not have is asked for again after this time: it may have a copy since. */
const EXPIRED_MS = 86_400_000
/** The most downloads that wait while nothing is kept; others are refused. Clients may read slowly what passes through. */
const MOST_WAITING = 16

/** The media of a message, ready to be read. */
export type OpenMedia = {
  /** The id of the message, as the API returns it. */
  id: string
  sizeBytes: number
  /** SHA-256 of the bytes in hexadecimal; null if the message does not say it and nothing is kept. */
  sha256: string | null
  /** The media type by the first bytes; null if they say nothing. */
  sniffed: string | null
  /** What the message says of it: written by people. */
  facts: Media
  /** Reads the bytes from `from` up to `to`, exclusive. */
  read(from: number, to: number): AsyncIterable<Uint8Array>
  /** Call it when nothing more is read. */
  close(): void
}

/** The files that are kept, for parts that refer to them by a table of their own, such as profile pictures. */
export type MediaShelf = {
  /** The file, if it is here. */
  find(filehash: string | null | undefined): Promise<MediaFile | null>
  /** Keeps these bytes; null: the settings say that nothing is kept. Rejects with `disk_full`. */
  keep(bytes: Uint8Array): Promise<MediaFile | null>
  read(file: MediaFile, from: number, to: number): AsyncIterable<Uint8Array>
  /** See {@link MediaRoom.wake}. */
  wake(): void
}

export type MediaRoom = {
  shelf: MediaShelf
  /**
   * The media of the message with this key, fetched from WhatsApp if it is not here. Rejects with `message_not_found`,
   * `media_not_found`, `media_expired`, `media_too_large`, `not_connected`, `disk_full`, `server_busy`, and as `Engine.fetchMedia`.
   */
  open(key: KeyParts): Promise<OpenMedia>
  /** The preview that came with the message, a JPEG; kept with it. Rejects as {@link MediaRoom.open}. */
  thumbnail(key: KeyParts): Promise<Uint8Array>
  /** Messages may have come or gone: deletes files that no message refers to, and fetches what is wanted. Never fails. */
  wake(): void
  /** Resolves when the files that no message refers to are deleted from the disk. Never fails. */
  clean(): Promise<void>
  stop(): void
}

export type MediaRoomOptions = {
  store: Store
  reads: Pick<Reads, 'quoted' | 'messagesAt'>
  /** The directory of the files. Created if missing. */
  dir: string
  rules: MediaRules
  /** The connected engine, or null. */
  engine(): Engine | null
  clock: Clock
  log: Log
  /** Called when a file was stored. */
  onStored?(): void
}

type Wanted = {
  id: string
  place: number
  keys: readonly MessageKey[]
  source: MediaSource | null
  facts: Media
}

/** What a download may take: one for a person who asks, or one without a request. */
type Terms = {
  /** The phone is asked only for what a person wants to see. */
  askPhone: boolean
  maxBytes: number
  usedAtMs: number
}

/** Errors of one download: another, for a person or for another message with the same file, may not have them. */
const NOT_SHARED: readonly string[] = [
  'media_expired',
  'media_too_large',
  'media_not_found',
  'message_not_found',
] satisfies ErrorCode[]

export function createMediaRoom({
  store,
  reads,
  dir,
  rules,
  engine,
  clock,
  log,
  onStored = () => {},
}: MediaRoomOptions): MediaRoom {
  const { mediaFiles: files, raws } = store
  const folder = openMediaFolder(store, dir, log)
  /** Downloads that run, by what they fetch: two requests for the same media share one. */
  const running = new Map<string, { place: number; file: Promise<MediaFile>; askPhone: boolean }>()
  const waiting: (() => void)[] = []
  let active = 0
  let stopped = false
  let woken: NodeJS.Immediate | null = null

  async function find(wanted: KeyParts): Promise<Wanted> {
    const { id, place, keys } = await reads.quoted(wanted)
    const row = store.messages.get(place) ?? fail('message_not_found')
    if (row.has_media !== 1) fail('media_not_found')
    return { id, place, keys, source: raws.source(place), facts: detailsOf(row).media ?? {} }
  }

  const asked = (): Terms => ({ askPhone: true, maxBytes: rules.maxBytes, usedAtMs: clock.now() })

  function connected(): Engine {
    const found = engine()
    return found?.connected() ? found : fail('not_connected', { retryAfterS: 5 })
  }

  /** Waits for a turn. Returns the function that ends it and gives it to the next in line. */
  async function takeTurn(): Promise<() => void> {
    if (active < AT_ONCE) active += 1
    else await new Promise<void>((resolve) => waiting.push(resolve))
    return () => {
      const next = waiting.shift()
      if (next === undefined) active -= 1
      else next()
    }
  }

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const end = await takeTurn()
    return work().finally(end)
  }

  /** Requests the media from WhatsApp. Remembers what has expired, so that the phone is asked once a day at most. */
  async function request({ place, keys, source, facts }: Wanted, { askPhone, maxBytes }: Terms) {
    const stated = source?.sizeBytes ?? facts.size_bytes ?? 0
    if (stated > maxBytes) tooLarge(maxBytes)
    const limitMs = FETCH_MS + (stated / MIB) * FETCH_MS_PER_MIB
    try {
      const fetched = await connected().fetchMedia({ keys, source, askPhone, limitMs })
      if (fetched.sizeBytes <= maxBytes) return fetched
      await fetched.close()
      return tooLarge(maxBytes)
    } catch (error) {
      if (askPhone && error instanceof AppError && error.code === 'media_expired')
        store.transaction(() => files.noteExpired(place, clock.now()))
      throw error
    }
  }

  /** Rejects with `media_too_large` also for a file above the quota, which would displace all others. */
  async function fetch(wanted: Wanted, terms: Terms): Promise<MediaFile> {
    const { place, source } = wanted
    const maxBytes = Math.min(terms.maxBytes, rules.quotaBytes)
    const { bytes, directPath, close } = await request(wanted, { ...terms, maxBytes })
    try {
      const file = await folder.write(bytes, maxBytes).finally(close)
      const { filehash } = file
      const isWanted = store.transaction(() => {
        // Forgotten or deleted for everyone while it came.
        if (store.messages.get(place)?.has_media !== 1) return false
        const known = raws.source(place)
        if (known === null || known.directPath !== directPath)
          raws.setSource(place, {
            ...(known ?? source ?? unknownSource(wanted)),
            directPath: directPath ?? '',
          })
        files.noteFetched(place, filehash, clock.now())
        files.use(file, terms.usedAtMs)
        // Without a request, the file itself is removed if only newer media could make room: its stated size may have been wrong.
        files.makeRoom(rules.quotaBytes, terms.askPhone ? filehash : null)
        return true
      })
      if (!isWanted) {
        await folder.drop(filehash)
        fail(store.messages.get(place) === undefined ? 'message_not_found' : 'media_not_found')
      }
      onStored()
      return file
    } finally {
      wake()
    }
  }

  /**
   * Shares a running download. If one without a request, or for another message, fails, a person who has joined it gets a download
   * of their own.
   */
  function fetchOnce(wanted: Wanted, terms: Terms): Promise<MediaFile> {
    const { place, source } = wanted
    const name = source?.filehash ?? String(place)
    const known = running.get(name)
    if (known?.place === place && (known.askPhone || !terms.askPhone)) return known.file
    const download = () => inTurn(() => fetch(wanted, terms))
    const shared = known?.file.then(
      (file) => {
        store.transaction(() => files.use(file, terms.usedAtMs))
        return file
      },
      (error) => {
        if (error instanceof AppError && NOT_SHARED.includes(error.code)) return download()
        throw error
      },
    )
    const file = (shared ?? download()).finally(() => {
      if (running.get(name) === mine) running.delete(name)
    })
    const mine = { place, file, askPhone: terms.askPhone }
    running.set(name, mine)
    return file
  }

  function toOpen(file: MediaFile, { id, facts }: Wanted): OpenMedia {
    const { filehash, size_bytes, type } = file
    return {
      id,
      sizeBytes: size_bytes,
      sha256: Buffer.from(filehash, 'base64').toString('hex'),
      sniffed: type,
      facts,
      read: (from, to) => folder.read(file, from, to),
      close: () => {},
    }
  }

  /** Nothing is kept, or not a file as large as this: the bytes pass through. The turn lasts until they are read, since the browser holds them so long. */
  async function passThrough(wanted: Wanted): Promise<OpenMedia> {
    if (waiting.length >= MOST_WAITING) fail('server_busy', { retryAfterS: 5 })
    const end = await takeTurn()
    let closed: Promise<void> | undefined
    const { bytes, sizeBytes, close } = await request(wanted, asked()).catch((error) => {
      end()
      throw error
    })
    const pieces = bytes[Symbol.asyncIterator]()
    const finish = () => {
      closed ??= close().finally(end)
      return closed
    }
    const first = await pieces.next().catch(async (error) => {
      await finish()
      throw error
    })
    const filehash = wanted.source?.filehash
    return {
      id: wanted.id,
      sizeBytes,
      sha256: filehash ? Buffer.from(filehash, 'base64').toString('hex') : null,
      sniffed: first.done ? null : sniffType(first.value),
      facts: wanted.facts,
      read: (from, to) => slice(first, pieces, from, to),
      close: () => void finish(),
    }
  }

  async function fetchPlace(place: number, usedAtMs: number): Promise<void> {
    const [found] = await reads.messagesAt([place])
    const parts = found && parseMessageKey(found.message.id)
    if (!parts) fail('message_not_found')
    const wanted = await find(parts)
    const file = await folder.find(wanted.source?.filehash)
    const maxBytes = Math.min(rules.eagerMaxBytes, rules.maxBytes)
    if (file === null) await fetchOnce(wanted, { askPhone: false, maxBytes, usedAtMs })
    else {
      store.transaction(() => files.noteFetched(place, file.filehash, clock.now()))
      onStored()
    }
  }

  const eager =
    rules.download === 'eager'
      ? createEagerMedia({
          store,
          rules,
          clock,
          log,
          canFetch: () => !stopped && !!engine()?.connected(),
          fetch: fetchPlace,
        })
      : null

  function wake(): void {
    if (woken !== null || stopped) return
    woken = setImmediate(() => {
      woken = null
      void folder.clean()
      eager?.run().catch((error) => log.warn({ err: error }, 'media cannot be fetched'))
    })
  }

  return {
    shelf: {
      find: folder.find,
      async keep(bytes) {
        if (rules.download === 'never') return null
        const file = await folder.write(one(bytes), rules.maxBytes)
        store.transaction(() => {
          files.use(file, clock.now())
          files.makeRoom(rules.quotaBytes, file.filehash)
        })
        return file
      },
      read: folder.read,
      wake,
    },
    async open(wanted) {
      const found = await find(wanted)
      const here = await folder.find(found.source?.filehash)
      if (here !== null) {
        store.transaction(() => files.use(here, clock.now()))
        return toOpen(here, found)
      }
      if (clock.now() < (files.expiredAtMs(found.place) ?? -Infinity) + EXPIRED_MS) fail('media_expired')
      if (rules.download === 'never') return passThrough(found)
      try {
        return toOpen(await fetchOnce(found, asked()), found)
      } catch (error) {
        const isAboveQuota = error instanceof AppError && error.code === 'media_too_large'
        if (isAboveQuota && rules.quotaBytes < rules.maxBytes) return passThrough(found)
        throw error
      }
    },
    async thumbnail(wanted) {
      const { place, keys } = await find(wanted)
      const known = raws.preview(place)
      if (known !== null) return known
      const jpeg = (await connected().readThumbnail(keys)) ?? fail('media_not_found')
      // Unless it was forgotten meanwhile: then nothing refers to it.
      if (rules.download !== 'never') store.transaction(() => raws.setPreview(place, jpeg))
      return jpeg
    },
    wake,
    clean: folder.clean,
    stop() {
      stopped = true
      if (woken !== null) clearImmediate(woken)
    },
  }
}

function unknownSource({ facts }: Wanted): MediaSource {
  return {
    type: '',
    directPath: '',
    mediaKey: null,
    mediaKeyTimestamp: null,
    encFilehash: null,
    filehash: null,
    mimetype: facts.mimetype ?? null,
    sizeBytes: facts.size_bytes ?? null,
  }
}

async function* slice(
  first: IteratorResult<Uint8Array>,
  pieces: AsyncIterator<Uint8Array>,
  from: number,
  to: number,
): AsyncGenerator<Uint8Array> {
  let at = 0
  for (let next = first; !next.done; next = await pieces.next()) {
    const piece = next.value.subarray(Math.max(0, from - at), to - at)
    at += next.value.length
    if (piece.length > 0) yield piece
    // The caller needs no other piece.
    if (at >= to) return
  }
}

async function* one(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}

function tooLarge(maxBytes: number): never {
  return fail('media_too_large', { detail: `The media is larger than ${Math.floor(maxBytes / MIB)} MiB.` })
}
