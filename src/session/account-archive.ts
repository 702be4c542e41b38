/** The open archive of one account: its store, its readers, its writer and its background tasks. */
import type { Clock } from '../clock.ts'
import type { Engine } from '../engine/engine.ts'
import { fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { KeepRules } from '../model/keeping.ts'
import type { MediaRules } from '../model/media-rules.ts'
import type { OwnIds } from '../own-ids.ts'
import type { AppendListener } from '../store/event-log.ts'
import { unlessFull } from '../store/open-file.ts'
import { createEventReader } from '../store/read-events.ts'
import { type ArchiveReads, openReads } from '../store/reads.ts'
import type { Store } from '../store/store.ts'
import type { Threads } from '../store/threads.ts'
import { openArchive } from '../store/unlock.ts'
import { startArchiveCheck } from './archive-check.ts'
import type { LogReader } from './event-readers.ts'
import { startEventTrimmer } from './event-trimmer.ts'
import { createForgetting, type Forgetting } from './forgetting.ts'
import { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
import { startIndexing } from './indexing.ts'
import { createKeeping, type Keeping } from './keeping.ts'
import { createMediaRoom, type MediaRoom } from './media.ts'
import { createMediaWords, type MediaWords } from './media-words.ts'
import { createNumberRoom, type NumberRoom } from './numbers.ts'
import { createPictureRoom, type PictureRoom } from './pictures.ts'

export type AccountArchive = {
  account: Jid
  store: Store
  reads: ArchiveReads
  events: LogReader
  inbox: Inbox
  keeping: Keeping
  forgetting: Forgetting
  media: MediaRoom
  words: MediaWords
  pictures: PictureRoom
  numbers: NumberRoom
  /** True while the file may be damaged and the result of the check is not known. */
  isChecking(): boolean
  /**
   * Stores the account's LID, the other address under which people quote and mention it. Null: not known.
   * Never fails.
   */
  learnLid(lid: Jid | null): void
  /** Resolves when the file is closed, after what is being read. Never fails. */
  close(): Promise<void>
}

export type AccountArchiveOptions = Pick<
  InboxOptions,
  'hash' | 'onLost' | 'onUnheard' | 'onMore' | 'missingSince'
> & {
  account: Jid
  file: string
  /** The secret that encrypts the archive, as the owner set it; null: not encrypted. */
  secret: string | null
  /** Recognises the messages of this server. */
  ownIds: Pick<OwnIds, 'isOurs' | 'secret'>
  keep: KeepRules
  eventsDays: number
  media: MediaRules
  /** The engine that keeps the archive up to date; null: none. */
  engine(): Engine | null
  threads: Threads
  clock: Clock
  log: Log
  /** The positions in the log of those that still read it. */
  keptEvents(): number[]
  /** Called when new events are in the log and on disk. See `EventLog.onAppend`. */
  onAppend: AppendListener
  /** Called when the check found the file damaged. */
  onDamaged: () => void
}

/**
 * Opens the archive, creating it if missing, and starts its background tasks.
 * @throws AppError as `openArchive`; `archive_foreign` if the file belongs to another account
 */
export function openAccountArchive(options: AccountArchiveOptions): AccountArchive {
  const store = openOwn(options)
  const running: Running = { stops: [], reads: null }
  async function close(): Promise<void> {
    await Promise.all(running.stops.map((stop) => stop()))
    await running.reads?.close()
    try {
      store.close()
    } catch (error) {
      options.log.warn({ err: error }, 'the archive could not be closed cleanly')
    }
  }
  try {
    return { ...startRooms(options, store, running), close }
  } catch (error) {
    void close()
    throw error
  }
}

/** What has been started of an archive, to be closed before its file. */
type Running = { stops: (() => unknown)[]; reads: ArchiveReads | null }

/** Adds to `running` what is to be closed also if a later step throws. */
function startRooms(
  options: AccountArchiveOptions,
  store: Store,
  running: Running,
): Omit<AccountArchive, 'close'> {
  const { account, clock, log } = options
  const { stops } = running
  const known = store.meta.get('account_lid')
  const own = new Set([account, ...(typeof known === 'string' ? [toJid(known)] : [])])
  const keeping = createKeeping(store, options.keep, clock)
  noteRules(store, keeping)
  const keepsPreviews = options.media.download !== 'never'
  const inbox = createInbox({ ...options, store, keeping, keepsPreviews, own: () => own })
  const reads = openReads(store, options.threads, clock, options.ownIds)
  running.reads = reads
  const media = createMediaRoom({
    store,
    reads: reads.reader(),
    dir: mediaDirOf(options.file),
    rules: options.media,
    engine: options.engine,
    clock,
    log,
    onStored: () => words.wake(),
  })
  stops.push(media.stop)
  const words = createMediaWords({
    store,
    reads: reads.reader(),
    media,
    dir: mediaDirOf(options.file),
    rules: options.media.words,
    clock,
    log,
  })
  stops.push(words.stop)
  words.wake()
  const pictures = createPictureRoom({
    store,
    shelf: media.shelf,
    account,
    own: () => own,
    engine: options.engine,
    clock,
  })
  const forgetting = createForgetting({
    store,
    keeping,
    clock,
    log,
    flush: inbox.flush,
    alone: reads.alone,
    onRemoved: media.clean,
  })
  store.events.onAppend((hasForgotten) => {
    options.onAppend(hasForgotten)
    media.wake()
  })
  stops.push(
    startEventTrimmer({ store, days: options.eventsDays, clock, log, places: options.keptEvents }),
    startIndexing(store, clock, log),
    forgetting.stop,
  )
  // Deleting wipes the write-ahead log, which a check reads.
  const check = startArchiveCheck({
    store,
    clock,
    log,
    onDamaged: options.onDamaged,
    onDone: () => forgetting.start(SWEEP_AFTER_MS),
  })
  stops.push(check.stop)
  return {
    account,
    store,
    reads,
    events: openLog(store, reads, clock, options.ownIds),
    inbox,
    keeping,
    forgetting,
    media,
    words,
    pictures,
    numbers: createNumberRoom({ store, engine: options.engine, clock }),
    isChecking: check.isRunning,
    learnLid(lid) {
      if (lid === null || own.has(lid)) return
      own.add(lid)
      try {
        store.meta.set('account_lid', lid)
      } catch (error) {
        log.debug({ err: error }, "the account's LID could not be stored")
      }
    },
  }
}

function openOwn({ account, file, secret }: AccountArchiveOptions): Store {
  const store = openArchive(file, secret, { checksLater: true })
  try {
    const owner = store.meta.get('account_wid')
    if (owner !== null && owner !== account)
      fail('archive_foreign', { detail: 'The archive file belongs to another account.' })
    // Not written again: the archive must also open on a full disk.
    if (owner === null) store.meta.set('account_wid', account)
    return store
  } catch (error) {
    store.close()
    throw error
  }
}

/** The directory of the media files of this archive. */
export function mediaDirOf(archive: string): string {
  return archive.replace(/\.db$/, '.media')
}

/** The sweep looks at each chat: the server listens first. */
const SWEEP_AFTER_MS = 500

/** A reader that is at most this many events behind reads in this thread: all subscribers share the page, and need no other thread. */
const NEAR = 200

function openLog(
  store: Store,
  reads: ArchiveReads,
  clock: Clock,
  { isOurs }: Pick<OwnIds, 'isOurs'>,
): LogReader {
  const log = createEventReader(store, clock, isOurs)
  return {
    ...log,
    readEvents: async (after, query, limit, sight) =>
      sight === null && log.last() - after <= NEAR
        ? log.readEvents(after, query, limit)
        : reads.readEvents(after, query, limit, sight),
  }
}

/**
 * If the rules have changed since the last start, older messages may be missing: checks the history once
 * more. On a full disk, the next start does it.
 */
function noteRules(store: Store, keeping: Keeping): void {
  const last = store.meta.get('keep_rules')
  if (last === keeping.fingerprint) return
  unlessFull(() =>
    store.transaction(() => {
      if (last !== null) store.chats.doubtHistory()
      store.meta.set('keep_rules', keeping.fingerprint)
    }),
  )
}
