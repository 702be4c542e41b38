/**
 * The port through which everything outside this room reads an archive: the functions of the reader, answered in threads
 * (read-thread.ts). What was written before a call is visible to it.
 */
import type { Clock } from '../clock.ts'
import type { Jid } from '../model/ids.ts'
import type { Sight } from '../model/sight.ts'
import type { OwnIds } from '../own-ids.ts'
import type { ExportFormat } from './exporter.ts'
import { identity } from './open-file.ts'
import type { EventPage, EventQuery } from './read-events.ts'
import type { Args, ReaderCalls, ReadMessage, Values } from './read-thread.ts'
import { createReader, type Reader } from './reader.ts'
import { cacheReads } from './remember.ts'
import { isIndexDamage } from './search-index.ts'
import type { Store } from './store.ts'
import { threadScript } from './thread-script.ts'
import { type AskOptions, type At, createThreads, type Threads } from './threads.ts'

/**
 * The functions of {@link Reader}. Each rejects with the errors that the reader throws, and with `whatsapp_timeout` if it takes
 * more than 2 s.
 */
export type Reads = {
  [Name in keyof Reader]: (...args: Parameters<Reader[Name]>) => Promise<ReturnType<Reader[Name]>>
}

/** An export: the current number of messages, and pieces that are read when they are requested. */
export type RunningExport = { messages: number; pieces: AsyncIterable<string> }

export type ArchiveReads = {
  /**
   * Calls that still wait when `signal` is aborted are not answered. `sight`: what the caller sees; null: everything. Each call
   * waits for `settled` first.
   */
  reader(signal?: AbortSignal, sight?: Sight | null, settled?: () => Promise<void>): Reads
  /** Rejects with `chat_not_found`. */
  export(chat: Jid | null, format: ExportFormat, sight?: Sight | null): Promise<RunningExport>
  /** As `EventReader.readEvents`, for ranges that take long. */
  readEvents(after: number, query: EventQuery, limit: number, sight?: Sight | null): Promise<EventPage>
  /** Calls `work` while no thread reads, so that the log of the archive can be emptied. */
  alone<Result>(work: () => Result): Promise<Result>
  /** Waits for what runs, and rejects what waits. Call it before the archive is closed. */
  close(): Promise<void>
}

/** Calls that read many rows at some sizes of the archive. */
const LONG: ReadonlySet<keyof Args> = new Set(['countAll', 'readEvents', 'startExport', 'nextPiece'])

/**
 * The threads that answer the reads of all archives of this process. They start with the first read. @param limitMs the longest time
 * that a read waits, and the longest time that it runs; default: 2 s
 */
export function startReadThreads(limitMs?: number): Threads {
  let script: URL | null = null
  return createThreads(() => {
    script ??= threadScript('read-thread')
    return script
  }, limitMs)
}

/** Opens the port to the archive that is open in `store`. `ownIds`: recognises the messages of this server. */
export function openReads(
  store: Store,
  threads: Threads,
  clock: Clock,
  ownIds: Pick<OwnIds, 'isOurs' | 'secret'>,
): ArchiveReads {
  const requests = threads.open()
  /**
   * Answers in this thread: a few rows by key, which take 0.03 ms here (a thread takes 0.16 ms, of which 0.1 ms is work of this
   * thread), and everything until the first thread has started. Created when it is needed, so that it does not delay a start.
   */
  let reader: ReaderCalls | null = null
  const here = (): ReaderCalls => {
    reader ??= createReader(store.db, clock, ownIds.isOurs)
    return reader
  }
  const archive = {
    file: store.file,
    key: store.key,
    identity: identity(store.file),
    ownIds: ownIds.secret,
  }

  async function ask<Name extends keyof Args>(
    name: Name,
    args: Args[Name],
    sight: Sight | null,
    options: AskOptions = {},
  ): Promise<{ value: Values[Name]; at: At }> {
    const message = { archive, sight, now: clock.now(), name, args }
    return requests.ask<Values[Name]>(message, { isLong: LONG.has(name), ...options })
  }

  async function read<Name extends keyof ReaderCalls>(
    name: Name,
    args: Args[Name],
    { sight, signal }: { sight: Sight | null; signal?: AbortSignal | undefined },
    isLong = LONG.has(name),
  ): Promise<Values[Name]> {
    // The connection of this thread writes, so it shows everything.
    return threads.isReady() || sight !== null
      ? (await ask(name, args, sight, { signal, isLong })).value
      : here()[name](...args)
  }

  async function search(
    args: Args['searchMessages'],
    by: { sight: Sight | null; signal?: AbortSignal | undefined },
  ) {
    const [query, , { sort }] = args
    // The others take some milliseconds at any size.
    const isLong = sort === 'relevance' || query.includes('*')
    try {
      return await read('searchMessages', args, by, isLong)
    } catch (error) {
      if (!isIndexDamage(error)) throw error
      // Only the index is damaged, not the archive: it is rebuilt, and the response says so.
      store.search.rebuild()
      return read('searchMessages', args, by, isLong)
    }
  }

  const listChats = cacheReads(store.db, clock, async (sight: Sight | null, ...args: Args['listChats']) =>
    read('listChats', args, { sight }),
  )

  return {
    reader(signal, sight = null, settled = async () => {}) {
      const by = { sight, signal }
      const answer = async <Name extends keyof ReaderCalls>(name: Name, args: Args[Name]) => {
        await settled()
        return read(name, args, by)
      }
      /** For a few rows by key: in this thread if the caller sees everything. */
      const answerHere = async <Name extends keyof ReaderCalls>(name: Name, args: Args[Name]) => {
        await settled()
        return sight === null ? here()[name](...args) : read(name, args, by)
      }
      return {
        listChats: (...args) => settled().then(() => listChats(sight, ...args)),
        getChat: (...args) => answer('getChat', args),
        stays: (...args) => answer('stays', args),
        readMessages: (...args) => answer('readMessages', args),
        getMessage: (...args) => answer('getMessage', args),
        messagesAt: (...args) => answer('messagesAt', args),
        listContacts: (...args) => answer('listContacts', args),
        getContact: (...args) => answer('getContact', args),
        addressesOf: (...args) => answerHere('addressesOf', args),
        namesOf: (...args) => answerHere('namesOf', args),
        spellingsOf: (...args) => answerHere('spellingsOf', args),
        listUnread: (...args) => answer('listUnread', args),
        listWaiting: (...args) => answer('listWaiting', args),
        searchMessages: (...args) => settled().then(() => search(args, by)),
        recipientAt: (...args) => answerHere('recipientAt', args),
        isKnown: (...args) => answer('isKnown', args),
        recipientsNamed: (...args) => answer('recipientsNamed', args),
        quoted: (...args) => answerHere('quoted', args),
        countAll: (...args) => answer('countAll', args),
      }
    },
    async export(chat, format, sight = null) {
      const { value, at } = await ask('startExport', [chat, format], sight)
      return { messages: value.messages, pieces: pieces(value.id, at, sight) }
    },
    readEvents: async (after, query, limit, sight = null) =>
      (await ask('readEvents', [after, query, limit], sight)).value,
    alone: requests.alone,
    close: () => requests.end({ close: store.file } satisfies ReadMessage),
  }

  async function* pieces(id: number, at: At, sight: Sight | null): AsyncGenerator<string> {
    const release = at.keep()
    try {
      for (;;) {
        const { value } = await ask('nextPiece', [id], sight, { at })
        if (value === null) return
        yield value
      }
    } finally {
      release()
      await ask('endExport', [id], sight, { at }).catch(() => {})
    }
  }
}
