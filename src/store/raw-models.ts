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
const DICTIONARY = Buffer.from(
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

export type RawModels = {
  /** Stores the model, replacing an earlier one. `body`: the text in the table of messages. */
  setModel(message: number, raw: RawModel, body: string): void
  hasModel(message: number): boolean
  /** Null if there is none. */
  model(message: number): RawModel | null
  /** Stores what a download requires, replacing an earlier source. */
  setSource(message: number, source: MediaSource): void
  source(message: number): MediaSource | null
  /** Removes both, as of a message that was deleted for everyone. */
  drop(message: number): void
}

export type RawRow = { message: number; engine: string; build: string | null; payload: Uint8Array }
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

export function createRawModels(db: Connection): RawModels {
  const put = db.command(
    'INSERT OR REPLACE INTO message_raw (message, engine, build, payload) VALUES (?, ?, ?, ?)',
    {
      keepsMemory: true,
    },
  )
  const has = db.query<{ message: number }>('SELECT message FROM message_raw WHERE message = ?')
  const get = db.query<RawRow>('SELECT * FROM message_raw WHERE message = ?')
  const putSource = db.command(
    `INSERT INTO media (message, type, direct_path, media_key, media_key_at, enc_filehash, filehash, mimetype, size_bytes)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET type = excluded.type, direct_path = excluded.direct_path,
     media_key = excluded.media_key, media_key_at = excluded.media_key_at, enc_filehash = excluded.enc_filehash,
     filehash = excluded.filehash, mimetype = excluded.mimetype, size_bytes = excluded.size_bytes`,
    { keepsMemory: true },
  )
  const drops = ['DELETE FROM message_raw WHERE message = ?', 'DELETE FROM media WHERE message = ?'].map(
    (sql) => db.command(sql, { keepsMemory: true }),
  )
  const getSource = db.query<SourceRow>('SELECT * FROM media WHERE message = ?')
  return {
    setModel: (message, { engine, build, model }, body) =>
      void put.run(message, engine, build, pack(model, body)),
    hasModel: (message) => has.get(message) !== undefined,
    model(message) {
      const row = get.get(message)
      return row === undefined ? null : toRaw(row)
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
    drop(message) {
      for (const command of drops) command.run(message)
    },
  }
}

/** Returns the model of a row of the table `message_raw`. */
export function toRaw({ engine, build, payload }: RawRow): RawModel {
  return { engine, build, model: unpack(payload) }
}

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

/** Compresses a model. What the table of messages has as text is left out, and so are previews. */
export function pack(model: Record<string, unknown>, text: string): Buffer {
  const { body, caption, ...others } = model
  const isElsewhere = (value: unknown) => value === undefined || value === text
  const isLeftOut = isElsewhere(body) || (typeof body === 'string' && JPEG.test(body))
  const kept = {
    ...others,
    ...(isLeftOut ? {} : { body }),
    ...(isElsewhere(caption) ? {} : { caption }),
  }
  return deflateSync(bounded(kept), {
    level: 1,
    memLevel: 5,
    windowBits: 12,
    chunkSize: 1_024,
    dictionary: DICTIONARY,
  })
}

/** Returns the model of a payload. */
export function unpack(payload: Uint8Array): Record<string, unknown> {
  return JSON.parse(inflateSync(payload, { dictionary: DICTIONARY }).toString())
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
