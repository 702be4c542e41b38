/** Reads of the log that several webhooks make at the same time are one: an event wakes them all, most at the same position. */
import type { EventPage, EventQuery, LogReader } from '../session/event-readers.ts'

const underWay = new WeakMap<LogReader, Map<string, Promise<EventPage>>>()

/**
 * Returns the events after this position, in the sight of the owner. Those who share a read get the same objects: nobody may change
 * them. Rejects as `LogReader.readEvents`.
 */
export function readTogether(
  log: LogReader,
  after: number,
  query: EventQuery,
  limit: number,
): Promise<EventPage> {
  const reads = underWay.get(log) ?? new Map<string, Promise<EventPage>>()
  underWay.set(log, reads)
  // A read that began before the log grew lacks what woke this one.
  const key = JSON.stringify([log.last(), after, query, limit])
  const known = reads.get(key)
  if (known !== undefined) return known
  const read = log.readEvents(after, query, limit, null).finally(() => reads.delete(key))
  reads.set(key, read)
  return read
}
