/**
 * Delivers the events of one webhook, or of one rule. It reads the event log from its position; what it has not read stays there. If a delivery
 * fails, its chat becomes a lane: the lane tries again, then delivers what came in the chat meanwhile, while the other chats go on.
 */
import type { Clock } from '../clock.ts'
import type { Sending } from '../control.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Event } from '../model/events.ts'
import { type Jid, toJid } from '../model/ids.ts'
import { isWanted, type PauseReason, type WebhookFilter } from '../model/webhook.ts'
import type { EventPage, EventQuery, LogReader } from '../session/event-readers.ts'
import { byChat, laneOf, widened } from './by-chat.ts'
import { type Forgotten, forgottenSince } from './forgotten-since.ts'
import type { Lane, Lanes } from './lanes.ts'
import { isBehind, isExpired, isForeign, placeIn, toPosition } from './positions.ts'
import { readTogether } from './read-together.ts'
import type { Deliver, Outcome } from './sender.ts'
import { ahead, sendingOf, without } from './sending.ts'
import { allSettled, createSlots } from './slots.ts'

/** The owner creates webhooks, so no chat is hidden from them. */
const ALL = null
/** Events that are read at once. */
const PAGE = 50
/** Deliveries of one webhook that are under way at the same time, each of another chat. */
const AT_ONCE = 4
/** Interval between attempts while a database does not respond. */
const RETRY_MS = 5_000

export type Pump<E extends string> = {
  /** The log has grown. Never fails. */
  wake(): void
  /** Delivers from here on, unless the webhook is paused. */
  start(): void
  /** Resolves when nothing is being sent. What was on its way is sent again after the next {@link Pump.start}. Never fails. */
  halt(): Promise<void>
  /** Resolves when everything that was written until now was attempted. Never fails. */
  settled(): Promise<void>
  /** Up to here everything is delivered, except what lanes hold: for `toPosition`. */
  place(): string
  /** What is being sent from there on, beside the lanes. */
  sending(): readonly Sending[]
  /** Removes what is being sent of these messages. @param bareIds of the messages */
  forget(bareIds: ReadonlySet<string>): Promise<void>
  /** The oldest position that is still to be read in the log that is open now; null if it reads another one. */
  needs(): number | null
  /**
   * Returns where it continues if it goes back to this cursor, or to the end of the log (`'last'`). It never skips what it has not
   * delivered, unless that is in a log that is gone. `ended`: the chats whose lanes end by that. Changes nothing.
   * @throws AppError as `LogReader.fromText`
   */
  movedTo(cursor: string | 'last'): { place: string; ended: string[] }
  /** Tries the lane with this event now. Returns the outcome; null if there is no such lane. */
  retry(event: string): Promise<Outcome<E> | null>
  /** Sends this now. Null: the pump was halted. */
  send(id: string, body: string): Promise<Outcome<E> | null>
}

export type PumpOptions<E extends string> = {
  /** What it receives, and whether it is paused. */
  row(): { filter: WebhookFilter; paused: PauseReason | null }
  /** Where it begins, for `toPosition`. */
  place: string
  /** What an earlier run was sending from there on: it is sent as it was. */
  sending: readonly Sending[]
  lanes: Lanes
  /** Returns the log that is open. @throws AppError if none is */
  log(): LogReader
  /** Returns every address of the person or group at this one. */
  addressesOf(chat: Jid): Promise<readonly Jid[]>
  /** Returns every address whose `addressesOf` may have this one. */
  namesOf(chat: Jid): Promise<readonly Jid[]>
  deliver: Deliver<E>
  clock: Clock
  logger: Log
  /** Its position has changed. */
  onMoved(): void
  /** Stores its position and what it is sending, before the first attempt and before a lane ends. Never rejects. */
  onSending(): Promise<void>
  /** An attempt ended. */
  onAttempt(outcome: Outcome<E>): void
  /** It cannot go on without the owner. */
  onPaused(reason: PauseReason): void
  /** Events were deleted before they were delivered. */
  onLost(): void
}

/** What first attempts need: the messages that were forgotten, and the bodies. */
type First = { forgotten: Forgotten; sending(): readonly Sending[] }

/** Thrown where a pump that was halted would go on. */
const HALTED = new Error('the webhook was halted')
/** After these errors the pump waits for the next event of the log, and sets no timer. */
const QUIET: readonly ErrorCode[] = ['not_linked', 'shutting_down']

