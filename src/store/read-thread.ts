/** A thread that reads archives: it has connections of its own, which cannot write, and answers the calls of reads.ts. */
import { fail } from '../errors.ts'
import type { Jid } from '../model/ids.ts'
import type { Sight } from '../model/sight.ts'
import { createOwnIds } from '../own-ids.ts'
import { createChanges } from './changes.ts'
import { createEventLog } from './event-log.ts'
import { createExporter, type Exporter, type ExportFormat } from './exporter.ts'
import type { FileKey } from './key-file.ts'
import { identity } from './open-file.ts'
import { createEventReader, type EventReader } from './read-events.ts'
import { createReader, type Reader } from './reader.ts'
import { limit } from './sight.ts'
import { type Connection, connect } from './sqlite.ts'
import { serveRequests } from './thread-port.ts'

/** Exports that wait for their next piece, by number. */
type Exports = {
  startExport(chat: Jid | null, format: ExportFormat): { id: number; messages: number }
  /** Null at the end. */
  nextPiece(id: number): string | null
  endExport(id: number): void
}

type Functions = Reader & Pick<EventReader, 'readEvents'> & Exports
export type Args = { [Name in keyof Functions]: Parameters<Functions[Name]> }
export type Values = { [Name in keyof Functions]: ReturnType<Functions[Name]> }
/** The functions of the reader, by name. */
export type ReaderCalls = { [Name in keyof Reader]: (...args: Args[Name]) => Values[Name] }
type Calls = { [Name in keyof Functions]: (...args: Args[Name]) => Values[Name] }

/**
 * An archive that is open in the main thread. `identity` as of open-file.ts: a file that replaced it is not opened. `ownIds`: the
 * secret of the ids of this server's messages.
 */
export type ArchiveFile = { file: string; key: FileKey | null; identity: string; ownIds: string }
/** `now`: Unix milliseconds by the server's clock. */
type Call<Name extends keyof Calls> = {
  archive: ArchiveFile
  /** What the caller sees; null: everything. */
  sight: Sight | null
  now: number
  name: Name
  args: Args[Name]
}
export type ReadMessage = { [Name in keyof Calls]: Call<Name> }[keyof Calls] | { close: string }

type Opened = {
  db: Connection
  calls: Calls
  clock: { nowMs: number }
  show: ((sight: Sight) => void) | null
}

/** The writer has a larger cache; here every thread has one for each archive. */
const CACHE_KB = 4_000
/** By file: a connection that shows everything, and one that is limited for each read. */
const opened = { whole: new Map<string, Opened>(), limited: new Map<string, Opened>() }

serveRequests(
  (message: ReadMessage) => {
    if ('close' in message) return close(message.close)
    const { archive, sight, now } = message
    const which = sight === null ? 'whole' : 'limited'
    const { db, calls, clock, show } = opened[which].get(archive.file) ?? open(archive, which)
    clock.nowMs = now
    return db.snapshot(() => {
      if (sight !== null) show?.(sight)
      return run(calls, message)
    })
  },
  () => [...opened.whole.keys(), ...opened.limited.keys()].forEach(close),
)

function run<Name extends keyof Calls>(calls: Calls, { name, args }: { name: Name; args: Args[Name] }) {
  return calls[name](...args)
}

function open({ file, key, identity: expected, ownIds }: ArchiveFile, which: keyof typeof opened): Opened {
  // Opening would create a file that is missing.
  if (identityOf(file) !== expected) fail('archive_unavailable')
  const db = connect(file, key)
  db.exec(`PRAGMA cache_size = -${CACHE_KB}; PRAGMA temp_store = MEMORY`)
  const show = which === 'limited' ? limit(db) : null
  db.exec('PRAGMA query_only = ON')
  const clock = { nowMs: 0 }
  const time = { now: () => clock.nowMs, after: () => () => {} }
  const tables = { db, events: createEventLog(db), changes: createChanges(db) }
  const { isOurs } = createOwnIds(ownIds)
  const { readEvents } = createEventReader(tables, time, isOurs)
  const calls = {
    ...createReader(db, time, isOurs),
    readEvents,
    ...createExports(createExporter(db, time, isOurs)),
  }
  const archive = { db, calls, clock, show }
  opened[which].set(file, archive)
  return archive
}

function close(file: string): void {
  for (const which of Object.values(opened)) {
    which.get(file)?.db.close()
    which.delete(file)
  }
}

function identityOf(file: string): string | null {
  try {
    return identity(file)
  } catch {
    return null
  }
}

function createExports(exporter: Exporter): Exports {
  const running = new Map<number, Iterator<string>>()
  let last = 0
  return {
    startExport(chat, format) {
      const { messages, pieces } = exporter.export(chat, format)
      last += 1
      running.set(last, pieces[Symbol.iterator]())
      return { id: last, messages }
    },
    nextPiece(id) {
      const next = running.get(id)?.next()
      if (next !== undefined && next.done !== true) return next.value
      running.delete(id)
      return null
    },
    endExport: (id) => void running.delete(id),
  }
}
