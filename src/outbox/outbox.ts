/**
 * The outbox of one account: every message leaves through it. An item is on disk before anything is sent, has the id of its
 * message from the beginning, and is sent at most once.
 */
import { setImmediate as afterResponse } from 'node:timers/promises'
import { type Clock, withDeadline } from '../clock.ts'
import { type ControlStore, KEPT_MS, type OutboxChange, type OutboxRow } from '../control.ts'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import type { OutboxEventKind } from '../model/events.ts'
import { type AccountId, type Jid, toJid } from '../model/ids.ts'
import type { OwnIds } from '../own-ids.ts'
import type { AccountDir } from '../session/account-dir.ts'
import type { Archive } from '../session/archive.ts'
import { createQueues } from '../session/queues.ts'
import type { Session } from '../session/session.ts'
import {
  type Draft,
  fileOf,
  goneKeyOf,
  keyOf,
  newItem,
  type Order,
  problemOf,
  SEND_MS,
  wholeMsOf,
} from './item.ts'
import { type TransmitOptions, transmit } from './transmit.ts'
import { createWaiting, RETRY_MS, type Waiting, type WaitingOptions } from './waiting.ts'

/** The codes of {@link transmit} after which an item that waited waits again, until it expires: nothing was begun. */
const NOT_BEGUN: readonly string[] = [
  'not_connected',
  'starting',
  'shutting_down',
  'whatsapp_timeout',
] satisfies ErrorCode[]

const READ_ONLY = 'WHATSAPP_MCP_READ_ONLY is on. Nothing was sent.'
const WRITABLE = 'Start the server without WHATSAPP_MCP_READ_ONLY.'

export type Outbox = {
  /**
   * Stores the item at its turn and sends it. Returns it when WhatsApp's server has accepted the message.
   * @throws AppError `held_for_approval` with the item, if it waits; `not_on_whatsapp`, `send_refused`, `account_restricted`,
   * `send_outcome_unknown` and the others of `Engine.send` and `Session.engine`; those of the control database: then nothing
   * was sent
   */
  send(draft: Draft, order: Order): Promise<OutboxRow>
  /**
   * Decisions about items that wait. An approval returns once the item is settled, or waits for its
   * time or for WhatsApp; at the latest after the time of a send, as `sending`.
   */
  decide: Omit<Waiting, 'add' | 'review' | 'stop'>
  /** Cancels what may no longer be sent. Call it when an account or a right to send ends. Fails as the control database does. */
  review(): Promise<void>
  /** Calls `listener` with each item whose send has ended: it is sent, failed or unknown. `listener` must not throw. */
  onSettled(listener: (row: OutboxRow) => void): void
  /** Resolves when the sends that are under way have ended. Call it when the browser is closed. Never fails. */
  close(): Promise<void>
}

export type OutboxOptions = Pick<
  WaitingOptions,
  'holdFile' | 'maySend' | 'holdsNow' | 'isReadOnly' | 'limits'
> &
  Pick<TransmitOptions, 'fileAt'> & {
    account: AccountId
    /** Makes the ids of its messages. */
    ownIds: Pick<OwnIds, 'create'>
    store: ControlStore['outbox']
    dir: Pick<AccountDir, 'isRestored' | 'endRestore'>
    /** When this server started (Unix ms): what is due later cannot have been sent since a backup. */
    startedAtMs: number
    session: Pick<Session, 'engine' | 'status' | 'onChange'>
    archive: Pick<Archive, 'take' | 'flush' | 'ownAck' | 'onAppend' | 'reader'>
    clock: Clock
    log: Log
  }

type DeliverOptions = {
  unsettled?: readonly string[]
  store?: () => Promise<void>
  endsAtMs?: number
}

