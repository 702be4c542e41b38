/** One account's archive on disk: its tables, written together in transactions. */
import { type Changes, createChanges } from './changes.ts'
import { type Chats, createChats } from './chats.ts'
import type { CheckReason, Finding } from './check.ts'
import { createMoveMessages } from './doubles.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { createGaps, type Gaps } from './gaps.ts'
import { createIdentify, type Identify } from './identify.ts'
import type { FileKey } from './key-file.ts'
import { createMediaFiles, type MediaFiles } from './media-files.ts'
import { createMerge, type MergePeople } from './merge.ts'
import { createMessages, type Messages } from './messages.ts'
import { createNumbers, type Numbers } from './numbers.ts'
import { closeFile, getMeta, noteDamaged, noteIntact, openFile, openUnchecked, setMeta } from './open-file.ts'
import { createPeople, type People } from './people.ts'
import { createPictures, type Pictures } from './pictures.ts'
import { createRawModels, type RawModels } from './raw-models.ts'
import { createSearchIndex, isIndexDamage, type SearchIndex } from './search-index.ts'
import type { Connection } from './sqlite.ts'
import { type FileProblem, watchFile } from './watch-file.ts'
import { createWipe, type Wipe } from './wipe.ts'

export type Store = {
  /** Absolute path. */
  file: string
  /** The key that opens the file; null if the file is not encrypted. Never logged. */
  key: FileKey | null
  /** For the reader; all other code uses the tables. */
  db: Connection
  people: People
  chats: Chats
  messages: Messages
  raws: RawModels
  search: SearchIndex
  changes: Changes
  gaps: Gaps
  events: EventLog
  mergePeople: MergePeople
  identify: Identify
  mediaFiles: MediaFiles
  pictures: Pictures
  numbers: Numbers
  meta: { get(name: string): string | number | null; set(name: string, value: string | number): void }
  /**
   * Runs all of `work` or none of it; the result is on disk on return.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`; what `work` throws
   */
  transaction<T>(work: () => T): T
  wipe: Wipe
  /**
   * Stores the result of a check: the file counts as intact from now on, or as damaged from the next opening on. A wrong search
   * index is rebuilt.
   */
  settle(finding: Finding): void
  /** Returns why the file has to be checked; null if no check is due. */
  checkReason(): CheckReason | null
  /** See {@link watchFile}. Writes still go to the file that was opened if it was moved. */
  fileProblem(): FileProblem
  close(): void
}

/**
 * `key`: of an encrypted archive, from `unlock`. `checksLater`: opens the file without the check; the caller runs it if
 * {@link Store.checkReason} returns a reason.
 */
export type StoreOptions = { key?: FileKey | null; checksLater?: boolean }

/** Opens the archive in this file, creating it if missing; errors as for `openFile`. */
export function openStore(file: string, { key = null, checksLater = false }: StoreOptions = {}): Store {
  const opened = checksLater ? openUnchecked(file, key) : { db: openFile(file, key), checkReason: null }
  const { db } = opened
  let { checkReason } = opened
  const people = createPeople(db)
  const chats = createChats(db)
  const search = createSearchIndex(db)
  const raws = createRawModels(db)
  const messages = createMessages(db, search, raws)
  const changes = createChanges(db)
  const events = createEventLog(db)
  const move = createMoveMessages(messages, changes, events)
  const merge = createMerge(db, people, chats, messages, move)
  function mergePeople(from: number, into: number): number[] {
    const met = merge(from, into)
    messages.recount()
    return met
  }
  return {
    file,
    key,
    db,
    people,
    chats,
    messages,
    raws,
    search,
    changes,
    gaps: createGaps(db),
    events,
    mergePeople,
    identify: createIdentify(db, people, chats, move, mergePeople),
    mediaFiles: createMediaFiles(db),
    pictures: createPictures(db),
    numbers: createNumbers(db),
    meta: { get: (name) => getMeta(db, name), set: (name, value) => setMeta(db, name, value) },
    transaction(work) {
      try {
        return db.transaction(work)
      } catch (error) {
        messages.recount()
        // FTS5 writes, and finds this error, only at the commit. The next write continues without the index.
        if (isIndexDamage(error)) search.rebuild()
        throw error
      }
    },
    wipe: createWipe(db),
    settle(finding) {
      if (finding === 'damaged') {
        noteDamaged(db)
        return
      }
      if (finding === 'index') search.rebuild()
      noteIntact(db, file)
      checkReason = null
    },
    checkReason: () => checkReason,
    fileProblem: watchFile(db, file),
    close: () => closeFile(db, file, checkReason),
  }
}
