/** Deliveries of forgotten messages: what still waits with their texts loses it as soon as the log has a tombstone. */
import type { Sending } from '../control.ts'
import type { LogReader } from '../session/event-readers.ts'
import { bareIdOf } from './body.ts'
import { isForeign, placeIn } from './positions.ts'

const PAGE = 200

export type Tombstones = {
  /** A delivery of the event at this position waits: later tombstones may be of its message. */
  watchFrom(place: number): void
  /** Reads the log from there on. Rejects as reading events. */
  look(log: LogReader): Promise<void>
}

/** The deliveries that wait. */
export type Waiting = {
  all(): readonly Pick<Sending, 'event' | 'message'>[]
  /** Removes the texts of these messages. @param bareIds of the messages */
  forget(bareIds: ReadonlySet<string>): Promise<void>
}

export function createTombstones(waiting: Waiting): Tombstones {
  let source: LogReader | null = null
  /** What is read next; null: from the oldest delivery that waits. */
  let seen: number | null = null
  let last: Promise<void> = Promise.resolve()

  async function read(log: LogReader): Promise<void> {
    if (source !== log) seen = null
    source = log
    const places = waiting
      .all()
      .flatMap(({ event, message }) =>
        message === null || isForeign(log, event) ? [] : [placeIn(log, event)],
      )
    if (places.length === 0) seen = null
    let place = seen ?? Math.min(...places)
    while (place < log.last()) {
      // During the read, only `watchFrom` changes this.
      seen = Number.POSITIVE_INFINITY
      try {
        const page = await log.readEvents(place, { kinds: ['message.forgotten'], chat: null }, PAGE, null)
        const ids = page.events.flatMap(({ kind, data }) =>
          kind === 'message.forgotten' ? [bareIdOf(data.id)] : [],
        )
        await waiting.forget(new Set(ids))
        place = page.next
      } finally {
        // A delivery of an earlier event may have begun to wait meanwhile.
        place = Math.min(seen, place)
        seen = place
      }
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
