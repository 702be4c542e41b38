/** Deliveries of forgotten messages: what still waits with their text becomes a tombstone as soon as the log has one. */
import type { LogReader } from '../session/event-readers.ts'
import { bareIdOf, type Lanes } from './lanes.ts'
import { placeIn } from './positions.ts'

const PAGE = 200

export type Tombstones = {
  /** A delivery of the event at this position waits: later tombstones may be of its message. */
  watchFrom(place: number): void
  /** Reads the log from there on. Rejects as reading events. */
  look(log: LogReader): Promise<void>
}

export function createTombstones(lanes: Pick<Lanes, 'all' | 'forget'>): Tombstones {
  let source: LogReader | null = null
  /** What is read next; null: from the oldest delivery that waits. */
  let seen: number | null = null
  let last: Promise<void> = Promise.resolve()

  async function read(log: LogReader): Promise<void> {
    if (source !== log) seen = null
    source = log
    const places = lanes.all().flatMap(({ head, event }) => (head?.message ? [placeIn(log, event)] : []))
    if (places.length === 0) seen = null
    let place = seen ?? Math.min(...places)
    while (place < log.last()) {
      seen = Number.POSITIVE_INFINITY
      const page = await log.readEvents(place, { kinds: ['message.forgotten'], chat: null }, PAGE, null)
      const ids = page.events.flatMap(({ kind, data }) =>
        kind === 'message.forgotten' ? [bareIdOf(data.id)] : [],
      )
      await lanes.forget(new Set(ids))
      // A delivery of an earlier event may have begun to wait meanwhile.
      place = Math.min(seen, page.next)
      seen = place
    }
  }

  return {
    watchFrom(place) {
      if (seen !== null) seen = Math.min(seen, place)
    },
    look(log) {
      last = last.catch(() => {}).then(() => read(log))
      return last
    },
  }
}
