/** Where new messages stand among those of their second. */
import type { Messages } from '../store/messages.ts'
import { lastPositionOf, placesBetween } from '../store/position.ts'

/**
 * Returns positions for new consecutive messages of one second. `left`, `right`: the neighbouring messages
 * of the chat in the same second. If there is no room between them, uses the end of the second, or the next
 * one.
 */
export function placesFor(
  messages: Pick<Messages, 'takenBelow' | 'takenAbove'>,
  count: number,
  second: number,
  left: number | null,
  right: number | null,
): number[] {
  const places =
    right === null
      ? []
      : left === null
        ? placesBetween(second, messages.takenBelow(right, second), right, count)
        : placesBetween(second, left, messages.takenAbove(left, second), count)
  for (let at = second; places.length < count; at += 1) {
    places.push(
      ...placesBetween(at, messages.takenBelow(lastPositionOf(at) + 1, at), null, count - places.length),
    )
  }
  return places
}
