/**
 * The words in the media of one account: transcripts of voice notes and audio, texts of documents. Programs of the settings find
 * them on this computer, and they are stored with their message: shown, searched, exported and deleted as its text is.
 */
import { createWriteStream } from 'node:fs'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { extname, join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import { CommandError, inTurn, printedOf, waitingCount } from '../files/command.ts'
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
/** Requests that wait for a program. */
const MOST_WAITING = 20
/** A WAV of four hours. */
const MAX_WAV_BYTES = 512 * 2 ** 20
const CONVERT_MS = 60_000
/** Folders beside the media files, each with the one file that a program reads. */
const FOLDER = 'words-'

/** The words of one file; empty if it has none. `id`: of its message, as the API returns it. */
export type FoundWords = { id: string; kind: WordKind; words: string }

export type MediaWords = {
  /**
   * The words in the media of this message: as stored, or else a program looks for them now. Rejects with
   * `message_not_found`, `media_not_found` (no voice note, audio or document), `words_not_enabled`, `words_failed`,
   * `needs_ffmpeg`, `server_busy`, and as {@link MediaRoom.open}.
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
  /** By place: two requests for the same words share a run. */
  const running = new Map<number, Promise<string>>()
  /** Commands that cannot be started: only requests try them again. */
  const missing = new Set<WordKind>()
  let isReading = false
  let isPrepared = false
  const leftovers = removeLeftovers(dir)

  async function ask(key: KeyParts): Promise<Asked & { known: string | undefined }> {
    const { id, place } = await reads.quoted(key)
    const row = messages.get(place) ?? fail('message_not_found')
    const kind = kindOf(row.type)
    if (kind === null)
      fail('media_not_found', { detail: 'The message is no voice note, audio file or document.' })
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
    const opened = await media.open(key)
    try {
      return await inTurn(signal, async () => {
        // A file at which the whole computer fails is not tried again.
        note(place, 'running')
        const words = toWords(await printedBy(command, opened))
        keep(asked, words)
        return words
      })
    } catch (error) {
      return refuse(asked, error)
    } finally {
      opened.close()
    }
  }

  /** @throws AppError `words_failed`; the error if it is none of a program */
  function refuse({ kind, place }: Asked, error: unknown): never {
    const fault = error instanceof CommandError ? error.fault : null
    note(place, fault === 'stopped' || fault === 'missing' ? null : 'failed')
    if (fault === null) throw error
    if (fault === 'missing') missing.add(kind)
    if (fault !== 'stopped')
      log.warn({ kind, fault, err: error }, 'the program for the words of media did not do its work')
    return fail('words_failed', { cause: error })
  }

  const note = (place: number, words: 'running' | 'failed' | null) =>
    store.transaction(() => files.noteWords(place, words))

  /** Runs the command on a copy of the file that only this user can read. */
  async function printedBy(command: readonly string[], opened: OpenMedia): Promise<string> {
    makeFolder(dir, 0o700)
    const folder = await mkdtemp(join(dir, FOLDER))
    try {
      const file = join(folder, `media.${endOf(opened)}`)
      await pipeline(
        Readable.from(opened.read(0, opened.sizeBytes)),
        createWriteStream(file, { mode: 0o600 }),
      )
      const wav = join(folder, 'converted.wav')
      if (command.some((word) => word.includes('{wav}'))) {
        const bounds = { withinMs: CONVERT_MS, maxBytes: MAX_WAV_BYTES }
        const pieces = converted({ path: file, sniffed: opened.sniffed }, WAV, bounds)
        await pipeline(Readable.from(pieces), createWriteStream(wav, { mode: 0o600 }))
      }
      const words = command.map((word) => word.replaceAll('{wav}', () => wav))
      const { ms, memoryBytes } = rules
      return await printedOf(words, file, { ms, memoryBytes, characters: MAX_CHARACTERS }, signal)
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
        await readPlace(place)
      }
    } finally {
      isReading = false
    }
  }

  /** Afterwards it was read, or counts as failed. */
  async function readPlace(place: number): Promise<void> {
    try {
      const [found] = await reads.messagesAt([place])
      const key = found && parseMessageKey(found.message.id)
      if (!key) fail('message_not_found')
      const asked = await ask(key)
      // An import brought them.
      if (asked.known !== undefined) store.transaction(() => files.noteWords(place, 'found'))
      else await lookOnce(asked)
    } catch (error) {
      if (signal.aborted || (error instanceof Error && error.cause instanceof CommandError)) return
      log.warn({ err: error }, 'the words of media were not looked for')
      note(place, 'failed')
    }
  }

  return {
    async find(key) {
      const asked = await ask(key)
      const { id, kind, known } = asked
      if (known !== undefined) return { id, kind, words: known }
      if (waitingCount() >= MOST_WAITING)
        fail('server_busy', { detail: 'Other files wait for their words.', retryAfterS: 30 })
      return { id, kind, words: await lookOnce(asked) }
    },
    wake() {
      if (signal.aborted) return
      readAll().catch((error) => log.warn({ err: error }, 'the words of media cannot be looked for'))
    },
    async stop() {
      stopping.abort()
      await Promise.allSettled(running.values())
    },
  }
}

/** The end of the name, as the sender wrote it if that is harmless: programs go by it. */
function endOf({ facts: { filename = '' }, sniffed }: OpenMedia): string {
  const end = extname(filename).slice(1).toLowerCase()
  return /^[a-z0-9]{1,8}$/.test(end) ? end : extensionOf(sniffed)
}

/** The text without control characters, without spaces at its ends, and with at most one empty line at a time. */
function toWords(printed: string): string {
  return printed
    .replace(/\r\n?|\f/g, '\n')
    .replace(/[^\P{Cc}\n\t]/gu, '')
    .replace(/[ \t]+\n/g, '\n')
    .replace(/\n{3,}/g, '\n\n')
    .replace(/[\ud800-\udbff]$/, '')
    .trim()
}

/** Copies that a killed process left. */
async function removeLeftovers(dir: string): Promise<void> {
  const names = await readdir(dir).catch(() => [])
  for (const name of names)
    if (name.startsWith(FOLDER)) await rm(join(dir, name), { recursive: true, force: true }).catch(() => {})
}