export function createPump<E extends string>(options: PumpOptions<E>): Pump<E> {
  const { row, lanes, clock, logger } = options
  const slots = createSlots(AT_ONCE)
  let source: LogReader | null = null
  /** `place` as text, also while no log is open. */
  let text = options.place
  /** Everything up to here is delivered, or in a lane. */
  let place = 0
  /** The end of the page that is being delivered. What lanes still have to deliver ends here too. */
  let reach = 0
  let sending = options.sending
  /** What an earlier run may have attempted. */
  const earlier = new Set(
    [...sending, ...lanes.all().flatMap((lane) => lane.sending)].map(({ event }) => event),
  )
  let running: AbortController | null = null
  /** Ends what is sent by hand while the webhook is paused. */
  let byHand = new AbortController()
  let isWoken = false
  let isReading = false
  let cancelTimer = () => {}
  let lastProblem: string | null = null
  /** After a problem, nothing runs before this time, unless the log grows. Infinity: only the log can mend it. Null: there is none. */
  let resumeAtMs: number | null = null
  const working = new Set<Promise<void>>()

  /** Runs a task that {@link Pump.halt} waits for. Never fails. */
  function work(task: () => Promise<unknown>, done: () => void): void {
    const one = task()
      .then(() => {}, failed)
      .then(() => {
        working.delete(one)
        done()
      })
    working.add(one)
  }

  /** Returns the outcome of this task, which {@link Pump.halt} waits for. */
  function held<Result>(task: Promise<Result>): Promise<Result> {
    work(
      () => task.catch(() => {}),
      () => {},
    )
    return task
  }

  function failed(error: unknown): void {
    if (running === null) return
    const code = error instanceof AppError ? error.code : null
    if (code === 'cursor_foreign') return options.onPaused('other_archive')
    if (code === 'cursor_expired') return skipLost()
    const isQuiet = code !== null && QUIET.includes(code)
    resumeAtMs = isQuiet ? Number.POSITIVE_INFINITY : clock.now() + RETRY_MS
    if (isQuiet || lastProblem === String(error)) return
    logger.warn({ err: error }, 'a webhook cannot go on; it tries again')
    lastProblem = String(error)
  }

  /** The log has deleted what this webhook had still to read: it continues with the oldest event. */
  function skipLost(): void {
    source = null
    text = '0'
    options.onLost()
    resumeAtMs = clock.now()
  }

  /** Returns the open log. If it is not the one of the call before, first finds the positions of the webhook and its lanes in it. */
  function reader(): LogReader {
    const current = options.log()
    if (current === source) return current
    place = toPosition(current, text)
    reach = place
    for (const lane of lanes.all()) lane.place = placeIn(current, lane.event)
    if (lanes.all().some(({ event }) => isBehind(current, event))) options.onLost()
    source = current
    moved(current)
    return current
  }

  function moved(current: LogReader): void {
    text = current.toText(place)
    lastProblem = null
    // A position that is stored alone removes what an earlier run was sending, so it waits until that is sent.
    if (sending.length === 0) options.onMoved()
  }

  /** Plans the next run: of the lane that is due first, or the one after a problem, for which the lanes wait too. */
  function arm(): void {
    cancelTimer()
    const ms = resumeAtMs === null ? lanes.dueIn() : Math.max(0, resumeAtMs - clock.now())
    const isPlanned = running !== null && ms !== null && Number.isFinite(ms)
    cancelTimer = isPlanned ? clock.after(ms, run) : () => {}
  }

  function run(): void {
    if (running === null) return
    resumeAtMs = null
    if (!isReading) {
      isReading = true
      work(readOn, () => {
        isReading = false
        if (isWoken) run()
        else arm()
      })
    }
    for (const lane of lanes.due()) {
      lane.isRunning = true
      work(
        () => goOn(lane),
        () => {
          lane.isRunning = false
          arm()
        },
      )
    }
    arm()
  }

  function wake(): void {
    const isPlanned = isWoken && !isReading
    isWoken = true
    // One run for all that is written in this turn.
    if (running !== null && !isReading && !isPlanned) setImmediate(run)
  }

  /** Reads to the end of the log and delivers what is wanted. */
  async function readOn(): Promise<void> {
    isWoken = false
    try {
      for (let hasMore = true; hasMore; ) {
        const { filter } = row()
        const current = reader()
        const forgotten = forgottenSince(current)
        const page = await readTogether(current, reach, { kinds: filter.kinds, chat: null }, PAGE)
        await lanes.follow((lane) => chatNow(current, lane))
        const known = await addresses(lanes.all().map(({ chat }) => chat))
        const wide = await widenedFor(filter, page.events)
        const isForgotten = await forgotten()
        demandRunning()
        if (current !== source) continue
        // In the same turn: what comes later in these chats belongs to their lanes.
        reach = page.next
        const held = new Set(lanes.all().flatMap(({ chat }) => known.get(chat) ?? [chat]))
        const wanted = page.events.filter(
          (event) => !held.has(laneOf(event)) && isWanted(wide, event) && !isForgotten(event),
        )
        if (wanted.length > 0) {
          sending = [...sendingOf(wanted, sending), ...ahead(current, sending, page.next)]
          await options.onSending()
        }
        const first = { forgotten, sending: () => sending }
        await allSettled(byChat(wanted).map((events) => deliverAll(events, current, first)))
        place = reach
        if (page.events.length > 0 || !page.hasMore) {
          sending = page.hasMore ? ahead(current, sending, place) : []
          moved(current)
        }
        if (lanes.unpark()) run()
        hasMore = page.hasMore
      }
    } finally {
      reach = place
    }
  }

  /** Delivers these events of a chat, up to the first that fails. */
  async function deliverAll(events: readonly Event[], current: LogReader, first: First): Promise<void> {
    const own = new Set(events.map(({ cursor }) => cursor))
    const sendingNow = () => first.sending().filter(({ event }) => own.has(event))
    for (const event of events) {
      const at = current.fromText(event.cursor)
      if (!(await deliver(event, at, { chat: laneOf(event) }, { ...first, sending: sendingNow }))) return
    }
  }

  /**
   * Attempts the event. Returns true if it is settled; else it is in the lane of this chat now.
   * @param of the chat. It is read after the attempt: a lane can get another name meanwhile
   */
  async function deliver(event: Event, at: number, of: Pick<Lane, 'chat'>, first: First): Promise<boolean> {
    const isForgotten = await first.forgotten()
    const one = first.sending().find(({ event: cursor }) => cursor === event.cursor)
    // A forgotten message counts as settled: the log has only its tombstone, which follows.
    if (one === undefined || isForgotten(event)) return true
    const { message, body } = one
    const outcome = await send(event.cursor, body)
    if (isSettled(outcome)) return true
    const before = { kind: event.kind, message, body, attempts: 0, firstAtMs: clock.now() }
    const all = first.sending()
    const later = all.slice(all.findIndex(({ event: cursor }) => cursor === event.cursor) + 1)
    const repeated = later.filter(({ event: cursor }) => earlier.has(cursor))
    const lane = { chat: of.chat, event: event.cursor, place: at, sending: repeated }
    await lanes.fail(lane, { ...before, nextAtMs: 0, status: null, error: '' }, outcome)
    arm()
    return false
  }

  /** Tries the delivery of the lane again, then delivers the later events of its chat, and ends the lane. */
  async function goOn(lane: Lane): Promise<void> {
    const current = reader()
    await tryAgain(lane, send)
    if (lane.head !== null) return
    do {
      if (!(await catchUp(lane, current))) return
      // After a crash, the webhook reads its page again: what the lane has delivered must not be in it as new.
      const rest = ahead(current, lane.sending, lane.place)
      if (lane.place > place || ahead(current, rest, place).length > 0) return lanes.park(lane, rest)
      await options.onSending()
      demandRunning()
    } while (lane.place < reach)
    await lanes.end(lane)
  }

  /** Delivers the later events of the chat of the lane. Returns false if one fails. */
  async function catchUp(lane: Lane, current: LogReader): Promise<boolean> {
    const { filter } = row()
    while (lane.place < reach) {
      const chat = await chatNow(current, lane)
      const query = { kinds: filter.kinds, chat: chat === '' ? null : toJid(chat) }
      const forgotten = forgottenSince(current)
      const page = await readKept(current, lane, query)
      const wide = await widenedFor(filter, page.events)
      const isForgotten = await forgotten()
      demandRunning()
      // What comes later is still to be read by the webhook itself.
      const end = reach
      const events = page.events.filter(({ cursor }) => current.fromText(cursor) <= end)
      const isOurs = (event: Event) => chat !== '' || event.chat === null
      const wanted = events.filter((event) => isOurs(event) && isWanted(wide, event) && !isForgotten(event))
      if (wanted.length > 0) {
        const begun = sendingOf(wanted, lane.sending)
        await lanes.begin(lane, [...begun, ...ahead(current, lane.sending, Math.min(page.next, end))])
      }
      const first = { forgotten, sending: () => lane.sending }
      for (const event of events) {
        const at = current.fromText(event.cursor)
        // `reach` goes back when the webhook has to read its page again.
        if (at > reach) break
        if (wanted.includes(event) && !(await deliver(event, at, lane, first))) return false
        lane.event = event.cursor
        lane.place = at
      }
      lane.place = Math.max(lane.place, Math.min(page.next, end, reach))
    }
    return true
  }

  /** Returns the id that the chat of the lane has now, by its event; the last known one if that is deleted. */
  async function chatNow(current: LogReader, { chat, event }: Lane): Promise<string> {
    const before = placeIn(current, event) - 1
    try {
      const { events } = await current.readEvents(before, { kinds: null, chat: null }, 1, ALL)
      const [found] = events
      return found?.cursor === event ? laneOf(found) : chat
    } catch (error) {
      if (isExpired(error)) return chat
      throw error
    }
  }

  /** Returns every address of each of these chats: one that was known by its LID is later known by its number. */
  async function addresses(chats: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
    const named = [...new Set(chats)].filter((chat) => chat !== '')
    const all = named.map(async (chat) => [chat, await options.addressesOf(toJid(chat))] as const)
    return new Map(await Promise.all(all))
  }

  /** Returns the filter for these events: every address of those of its chats that they may be of. Its other chats cost nothing. */
  async function widenedFor(filter: WebhookFilter, events: readonly Event[]): Promise<WebhookFilter> {
    if (filter.chats === null) return filter
    const present = [...new Set(events.map(laneOf))].filter((chat) => chat !== '')
    const names = new Set((await Promise.all(present.map((chat) => options.namesOf(toJid(chat))))).flat())
    const chats = filter.chats.filter((chat) => names.has(chat))
    return widened({ ...filter, chats }, await addresses(chats))
  }

  /** Reads the next events of the lane. If the log has deleted some, it continues with the oldest. */
  async function readKept(current: LogReader, lane: Lane, query: EventQuery): Promise<EventPage> {
    try {
      return await current.readEvents(lane.place, query, PAGE, ALL)
    } catch (error) {
      if (!isExpired(error)) throw error
      options.onLost()
      lane.place = current.fromText('0')
      return current.readEvents(lane.place, query, PAGE, ALL)
    }
  }

  /** Tries the delivery of the lane, if it has one. Returns the outcome. */
  async function tryAgain<Result extends Outcome<E> | null>(
    lane: Lane,
    send: (id: string, body: string) => Promise<Result>,
  ): Promise<Result | null> {
    if (lane.head === null) return null
    const outcome = await send(lane.event, lane.head.body)
    if (outcome === null) return null
    if (isSettled(outcome)) await lanes.settle(lane)
    else await lanes.fail(lane, lane.head, outcome)
    return outcome
  }

  function demandRunning(): void {
    if (running === null) throw HALTED
  }

  async function attempt(id: string, body: string, signal: AbortSignal): Promise<Outcome<E> | null> {
    if (signal.aborted) return null
    const outcome = await options.deliver(id, body, signal)
    if (outcome !== null) options.onAttempt(outcome)
    return outcome
  }

  async function send(id: string, body: string): Promise<Outcome<E>> {
    const signal = running?.signal
    const outcome = signal === undefined ? null : await slots.run(() => attempt(id, body, signal))
    if (outcome === null) throw HALTED
    return outcome
  }

  /** Sends at once, even if the webhook is paused or other deliveries wait for a slot: a caller waits for the outcome. */
  const sendNow = (id: string, body: string) => attempt(id, body, (running ?? byHand).signal)

  return {
    wake,
    place: () => text,
    sending: () => sending,
    async forget(bareIds) {
      const others = without(sending, bareIds)
      if (others.length === sending.length) return
      sending = others
      await options.onSending()
    },
    start() {
      if (row().paused !== null) return
      running ??= new AbortController()
      isWoken = false
      wake()
    },
    async halt() {
      running?.abort()
      running = null
      byHand.abort()
      byHand = new AbortController()
      cancelTimer()
      await Promise.all(working)
    },
    async settled() {
      await new Promise(setImmediate)
      await Promise.all(working)
    },
    needs() {
      try {
        const current = options.log()
        // A webhook that was paused at the start has not read its log yet.
        const own = current === source ? place : placeIn(current, text)
        return Math.min(own, ...lanes.all().map(({ event }) => placeIn(current, event)))
      } catch {
        return null
      }
    },
    movedTo(cursor) {
      const current = options.log()
      const isGone = isForeign(current, text)
      const wanted = cursor === 'last' ? current.last() : current.fromText(cursor)
      const to = isGone ? wanted : Math.min(wanted, placeIn(current, text))
      const later = lanes.all().filter(({ event }) => isGone || placeIn(current, event) > to)
      return { place: current.toText(to), ended: later.map(({ chat }) => chat) }
    },
    async retry(event) {
      const find = () => lanes.all().find((one) => one.event === event && one.head !== null)
      // The attempt that is under way may deliver it.
      if (find()?.isRunning) await Promise.all(working)
      const lane = find()
      if (lane === undefined || lane.isRunning) return null
      lane.isRunning = true
      try {
        return await held(tryAgain(lane, sendNow))
      } finally {
        lane.isRunning = false
        run()
      }
    },
    send: sendNow,
  }
}

const isSettled = ({ error, isFinal }: Outcome<string>) => error === null || isFinal === true
