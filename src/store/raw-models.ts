/**
 * The table of messages as they were received, and of what a download of their media requires: facts that no answer shows.
 * {@link Messages} deletes them with their messages.
 */
import { deflateSync, inflateSync } from 'node:zlib'
import type { MediaSource, RawModel } from '../model/content.ts'
import type { Connection } from './sqlite.ts'

/** Characters of one model as JSON. The longest fields of a longer one are left out. */
const MAX_CHARACTERS = 16_000

/**
 * Words of most models, the most frequent last: what zlib finds in here takes two bytes. A change makes stored models unreadable,
 * so a new dictionary needs a new `engine`.
 */
export const DICTIONARY = Buffer.from(
  'associationType,parentMsgKey,pollOptions,pollName,vcardList,displayName,vcardFormattedName,interactiveHeader,' +
    '"isViewOnce":true,"pageCount":1,"filename":"","duration":"","width":,"height":,"waveform":"hex:' +
    '"ephemeralDuration":86400,"ephemeralStartTimestamp":17,"ephemeralSettingTimestamp":17,"disappearingModeInitiator":"chat",' +
    '"quotedMsg":{"type":"chat","quotedStanzaID":"3EB0","quotedParticipant":"","mentionedJidList":["@lid"],"isForwarded":true,' +
    '"forwardingScore":1,"hasReaction":true,"deprecatedMms3Url":"https://mmg.whatsapp.net/v/t62.7118-24/","directPath":"/v/t62.' +
    '7118-24/","mimetype":"image/jpeg","filehash":"","encFilehash":"","mediaKey":"","mediaKeyTimestamp":17,"size":,' +
    '"ack":3,"self":"out","latestEditSenderTimestampMs":17,"messageSecret":"hex:","viewMode":"VISIBLE","kind":"",' +
    '{"id":{"fromMe":true,"remote":"120363@g.us","id":"3EB0","participant":"@lid"},"isNewMsg":true,"recvFresh":true,' +
    '{"id":{"fromMe":false,"remote":"1555@c.us","id":"3A"},"type":"chat","t":17,"notifyName":"","from":"@lid","to":"@lid","author":"@lid",' +
    '"ack":1,"self":"in","isNewMsg":true,"recvFresh":true,"type":"chat","t":17,"from":"@c.us","to":"@c.us"',
)

/** In base64. */
const JPEG = /^\/9j\/[A-Za-z0-9+/]*=*$/

/** Models in one pack, and their characters: reading one model reads its whole pack. */
const PACK_MODELS = 200
const PACK_CHARACTERS = 131_072

export type RawModels = {
  /** Stores the model, replacing an earlier one. `body`: the text in the table of messages. */
  setModel(message: number, raw: RawModel, body: string): void
  hasModel(message: number): boolean
  /** Null if there is none. */
  model(message: number): RawModel | null
  /** Stores what a download requires, replacing an earlier source. */
  setSource(message: number, source: MediaSource): void
  source(message: number): MediaSource | null
  /** Stores the preview of a message with a source. Does nothing for others. */
  setPreview(message: number, jpeg: Uint8Array): void
  preview(message: number): Uint8Array | null
  /** Removes models, sources and previews of messages that are deleted, here or for everyone. Call within a transaction. */
  drop(messages: readonly number[]): void
}

export type SourceRow = {
  message: number
  type: string
  direct_path: string
  media_key: string | null
  media_key_at: number | null
  enc_filehash: string | null
  filehash: string | null
  mimetype: string | null
  size_bytes: number | null
}

const PACKS_OF = `SELECT * FROM raw_packs WHERE id IN
  (SELECT pack FROM message_raw WHERE message IN (SELECT value FROM json_each(?)))`

/** No table here is in the connection's memory. */
const OWN = { keepsMemory: true } as const

type Pack = { id: number; engine: string; build: string | null; payload: Uint8Array }

