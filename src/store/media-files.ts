/**
 * The table of files of media that lie beside the archive, and what is known of the media of messages. A file leaves with the
 * last message that refers to it (migrations/archive/09-media-files.sql).
 */
import { WORD_TYPES, type WordKind } from '../model/media-rules.ts'
import type { MediaState, Wordless } from '../model/message.ts'
import type { Connection } from './sqlite.ts'

/** `filehash`: SHA-256 of the bytes, base64. `type`: by its first bytes; null if they say nothing. */
export type MediaFile = { filehash: string; size_bytes: number; type: string | null }

export type MediaFiles = {
  get(filehash: string): MediaFile | undefined
  /** Adds a file, or notes that it was used at this time. */
  use(file: MediaFile, usedMs: number): void
  /** The bytes of all files that were used at this time (Unix ms) or later. */
  bytesSince(usedMs: number): number
  /** Removes the files that were not used for the longest time, up to this number of bytes, but never `except`. */
  makeRoom(bytes: number, except: string | null): void
  /** Removes the row of a file that cannot be read. */
  remove(filehash: string): void
  hashes(): string[]
  /** Files that are to be deleted from the disk; call {@link MediaFiles.left} for each. */
  leaving(): string[]
  /** Notes that this file was deleted from the disk. */
  left(filehash: string): void
  /** Returns where the media of this message is; null if no media is known. */
  stateOf(message: number): MediaState | null
  /** Returns when WhatsApp was found to have the media no more (Unix ms); null if it was not. */
  expiredAtMs(message: number): number | null
  /** The media of this message was fetched, and has this hash. */
  noteFetched(message: number, filehash: string, nowMs: number): void
  /** WhatsApp has the media of this message no more. */
  noteExpired(message: number, nowMs: number): void
  /**
   * Returns the newest message from the position `from` on, without those in `without`, whose media is of these types, has at most
   * `maxBytes` and was never fetched; with its size. Null if there is none.
   */
  nextUnfetched(
    from: number,
    types: readonly string[],
    maxBytes: number,
    without: readonly number[],
  ): { message: number; size_bytes: number } | null
  /** The newest message with a file of these kinds whose words were never looked for. */
  nextUnread(kinds: readonly WordKind[]): number | null
  /** Stores what the search for words gave; null: they are searched for again. */
  noteWords(message: number, words: 'found' | 'running' | Wordless | null): void
  /** Marks searches that ran when the process was killed as failed: they do not run again by themselves. */
  endRunning(): void
}

/** What a message shows of its media. */
export type MediaView = { state: MediaState; words?: Wordless }

/** The state of media from a row of `media m` and one of `media_files f`. */
export const MEDIA_STATE = `CASE WHEN f.filehash IS NOT NULL THEN 'here' WHEN m.expired_at_ms IS NOT NULL THEN 'expired'
  ELSE 'at_whatsapp' END`
/** Why the message has no words of its media: `none` or `failed`; NULL otherwise. */
export const MEDIA_WORDS = "CASE WHEN m.words IN ('none', 'failed') THEN m.words END"
export const MEDIA_TABLES = 'media m LEFT JOIN media_files f ON f.filehash = m.filehash'

export function createMediaFiles(db: Connection): MediaFiles {
  const get = db.query<MediaFile>('SELECT filehash, size_bytes, type FROM media_files WHERE filehash = ?')
  const use = db.command(
    `INSERT INTO media_files VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET used_at_ms = max(used_at_ms, excluded.used_at_ms)`,
  )
  const unlist = db.command('DELETE FROM media_leaving WHERE filehash = ?')
  const total = db.query<{ bytes: number }>(
    'SELECT coalesce(sum(size_bytes), 0) AS bytes FROM media_files WHERE used_at_ms >= ?',
  )
  const oldest = db.query<MediaFile>(
    'SELECT filehash, size_bytes, type FROM media_files WHERE filehash <> ? ORDER BY used_at_ms LIMIT 1',
  )
  const remove = db.command('DELETE FROM media_files WHERE filehash = ?')
  const hashes = db.query<{ filehash: string }>('SELECT filehash FROM media_files')
  const leaving = db.query<{ filehash: string }>('SELECT filehash FROM media_leaving')
  const state = db.query<{ state: MediaState }>(
    `SELECT ${MEDIA_STATE} AS state FROM ${MEDIA_TABLES} WHERE m.message = ?`,
  )
  const fetched = db.command(
    'UPDATE media SET filehash = ?, fetched_at_ms = ?, expired_at_ms = NULL WHERE message = ?',
  )
  const expired = db.command('UPDATE media SET expired_at_ms = ? WHERE message = ?')
  const expiredAt = db.query<{ expired_at_ms: number | null }>(
    'SELECT expired_at_ms FROM media WHERE message = ?',
  )
  const unfetched = db.query<{ message: number; size_bytes: number }>(
    `SELECT message, size_bytes FROM media WHERE fetched_at_ms IS NULL AND expired_at_ms IS NULL AND message >= ?
     AND type IN (SELECT value FROM json_each(?)) AND size_bytes <= ?
     AND message NOT IN (SELECT value FROM json_each(?)) ORDER BY message DESC LIMIT 1`,
  )

  const unread = db.query<{ message: number }>(
    `SELECT m.message FROM media_files f CROSS JOIN media m ON m.filehash = f.filehash CROSS JOIN messages x ON x.id = m.message
     WHERE m.words IS NULL AND x.type IN (SELECT value FROM json_each(?))
     AND (x.type <> 'document' OR f.type IS NULL OR f.type LIKE 'application/%')
     ORDER BY m.message DESC LIMIT 1`,
  )
  const setWords = db.command('UPDATE media SET words = ? WHERE message = ?')
  const endRunning = db.command("UPDATE media SET words = 'failed' WHERE words = 'running'")

  const bytesSince = (usedMs: number) => total.get(usedMs)?.bytes ?? 0

  return {
    get: (filehash) => get.get(filehash),
    use({ filehash, size_bytes, type }, usedMs) {
      use.run(filehash, size_bytes, type, usedMs)
      unlist.run(filehash)
    },
    bytesSince,
    makeRoom(bytes, except) {
      for (let used = bytesSince(0); used > bytes; ) {
        const file = oldest.get(except ?? '')
        if (file === undefined) return
        remove.run(file.filehash)
        used -= file.size_bytes
      }
    },
    remove: (filehash) => void remove.run(filehash),
    hashes: () => hashes.all().map(({ filehash }) => filehash),
    leaving: () => leaving.all().map(({ filehash }) => filehash),
    left: (filehash) => void unlist.run(filehash),
    stateOf: (message) => state.get(message)?.state ?? null,
    expiredAtMs: (message) => expiredAt.get(message)?.expired_at_ms ?? null,
    noteFetched: (message, filehash, nowMs) => void fetched.run(filehash, nowMs, message),
    noteExpired: (message, nowMs) => void expired.run(nowMs, message),
    nextUnfetched: (from, types, maxBytes, without) =>
      unfetched.get(from, JSON.stringify(types), maxBytes, JSON.stringify(without)) ?? null,
    nextUnread: (kinds) =>
      unread.get(JSON.stringify(kinds.flatMap((kind) => WORD_TYPES[kind])))?.message ?? null,
    noteWords: (message, words) => void setWords.run(words, message),
    endRunning: () => void endRunning.run(),
  }
}
