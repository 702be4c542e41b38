/**
 * The archive of the account that is, or was last, linked here: opened when that is known, fed while the engine runs,
 * readable in every state. Two accounts never share one.
 */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { AppError, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { Status, SyncProgress } from '../model/status.ts'
import { createReader, type Reader } from '../store/reader.ts'
import { openStore, type Store } from '../store/store.ts'
import type { AuthDir } from './auth-dir.ts'
import { type CatchUp, createCatchUp } from './catch-up.ts'
import type { HistoryBudget } from './history.ts'
import { createInbox, type Inbox, type InboxEvent } from './inbox.ts'
import { createTimers } from './timers.ts'

/** While connected, it is noted this often that nothing is missing. */
const NOTE_MS = 30_000
/** A disk that refused is tried again this often. */
const RETRY_MS = 5_000

export type Archive = {
  /** Fails with `not_linked` where no account ever was, `archive_damaged`, `archive_foreign`, `archive_newer`, `archive_unavailable`. */
  reader(): Reader
  /** ISO 8601 UTC: nothing was missing until then, 1970 where it never was complete; null while it is up to date. */
  staleSince(): string | null
  /** Older messages of this chat, asked of WhatsApp now. Fails as {@link Archive.reader}, `not_connected`, as `Engine.readMessages`. */
  loadEarlier(chat: Jid, count: number): Promise<{ added: number; complete: boolean }>
  view(): Pick<Status, 'archive' | 'sync'>
  /** The account is connected with this engine: from now on its archive is kept up to date. Never fails. */
  follow(engine: Engine, account: Jid, lid: Jid | null): void
  /** What the engine reported. Never fails. */
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
  budget: HistoryBudget
  clock: Clock
  log: Log
  hash: (jid: string) => string
}

/** What is open: one account's store and what works on it. */
type Opened = { account: Jid; store: Store; reader: Reader; inbox: Inbox; own: Set<Jid> }

/** Who is to be archived, and from where. */
type Followed = { engine: Engine; account: Jid; lid: Jid | null }

export function createArchive(options: ArchiveOptions): Archive {
  const { authDir, clock, log } = options
  let opened: Opened | null = null
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

  const remembered = authDir.account()
  if (remembered !== null) open(toJid(remembered))

  function open(account: Jid): void {
    if (opened?.account === account) return
    close()
    const file = authDir.archiveOf(account)
    try {
      const store = openStore(file)
      const owner = store.meta.get('account_wid')
      if (owner !== null && owner !== account) {
        store.close()
        fail('archive_foreign', { detail: 'The file in the place of the archive is another account’s.' })
      }
      // Not written anew: what is there can be read from a full disk too.
      if (owner === null) store.meta.set('account_wid', account)
      const lid = store.meta.get('account_lid')
      const own = new Set([account, ...(typeof lid === 'string' ? [toJid(lid)] : [])])
      const inbox = createInbox({
        ...options,
        store,
        own: () => own,
        onLost: failed,
        onUnheard: (chat) => catchUp?.look(chat),
      })
      opened = { account, store, inbox, own, reader: createReader(store.db, clock) }
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

  function requireOpen(): Opened {
    if (opened !== null) return opened
    if (problem !== null) fail(problem.code, { detail: problem.message, hint: problem.hint, cause: problem })
    return fail('not_linked')
  }

  function staleSince(): string | null {
    if (upToDate && connected) return null
    return new Date((knownUntil() ?? 0) * 1000).toISOString()
  }

  /** The account's other address, by which others quote and mention it. */
  function learnLid({ store, own }: Opened, lid: Jid | null): void {
    if (lid === null || own.has(lid)) return
    own.add(lid)
    try {
      store.meta.set('account_lid', lid)
    } catch (error) {
      log.debug({ err: error }, "the account's LID could not be noted")
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
    const closing = opened
    opened = null
    try {
      closing?.store.close()
    } catch (error) {
      log.warn({ err: error }, 'the archive could not be closed cleanly')
    }
  }

  function begin(current: Opened, { engine, lid }: Followed): void {
    connected = true
    const { store, inbox } = current
    learnLid(current, lid)
    catchUp = createCatchUp({
      ...options,
      engine,
      store,
      inbox,
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
    staleSince,
    async loadEarlier(chat, count) {
      const { inbox } = requireOpen()
      const id = inbox.where.findChat(chat)
      if (id === null) fail('chat_not_found')
      if (catchUp === null) fail('not_connected', { retryAfterS: 5 })
      return catchUp.loadEarlier(id, count)
    },
    view() {
      const sync: SyncProgress | null = catchUp?.progress() ?? null
      const account = opened?.account ?? authDir.account()
      if (account === null) return { sync, archive: null }
      return {
        sync,
        archive: {
          file: authDir.archiveOf(toJid(account)),
          messages: opened?.store.messages.count() ?? 0,
          problem: problem?.code ?? null,
          stale_since: staleSince(),
        },
      }
    },
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
