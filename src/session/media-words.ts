/**
 * The words in the media of one account: transcripts of voice notes and audio, texts of documents. Programs of the settings find
 * them on this computer, and they are stored with their message: shown, searched, exported and deleted as its text is.
 */
import { setMaxListeners } from 'node:events'
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../clock.ts'
import { codeOf } from '../error-code.ts'
import { AppError, ERRORS, fail } from '../errors.ts'
import { CommandError, createLine, printedOf, programs, SHORTAGES } from '../files/command.ts'
import { converted } from '../files/ffmpeg.ts'
import { extensionOf } from '../files/media-type.ts'
import { WAV } from '../files/voice.ts'
import type { Log } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import { type KeyParts, parseMessageKey } from '../model/ids.ts'
import { WORD_TYPES, type WordKind, type WordRules } from '../model/media-rules.ts'
import type { Reads } from '../store/reads.ts'
import { detailsOf } from '../store/render.ts'
import type { Store } from '../store/store.ts'
import type { MediaRoom, OpenMedia } from './media.ts'

/** As many as the longest text that WhatsApp sends has. */
const MAX_CHARACTERS = 65_536
/** Requests of an account that wait. */
const MOST_WAITING = 20
/** A WAV of four hours. */
const MAX_WAV_BYTES = 512 * 2 ** 20
const CONVERT_MS = 60_000
/** When files are read again after a problem that was not theirs. */
const AGAIN_MS = 300_000
/** Folders beside the media files, each with the one file that a program reads. */
const FOLDER = 'words-'

/** The words of one file; empty if it has none. `id`: of its message, as the API returns it. */
export type FoundWords = { id: string; kind: WordKind; words: string }

export type MediaWords = {
  /**
   * The words in the media of this message: as stored, or else a program looks for them now. Rejects with
   * `message_not_found`, `media_not_found` (no voice note, audio or document), `words_not_enabled`, `words_failed`,
   * `needs_ffmpeg`, `media_refused` (no sound), `server_busy`, and as {@link MediaRoom.open}.
   */
  find(key: KeyParts): Promise<FoundWords>
  /** Files may have been stored: looks for their words, the newest first. Never fails. */
  wake(): void
  /** Resolves when no program runs. Never fails. */
  stop(): Promise<void>
}

export type MediaWordsOptions = {
  store: Store
  reads: Pick<Reads, 'quoted' | 'messagesAt'>
  media: Pick<MediaRoom, 'open'>
  /** The directory of the media files. */
  dir: string
  rules: WordRules
  clock: Clock
  log: Log
}

const KINDS: readonly WordKind[] = ['transcript', 'text']

const kindOf = (type: string) => KINDS.find((kind) => WORD_TYPES[kind].includes(type)) ?? null

/** A message whose words are looked for. */
type Asked = { id: string; place: number; kind: WordKind; key: KeyParts }

