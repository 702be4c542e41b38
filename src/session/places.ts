/** Where new messages stand among those of their second. */
import type { Messages } from '../store/messages.ts'
import { lastPositionOf, placesBelow, placesBetween, withRoomAbove } from '../store/position.ts'

type Taken = Pick<Messages, 'takenBelow' | 'freeBelow'>

/**
 * Returns positions for new consecutive messages of one second. Within a second a chat has the order in which WhatsApp Web loads it: a
 * message never stands behind the neighbour that follows it, whatever other chats have in the same second.
 * @param left, right the neighbouring messages of the chat in the same second
 * @param isLive true if nothing older of this second can follow
 */
export function placesFor(
  messages: Taken,
  count: number,
  second: number,
  left: number | null,
  right: number | null,
  isLive: boolean,
): number[] {
  if (right === null) return placesAtEnd(messages, count, second, isLive)
  const low = messages.takenBelow(right, second)
  const places =
    low !== null && low === left
      ? placesBetween(second, left, right, count)
      : placesBelow(second, low, right, count)
  if (places.length === count) return places
  const free = messages.freeBelow(right, second, count)
  return [...free, ...placesAtEnd(messages, count - free.length, second, isLive)]
}

/** At the end of the second, or in the next one. */
function placesAtEnd(messages: Taken, count: number, second: number, isLive: boolean): number[] {
  const places: number[] = []
  for (let at = second; places.length < count; at += 1) {
    const last = messages.takenBelow(lastPositionOf(at) + 1, at)
    const after = isLive ? last : withRoomAbove(last, at)
    places.push(...placesBetween(at, after, null, count - places.length))
  }
  return places
}