/** Opens the outbox. Items of an earlier run of the server that were being sent are unknown until WhatsApp shows them. */
export function openOutbox(options: OutboxOptions): Outbox {
  const { account, store, dir, startedAtMs, session, archive, clock, log } = options
  /** The items whose outcome is unknown, by id, and since when this run knows of them. */
  const unknown = new Map<string, { row: OutboxRow; sinceMs: number }>()
  /** The sends to each chat, in order. */
  const sends = createQueues<Jid>()
  const running = new Set<Promise<unknown>>()
  const listeners: ((row: OutboxRow) => void)[] = []
  archive.onAppend(() => {
    if (unknown.size > 0) setImmediate(look)
  })
  /** Outcomes that the control database has not taken, by item. */
  const unstored = new Map<string, OutboxChange>()
  let cancelStoring = () => {}
  /** Called when the item is settled, or has left without being sent. */
  const settling = new Map<string, () => void>()
  const waiting = createWaiting({
    ...options,
    held: tellHeld,
    released: (row) => tell('send.released', row),
    left: (row) => {
      tell('send.settled', row)
      archive.flush()
      settling.get(row.id)?.()
    },
    deliver: (row) => follow(deliverWaiting(row)),
  })
  let recovery: Promise<void> | null = null
  let cancelRetry = () => {}
  let isClosed = false
  void recoverOrRetry()

  /** Makes `close` wait until this work has ended. */
  function follow<T>(work: Promise<T>): Promise<T> {
    running.add(work)
    const done = () => void running.delete(work)
    work.then(done, done)
    return work
  }

  /**
   * Resolves when the items of an earlier run are known. Nothing is sent or decided before, or an item of this run would be
   * taken for one of them. Rejects as the control database does; the next call tries again.
   */
  function recovered(): Promise<void> {
    recovery ??= follow(recover()).catch((error) => {
      recovery = null
      throw error
    })
    return recovery
  }

  async function recoverOrRetry(level: 'error' | 'debug' = 'error'): Promise<void> {
    try {
      await recovered()
    } catch (error) {
      log[level]({ err: error }, 'the outbox could not be read')
      if (!isClosed) cancelRetry = clock.after(RETRY_MS, () => void recoverOrRetry('debug'))
    }
  }

  async function recover(): Promise<void> {
    const found = await store.open(account)
    const rows = dir.isRestored() ? await Promise.all(found.map(beginIfDue)) : found
    dir.endRestore()
    for (const row of rows) {
      if (row.state === 'unknown') noteUnknown(row)
      else if (row.state !== 'sending') waiting.add(row)
    }
    // Last: everything that waits is known before anything is settled.
    for (const row of rows) if (row.state === 'sending') settle(row, inArchive(row) ?? { state: 'unknown' })
    look()
  }

  /** An item of a backup whose time came before this start may have been sent since: it counts as begun, so that it is not sent again. */
  async function beginIfDue(row: OutboxRow): Promise<OutboxRow> {
    const isDue = row.state === 'scheduled' && (row.releaseAtMs ?? 0) <= startedAtMs
    return (isDue ? await store.change(row.id, ['scheduled'], { state: 'sending' }) : null) ?? row
  }

  function noteUnknown(row: OutboxRow): void {
    unknown.set(row.id, { row, sinceMs: clock.now() })
  }

  /** Settles the items whose message is in the archive now: an echo of WhatsApp, or a later look through the chat. */
  function look(): void {
    for (const { row, sinceMs } of unknown.values()) {
      // The control database deletes it then.
      const isOver = sinceMs < clock.now() - KEPT_MS
      const outcome = isOver ? null : inArchive(row)
      if (isOver || outcome !== null) unknown.delete(row.id)
      if (outcome !== null) settle(row, outcome)
    }
  }

  /** The outcome by the message in the archive; null if that shows none. */
  function inArchive(row: OutboxRow): OutboxChange | null {
    const ack = archive.ownAck(row.bareId)
    if (ack === null || ack === 0) return null
    return ack > 0
      ? { state: 'sent', messageId: keyOf(row), sentAtMs: clock.now(), error: null }
      : { state: 'failed', error: { code: 'send_refused', detail: 'WhatsApp refused the message.' } }
  }

  function tell(kind: OutboxEventKind, row: OutboxRow): void {
    const { id, state, operation, error, chat } = row
    const item = {
      item_id: id,
      item_state: state,
      operation,
      message_id: goneKeyOf(row),
      code: error?.code ?? null,
    }
    archive.take({ type: 'outbox', kind, chat, item })
  }

  function tellHeld(row: OutboxRow): void {
    tell('send.held', row)
    archive.flush()
  }

  /**
   * Reports the outcome, and stores it after the response: it costs the caller no write. Never fails: what could not be stored
   * is stored later; after a restart, the archive shows it.
   */
  function settle(row: OutboxRow, outcome: OutboxChange): OutboxRow {
    // An item that waited keeps its text, and so does one whose outcome is unknown.
    const isBlank = row.reason === null && outcome.state !== 'unknown'
    const change = { content: null, ...(isBlank ? { preview: '' } : {}), ...outcome }
    const settled = { ...row, ...change }
    if (settled.state === 'unknown') noteUnknown(settled)
    const file = fileOf(row)
    if (file !== null) options.holdFile(file, row.id, null)
    tell('send.settled', settled)
    archive.flush()
    for (const listener of listeners) listener(settled)
    // The flush has put it on disk in the archive: after a power cut, `look` finds it there.
    const isElsewhere = settled.state === 'sent' && (archive.ownAck(row.bareId) ?? 0) > 0
    void follow(
      afterResponse()
        .then(() => keep(row.id, change, isElsewhere))
        .finally(() => settling.get(row.id)?.()),
    )
    if (settled.state === 'unknown') look()
    return settled
  }

  /** Stores an outcome, again and again while the control database does not take it. Never fails. */
  async function keep(id: string, change: OutboxChange, isElsewhere = false): Promise<void> {
    try {
      await store.change(id, ['sending', 'unknown'], change, { isElsewhere })
      unstored.delete(id)
    } catch (error) {
      if (!unstored.has(id)) log.error({ err: error, item: id }, 'the outcome of a send could not be stored')
      unstored.set(id, change)
      cancelStoring()
      if (!isClosed) cancelStoring = clock.after(RETRY_MS, storeAgain)
    }
  }

  function storeAgain(): void {
    for (const [id, change] of unstored) void follow(keep(id, change))
  }

  /** Sends an item that waited. Returns false if it could not begin: it waits again. */
  async function deliverWaiting(row: OutboxRow): Promise<boolean> {
    try {
      await deliver(row, { unsettled: NOT_BEGUN })
    } catch (error) {
      if (error instanceof AppError && NOT_BEGUN.includes(error.code)) return false
      log.warn({ err: error, item: row.id }, 'a message of the outbox was not sent')
    }
    return true
  }

  /**
   * @param options.unsettled codes of errors after which the item is not settled: nothing was done
   * @param options.store stores the item when its turn has come. If the server is killed before, no item with an unknown outcome
   * is left, and a repeated request runs
   * @param options.endsAtMs as in {@link Draft}; if it is left out, the item waited, and has its whole time from its turn on
   */
  async function deliver(
    row: OutboxRow,
    { unsettled = [], store, endsAtMs }: DeliverOptions,
  ): Promise<OutboxRow> {
    return sends.run(row.chat, async () => {
      await store?.()
      try {
        return settle(row, await transmit(row, endsAtMs ?? clock.now() + wholeMsOf(row), options))
      } catch (thrown) {
        if (thrown instanceof AppError && unsettled.includes(thrown.code)) throw thrown
        const error =
          thrown instanceof AppError ? thrown : new AppError('send_outcome_unknown', { cause: thrown })
        const isUnknown = error.code === 'send_outcome_unknown'
        const settled = settle(row, {
          state: isUnknown ? 'unknown' : 'failed',
          error: { code: error.code, detail: error.message },
        })
        if (!isUnknown) throw error
        const { message, hint, cause } = error
        const facts = { message_id: keyOf(settled), outbox_id: row.id }
        throw new AppError(error.code, { detail: message, hint, cause, facts })
      }
    })
  }

  return {
    async send(draft, order) {
      // The operations that send are left out then, but rules and the canary do not come through their list.
      if (options.isReadOnly) fail('send_refused', { detail: READ_ONLY, hint: WRITABLE })
      const { account: linked } = session.status()
      if (linked === null) fail('not_linked')
      const number = toJid(linked.wid)
      await recovered()
      const row = newItem(draft, order, {
        account,
        number,
        nowMs: clock.now(),
        limits: options.limits,
        bareId: options.ownIds.create(),
      })
      if (row.state === 'sending') {
        const endsAtMs = draft.endsAtMs ?? clock.now() + SEND_MS
        return follow(deliver(row, { store: () => store.add(row), endsAtMs }))
      }
      await store.add(row)
      waiting.add(row)
      tellHeld(row)
      throw problemOf(row)
    },
    async review() {
      await recovered()
      await waiting.review()
    },
    decide: {
      ...waiting,
      async change(id, change) {
        await recovered()
        return waiting.change(id, change)
      },
      async approve(id, digest) {
        await recovered()
        // An item is approved once: no other call waits for it. It is not settled before this listens: that takes two writes.
        const approved = await waiting.approve(id, digest)
        archive.take({ type: 'approved', chat: approved.chat })
        const settled = new Promise<void>((resolve) => settling.set(id, resolve))
        try {
          const isDue = approved.releaseAtMs !== null && approved.releaseAtMs <= clock.now()
          if (isDue && session.status().connected)
            await withDeadline(clock, 'Sending', wholeMsOf(approved), settled).catch(() => {})
          return (await store.get(id)) ?? approved
        } finally {
          settling.delete(id)
        }
      },
    },
    onSettled: (listener) => void listeners.push(listener),
    async close() {
      isClosed = true
      cancelRetry()
      cancelStoring()
      await Promise.allSettled([waiting.stop(), ...running])
    },
  }
}
