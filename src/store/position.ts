/**
 * A message's position in the archive is one integer that sorts by time, so that "newest first" needs no
 * sorting, also for history that is stored later: 31 bits of seconds since 2009, when WhatsApp began, and 22
 * bits of order within the second. Together they are the 53 bits that a number holds exactly. Enough until
 * 2077.
 */
import { FIRST_SECOND, LAST_SECOND } from '../model/times.ts'

const SLOTS = 2 ** 22
const MIDDLE = SLOTS / 2
/** Free positions between neighbours, for messages that are found between them later. */
const STEP = 256
const SHARES = 1024

/**
 * The first position of the second that begins at `sentAt` (Unix seconds). Earlier times count as the begin
 * of 2009.
 */
export function firstPositionOf(sentAt: number): number {
  return (Math.min(Math.max(Math.floor(sentAt), FIRST_SECOND), LAST_SECOND) - FIRST_SECOND) * SLOTS
}

/** The last position of that second. */
export function lastPositionOf(sentAt: number): number {
  return firstPositionOf(sentAt) + SLOTS - 1
}

/** The time of a position, in Unix seconds. */
export function timeOf(position: number): number {
  return Math.floor(position / SLOTS) + FIRST_SECOND
}

/**
 * Returns positions for `count` new messages of one second, in order, between two used positions of that
 * second.
 * @param after the nearest used position below; null if the second has none
 * @param before the nearest used position above; null if the second has none
 * @returns ascending positions; fewer than `count` if there is not enough room
 */
export function placesBetween(
  sentAt: number,
  after: number | null,
  before: number | null,
  count: number,
): number[] {
  const isEmpty = after === null && before === null
  const low = after ?? firstPositionOf(sentAt) - 1 + (isEmpty ? MIDDLE : 0)
  const high = before ?? lastPositionOf(sentAt) + 1
  const room = high - low - 1
  const fitting = Math.min(count, room)
  // Evenly between two neighbours; towards an open end at a distance, which shrinks before the second is
  // full.
  const share = after !== null && before !== null ? fitting + 1 : Math.max(fitting, SHARES)
  const step = Math.max(1, Math.min(STEP, Math.floor((room + 1) / share)))
  const first = after === null && before !== null ? high - step * fitting : low + step
  return Array.from({ length: fitting }, (_, index) => first + index * step)
}
