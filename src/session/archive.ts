/**
 * The archive of the account that is or was last linked: opened once the account is known, written while the
 * engine runs, readable in every state. Two accounts never share one.
 */
import { type Clock, resultWithin } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { KeepRules } from '../model/keeping.ts'
import type { MediaRules } from '../model/media-rules.ts'
import type { Sight } from '../model/sight.ts'
import type { Status, SyncProgress } from '../model/status.ts'
import type { OwnIds } from '../own-ids.ts'
import type { AppendListener } from '../store/event-log.ts'
import type { ExportFormat } from '../store/exporter.ts'
import { readHeader } from '../store/header.ts'
import type { Reads, RunningExport } from '../store/reads.ts'
import type { Store } from '../store/store.ts'
import type { Threads } from '../store/threads.ts'
import { type AccountArchive, openAccountArchive } from './account-archive.ts'
import type { AccountDir } from './account-dir.ts'
import { type CatchUp, createCatchUp } from './catch-up.ts'
import { createEventReaders, type EventReaders, type OpenReaders } from './event-readers.ts'
import type { HistoryBudget } from './history.ts'
import { type InboxEvent, isOwn, type OwnEvent } from './inbox.ts'
import type { MediaRoom } from './media.ts'
import type { MediaWords } from './media-words.ts'
import type { NumberRoom } from './numbers.ts'
import type { PictureRoom } from './pictures.ts'
import { createTimers } from './timers.ts'

/** While connected, the time up to which the archive is complete is stored this often. */
const NOTE_MS = 30_000
/** In this time after WhatsApp Web has connected, readers wait a little until the archive is up to date. */
const FRESH_MS = 5_000
/** Interval between attempts to write to a disk that returned an error. */
const RETRY_MS = 5_000
/** The newest reports of this server that wait for space: a connection may come and go for days. */
const MOST_OWED = 10_000
const KNOWN_UNTIL = 'known_until'
const MOVED =
  'The archive file was moved or replaced while the server was running. Put it back, or restart the server.'
const CHANGED =
  'Another program changed the archive file while the server was running. Restart the server: it checks the file and reports the result.'

export type Archive = {
  /**
   * Fails with `not_linked` if no account was ever linked, with `starting` while the first one connects, and as `openArchive`. Reads
   * that have not begun when `signal` is aborted are not run. `sight`: what the caller sees; null, the default: everything. Each read
   * waits for `settled` first.
   */
  reader(signal?: AbortSignal, sight?: Sight | null, settled?: () => Promise<void>): Reads
  /**
   * In the first seconds of a connection, waits until the archive is up to date with WhatsApp Web, at most `ms`; otherwise resolves
   * at once. Never fails.
   */
  settled(ms: number): Promise<void>
  /** False while WhatsApp Web is connected and has not listed every chat: one that the archive does not have may exist. */
  isListed(): boolean
  /** True if a chat with this address is part of the sight. Fails as {@link Archive.reader}. */
  sees(chat: Jid, sight: Sight): boolean
  /**
   * Readers of the event log. They end when another account's archive is opened, and when the server stops.
   */
  events: Pick<EventReaders, 'open' | 'stop' | 'log' | 'keepFor' | 'lags'>
  /**
   * ISO 8601 UTC: the archive is complete up to this time; 1970 if it was never complete. Null while it is up
   * to date.
   */
  staleSince(): string | null
  /**
   * Loads older messages of this chat from WhatsApp. Fails as {@link Archive.reader}, with `not_connected`,
   * and as `Engine.readMessages`.
   */
  loadEarlier(chat: Jid, count: number): Promise<{ added: number; complete: boolean }>
  /**
   * Asks WhatsApp, within `ms`, for what a read of this chat lacks. `added`: read again. `late`: WhatsApp has not answered by then, and
   * the loading goes on. `nothing`: there is nothing to ask for, or nobody to ask. Never fails.
   */
  fill(chat: Jid, count: number, ms: number): Promise<'added' | 'nothing' | 'late'>
  /**
   * Deletes everything of this chat from the archive and never fetches it again. Returns the number of
   * messages. Fails as {@link Archive.reader}, with `chat_not_found` and `archive_full`.
   */
  forget(chat: Jid): Promise<number>
  /** Exports everything, or one chat. Fails as {@link Archive.reader}, with `chat_not_found`. */
  export(chat: Jid | null, format: ExportFormat, sight?: Sight | null): Promise<RunningExport>
  /** Media of messages, and the words in it. Fails as {@link Archive.reader}. */
  media: Pick<MediaRoom, 'open' | 'thumbnail'> & { words: MediaWords['find'] }
  /** Profile pictures. Fails as {@link Archive.reader}. */
  pictures: PictureRoom
  /** Which phone numbers are on WhatsApp. Fails as {@link Archive.reader}. */
  numbers: NumberRoom
  /** Looks at the file. `hint`: the next step if the archive cannot be opened or written; null if nothing is wrong. */
  view(): Pick<Status, 'archive' | 'sync'> & { hint: string | null }
  /** Keeps the account's archive up to date from this connected engine. Never fails. */
  follow(engine: Engine, account: Jid, lid: Jid | null): void
  /** Returns the ack of the own message with this bare id; null if the open archive does not have it. Never fails. */
  ownAck(bareId: string): number | null
  /** Calls `listener` after events were written to the log, as `EventLog.onAppend`. Returns the function that ends it. */
  onAppend(listener: AppendListener): () => void
  /** Queues an engine or session event for the open archive. Never fails. */
  take(event: InboxEvent): void
  /** Writes the queued events now, so that they are on disk before a client learns of them. Never fails. */
  flush(): void
  /** Events may have been missed: starts a new catch-up. */
  invalidateSync(): void
  /** The engine has lost its connection. */
  lost(): void
  /** The engine has ended. */
  leave(): void
  /** Resolves when the file is closed. Never fails. */
  close(): Promise<void>
}

