/**
 * The archive of the account that is, or was last, linked here: opened when that is known, fed while the engine runs,
 * readable in every state. Two accounts never share one.
 */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { KeepRules } from '../model/keeping.ts'
import type { Status, SyncProgress } from '../model/status.ts'
import { createExporter, type Exporter } from '../store/exporter.ts'
import { readHeader } from '../store/header.ts'
import { createStats, type Stats } from '../store/read-stats.ts'
import type { Reader } from '../store/reader.ts'
import { type AccountArchive, openAccountArchive } from './account-archive.ts'
import type { AuthDir } from './auth-dir.ts'
import { type CatchUp, createCatchUp } from './catch-up.ts'
import { createEventReaders, type EventReaders } from './event-readers.ts'
import type { HistoryBudget } from './history.ts'
import type { InboxEvent } from './inbox.ts'
import { createTimers } from './timers.ts'

/** While connected, it is noted this often that nothing is missing. */
const NOTE_MS = 30_000
/** A disk that refused is tried again this often. */
const RETRY_MS = 5_000
const MOVED =
  'The archive file was moved or replaced while the server runs. Put it back, or restart the server.'

export type Archive = {
  /** Fails with `not_linked` where no account ever was, and as `openArchive`. */
  reader(): Reader
  /** Readers of the event log. They end when another account's archive is opened, and with the server. */
  events: Pick<EventReaders, 'open' | 'stop'>
  /** ISO 8601 UTC: nothing was missing until then, 1970 where it never was complete; null while it is up to date. */
  staleSince(): string | null
  /** Older messages of this chat, asked of WhatsApp now. Fails as {@link Archive.reader}, `not_connected`, as `Engine.readMessages`. */
  loadEarlier(chat: Jid, count: number): Promise<{ added: number; complete: boolean }>
  /** Everything of this chat leaves the archive and is not fetched again; the number of messages. Fails as {@link Archive.reader}, `chat_not_found`, `archive_full`. */
  forget(chat: Jid): Promise<number>
  /** Fails as {@link Archive.reader}. */
  exporter(): Exporter
  /** Numbers about what it holds. Fails as {@link Archive.reader}. */
  stats(): Stats
  view(): Pick<Status, 'archive' | 'sync'>
  /** What to do so that it can be opened or written; null where nothing is wrong. */
  hint(): string | null
  /** The account is connected with this engine: from now on its archive is kept up to date. Never fails. */
  follow(engine: Engine, account: Jid, lid: Jid | null): void
  /** What the engine reported, or the session entered; it goes into the archive that is open. Never fails. */
  take(event: InboxEvent): void
  /** Write now what was taken, so that it is on disk when somebody is told of it. Never fails. */
  flush(): void
  /** Events may have been missed. */
  doubt(): void
  setConnected(connected: boolean): void
  /** The engine is gone. */
  leave(): void
  close(): void
}

export type ArchiveOptions = {
  authDir: AuthDir
  /** What the archive is encrypted with, as its owner set it; null: nothing. */
  secret: string | null
  budget: HistoryBudget
  /** What is kept, and for how long. */
  keep: KeepRules
  /** How long events are kept. */
  eventsDays: number
  clock: Clock
  log: Log
  hash: (jid: string) => string
}

/** Who is to be archived, and from where. */
type Followed = { engine: Engine; account: Jid; lid: Jid | null }