export function createRawModels(db: Connection): RawModels {
  const packs = createPacks(db)
  const stored = createModelReader(db)
  const has = db.query<{ message: number }>('SELECT message FROM message_raw WHERE message = ?')
  const putSource = db.command(
    `INSERT INTO media (message, type, direct_path, media_key, media_key_at, enc_filehash, filehash, mimetype, size_bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET type = excluded.type, direct_path = excluded.direct_path,
     media_key = excluded.media_key, media_key_at = excluded.media_key_at, enc_filehash = excluded.enc_filehash,
     filehash = excluded.filehash, mimetype = excluded.mimetype, size_bytes = excluded.size_bytes`,
    OWN,
  )
  const dropSources = db.command('DELETE FROM media WHERE message IN (SELECT value FROM json_each(?))', OWN)
  const getSource = db.query<SourceRow>('SELECT * FROM media WHERE message = ?')
  const putPreview = db.command(
    `INSERT INTO media_previews SELECT message, ? FROM media WHERE message = ?
     ON CONFLICT DO UPDATE SET jpeg = excluded.jpeg`,
    OWN,
  )
  const getPreview = db.query<{ jpeg: Uint8Array }>('SELECT jpeg FROM media_previews WHERE message = ?')

  /** Models of the current transaction that are in no pack yet. */
  const waiting = new Map<number, Waiting>()
  let characters = 0
  /** Packs them; after a rollback, drops them. */
  function finish(commits: boolean): void {
    if (commits && waiting.size > 0) packs.add(waiting)
    waiting.clear()
    characters = 0
  }

  return {
    setModel(message, { engine, build, model }, body) {
      const text = toText(model, body)
      waiting.set(message, { engine, build, text })
      characters += text.length
      if (waiting.size === PACK_MODELS || characters > PACK_CHARACTERS) finish(true)
      else db.beforeEnd(finish)
    },
    hasModel: (message) => waiting.has(message) || has.get(message) !== undefined,
    model(message) {
      const found = waiting.get(message)
      if (found === undefined) return stored([message]).get(message) ?? null
      return { engine: found.engine, build: found.build, model: JSON.parse(found.text) }
    },
    setSource(
      message,
      { type, directPath, mediaKey, mediaKeyTimestamp, encFilehash, filehash, mimetype, sizeBytes },
    ) {
      const facts = [
        type,
        directPath,
        mediaKey,
        mediaKeyTimestamp,
        encFilehash,
        filehash,
        mimetype,
        sizeBytes,
      ]
      putSource.run(message, ...facts)
    },
    source(message) {
      const row = getSource.get(message)
      return row === undefined ? null : toSource(row)
    },
    setPreview: (message, jpeg) => void putPreview.run(jpeg, message),
    preview: (message) => getPreview.get(message)?.jpeg ?? null,
    drop(messages) {
      for (const message of messages) waiting.delete(message)
      packs.remove(messages)
      dropSources.run(JSON.stringify(messages))
    },
  }
}

/** A model that is in no pack yet; `text`: as JSON. */
type Waiting = { engine: string; build: string | null; text: string }

type Packs = {
  /** Stores these models, replacing earlier ones. */
  add(models: ReadonlyMap<number, Waiting>): void
  remove(messages: readonly number[]): void
}

