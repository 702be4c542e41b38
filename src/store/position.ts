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
const STEP = 1024
/** Towards an open end, a step is at most the room divided by this, so that it shrinks before the second is full. */
const SHARES = 2048
/** One part in 64 of the rest of a second stays free below messages, since older ones may be loaded: about 32,000 positions. */
const BELOW = 64

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
  if (after === null && before !== null) return placesBelow(sentAt, after, before, count)
  const low = after ?? firstPositionOf(sentAt) - 1 + MIDDLE
  const high = before ?? lastPositionOf(sentAt) + 1
  const room = high - low - 1
  const fitting = Math.min(count, room)
  // Evenly between two neighbours; towards an open end in steps.
  const share = before === null ? Math.max(fitting, SHARES) : fitting + 1
  const step = Math.max(1, Math.min(STEP, Math.floor((room + 1) / share)))
  return Array.from({ length: fitting }, (_, index) => low + step + index * step)
}

/**
 * Like {@link placesBetween}, but close below `before`, with some room in between: most of the room stays free for older messages.
 * @param after the nearest used position below, of a message that is no neighbour; null if the second has none
 */
export function placesBelow(sentAt: number, after: number | null, before: number, count: number): number[] {
  const room = before - (after ?? firstPositionOf(sentAt) - 1) - 1
  const fitting = Math.min(count, room)
  const step = Math.max(1, Math.min(STEP, Math.floor((room + 1) / Math.max(fitting, SHARES))))
  return Array.from({ length: fitting }, (_, index) => before - (fitting - index) * step)
}

/** A position after `place` in the same second, with room between them for messages that are loaded later; null if `place` is. */
export function withRoomAbove(place: number | null, sentAt: number): number | null {
  return place === null ? null : place + Math.floor((lastPositionOf(sentAt) - place) / BELOW)
}
