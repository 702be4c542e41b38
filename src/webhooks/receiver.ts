/** One webhook or rule at work: its pump and its lanes, following its account. */
import type { Accounts } from '../accounts/accounts.ts'
import { type Clock, withDeadline } from '../clock.ts'
import type { ControlStore, WebhookRow } from '../control.ts'
import type { Log } from '../log.ts'
import type { PauseReason } from '../model/webhook.ts'
import type { LogReader } from '../session/event-readers.ts'
import { createLanes, type Lanes } from './lanes.ts'
import type { Places } from './places.ts'
import { createPump, type Pump } from './pump.ts'
import type { Deliver, Outcome } from './sender.ts'
import { createTombstones } from './tombstones.ts'

/** What receives events. */
export type Receiving = Pick<WebhookRow, 'id' | 'account' | 'filter' | 'paused' | 'place'>

export type Receiver<Row extends Receiving, E extends string> = {
  /** The row as it is stored, but for its position. */
  row: Row
  pump: Pump<E>
  lanes: Lanes
  /** The newest attempt of this run of the server; null if there was none. */
  last: (Outcome<E> & { atMs: number }) | null
  /** Resolves when nothing is being sent and nothing is followed. Never fails. */
  close(): Promise<void>
}

/** A receiver as it is now. `row`: with its present position. */
export type ReceiverView<Row extends Receiving, E extends string> = Pick<Receiver<Row, E>, 'row' | 'last'> & {
  /** Chats in which a delivery fails now. */
  failing: number
  /** Deliveries that are not tried again. */
  dead: number
}

/** How something is delivered. `close`: frees what is idle. */
export type Delivering<E extends string> = { deliver: Deliver<E>; close(): void }

export type ReceiverOptions<Row extends Receiving, E extends string> = {
  control: Pick<ControlStore['webhooks'], 'lanes' | 'putLane' | 'removeLane' | 'sending'>
  places: Places
  accounts: Pick<Accounts, 'get'>
  clock: Clock
  log: Log
  /** @param row returns the row as it is now */
  delivering(row: () => Row): Delivering<E>
  /** It cannot go on without the owner. @param mayHalt resolves when it may be halted; default: at once. Never rejects */
  onPaused(receiver: Receiver<Row, E>, reason: PauseReason, mayHalt?: Promise<void>): void
  /** Events were deleted before they were delivered. */
  onLost(receiver: Receiver<Row, E>): void
}

/** An account that could not be opened is tried again after this time. */
const RETRY_MS = 5_000
/** After a logout, what the log has is still delivered within this time. */
const LAST_MS = 10_000

/** Returns the row of the receiver with its present position. */
export function placed<Row extends Receiving>({ row, pump }: Receiver<Row, string>): Row {
  return { ...row, place: pump.place() }
}

/** True if this reason applies now. An account is logged out before it is removed, so `account_removed` replaces `logged_out`. */
export function isPausedBy(reason: PauseReason, { paused }: Receiving): boolean {
  return paused === null || (paused === 'logged_out' && reason === 'account_removed')
}

/** Returns the receiver as it is now. @param dead numbers of dead deliveries, as the control database counts them */
export function viewOf<Row extends Receiving, E extends string>(
  one: Receiver<Row, E>,
  dead: ReadonlyMap<string, number>,
): ReceiverView<Row, E> {
  const failing = one.lanes.all().filter(({ head }) => head !== null).length
  return { row: placed(one), last: one.last, failing, dead: dead.get(one.row.id) ?? 0 }
}

/** Opens the receiver, and begins to deliver unless it is paused. Fails as {@link ControlStore}. */
export async function openReceiver<Row extends Receiving, E extends string>(
  row: Row,
  options: ReceiverOptions<Row, E>,
): Promise<Receiver<Row, E>> {
  const { control, places, accounts, clock, log } = options
  const delivering = options.delivering(() => receiver.row)
  const logOf = () => accounts.get(row.account).archive.events.log()
  const lanes = createLanes({
    webhook: row.id,
    stored: await control.lanes(row.id),
    store: control,
    // Its message may have been forgotten during the attempt.
    onWait(place) {
      tombstones.watchFrom(place)
      void lookForTombstones()
    },
    clock,
    log,
  })
  const waiting = () => [...lanes.waiting(), ...pump.sending()]
  const tombstones = createTombstones({
    all: waiting,
    async forget(bareIds) {
      // A closed receiver writes nothing: the one that replaces it may have read the lanes already.
      if (isClosed) return
      await lanes.forget(bareIds)
      await pump.forget(bareIds)
    },
  })
  const pump: Pump<E> = createPump({
    row: () => receiver.row,
    place: row.place,
    sending: await control.sending(row.id),
    lanes,
    log: logOf,
    addressesOf: (chat) => accounts.get(row.account).archive.reader().addressesOf(chat),
    namesOf: (chat) => accounts.get(row.account).archive.reader().namesOf(chat),
    deliver: delivering.deliver,
    clock,
    logger: log,
    onMoved: () => places.moved(row.id, pump.place),
    onSending: () => places.begin(row.id, { place: pump.place(), sending: pump.sending() }),
    onAttempt(outcome) {
      receiver.last = { ...outcome, atMs: clock.now() }
    },
    onPaused: (reason) => options.onPaused(receiver, reason),
    onLost: () => options.onLost(receiver),
  })
  /** Functions that end what {@link follow} began. */
  let ends: (() => void)[] = []
  let isClosed = false
  /** True if the log was searched for tombstones of everything that waits, so that only new ones matter. */
  let isUpToDate = false
  const receiver: Receiver<Row, E> = {
    row,
    pump,
    lanes,
    last: null,
    async close() {
      isClosed = true
      for (const end of ends) end()
      await pump.halt()
      delivering.close()
    },
  }

  /** Never rejects. */
  async function lookForTombstones(): Promise<void> {
    if (waiting().length === 0) return
    let source: LogReader
    try {
      source = logOf()
    } catch {
      // No archive is open. The next event of the log looks again.
      isUpToDate = false
      return
    }
    isUpToDate = true
    await tombstones.look(source).catch((error) => {
      isUpToDate = false
      log.warn({ err: error }, 'deliveries of forgotten messages could not be found')
    })
  }

  /** Wakes the pump when the log of the account grows, and pauses the receiver when the account is unlinked. */
  function follow(): void {
    try {
      const { archive, session } = accounts.get(row.account)
      let wasLinked = session.status().linked
      ends = [
        archive.events.keepFor(pump.needs),
        archive.onAppend((hasForgotten) => {
          pump.wake()
          if (hasForgotten) void lookForTombstones().then(places.wipe)
          else if (!isUpToDate) void lookForTombstones()
        }),
        session.onChange(() => {
          const { linked } = session.status()
          if (wasLinked && !linked) options.onPaused(receiver, 'logged_out', deliverLast())
          wasLinked = linked
        }),
      ]
    } catch {
      ends = [clock.after(RETRY_MS, follow)]
    }
  }

  async function deliverLast(): Promise<void> {
    await withDeadline(clock, 'Delivering the last events', LAST_MS, pump.settled()).catch(() => {})
  }

  follow()
  pump.start()
  void lookForTombstones()
  return receiver
}
