/** The chats of one webhook in which a delivery fails. Each change is on disk before the next attempt. */
import type { Clock } from '../clock.ts'
import type { ControlStore, Failing, LaneRow, Sending } from '../control.ts'
import type { Log } from '../log.ts'
import { bareIdOf, tombstoneOf } from './body.ts'
import { delayAfter } from './retries.ts'
import type { Outcome } from './sender.ts'
import { without } from './sending.ts'

/**
 * A lane. `place`: the position of its event in the log. `isRunning`: its deliveries are being attempted. `isParked`: it waits for the
 * webhook to pass what it has delivered.
 */
export type Lane = Omit<LaneRow, 'webhook'> & { place: number; isRunning: boolean; isParked: boolean }

export type Lanes = {
  all(): Lane[]
  /** Milliseconds until the next lane is due; null if none waits. */
  dueIn(): number | null
  /** Returns the lanes that are due. */
  due(): Lane[]
  /**
   * Stores that this delivery failed: it is tried again later, or it is dead and the chat goes on. The chat becomes a lane if it is
   * none. `lane.sending`: the later deliveries of the chat that may have been attempted. @param before the delivery as it was before
   * this attempt
   */
  fail(
    lane: Pick<Lane, 'chat' | 'event' | 'place' | 'sending'>,
    before: Failing,
    outcome: Pick<Outcome<string>, 'status' | 'error'>,
  ): Promise<void>
  /** Stores that the delivery of the lane is settled. */
  settle(lane: Lane): Promise<void>
  /** Stores that these later events of the chat are attempted. */
  begin(lane: Lane, sending: readonly Sending[]): Promise<void>
  /** Stores where the lane is. It is not due before {@link Lanes.unpark}. @param sending what it still has to deliver */
  park(lane: Lane, sending: readonly Sending[]): Promise<void>
  /** Makes the parked lanes due again. Returns true if there were any. */
  unpark(): boolean
  /**
   * Names the lanes by the ids that their chats have now: a number can pass to another person, whose chat is another lane. A lane
   * whose new name another one has keeps its own. Call it while no first attempt is under way: one that fails would replace what a lane
   * with the new name holds.
   * @param chatNow returns the id of the chat of a lane
   */
  follow(chatNow: (lane: Lane) => Promise<string>): Promise<void>
  /** Ends the lane: its chat is up to date. */
  end(lane: Pick<Lane, 'chat'>): Promise<void>
  /** The deliveries that wait or are attempted. */
  waiting(): Pick<Sending, 'event' | 'message'>[]
  /** Replaces what is tried again of these messages by tombstones, and removes what is attempted. @param bareIds of the messages */
  forget(bareIds: ReadonlySet<string>): Promise<void>
}

export type LanesOptions = {
  webhook: string
  /** The lanes of an earlier run. */
  stored: readonly LaneRow[]
  store: Pick<ControlStore['webhooks'], 'putLane' | 'removeLane'>
  /** A delivery of the event at this position waits from now on, because its first attempt failed. */
  onWait(place: number): void
  clock: Clock
  log: Log
}

export function createLanes({ webhook, stored, store, onWait, clock, log }: LanesOptions): Lanes {
  const lanes = new Map<string, Lane>(
    stored.map(({ webhook: _, ...row }) => [
      row.chat,
      { ...row, place: 0, isRunning: false, isParked: false },
    ]),
  )
  const dueAt = ({ head }: Lane) => head?.nextAtMs ?? 0
  const idle = () => [...lanes.values()].filter(({ isRunning, isParked }) => !isRunning && !isParked)
  const put = ({ chat, event, head, sending }: Lane) => store.putLane({ webhook, chat, event, head, sending })

  return {
    all: () => [...lanes.values()],
    due: () => idle().filter((lane) => dueAt(lane) <= clock.now()),
    dueIn() {
      const times = idle().map(dueAt)
      return times.length === 0 ? null : Math.max(0, Math.min(...times) - clock.now())
    },
    async fail({ chat, event, place, sending }, before, { status, error }) {
      const { kind, firstAtMs } = before
      const attempts = before.attempts + 1
      const tried = { attempts, firstAtMs, status, error: error ?? '' }
      const delay = delayAfter(attempts, clock.now() - firstAtMs, Math.random())
      const head = delay === null ? null : { ...before, ...tried, nextAtMs: clock.now() + delay }
      const now = { chat, event, head, sending }
      const known = lanes.get(chat) ?? { isRunning: false, isParked: false }
      lanes.set(chat, Object.assign(known, { place, ...now }))
      if (before.attempts === 0) onWait(place)
      const lane = { webhook, ...now }
      if (head !== null) return store.putLane(lane)
      log.warn({ webhook, attempts, error }, 'a delivery failed for 3 days and is dead')
      return store.putLane(lane, { webhook, event, chat, kind, diedAtMs: clock.now(), ...tried })
    },
    settle(lane) {
      lane.head = null
      return put(lane)
    },
    begin(lane, sending) {
      lane.sending = sending
      return put(lane)
    },
    park(lane, sending) {
      lane.isParked = true
      lane.sending = sending
      return put(lane)
    },
    unpark() {
      const parked = [...lanes.values()].filter(({ isParked }) => isParked)
      for (const lane of parked) lane.isParked = false
      return parked.length > 0
    },
    async follow(chatNow) {
      const found = await Promise.all(
        [...lanes.values()].map(async (lane) => [lane, await chatNow(lane)] as const),
      )
      for (const [lane, now] of found) {
        const before = lane.chat
        if (now === before || lanes.has(now) || lanes.get(before) !== lane) continue
        lanes.delete(before)
        lanes.set(now, Object.assign(lane, { chat: now }))
        // In this order: a crash in between repeats a delivery and loses none.
        await put(lane)
        await store.removeLane({ webhook, chat: before })
      }
    },
    end({ chat }) {
      lanes.delete(chat)
      return store.removeLane({ webhook, chat })
    },
    waiting: () =>
      [...lanes.values()].flatMap<Pick<Sending, 'event' | 'message'>>(({ event, head, sending }) =>
        head === null ? sending : [{ event, message: head.message }, ...sending],
      ),
    async forget(bareIds) {
      for (const lane of lanes.values()) {
        const { head } = lane
        const sending = without(lane.sending, bareIds)
        const message = head?.message ?? null
        if (head !== null && message !== null && bareIds.has(bareIdOf(message)))
          Object.assign(head, { body: tombstoneOf(head.body, message), kind: 'message.forgotten' })
        else if (sending.length === lane.sending.length) continue
        lane.sending = sending
        await put(lane)
      }
    },
  }
}