export function createMediaWords({
  store,
  reads,
  media,
  dir,
  rules,
  clock,
  log,
}: MediaWordsOptions): MediaWords {
  const { mediaFiles: files, messages, events } = store
  const stopping = new AbortController()
  const { signal } = stopping
  // All that wait listen to it.
  setMaxListeners(0, signal)
  /** One file of the account at a time, from its download on: what is slow here delays no other account. */
  const line = createLine()
  /** By place: two requests for the same words share a run. */
  const running = new Map<number, Promise<string>>()
  /** Kinds whose command, or ffmpeg before it, cannot be started: only requests try them again. */
  const missing = new Set<WordKind>()
  let cancelAgain = () => {}
  let isReading = false
  let isPrepared = false
  const leftovers = removeLeftovers(dir)

  async function ask(key: KeyParts): Promise<Asked & { known: string | undefined }> {
    const { id, place } = await reads.quoted(key)
    const row = messages.get(place) ?? fail('message_not_found')
    const kind = kindOf(row.type)
    if (kind === null)
      fail('media_not_found', { detail: 'The message is not a voice note, an audio file or a document.' })
    return { id, place, kind, key, known: detailsOf(row)[kind] }
  }

  function lookOnce(asked: Asked): Promise<string> {
    const known = running.get(asked.place)
    if (known !== undefined) return known
    const mine = look(asked).finally(() => running.delete(asked.place))
    running.set(asked.place, mine)
    return mine
  }

  async function look(asked: Asked): Promise<string> {
    const { kind, key, place } = asked
    const command = rules.commands[kind] ?? fail('words_not_enabled')
    try {
      return await line.inTurn(signal, async () => {
        // Not before its turn: where nothing is kept, open media holds a place of the account's downloads.
        const opened = await media.open(key)
        try {
          const words = toWords(await printedBy(command, place, opened))
          keep(asked, words)
          if (missing.delete(kind)) wake()
          return words
        } catch (error) {
          return refuse(asked, error)
        } finally {
          opened.close()
        }
      })
    } catch (error) {
      // The server stops before its turn.
      if (error instanceof CommandError) refuse(asked, error)
      throw error
    }
  }

  /** Notes why there are no words, and throws `words_failed`, `disk_full`, or the error itself if it is none of the program. */
  function refuse({ kind, place }: Asked, error: unknown): never {
    const fault = signal.aborted ? 'stopped' : error instanceof CommandError ? error.fault : null
    if (fault === 'missing' || isOf(error, 'needs_ffmpeg')) missing.add(kind)
    note(place, fault === 'stopped' || isPassing(error) ? null : 'failed')
    const code = codeOf(error)
    if (code === 'ENOSPC' || code === 'EDQUOT') fail('disk_full', { cause: error })
    if (fault === null) throw error
    if (fault !== 'stopped')
      log.warn({ kind, fault, err: error }, 'the program for the words of media did not do its work')
    return fail('words_failed', { cause: error })
  }

  const note = (place: number, words: 'running' | 'failed' | null) =>
    store.transaction(() => files.noteWords(place, words))

  /** Runs the command on a copy of the file that only this user can read, once no other program runs. */
  async function printedBy(command: readonly string[], place: number, opened: OpenMedia): Promise<string> {
    makeFolder(dir, 0o700)
    const folder = await mkdtemp(join(dir, FOLDER))
    try {
      const file = join(folder, `media.${endOf(opened)}`)
      await pipeline(
        Readable.from(opened.read(0, opened.sizeBytes)),
        createWriteStream(file, { mode: 0o600 }),
      )
      // Programs may take minutes.
      opened.close()
      return await programs.inTurn(signal, async () => {
        // If the computer fails at this file, the next start finds this note and does not try the file again.
        note(place, 'running')
        const wav = join(folder, 'converted.wav')
        if (command.some((word) => word.includes('{wav}'))) {
          const bounds = { withinMs: CONVERT_MS, maxBytes: MAX_WAV_BYTES, dir: folder, signal }
          const pieces = converted({ path: file, sniffed: opened.sniffed }, WAV, bounds)
          await pipeline(Readable.from(pieces), createWriteStream(wav, { mode: 0o600 }))
        }
        const words = command.map((word) => word.replaceAll('{wav}', () => wav))
        const { ms, memoryBytes } = rules
        return printedOf(words, file, { ms, memoryBytes, characters: MAX_CHARACTERS }, signal)
      })
    } finally {
      await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => {})
    }
  }

  function keep({ place, kind }: Asked, words: string): void {
    store.transaction(() => {
      const row = messages.get(place)
      // Deleted while the program ran.
      if (row === undefined || row.has_media !== 1 || kindOf(row.type) !== kind) fail('message_not_found')
      files.noteWords(place, words === '' ? 'none' : 'found')
      if (words === '' || detailsOf(row)[kind] === words) return
      messages.update({ ...row, details: JSON.stringify({ ...detailsOf(row), [kind]: words }) })
      const event = { kind: 'message.transcribed' as const, chat: row.chat, message: place, data: null }
      events.append({ at_ms: clock.now(), ...event })
    })
  }

  async function readAll(): Promise<void> {
    if (isReading) return
    isReading = true
    try {
      await leftovers
      while (!signal.aborted) {
        const kinds = KINDS.filter((kind) => rules.commands[kind] !== null && !missing.has(kind))
        if (kinds.length === 0) return
        if (!isPrepared) store.transaction(files.endRunning)
        isPrepared = true
        const place = files.nextUnread(kinds)
        if (place === null) return
        if (await readPlace(place)) continue
        cancelAgain()
        cancelAgain = clock.after(AGAIN_MS, wake)
        return
      }
    } finally {
      isReading = false
    }
  }

  function wake(): void {
    if (signal.aborted) return
    readAll().catch((error) => log.warn({ err: error }, 'the words of media cannot be looked for'))
  }

  /** True: it was read, counts as failed, or is of a kind that is missing. False: other files would now fail as it did. */
  async function readPlace(place: number): Promise<boolean> {
    try {
      const [found] = await reads.messagesAt([place])
      const key = found && parseMessageKey(found.message.id)
      if (!key) fail('message_not_found')
      const asked = await ask(key)
      // An import brought them.
      if (asked.known !== undefined) store.transaction(() => files.noteWords(place, 'found'))
      else await lookOnce(asked)
      return true
    } catch (error) {
      if (signal.aborted || isOf(error, 'words_failed')) return true
      log.warn({ err: error }, 'the words of media were not looked for')
      if (isOf(error, 'needs_ffmpeg')) return true
      if (isPassing(error)) return false
      note(place, 'failed')
      return true
    }
  }

  return {
    async find(key) {
      const asked = await ask(key)
      const { id, kind, known } = asked
      if (known !== undefined) return { id, kind, words: known }
      if (line.waitingCount() >= MOST_WAITING)
        fail('server_busy', { detail: 'Too many other files wait to be read.', retryAfterS: 30 })
      return { id, kind, words: await lookOnce(asked) }
    },
    wake,
    async stop() {
      stopping.abort()
      cancelAgain()
      await Promise.allSettled(running.values())
    },
  }
}