export type ArchiveOptions = {
  authDir: AccountDir
  /** The secret that encrypts the archive, as the owner set it; null: not encrypted. */
  secret: string | null
  /** Recognises the messages of this server. */
  ownIds: Pick<OwnIds, 'isOurs' | 'secret'>
  budget: HistoryBudget
  /** What is stored, and for how long. */
  keep: KeepRules
  /** Which media is stored. */
  media: MediaRules
  /** Days for which events are stored. */
  eventsDays: number
  /** The threads that answer all reads of this process. */
  threads: Threads
  /** The open event readers of this process. */
  readers: OpenReaders
  clock: Clock
  log: Log
  hash: (jid: string) => string
}

/** The account that is archived, and the engine it is read from. */
type Followed = { engine: Engine; account: Jid; lid: Jid | null }

export function createArchive(options: ArchiveOptions): Archive {
  const { authDir, clock, log } = options
  let opened: AccountArchive | null = null
  /** Why the archive is not open or cannot be written. */
  let problem: AppError | null = null
  /** Set from {@link Archive.follow} until {@link Archive.leave}, also while the archive cannot be opened. */
  let followed: Followed | null = null
  let catchUp: CatchUp | null = null
  /** Unix ms: when the engine was ready. */
  let followedAt = 0
  /** Since {@link Archive.follow}: nothing is missing, and new messages arrive as events. */
  let upToDate = false
  /** What this server reported and the disk has not taken, in order: it is written once the disk does. */
  let owed: OwnEvent[] = []
  /** The last two ticks at which the archive was up to date, the older one first. */
  let ticks: number[] = []
  /** Unix seconds, as stored in the open archive: up to then nothing was missing. Null: that was never so. */
  let knownUntil: number | null = null
  const timers = createTimers<'note' | 'retry'>(clock)
  const isConnected = () => followed?.engine.connected() ?? false
  const appended = new Set<AppendListener>()
  const events = createEventReaders(() => requireOpen().events, options.readers)

  const remembered = authDir.account()
  if (remembered !== null) open(toJid(remembered))

  function open(account: Jid): void {
    if (opened?.account === account) return
    void close()
    try {
      opened = openAccountArchive({
        ...options,
        account,
        file: authDir.archiveOf(account),
        engine: () => followed?.engine ?? null,
        onLost: failed,
        onUnheard: (chat, from) => catchUp?.checkChat(chat, from),
        onMore: () => catchUp?.more(),
        missingSince: () => (upToDate ? null : (knownUntil ?? 0)),
        keptEvents: events.kept,
        onAppend: (hasForgotten) => {
          events.wake()
          for (const listener of appended) listener(hasForgotten)
        },
        onDamaged: () => closeDamaged(account),
      })
      const seconds = opened.store.meta.get(KNOWN_UNTIL)
      knownUntil = typeof seconds === 'number' ? seconds : null
      problem = null
    } catch (error) {
      refuse(account, error)
    }
  }

  /** The archive is not open, and why. */
  function refuse(account: Jid, error: unknown): void {
    const before = problem
    problem = toArchiveError(error)
    if (before?.code !== problem.code) {
      log.error(
        { err: error, code: problem.code },
        'the archive cannot be opened; no messages are stored until it can',
      )
    }
    if (problem.code === 'archive_full' || problem.code === 'archive_unavailable') {
      timers.set('retry', RETRY_MS, () => openAgain(account))
    }
  }

  /** The check found the file damaged after it was opened. */
  function closeDamaged(account: Jid): void {
    void close()
    refuse(account, new AppError('archive_damaged'))
  }

  function openAgain(account: Jid): void {
    open(account)
    if (opened === null) return
    log.info('the archive can be opened again')
    pay(opened)
    if (followed?.account === account) begin(opened, followed)
  }

  /** The disk returned an error. Messages that were not written are read again from WhatsApp Web later. */
  function failed(error: AppError, unwritten: readonly OwnEvent[] = []): void {
    owed = [...owed, ...unwritten].slice(-MOST_OWED)
    if (problem?.code !== error.code) log.error({ err: error }, 'the archive cannot be written')
    problem = error
    upToDate = false
    timers.set('retry', RETRY_MS, retry)
  }

  function retry(): void {
    const current = opened
    if (current === null) return
    try {
      current.store.transaction(() => current.store.meta.set('tried_at', clock.now()))
    } catch (error) {
      return failed(toArchiveError(error))
    }
    problem = null
    log.info('the archive can be written again')
    pay(current)
    catchUp?.run()
  }

  /** Writes what is owed. What the disk refuses again is owed again. */
  function pay({ inbox }: AccountArchive): void {
    for (const event of owed.splice(0)) inbox.take(event)
    inbox.flush()
  }

  /**
   * Stores for the next start until when nothing was missing. A lost connection, or a computer that slept, is
   * noticed late, so the stored time is that of two ticks ago.
   */
  function tick(): void {
    timers.set('note', NOTE_MS, tick)
    if (!upToDate || !isConnected() || problem !== null) return
    const [past, last] = ticks
    if (past !== undefined && last !== undefined) note(past)
    ticks = [...ticks.slice(-1), clock.now()]
  }

  function note(ms: number): void {
    const seconds = Math.floor(ms / 1000)
    try {
      opened?.inbox.flush()
      opened?.store.meta.set(KNOWN_UNTIL, seconds)
      knownUntil = seconds
    } catch (error) {
      log.debug({ err: error }, 'the time up to which the archive is complete could not be stored')
    }
  }

  function requireOpen(): AccountArchive {
    if (opened !== null) return opened
    if (problem !== null) fail(problem.code, { detail: problem.message, hint: problem.hint, cause: problem })
    return authDir.saved() === null ? fail('not_linked') : fail('starting', { retryAfterS: 2 })
  }

  function staleSince(): string | null {
    if (upToDate && isConnected()) return null
    return new Date((knownUntil ?? 0) * 1000).toISOString()
  }

  /** The numbers of messages, and a problem with the file that no write has found yet. Never fails. */
  function look(): { messages: number | null; unknown: number | null; trouble: AppError | null } {
    if (opened === null) return { messages: null, unknown: null, trouble: null }
    try {
      const messages = opened.store.messages.count()
      const unknown = opened.store.messages.countUnknown()
      return { messages, unknown, trouble: troubleOf(opened.store.fileProblem()) }
    } catch (error) {
      return { messages: null, unknown: null, trouble: toArchiveError(error) }
    }
  }

  /** Stops the catch-up. The archive stays open, and a disk that returned an error is still retried. */
  function halt(): void {
    timers.clear('note')
    ticks = []
    catchUp?.stop()
    catchUp = null
    opened?.inbox.flush()
    upToDate = false
    opened?.inbox.invalidateSync()
  }

  function close(): Promise<void> {
    if (opened !== null) pay(opened)
    halt()
    timers.clearAll()
    events.endAll()
    const closing = opened
    opened = null
    return closing?.close() ?? Promise.resolve()
  }

  function begin(current: AccountArchive, { engine, lid }: Followed): void {
    const { store, inbox, keeping } = current
    current.learnLid(lid)
    catchUp = createCatchUp({
      ...options,
      engine,
      store,
      inbox,
      keeping,
      knownUntil: () => knownUntil,
      onFailed: failed,
      onCaughtUp() {
        // What was found until now was found late.
        inbox.flush()
        // What could not be written is read again: the retry catches up once more.
        if (problem !== null) return false
        upToDate = true
        ticks = []
        note(clock.now())
        tick()
        return true
      },
    })
    catchUp.run()
  }

  return {
    reader: (...args) => requireOpen().reads.reader(...args),
    async settled(ms) {
      const isFresh = !upToDate && isConnected() && clock.now() - followedAt < FRESH_MS
      if (catchUp !== null && isFresh && ms > 0) await resultWithin(clock, ms, catchUp.settled)
    },
    isListed: () => catchUp?.isListed() ?? true,
    sees: (chat, sight) => requireOpen().events.sees(chat, sight),
    events,
    staleSince,
    async loadEarlier(chat, count) {
      const { inbox } = requireOpen()
      const id = inbox.where.chatFor(chat)
      if (id === null) fail('chat_not_found')
      if (catchUp === null) fail('not_connected', { retryAfterS: 5 })
      return catchUp.loadEarlier(id, count)
    },
    async fill(chat, count, ms) {
      const id = opened?.inbox.where.chatFor(chat) ?? null
      const loading = id === null || !isConnected() ? null : catchUp?.fill(id, count)
      if (!loading) return 'nothing'
      const added = loading.then((isMore) => (isMore ? ('added' as const) : ('nothing' as const)))
      return resultWithin(clock, ms, added)
    },
    async forget(chat) {
      const { inbox, forgetting } = requireOpen()
      inbox.flush()
      return forgetting.forgetChat(inbox.where.chatFor(chat) ?? fail('chat_not_found'))
    },
    media: {
      open: async (key) => requireOpen().media.open(key),
      thumbnail: async (key) => requireOpen().media.thumbnail(key),
      words: async (key) => requireOpen().words.find(key),
    },
    numbers: { find: async (phone) => requireOpen().numbers.find(phone) },
    pictures: { open: async (of) => requireOpen().pictures.open(of) },
    export: async (...args) => requireOpen().reads.export(...args),
    view() {
      const sync: SyncProgress | null = catchUp?.progress() ?? null
      const account = opened?.account ?? authDir.account()
      if (account === null) return { sync, archive: null, hint: problem?.hint ?? null }
      const file = opened?.store.file ?? authDir.archiveOf(toJid(account))
      const { messages, unknown, trouble } = look()
      const present = problem ?? trouble
      return {
        sync,
        hint: present?.hint ?? null,
        archive: {
          file,
          encrypted: opened === null ? isEncrypted(file) : options.secret !== null,
          messages,
          unknown_messages: unknown,
          problem: present?.code ?? null,
          checking: opened?.isChecking() ?? false,
          stale_since: opened === null ? null : staleSince(),
        },
      }
    },
    follow(engine, account, lid) {
      halt()
      // Another account has an archive of its own.
      if (authDir.account() !== account) owed = []
      followed = { engine, account, lid }
      followedAt = clock.now()
      authDir.rememberAccount(account)
      open(account)
      if (opened === null) return
      if (problem !== null) retry()
      begin(opened, followed)
    },
    ownAck(bareId) {
      try {
        return opened?.store.messages.ownAck(bareId) ?? null
      } catch {
        return null
      }
    },
    onAppend(listener) {
      appended.add(listener)
      return () => void appended.delete(listener)
    },
    take(event) {
      // In order: not before what is owed.
      const waits = opened === null ? problem !== null : owed.length > 0
      if (waits && isOwn(event)) owed = [...owed, event].slice(-MOST_OWED)
      else opened?.inbox.take(event)
    },
    flush: () => opened?.inbox.flush(),
    invalidateSync() {
      opened?.inbox.flush()
      upToDate = false
      opened?.inbox.invalidateSync()
      catchUp?.run()
    },
    lost() {
      ticks = []
    },
    leave() {
      followed = null
      halt()
    },
    close() {
      followed = null
      return close()
    },
  }
}

function toArchiveError(error: unknown): AppError {
  return error instanceof AppError ? error : new AppError('archive_unavailable', { cause: error })
}

function troubleOf(problem: ReturnType<Store['fileProblem']>): AppError | null {
  if (problem === null) return null
  if (problem === 'moved') return new AppError('archive_unavailable', { hint: MOVED })
  return new AppError('archive_damaged', problem === 'changed' ? { hint: CHANGED } : {})
}

/** True if the file that cannot be opened looks like an encrypted one. */
function isEncrypted(file: string): boolean {
  try {
    return readHeader(file).kind === 'encrypted'
  } catch {
    return false
  }
}
