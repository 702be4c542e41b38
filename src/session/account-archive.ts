/** One account's archive, open: its store, and what reads it, writes it and keeps it in order. */
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { type Jid, toJid } from '../model/ids.ts'
import type { KeepRules } from '../model/keeping.ts'
import { createEventReader, type EventReader } from '../store/read-events.ts'
import { createReader, type Reader } from '../store/reader.ts'
import type { Store } from '../store/store.ts'
import { openArchive } from '../store/unlock.ts'
import { startEventTrimmer } from './event-trimmer.ts'
import { createForgetting, type Forgetting } from './forgetting.ts'
import { createInbox, type Inbox, type InboxOptions } from './inbox.ts'
import { startIndexing } from './indexing.ts'
import { createKeeping, type Keeping } from './keeping.ts'

export type AccountArchive = {
  account: Jid
  store: Store
  reader: Reader
  events: EventReader
  inbox: Inbox
  keeping: Keeping
  forgetting: Forgetting
  /** The account's other address, by which others quote and mention it; null: not known. Never fails. */
  learnLid(lid: Jid | null): void
  /** Never fails. */
  close(): void
}

export type AccountArchiveOptions = Pick<InboxOptions, 'hash' | 'onLost' | 'onUnheard'> & {
  account: Jid
  file: string
  /** What the archive is encrypted with, as its owner set it; null: nothing. */
  secret: string | null
  keep: KeepRules
  eventsDays: number
  clock: Clock
  log: Log
  /** The event log has grown, and it is on disk. */
  onAppend: () => void
}

/**
 * Open it, made where there is none, and start what works on it by itself.
 * @throws AppError as `openArchive`; `archive_foreign` where the file is another account's
 */
export function openAccountArchive(options: AccountArchiveOptions): AccountArchive {
  const { account, clock, log } = options
  const store = openArchive(options.file, options.secret)
  const owner = store.meta.get('account_wid')
  if (owner !== null && owner !== account) {
    store.close()
    fail('archive_foreign', { detail: 'The file in the place of the archive is another account’s.' })
  }
  // Not written anew: what is there can be read from a full disk too.
  if (owner === null) store.meta.set('account_wid', account)
  const known = store.meta.get('account_lid')
  const own = new Set([account, ...(typeof known === 'string' ? [toJid(known)] : [])])
  const keeping = createKeeping(store, options.keep, clock)
  noteRules(store, keeping)
  const inbox = createInbox({ ...options, store, keeping, own: () => own })
  const forgetting = createForgetting({ store, keeping, clock, log, flush: inbox.flush })
  store.events.onAppend(options.onAppend)
  const stops = [
    startEventTrimmer({ store, days: options.eventsDays, clock, log }),
    startIndexing(store, clock, log),
    forgetting.stop,
  ]
  forgetting.start()
  return {
    account,
    store,
    reader: createReader(store.db, clock),
    events: createEventReader(store, clock),
    inbox,
    keeping,
    forgetting,
    learnLid(lid) {
      if (lid === null || own.has(lid)) return
      own.add(lid)
      try {
        store.meta.set('account_lid', lid)
      } catch (error) {
        log.debug({ err: error }, "the account's LID could not be noted")
      }
    },
    close() {
      for (const stop of stops) stop()
      try {
        store.close()
      } catch (error) {
        log.warn({ err: error }, 'the archive could not be closed cleanly')
      }
    },
  }
}

/** With other rules than at the last start, older messages may be wanted that were not before: it is looked once more. */
function noteRules(store: Store, keeping: Keeping): void {
  const last = store.meta.get('keep_rules')
  if (last === keeping.fingerprint) return
  store.transaction(() => {
    if (last !== null) store.chats.doubtHistory()
    store.meta.set('keep_rules', keeping.fingerprint)
  })
}