function createPacks(db: Connection): Packs {
  const read = db.query<Pack>(PACKS_OF)
  const put = db.command('INSERT INTO raw_packs (engine, build, payload) VALUES (?, ?, ?)', OWN)
  const replace = db.command('UPDATE raw_packs SET payload = ? WHERE id = ?', OWN)
  const remove = db.command('DELETE FROM raw_packs WHERE id = ?', OWN)
  const link = db.command(
    `INSERT INTO message_raw (message, pack, characters) SELECT value ->> 0, ?, value ->> 1 FROM json_each(?)`,
    OWN,
  )
  const unlink = db.command('DELETE FROM message_raw WHERE message IN (SELECT value FROM json_each(?))', OWN)

  function removeAll(messages: readonly number[]): void {
    const list = JSON.stringify(messages)
    const gone = new Set(messages)
    const found = read.all(list)
    if (found.length === 0) return
    for (const pack of found) {
      const kept = modelsIn(pack).filter(([message]) => !gone.has(message))
      if (kept.length === 0) remove.run(pack.id)
      else replace.run(compress(JSON.stringify(kept)), pack.id)
    }
    unlink.run(list)
  }

  return {
    add(models) {
      removeAll([...models.keys()])
      const byBuild = new Map<string, [message: number, text: string][]>()
      for (const [message, { engine, build, text }] of models) {
        const key = JSON.stringify([engine, build])
        const group = byBuild.get(key) ?? []
        group.push([message, text])
        byBuild.set(key, group)
      }
      for (const [key, group] of byBuild) {
        const payload = compress(`[${group.map(([message, text]) => `[${message},${text}]`)}]`)
        const { lastInsertRowid } = put.run(...JSON.parse(key), payload)
        link.run(lastInsertRowid, JSON.stringify(group.map(([message, text]) => [message, text.length])))
      }
    },
    remove: removeAll,
  }
}

/** Reads the models of these messages. Prepares its statement once, here. */
export function createModelReader(db: Connection): (messages: readonly number[]) => Map<number, RawModel> {
  const read = db.query<Pack>(PACKS_OF)
  return (messages) => {
    const asked = new Set(messages)
    const models = new Map<number, RawModel>()
    for (const pack of read.all(JSON.stringify(messages))) {
      for (const [message, model] of modelsIn(pack)) {
        if (asked.has(message)) models.set(message, { engine: pack.engine, build: pack.build, model })
      }
    }
    return models
  }
}

/** The models of a pack, by message. An earlier version stored one alone. */
function modelsIn({ id, payload }: Pack): [message: number, model: Record<string, unknown>][] {
  const content = JSON.parse(inflateSync(payload, { dictionary: DICTIONARY }).toString())
  return Array.isArray(content) ? content : [[id, content]]
}

/** For a single model, as most are stored: allocating a full window costs more than the compression. It must hold the dictionary. */
const ONE = { windowBits: 12, memLevel: 5, chunkSize: 1_024 }
const ONE_CHARACTERS = 2_000

const compress = (text: string): Buffer =>
  deflateSync(text, { level: 1, dictionary: DICTIONARY, ...(text.length <= ONE_CHARACTERS ? ONE : {}) })

/** Returns the facts of a row of the table `media`. */
export function toSource(row: SourceRow): MediaSource {
  return {
    type: row.type,
    directPath: row.direct_path,
    mediaKey: row.media_key,
    mediaKeyTimestamp: row.media_key_at,
    encFilehash: row.enc_filehash,
    filehash: row.filehash,
    mimetype: row.mimetype,
    sizeBytes: row.size_bytes,
  }
}

/** The model as JSON. What the table of messages has as text is left out, and so are previews. */
function toText(model: Record<string, unknown>, text: string): string {
  const { body, caption, ...others } = model
  const isElsewhere = (value: unknown) => value === undefined || value === text
  const isLeftOut = isElsewhere(body) || (typeof body === 'string' && JPEG.test(body))
  return bounded({
    ...others,
    ...(isLeftOut ? {} : { body }),
    ...(isElsewhere(caption) ? {} : { caption }),
  })
}

function bounded(model: Record<string, unknown>): string {
  const json = JSON.stringify(model)
  if (json.length <= MAX_CHARACTERS) return json
  const sizes = Object.entries(model).map(([name, value]) => ({
    name,
    size: JSON.stringify(value)?.length ?? 0,
  }))
  const kept = { ...model }
  let size = json.length
  for (const { name, size: part } of sizes.sort((one, other) => other.size - one.size)) {
    if (size <= MAX_CHARACTERS) break
    delete kept[name]
    size -= part + name.length + 4
  }
  return JSON.stringify({ ...kept, left_out: true })
}
