/** The deliveries of a webhook that are not done, in pages. */
import type { Accounts } from '../accounts/accounts.ts'
import type { Attempts, ControlStore, WebhookRow } from '../control.ts'
import type { Event, EventKind } from '../model/events.ts'
import { isWanted } from '../model/webhook.ts'
import { laneOf, widened } from './by-chat.ts'
import { placeIn } from './positions.ts'
import type { Receiver } from './receiver.ts'

/** A delivery that is not done. Times are Unix ms. */
export type Delivery = {
  event: string
  kind: EventKind
  /** JID of the chat of the event; null if it has none. */
  chat: string | null
  /** Null before the first attempt. */
  tried: Attempts | null
  nextAtMs: number | null
  diedAtMs: number | null
}
/** `pending`: it waits for its first attempt. `failed`: it is tried again. `dead`: it is not tried again. */
export const DELIVERY_STATES = ['pending', 'failed', 'dead'] as const
export type DeliveryState = (typeof DELIVERY_STATES)[number]

/** Where a page ends: a time (Unix ms), and what tells apart those of the same time. */
export type DeliveryPlace = { atMs: number; key: string }
/** `next`: null on the last page. */
export type DeliveryPage = { deliveries: Delivery[]; next: DeliveryPlace | null }

type Read = (
  one: Pick<Receiver<WebhookRow, string>, 'row' | 'lanes' | 'pump'>,
  limit: number,
  after: DeliveryPlace | null,
) => Promise<DeliveryPage>

/** Events that are read at once. */
const PAGE = 100
/** The most reads for one page, because a filter may pass few of many events. */
const MOST_READS = 50

/**
 * Returns a function for each state, which reads a page of the deliveries in that state. It rejects as reading events does, and as the
 * control database does.
 */
export function createDeliveries(
  control: Pick<ControlStore['webhooks'], 'dead'>,
  accounts: Pick<Accounts, 'get'>,
): Record<DeliveryState, Read> {
  return {
    /** The events that wait for their first attempt: after the position, and behind the failed ones of their chats. */
    async pending({ row, lanes, pump }, limit, after) {
      const { archive } = accounts.get(row.account)
      const log = archive.events.log()
      const reached = placeIn(log, pump.place())
      const named = (row.filter.chats ?? []).map(
        async (chat) => [chat, await archive.reader().addressesOf(chat)] as const,
      )
      const filter = widened(row.filter, new Map(await Promise.all(named)))
      const isAttempted = (event: Event) => {
        const lane = lanes.all().find(({ chat }) => chat === laneOf(event))
        return log.fromText(event.cursor) <= (lane === undefined ? reached : placeIn(log, lane.event))
      }
      const found: Event[] = []
      let place =
        after === null
          ? Math.min(reached, ...lanes.all().map(({ event }) => placeIn(log, event)))
          : log.fromText(after.key)
      for (let reads = 0, hasMore = true; hasMore; reads += 1) {
        if (reads === MOST_READS) return { deliveries: found.map(ofEvent), next: atCursor(log.toText(place)) }
        const page = await log.readEvents(place, { kinds: filter.kinds, chat: null }, PAGE, null)
        found.push(...page.events.filter((event) => isWanted(filter, event) && !isAttempted(event)))
        const last = found.length > limit ? found[limit - 1] : undefined
        if (last !== undefined)
          return { deliveries: found.slice(0, limit).map(ofEvent), next: atCursor(last.cursor) }
        place = page.next
        hasMore = page.hasMore
      }
      return { deliveries: found.map(ofEvent), next: null }
    },
    async failed({ lanes }, limit, after) {
      const all = lanes.all().flatMap(({ event, chat, head }) => {
        if (head === null) return []
        const { kind, nextAtMs } = head
        const place = { atMs: nextAtMs, key: chat }
        return after === null || isBefore(after, place)
          ? [{ place, event, kind, chat: chat || null, tried: triedOf(head), nextAtMs, diedAtMs: null }]
          : []
      })
      return pageOf(
        all.sort((a, b) => (isBefore(a.place, b.place) ? -1 : 1)),
        limit,
      )
    },
    async dead({ row: { id } }, limit, after) {
      const rows = await control.dead(id, limit + 1, after)
      const all = rows.map((row) => {
        const { event, kind, chat, diedAtMs } = row
        const place = { atMs: diedAtMs, key: event }
        return { place, event, kind, chat: chat || null, tried: triedOf(row), nextAtMs: null, diedAtMs }
      })
      return pageOf(all, limit)
    },
  }
}

const triedOf = ({ attempts, firstAtMs, status, error }: Attempts): Attempts => ({
  attempts,
  firstAtMs,
  status,
  error,
})

const isBefore = (one: DeliveryPlace, other: DeliveryPlace) =>
  one.atMs === other.atMs ? one.key < other.key : one.atMs < other.atMs

/** The place of an event: its cursor alone orders it. */
const atCursor = (key: string): DeliveryPlace => ({ atMs: 0, key })

const ofEvent = ({ cursor, kind, chat }: Event): Delivery => ({
  event: cursor,
  kind,
  chat: chat?.id ?? null,
  tried: null,
  nextAtMs: null,
  diedAtMs: null,
})

function pageOf(all: readonly (Delivery & { place: DeliveryPlace })[], limit: number): DeliveryPage {
  const shown = all.slice(0, limit)
  const next = all.length > limit ? (shown.at(-1)?.place ?? null) : null
  return { deliveries: shown.map(({ place: _, ...delivery }) => delivery), next }
}
