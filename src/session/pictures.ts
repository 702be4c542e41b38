/**
 * Profile pictures of one account: asked for from WhatsApp when somebody wants to see one, and kept with the media. WhatsApp is
 * asked again after an hour, when a change was reported, or once by each new connection.
 */
import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import type { Jid } from '../model/ids.ts'
import type { MediaFile } from '../store/media-files.ts'
import type { Store } from '../store/store.ts'
import type { MediaShelf } from './media.ts'
import { pictureKey } from './record-pictures.ts'

const FRESH_MS = 3_600_000
const LIMIT_MS = 25_000

/** A picture, ready to be read. `sha256`: in hexadecimal. `type`: by its first bytes. */
export type OpenPicture = {
  sizeBytes: number
  sha256: string
  type: string
  /** Reads the bytes from `from` up to `to`, exclusive. */
  read(from: number, to: number): AsyncIterable<Uint8Array>
}

export type PictureRoom = {
  /**
   * The picture of a person or group; null: of this account. Without a connection, the last one that was read. Rejects with
   * `picture_not_found` (also for one that is hidden), `not_connected`, `disk_full`, and as `Engine.perform`.
   */
  open(of: Jid | null): Promise<OpenPicture>
}

export type PictureRoomOptions = {
  store: Store
  shelf: MediaShelf
  account: Jid
  /** This account's addresses. */
  own: () => ReadonlySet<Jid>
  /** The connected engine, or null. */
  engine(): Engine | null
  clock: Clock
}

export function createPictureRoom({
  store,
  shelf,
  account,
  own,
  engine,
  clock,
}: PictureRoomOptions): PictureRoom {
  const { pictures } = store
  /** What is being asked for, so that two requests for the same picture share one. */
  const running = new Map<Jid, Promise<OpenPicture>>()
  /** One after the other: WhatsApp limits how often it answers. */
  let turn: Promise<unknown> = Promise.resolve()
  /** The connection that reports changes, and since when (Unix ms): what was checked before it may have changed unheard. */
  let heard: { by: Engine; sinceMs: number } | null = null
  /** The last picture, where nothing is kept: one call reads it more than once. */
  let passed: { key: Jid; tag: string; bytes: Buffer } | null = null

  const toOpen = (file: MediaFile): OpenPicture => ({
    sizeBytes: file.size_bytes,
    sha256: Buffer.from(file.filehash, 'base64').toString('hex'),
    type: typeOf(file.type),
    read: (from, to) => shelf.read(file, from, to),
  })

  async function ask(of: Jid | null, key: Jid): Promise<OpenPicture> {
    const row = pictures.get(key)
    const file = await shelf.find(row?.filehash)
    const connected = engine()
    if (connected !== null && connected !== heard?.by) heard = { by: connected, sinceMs: clock.now() }
    const isRecent = row !== undefined && clock.now() - row.checked_at_ms < FRESH_MS
    const isFresh = isRecent && row.checked_at_ms >= (heard?.sinceMs ?? 0)
    if (isFresh && row.tag === null) fail('picture_not_found')
    if (isFresh && file !== null) return toOpen(file)
    if (isFresh && passed !== null && passed.key === key && passed.tag === row.tag)
      return inMemory(passed.bytes)
    if (!connected?.connected()) {
      if (file !== null) return toOpen(file)
      return fail('not_connected', { retryAfterS: 5 })
    }
    const known = file === null ? null : (row?.tag ?? null)
    const { result } = await connected.perform('read_picture', { chat: of, known }, { limitMs: LIMIT_MS })
    const { tag, data } = result
    const checked = { tag, checked_at_ms: clock.now() }
    if (tag === null) {
      store.transaction(() => pictures.set(key, { ...checked, filehash: null }))
      return fail('picture_not_found')
    }
    if (data === null && file !== null) {
      store.transaction(() => pictures.set(key, { ...checked, filehash: file.filehash }))
      return toOpen(file)
    }
    const bytes = Buffer.from(data ?? '', 'base64')
    const kept = await shelf.keep(bytes)
    // Also where nothing is kept: a change is reported of a picture that is known.
    store.transaction(() => pictures.set(key, { ...checked, filehash: kept?.filehash ?? null }))
    if (kept === null) {
      passed = { key, tag, bytes }
      return inMemory(bytes)
    }
    shelf.wake()
    return toOpen(kept)
  }

  return {
    open(of) {
      const key = pictureKey(store, own(), of ?? account)
      const known = running.get(key)
      if (known !== undefined) return known
      const mine = turn.then(() => ask(of, key)).finally(() => running.delete(key))
      running.set(key, mine)
      turn = mine.catch(() => {})
      return mine
    },
  }
}

/** WhatsApp's pictures are JPEG. What is something else does not run in a browser. */
const typeOf = (sniffed: string | null): string => (sniffed?.startsWith('image/') ? sniffed : 'image/jpeg')

/** Nothing is kept: the bytes pass through. */
function inMemory(bytes: Buffer): OpenPicture {
  return {
    sizeBytes: bytes.length,
    sha256: createHash('sha256').update(bytes).digest('hex'),
    type: 'image/jpeg',
    async *read(from, to) {
      yield bytes.subarray(from, to)
    },
  }
}