const isOf = (error: unknown, code: AppError['code']) => error instanceof AppError && error.code === code

/** True if the file is not to blame: a full disk, a busy server, a program that is not there. */
function isPassing(error: unknown): boolean {
  if (error instanceof CommandError) return error.fault === 'missing'
  if (error instanceof AppError) return ERRORS[error.code].retry !== 'never'
  const code = codeOf(error) ?? ''
  // The quota may displace a file that waits.
  return SHORTAGES.includes(code) || code === 'ENOENT'
}

/** The end of the name, as the sender wrote it if that is harmless: programs go by it. */
function endOf({ facts: { filename = '' }, sniffed }: OpenMedia): string {
  const end = extname(filename).slice(1).toLowerCase()
  return /^[a-z0-9]{1,8}$/.test(end) ? end : extensionOf(sniffed)
}

/** The text without control characters, without spaces at the ends of lines, and with at most one empty line at a time. */
export function toWords(printed: string): string {
  return (
    printed
      .replace(/\r\n?|\f/g, '\n')
      .replace(/[^\P{Cc}\n\t]/gu, '')
      .split('\n')
      // A pattern for spaces before a line end would take seconds for a text of spaces.
      .map((line) => line.trimEnd())
      .join('\n')
      .replace(/\n{3,}/g, '\n\n')
      .replace(/[\ud800-\udbff]$/, '')
      .trim()
  )
}

/** Copies that a killed process left. */
async function removeLeftovers(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => [])
  for (const name of names)
    if (name.startsWith(FOLDER)) await rm(join(dir, name), { recursive: true, force: true }).catch(() => {})
}
