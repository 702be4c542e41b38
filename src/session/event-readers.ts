/** Readers of the event log: each holds a position in it and nothing else, and wakes when the log grows. */
import { fail } from '../errors.ts'
import type { Event, EventKind } from '../model/events.ts'
import type { Jid } from '../model/ids.ts'
import type { Sight } from '../model/sight.ts'
import type { EventPage, EventQuery, EventReader } from '../store/read-events.ts'

/**
 * Of all accounts: a share of the server's connections (http/connections.ts), so that waiting readers never block other
 * clients.
 */
const MAX_READERS = 100

/** The events that a reader asks for. */
export type EventWish = {
  /** A cursor from an earlier response, or "0" for the oldest stored event. If omitted: only new events. */
  after?: string | undefined
  /** Only these kinds. */
  kinds?: readonly EventKind[] | undefined
  /** Only events of this chat. */
  chat?: Jid | undefined
  /** What the reader sees; null, the default: everything. */
  sight?: Sight | null
}

export type EventReading = {
  /** The cursor of the reader: everything before it has been read. Pass it to continue from there. */
  cursor(): string
  /**
   * Returns the next events, oldest first, and moves behind them. Empty after the end.
   * `hasMore`: the log has more to read right now, including events that do not match.
   * Rejects with `cursor_expired`, `archive_damaged`, `archive_unavailable`. One call at a time.
   */
  next(limit: number): Promise<{ events: Event[]; hasMore: boolean }>
  /** Resolves when the log has grown or the reader has ended. One call at a time. Never fails. */
  grown(): Promise<void>
  /**
   * Aborted when no more events follow: the reader was closed, another account was linked, or the server
   * stops.
   */
  ended: AbortSignal
  /** Frees the reader's slot; safe to call twice. */
  close(): void
}

export type EventReaders = {
  /**
   * Opens a reader. Close it when done: at most one hundred are open at a time, over all accounts.
   * @throws AppError as `Archive.reader`; `invalid_input`, `cursor_foreign`, `cursor_expired`,
   * `chat_not_found`, `too_many_readers`, `shutting_down`
   */
  open(wish: EventWish): EventReading
  /** Returns the log of the open archive: the same object while the archive is open. @throws AppError as `Archive.reader` */
  log(): LogReader
  /**
   * Keeps events: calls `needs` before old events are deleted. Those after the returned position stay for a while; null: it needs
   * none of this log. Returns the function that ends it.
   */
  keepFor(needs: () => number | null): () => void
  /** The positions that {@link EventReaders.keepFor} returns now. */
  kept(): number[]
  /** Returns for each open reader how many events it has not read. Empty while no log can be read. */
  lags(): number[]
  /** Wakes the readers: the log has grown. Never throws. */
  wake(): void
  /** Ends all readers. Never throws. */
  endAll(): void
  /** Ends all readers for good: no new one can be opened. */
  stop(): void
}

export type { EventPage, EventQuery }

/** The event log of the open archive. */
export type LogReader = Omit<EventReader, 'readEvents'> & {
  /** As `EventReader.readEvents`. */
  readEvents(after: number, query: EventQuery, limit: number, sight: Sight | null): Promise<EventPage>
}

/** The open readers of all accounts of this process. */
export type OpenReaders = Set<EventReading>

/**
 * @param reader returns the event reader of the open archive; throws if none is open
 * @param everyone the readers are in it while they are open
 */
export function createEventReaders(reader: () => LogReader, everyone: OpenReaders): EventReaders {
  /** The position of each open reader. */
  const readings = new Map<EventReading, () => number>()
  const sleepers = new Map<EventReading, () => void>()
  const keepers = new Set<() => number | null>()
  let isStopped = false

  function wake(): void {
    const woken = [...sleepers.values()]
    sleepers.clear()
    for (const wakeUp of woken) wakeUp()
  }

  function endAll(): void {
    for (const reading of [...readings.keys()]) reading.close()
  }

  return {
    wake,
    endAll,
    log: reader,
    keepFor(needs) {
      keepers.add(needs)
      return () => void keepers.delete(needs)
    },
    kept: () => [...keepers].map((needs) => needs()).filter((place) => place !== null),
    lags() {
      try {
        const last = readings.size === 0 ? 0 : reader().last()
        return [...readings.values()].map((placeOf) => last - placeOf())
      } catch {
        return []
      }
    },
    stop() {
      isStopped = true
      endAll()
    },
    open({ after, kinds, chat, sight = null }) {
      if (isStopped) fail('shutting_down')
      const source = reader()
      let place = after === undefined ? source.last() : source.fromText(after)
      if (chat !== undefined) source.requireChat(chat, sight)
      if (everyone.size >= MAX_READERS) fail('too_many_readers', { retryAfterS: 5 })
      // Kept as text: when the reader ends, the archive may be closed.
      let text = source.toText(place)
      const end = new AbortController()
      const hasGrown = () => {
        try {
          return source.last() > place
        } catch {
          // The next read returns the error.
          return true
        }
      }
      const reading: EventReading = {
        ended: end.signal,
        cursor: () => text,
        async next(limit) {
          if (end.signal.aborted) return { events: [], hasMore: false }
          const query = { kinds: kinds ?? null, chat: chat ?? null }
          const { events, next, hasMore } = await source.readEvents(place, query, limit, sight)
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
          everyone.delete(reading)
          end.abort()
          sleepers.get(reading)?.()
          sleepers.delete(reading)
        },
      }
      readings.set(reading, () => place)
      everyone.add(reading)
      return reading
    },
  }
}
