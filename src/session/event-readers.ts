/** Readers of the event log: each holds a place in it and nothing else, and is woken when the log grows. */
import { fail } from '../errors.ts'
import type { Event, EventKind } from '../model/events.ts'
import type { Jid } from '../model/ids.ts'
import type { EventReader } from '../store/read-events.ts'

/** A share of the server's connections (http/server.ts), so that readers who wait never keep others out. */
const MAX_READERS = 100

/** What somebody wants to read. */
export type EventWish = {
  /** A cursor as it was told, or "0": from the oldest that is kept. Left out: from now on. */
  after?: string | undefined
  /** Only these kinds. */
  kinds?: readonly EventKind[] | undefined
  /** Only events of this chat. */
  chat?: Jid | undefined
}

export type EventReading = {
  /** Where it stands: everything before has been looked at. Begins the next reading behind it. */
  cursor(): string
  /**
   * What comes next, oldest first, and moves on behind it. Nothing after the end.
   * `hasMore`: there is more of the log to look at right now, whether it fits or not.
   * @throws AppError `cursor_expired`, `archive_damaged`, `archive_unavailable`
   */
  next(limit: number): { events: Event[]; hasMore: boolean }
  /** Resolves once the log is longer than what was looked at, or at the end. One call at a time. Never fails. */
  grown(): Promise<void>
  /** Aborted when nothing more comes: it was closed, the archive is another account's now, or the server stops. */
  ended: AbortSignal
  /** Gives its place free; safe to call twice. */
  close(): void
}

export type EventReaders = {
  /**
   * Close it when done: there is room for a hundred.
   * @throws AppError as `Archive.reader`; `invalid_input`, `cursor_foreign`, `cursor_expired`, `chat_not_found`,
   * `too_many_readers`, `shutting_down`
   */
  open(wish: EventWish): EventReading
  /** The log has grown. Never throws. */
  wake(): void
  /** Every reading is at its end. Never throws. */
  endAll(): void
  /** The same for good: nobody can open one any more. */
  stop(): void
}

/** @param reader that of the archive that is open now; throws where there is none */
export function createEventReaders(reader: () => EventReader): EventReaders {
  const readings = new Set<EventReading>()
  const sleepers = new Map<EventReading, () => void>()
  let isStopped = false

  function wake(): void {
    const woken = [...sleepers.values()]
    sleepers.clear()
    for (const wakeUp of woken) wakeUp()
  }

  function endAll(): void {
    for (const reading of [...readings]) reading.close()
  }

  return {
    wake,
    endAll,
    stop() {
      isStopped = true
      endAll()
    },
    open({ after, kinds, chat }) {
      if (isStopped) fail('shutting_down')
      const source = reader()
      let place = after === undefined ? source.last() : source.fromText(after)
      if (chat !== undefined) source.requireChat(chat)
      if (readings.size >= MAX_READERS) fail('too_many_readers', { retryAfterS: 5 })
      // Kept as text: at the end the archive may be closed.
      let text = source.toText(place)
      const end = new AbortController()
      const hasGrown = () => {
        try {
          return source.last() > place
        } catch {
          // Whoever reads on is told what is wrong.
          return true
        }
      }
      const reading: EventReading = {
        ended: end.signal,
        cursor: () => text,
        next(limit) {
          if (end.signal.aborted) return { events: [], hasMore: false }
          const query = { kinds: kinds ?? null, chat: chat ?? null }
          const { events, next, hasMore } = source.readEvents(place, query, limit)
          if (next !== place) text = source.toText(next)
          place = next
          return { events, hasMore }
        },
        grown: () =>
          new Promise((resolve) => {
            if (end.signal.aborted || hasGrown()) resolve()
            else sleepers.set(reading, resolve)
          }),
        close() {
          if (!readings.delete(reading)) return
          end.abort()
          sleepers.get(reading)?.()
          sleepers.delete(reading)
        },
      }
      readings.add(reading)
      return reading
    },
  }
}