export function createArchive(options: ArchiveOptions): Archive {
  const { authDir, clock, log } = options
  let opened: AccountArchive | null = null
  /** Why it is not open, or not written. */
  let problem: AppError | null = null
  /** From {@link Archive.follow} to {@link Archive.leave}, also while the archive cannot be opened. */
  let followed: Followed | null = null
  let catchUp: CatchUp | null = null
  let connected = false
  /** Since {@link Archive.follow}: nothing is missing, and what comes is heard. */
  let upToDate = false
  /** The last two times at which it was so, the older one first. */
  let ticks: number[] = []
  const timers = createTimers<'note' | 'retry'>(clock)
  const events = createEventReaders(() => requireOpen().events)

  const remembered = authDir.account()
  if (remembered !== null) open(toJid(remembered))

  function open(account: Jid): void {
    if (opened?.account === account) return
    close()
    try {
      opened = openAccountArchive({
        ...options,
        account,
        file: authDir.archiveOf(account),
        onLost: failed,
        onUnheard: (chat, from) => catchUp?.look(chat, from),
        onAppend: events.wake,
      })
      problem = null
    } catch (error) {
      const before = problem
      problem = error instanceof AppError ? error : new AppError('archive_unavailable', { cause: error })
      if (before?.code !== problem.code) {
        log.error(
          { err: error, code: problem.code },
          'the archive cannot be opened; nothing is kept until it can',
        )
      }
      if (problem.code === 'archive_full' || problem.code === 'archive_unavailable') {
        timers.set('retry', RETRY_MS, () => openAgain(account))
      }
    }
  }

  function openAgain(account: Jid): void {
    open(account)
    if (opened === null) return
    log.info('the archive can be opened again')
    if (followed?.account === account) begin(opened, followed)
  }

  /** The disk refused. What was not written is read again from WhatsApp Web once it can be. */
  function failed(error: AppError): void {
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
      return failed(error instanceof AppError ? error : new AppError('archive_unavailable', { cause: error }))
    }
    problem = null
    log.info('the archive can be written again')
    catchUp?.run()
  }

  /**
   * For the next start: until when nothing was missing. A lost connection is found out late, and a computer that slept does
   * not know at first, so the time that is noted lies two ticks back.
   */
  function tick(): void {
    timers.set('note', NOTE_MS, tick)
    if (!upToDate || !connected || problem !== null) return
    const [past, last] = ticks
    if (past !== undefined && last !== undefined) note(past)
    ticks = [...ticks.slice(-1), clock.now()]
  }

  function note(ms: number): void {
    try {
      opened?.inbox.flush()
      opened?.store.meta.set('known_until', Math.floor(ms / 1000))
    } catch (error) {
      log.debug({ err: error }, 'the time could not be noted')
    }
  }

  function knownUntil(): number | null {
    const seconds = opened?.store.meta.get('known_until')
    return typeof seconds === 'number' ? seconds : null
  }

  function requireOpen(): AccountArchive {
    if (opened !== null) return opened
    if (problem !== null) fail(problem.code, { detail: problem.message, hint: problem.hint, cause: problem })
    return fail('not_linked')
  }

  function staleSince(): string | null {
    if (upToDate && connected) return null
    return new Date((knownUntil() ?? 0) * 1000).toISOString()
  }

  /** How many messages are in it, and what is wrong with the file that no writing has met yet. */
  function look(): { messages: number | null; trouble: AppError | null } {
    if (opened === null) return { messages: null, trouble: null }
    try {
      const messages = opened.store.messages.count()
      const trouble = opened.store.isMoved() ? new AppError('archive_unavailable', { hint: MOVED }) : null
      return { messages, trouble }
    } catch (error) {
      if (error instanceof AppError) return { messages: null, trouble: error }
      throw error
    }
  }

  /** What is open stays so, and a disk that refused is still tried again. */
  function halt(): void {
    timers.clear('note')
    ticks = []
    catchUp?.stop()
    catchUp = null
    connected = false
    upToDate = false
    opened?.inbox.flush()
    opened?.inbox.doubt()
  }

  function close(): void {
    halt()
    timers.clearAll()
    events.endAll()
    const closing = opened
    opened = null
    closing?.close()
  }

  function begin(current: AccountArchive, { engine, lid }: Followed): void {
    connected = true
    const { store, inbox, keeping } = current
    current.learnLid(lid)
    catchUp = createCatchUp({
      ...options,
      engine,
      store,
      inbox,
      keeping,
      knownUntil,
      onFailed: failed,
      onCaughtUp() {
        upToDate = true
        ticks = []
        note(clock.now())
        tick()
      },
    })
    catchUp.run()
  }

  return {
    reader: () => requireOpen().reader,
    events,
    staleSince,
    async loadEarlier(chat, count) {
      const { inbox } = requireOpen()
      const id = inbox.where.findChat(chat)
      if (id === null) fail('chat_not_found')
      if (catchUp === null) fail('not_connected', { retryAfterS: 5 })
      return catchUp.loadEarlier(id, count)
    },
    async forget(chat) {
      const { inbox, forgetting } = requireOpen()
      inbox.flush()
      return forgetting.forgetChat(inbox.where.findChat(chat) ?? fail('chat_not_found'))
    },
    exporter: () => createExporter(requireOpen().store.db, clock),
    stats: () => createStats(requireOpen().store.db)(),
    view() {
      const sync: SyncProgress | null = catchUp?.progress() ?? null
      const account = opened?.account ?? authDir.account()
      if (account === null) return { sync, archive: null }
      const file = authDir.archiveOf(toJid(account))
      const { messages, trouble } = look()
      return {
        sync,
        archive: {
          file,
          encrypted: opened === null ? isEncrypted(file) : options.secret !== null,
          messages,
          problem: (problem ?? trouble)?.code ?? null,
          stale_since: opened === null ? null : staleSince(),
        },
      }
    },
    hint: () => (problem ?? look().trouble)?.hint ?? null,
    follow(engine, account, lid) {
      halt()
      followed = { engine, account, lid }
      authDir.rememberAccount(account)
      open(account)
      if (opened === null) return
      if (problem !== null) retry()
      begin(opened, followed)
    },
    take: (event) => opened?.inbox.take(event),
    flush: () => opened?.inbox.flush(),
    doubt() {
      upToDate = false
      opened?.inbox.doubt()
      catchUp?.run()
    },
    setConnected(value) {
      connected = value
      if (!value) ticks = []
    },
    leave() {
      followed = null
      halt()
    },
    close() {
      followed = null
      close()
    },
  }
}

/** Does the file that cannot be opened look like an encrypted one? */
function isEncrypted(file: string): boolean {
  try {
    return readHeader(file).kind === 'encrypted'
  } catch {
    return false
  }
}
