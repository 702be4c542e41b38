/** Finds messages that are forgotten while a page with their texts is being delivered. A slow receiver makes this time long. */
import type { Event, EventKind } from '../model/events.ts'
import type { LogReader } from '../session/event-readers.ts'
import { bareIdOf } from './body.ts'
import { readTogether } from './read-together.ts'

/** True if the message of this event was forgotten meanwhile. */
export type IsForgotten = (event: Pick<Event, 'message'>) => boolean
/** Returns what is known when it resolves. Rejects as reading events. */
export type Forgotten = () => Promise<IsForgotten>

const PAGE = 200
const KINDS: readonly EventKind[] = ['message.forgotten']

/**
 * Returns a function that finds what was forgotten since this call, so call this before the page is read. The function reads the log only
 * if it has grown.
 */
export function forgottenSince(log: LogReader): Forgotten {
  const forgotten = new Set<string>()
  let place = log.last()
  const isForgotten: IsForgotten = ({ message }) => message !== null && forgotten.has(bareIdOf(message.id))
  return async () => {
    while (place < log.last()) {
      const page = await readTogether(log, place, { kinds: KINDS, chat: null }, PAGE)
      for (const { kind, data } of page.events)
        if (kind === 'message.forgotten') forgotten.add(bareIdOf(data.id))
      place = Math.max(place, page.next)
    }
    return isForgotten
  }
}
