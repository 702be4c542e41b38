/** Deliveries that are under way: each keeps the body of its first attempt, also over a crash. */
import type { Sending } from '../control.ts'
import type { Event } from '../model/events.ts'
import type { LogReader } from '../session/event-readers.ts'
import { bareIdOf, bodyOf } from './body.ts'
import { isForeign, placeIn } from './positions.ts'

/** Returns deliveries of these events. Those of `known` keep their bodies. */
export function sendingOf(events: readonly Event[], known: readonly Sending[]): Sending[] {
  const before = new Map(known.map((one) => [one.event, one]))
  return events.map((event) => before.get(event.cursor) ?? begin(event))
}

const begin = (event: Event): Sending => ({
  event: event.cursor,
  message: event.message?.id ?? null,
  body: bodyOf(event),
})

/** Returns those of events after this position. */
export function ahead(log: LogReader, sending: readonly Sending[], place: number): Sending[] {
  return sending.filter(({ event }) => !isForeign(log, event) && placeIn(log, event) > place)
}

/** Returns those of other messages. @param bareIds of messages */
export function without(sending: readonly Sending[], bareIds: ReadonlySet<string>): Sending[] {
  return sending.filter(({ message }) => message === null || !bareIds.has(bareIdOf(message)))
}
