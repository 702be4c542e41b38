/** One account's archive on disk: its tables, written together in transactions. */
import { type Changes, createChanges } from './changes.ts'
import { type Chats, createChats } from './chats.ts'
import { createEventLog, type EventLog } from './event-log.ts'
import { createGaps, type Gaps } from './gaps.ts'
import { createMerge, type MergePeople } from './merge.ts'
import { createMessages, type Messages } from './messages.ts'
import { closeFile, getMeta, openFile, setMeta } from './open-file.ts'
import { createPeople, type People } from './people.ts'
import type { Connection } from './sqlite.ts'

export type Store = {
  /** Absolute path. */
  file: string
  /** For the reader; everything else goes through the tables. */
  db: Connection
  people: People
  chats: Chats
  messages: Messages
  changes: Changes
  gaps: Gaps
  events: EventLog
  mergePeople: MergePeople
  meta: { get(name: string): string | number | null; set(name: string, value: string | number): void }
  /**
   * All of `work` or none of it, on disk when it returns.
   * @throws AppError `archive_full`, `archive_unavailable`, `archive_damaged`; what `work` throws
   */
  transaction<T>(work: () => T): T
  close(): void
}

/** Open the archive in this file, made where there is none. Errors as `openFile`. */
export function openStore(file: string): Store {
  const db = openFile(file)
  const people = createPeople(db)
  const chats = createChats(db)
  const messages = createMessages(db)
  const merge = createMerge(db, people, chats)
  return {
    file,
    db,
    people,
    chats,
    messages,
    changes: createChanges(db),
    gaps: createGaps(db),
    events: createEventLog(db),
    mergePeople(from, into) {
      const met = merge(from, into)
      messages.recount()
      return met
    },
    meta: { get: (name) => getMeta(db, name), set: (name, value) => setMeta(db, name, value) },
    transaction(work) {
      try {
        return db.transaction(work)
      } catch (error) {
        messages.recount()
        throw error
      }
    },
    close: () => closeFile(db, file),
  }
}
