/** One account of this server: its directory, its archive and its session. */
import { createHmac } from 'node:crypto'
import type { Clock } from '../clock.ts'
import type { Config } from '../config.ts'
import type { ControlStore } from '../control.ts'
import type { OpenEngine } from '../engine/engine.ts'
import { createChatHash, type Log, logAbout } from '../log.ts'
import { inAccount } from '../model/account-paths.ts'
import { type AccountId, DEFAULT_ACCOUNT, type Jid } from '../model/ids.ts'
import type { BrowserProxy } from '../model/proxy.ts'
import { startCanary } from '../outbox/canary.ts'
import type { Asker } from '../outbox/item.ts'
import { type Outbox, type OutboxOptions, openOutbox } from '../outbox/outbox.ts'
import type { OwnIds } from '../own-ids.ts'
import type { AccountDir } from '../session/account-dir.ts'
import { type Archive, createArchive } from '../session/archive.ts'
import type { OpenReaders } from '../session/event-readers.ts'
import { createSession, type Session } from '../session/session.ts'
import type { Threads } from '../store/threads.ts'

/** The rooms of one account. */
export type Account = { id: AccountId; session: Session; archive: Archive; outbox: Outbox }

/** Returns the function that opens an engine on this browser profile, through this proxy. */
export type OpenProfile = (profileDir: string, proxy: BrowserProxy | null) => OpenEngine

export type AccountOptions = {
  id: AccountId
  dir: AccountDir
  control: Pick<ControlStore, 'outbox'>
  holdFile: OutboxOptions['holdFile']
  fileAt: OutboxOptions['fileAt']
  /** True if the one who asked may send with this account now. Fails as the control database does. */
  maySend(asker: Asker, account: AccountId, chat: Jid): boolean
  /** As {@link OutboxOptions.holdsNow}, with this account. */
  holdsNow(
    asker: Asker,
    account: AccountId,
    chat: Jid,
    isFirst: boolean,
  ): ReturnType<OutboxOptions['holdsNow']>
  config: Pick<
    Config,
    'history' | 'keep' | 'media' | 'eventsDays' | 'headless' | 'memory' | 'outbox' | 'canary' | 'readOnly'
  >
  /** The secret that encrypts the archive, as the owner set it; null: not encrypted. */
  secret: string | null
  /** The threads that answer all reads of this process. */
  threads: Threads
  /** The open event readers of this process. */
  readers: OpenReaders
  /** The key of this server for hashes in the log. */
  logKey: string
  /** Makes the ids of messages, and recognises them. */
  ownIds: OwnIds
  clock: Clock
  log: Log
  /** Absolute path of the browser; null if none was found. */
  chromeExecutable: string | null
  openProfile: OpenProfile
  /** Returns the proxy of the next start. An error ends that start. */
  proxy(): BrowserProxy | null
  startedAtMs: OutboxOptions['startedAtMs']
  /** Returns the error code of the control database; null if there is no problem. */
  controlProblem(): string | null
  /** Called when a caller starts the session. */
  onStart(): void
}

/** Opens the account. Never fails: the status of the session names what is wrong with the archive. */
export function openAccount(options: AccountOptions): Account {
  const { id, dir, config, clock } = options
  const isDefault = id === DEFAULT_ACCOUNT
  // The lines of the documented account are as they always were.
  const log = isDefault ? options.log : logAbout(options.log, { account: id })
  // A person who writes to two accounts has two hashes.
  const hash = createChatHash(
    isDefault ? options.logKey : createHmac('sha256', options.logKey).update(id).digest('hex'),
  )
  const archive = createArchive({
    authDir: dir,
    secret: options.secret,
    ownIds: options.ownIds,
    budget: config.history,
    keep: config.keep,
    media: config.media,
    eventsDays: config.eventsDays,
    threads: options.threads,
    readers: options.readers,
    clock,
    log,
    hash,
  })
  const session = createSession({
    openEngine: async (engine) => options.openProfile(dir.profile, options.proxy())(engine),
    authDir: dir,
    archive,
    clock,
    log,
    chromeExecutable: options.chromeExecutable,
    headless: config.headless,
    memory: config.memory,
    words: (text) => inAccount(text, id),
    onStart: options.onStart,
    controlProblem: options.controlProblem,
  })
  const outbox = openOutbox({
    account: id,
    limits: config.outbox,
    isReadOnly: config.readOnly,
    ownIds: options.ownIds,
    store: options.control.outbox,
    dir,
    startedAtMs: options.startedAtMs,
    holdFile: options.holdFile,
    fileAt: options.fileAt,
    maySend: (asker, chat) => options.maySend(asker, id, chat),
    holdsNow: (asker, chat, isFirst) => options.holdsNow(asker, id, chat, isFirst),
    session,
    archive,
    clock,
    log,
  })
  outbox.onSettled(({ state }) => {
    if (state === 'unknown') session.unacked()
  })
  if (config.canary === 'never' || config.readOnly) return { id, session, archive, outbox }
  const stop = startCanary({ account: id, store: options.control.outbox, outbox, session, clock, log })
  const close = () => {
    stop()
    return outbox.close()
  }
  return { id, session, archive, outbox: { ...outbox, close } }
}
