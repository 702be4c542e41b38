/** One webhook at work: its pump and its lanes, following its account. */
import type { Accounts } from '../accounts/accounts.ts'
import { type Clock, withDeadline } from '../clock.ts'
import type { ControlStore, WebhookRow } from '../control.ts'
import type { Log } from '../log.ts'
import type { PauseReason } from '../model/webhook.ts'
import { createLanes, type Lanes } from './lanes.ts'
import { createPump, type Pump } from './pump.ts'
import { createSender, type Outcome } from './sender.ts'
import { createTombstones } from './tombstones.ts'

export type Receiver = {
  /** The webhook as it is stored, but for its position. */
  row: WebhookRow
  pump: Pump
  lanes: Lanes
  /** The newest attempt of this run of the server; null if there was none. */
  last: (Outcome & { atMs: number }) | null
  /** Resolves when nothing is being sent and nothing is followed. Never fails. */
  close(): Promise<void>
}

export type ReceiverOptions = {
  control: ControlStore['webhooks']
  accounts: Pick<Accounts, 'get'>
  /** The origins that may have any address. */
  origins: readonly string[]
  version: string
  clock: Clock
  log: Log
  /** Its position has changed. */
  onMoved(receiver: Receiver): void
  /** It cannot go on without the owner. */
  onPaused(receiver: Receiver, reason: PauseReason): void
  /** Events were deleted before they were delivered. */
  onLost(receiver: Receiver): void
}

/** An account that could not be opened is tried again after this time. */
const RETRY_MS = 5_000
/** After a logout, what the log has is still delivered within this time. */
const LAST_MS = 10_000

/** Opens the webhook, and begins to deliver unless it is paused. Fails as {@link ControlStore}. */
export async function openReceiver(row: WebhookRow, options: ReceiverOptions): Promise<Receiver> {
  const { control, accounts, origins, clock, log } = options
  const url = new URL(row.url)
  const sender = createSender(url, origins.includes(url.origin), clock)
  const logOf = () => accounts.get(row.account).archive.events.log()
  const lanes = createLanes({
    webhook: row.id,
    stored: await control.lanes(row.id),
    store: control,
    onFail: (place) => tombstones.mind(place),
    clock,
    log,
  })
  const tombstones = createTombstones(lanes)
  const pump = createPump({
    row: () => receiver.row,
    place: row.place,
    lanes,
    log: logOf,
    addressesOf: (chat) => accounts.get(row.account).archive.reader().addressesOf(chat),
    sender,
    userAgent: `whatsapp-mcp-api/${options.version}`,
    clock,
    logger: log,
    onMoved: () => options.onMoved(receiver),
    onAttempt(outcome) {
      receiver.last = { ...outcome, atMs: clock.now() }
    },
    onPaused: (reason) => options.onPaused(receiver, reason),
    onLost: () => options.onLost(receiver),
  })
  const ends: (() => void)[] = []
  const receiver: Receiver = {
    row,
    pump,
    lanes,
    last: null,
    async close() {
      for (const end of ends) end()
      await pump.halt()
      sender.close()
    },
  }

  function lookForTombstones(): void {
    if (lanes.all().length === 0) return
    const failed = (error: unknown) =>
      log.warn({ err: error }, 'deliveries of forgotten messages could not be found')
    try {
      tombstones.look(logOf()).catch(failed)
    } catch {
      // No archive is open: its next event looks again.
    }
  }

  /** Wakes with the log of the account, and ends with its link. */
  function follow(): void {
    try {
      const { archive, session } = accounts.get(row.account)
      let wasLinked = session.status().linked
      ends.push(
        archive.events.keepFor(pump.needs),
        archive.onAppend(() => {
          pump.wake()
          lookForTombstones()
        }),
        session.onChange(() => {
          const { linked } = session.status()
          if (wasLinked && !linked) void deliverLast()
          wasLinked = linked
        }),
      )
    } catch {
      ends.push(clock.after(RETRY_MS, follow))
    }
  }

  async function deliverLast(): Promise<void> {
    await withDeadline(clock, 'Delivering the last events', LAST_MS, pump.settled()).catch(() => {})
    options.onPaused(receiver, 'logged_out')
  }

  follow()
  pump.start()
  lookForTombstones()
  return receiver
}
