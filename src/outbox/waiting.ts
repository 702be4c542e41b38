/** The items of one account that wait: for a decision, or for their time. */
import type { Clock } from '../clock.ts'
import type { ControlStore, OutboxChange, OutboxRow } from '../control.ts'
import { AppError, ERRORS, fail } from '../errors.ts'
import type { Log } from '../log.ts'
import type { Jid } from '../model/ids.ts'
import { type HoldReason, type OutboxState, WAITING } from '../model/outbox.ts'
import type { Session } from '../session/session.ts'
import { isForAnother, REVOKED, UNLINKED } from './allowed.ts'
import { digestOf, previewOf, withText } from './content.ts'
import { type Asker, askerOf, contentOf, fileOf, type Limits, problemOf } from './item.ts'

/** Pause between two items that are released after their time: what was missed goes out one by one. Also before an item that could not begin. */
const PAUSE_MS = 1_000
/** Interval between attempts while the control database or WhatsApp does not respond. */
export const RETRY_MS = 5_000
/** Timers end at the latest after this time and are set again. */
const LONGEST_MS = 24 * 3_600_000

export type Waiting = {
  /** Makes a stored item wait. */
  add(row: OutboxRow): void
  /**
   * Releases a held item, if its digest is still this one. It is sent at once, or at its time. Fails with
   * `outbox_item_not_found`, `outbox_not_held`, `outbox_changed`.
   */
  approve(id: string, digest: string): Promise<OutboxRow>
  /** Ends a held item. Fails as {@link Waiting.approve}. */
  reject(id: string, reason: string | null): Promise<OutboxRow>
  /** Ends a held or scheduled item. Fails as {@link Waiting.approve}. */
  cancel(id: string): Promise<OutboxRow>
  /**
   * Changes text or time of a held or scheduled item; its digest changes with them, so that an approved one waits for a decision
   * again. Does nothing if they are the same. Fails as {@link Waiting.approve}, also if an approved one is leaving.
   */
  change(id: string, change: ItemChange): Promise<OutboxRow>
  /** Ends now what may no longer be sent. Fails as the control database does. */
  review(): Promise<void>
  /** Stops all timers. Resolves when the items that are being sent have left, or wait again. Never fails. */
  stop(): Promise<void>
}

/** `digest`: that of the item as it was read; left out: any. */
export type ItemChange = {
  text?: string | undefined
  releaseAtMs?: number | undefined
  digest?: string | undefined
}

export type WaitingOptions = {
  store: ControlStore['outbox']
  session: Pick<Session, 'status' | 'onChange'>
  /** Keeps the file with this name for this item until this time (Unix ms); null: the item needs it no more. Never fails. */
  holdFile(path: string, item: string, untilMs: number | null): void
  /** True if the one who asked may send to this chat now. Fails as the control database and the archive do. */
  maySend(asker: Asker, chat: Jid): boolean
  /** True if nothing may be sent: what waits stays, and expires. */
  isReadOnly: boolean
  /**
   * Returns why what was scheduled to this chat waits for the owner now that its time has come; null: it goes. Fails as
   * {@link WaitingOptions.maySend}, and with `sends_too_fast`: then it waits that long.
   * @param isFirst false if it went before and could not begin: it has been counted
   */
  holdsNow(asker: Asker, chat: Jid, isFirst: boolean): Promise<HoldReason | null>
  limits: Limits
  clock: Clock
  log: Log
  /** Sends an item whose state is `sending`. Returns false if it could not begin, and waits again. */
  deliver(row: OutboxRow): Promise<boolean>
  /** Reports that an item goes, at its first attempt. */
  released(row: OutboxRow): void
  /** Reports that an item whose time has come waits for the owner. */
  held(row: OutboxRow): void
  /** Reports that an item left the outbox without being sent. */
  left(row: OutboxRow): void
}

export function createWaiting(options: WaitingOptions): Waiting {
  const { store, session, holdFile, maySend, holdsNow, isReadOnly, clock, log } = options
  const { deliver, released, held, left } = options
  const { expiresMs, lateMs } = options.limits
  const rows = new Map<string, OutboxRow>()
  /** What is being sent, by its chat. It does not wait here any more, unless it cannot begin. Never rejects. */
  const leaving = new Map<Jid, Promise<void>>()
  /** The ids of items that went. Those that could not begin go again: only their first attempt is counted and reported. */
  const tried = new Set<string>()
  /** Until when (Unix ms) what is due without an approval waits, because its caller sends too fast, by {@link turnOf}. */
  const slow = new Map<string, number>()
  /** The next item is released after this time (Unix ms). */
  let pausedUntilMs = 0
  let cancelTimer = () => {}
  let running: Promise<void> | null = null
  let stopped = false
  let endPause = () => {}
  const unsubscribe = session.onChange(() => {
    if (rows.size > 0) wakeIn(0)
  })

  function wakeIn(ms: number): void {
    cancelTimer()
    if (!stopped) cancelTimer = clock.after(Math.min(Math.max(ms, 0), LONGEST_MS), run)
  }

  /** Sets the timer for the next item that expires or is due. */
  function arm(): void {
    const times = [...rows.values()].flatMap((row) => [
      ...(row.state === 'scheduled' && canSendNow() && !leaving.has(row.chat) ? [dueAtMs(row)] : []),
      // It could not be given back.
      ...(row.state === 'sending' ? [clock.now() + RETRY_MS] : []),
      ...(row.expiresAtMs === null ? [] : [row.expiresAtMs]),
    ])
    if (times.length > 0) wakeIn(Math.min(...times) - clock.now())
  }

  const canSendNow = () => !isReadOnly && session.status().connected
  /** A scheduled item has a time. */
  const dueAtMs = (row: OutboxRow) =>
    Math.max(row.releaseAtMs ?? Infinity, isUnapproved(row) ? (slow.get(turnOf(row)) ?? 0) : 0)
  const isDue = (row: OutboxRow) => row.state === 'scheduled' && dueAtMs(row) <= clock.now()
  const isExpired = ({ expiresAtMs }: OutboxRow) => expiresAtMs !== null && expiresAtMs <= clock.now()

  /** True if the item is scheduled without an approval: it is sent by the rights of its caller alone. */
  const isUnapproved = ({ state, reason }: OutboxRow) => state === 'scheduled' && reason === 'send_at'
  const isRevoked = (row: OutboxRow) => isUnapproved(row) && !maySend(askerOf(row), row.chat)

  /** Ends what cannot be sent any more, and sends what is due. Once at a time. */
  function run(): void {
    if (running !== null || stopped) return
    running = work().then((isDone) => {
      running = null
      if (isDone) arm()
      else wakeIn(RETRY_MS)
    })
  }

  /** Returns false if the control database failed. */
  async function work(): Promise<boolean> {
    try {
      for (;;) {
        // Before each message: a backlog takes time.
        await sweep()
        const due = [...rows.values()].find((row) => isDue(row) && !leaving.has(row.chat))
        if (due === undefined || stopped || !canSendNow()) return true
        const pauseMs = pausedUntilMs - clock.now()
        pausedUntilMs = 0
        if (pauseMs > 0) {
          await pause(pauseMs)
          continue
        }
        await release(due).catch((error) => slowDown(due, error))
        if ([...rows.values()].some(isDue)) pausedUntilMs = clock.now() + PAUSE_MS
      }
    } catch (error) {
      log.error({ err: error }, 'the outbox could not be processed')
      return false
    }
  }

  /** Ends what cannot be sent any more. */
  async function sweep(): Promise<void> {
    for (const one of [...rows.values()]) {
      const row = one.state === 'sending' ? await giveBack(one) : one
      if (row === null) continue
      if (isForAnother(row, session.status())) await end(row, { state: 'cancelled', error: UNLINKED })
      else if (isRevoked(row)) await end(row, { state: 'cancelled', error: REVOKED })
      else if (isExpired(row)) await end(row, { state: 'expired' }, row.digest)
    }
  }

  async function pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = clock.after(ms, resolve)
      endPause = () => {
        cancel()
        resolve()
      }
    })
  }

  /** Makes the item wait if its caller sends too fast. In its chat, nothing that the caller scheduled later overtakes it. */
  function slowDown(row: OutboxRow, error: unknown): void {
    if (!(error instanceof AppError && error.code === 'sends_too_fast')) throw error
    slow.set(turnOf(row), clock.now() + (error.retryAfterS ?? 1) * 1_000)
  }

  async function release(row: OutboxRow): Promise<void> {
    const reason = isUnapproved(row) ? await holdsNow(askerOf(row), row.chat, !tried.has(row.id)) : null
    if (reason !== null) {
      const change = { state: 'held', reason, expiresAtMs: clock.now() + expiresMs } as const
      const waits = await leave(row, ['scheduled'], change, row.digest)
      if (waits === null) return
      wait(waits)
      return held(waits)
    }
    const going = await leave(row, ['scheduled'], { state: 'sending' }, row.digest)
    if (going !== null) leaving.set(row.chat, send(going))
  }

  /** Sends the item. Only what waits for the same chat waits for its end. Never fails. */
  async function send(row: OutboxRow): Promise<void> {
    try {
      if (!tried.has(row.id)) released(row)
      tried.add(row.id)
      if (await deliver(row)) return void tried.delete(row.id)
      pausedUntilMs = clock.now() + PAUSE_MS
      putBack(row)
      await giveBack(row)
    } catch (error) {
      log.error({ err: error, item: row.id }, 'the outbox could not store that an item waits again')
    } finally {
      leaving.delete(row.chat)
      if (running === null) arm()
    }
  }

  /** Puts the item before the others of its chat. Those of other chats stay before it, so that none of them waits for it. */
  function putBack(row: OutboxRow): void {
    const behind = [...rows.values()].filter(({ chat }) => chat === row.chat)
    for (const one of [row, ...behind]) {
      rows.delete(one.id)
      rows.set(one.id, one)
    }
  }

  /**
   * An item that could not begin waits again. Until that is written, it stays in `rows` as `sending`. A review may give it
   * back at the same time: the one that comes second changes nothing, or the item would wait without a timer.
   */
  async function giveBack(row: OutboxRow): Promise<OutboxRow | null> {
    const again = await store.change(row.id, ['sending'], { state: 'scheduled' })
    if (rows.get(row.id) !== row) return null
    if (again === null) rows.delete(row.id)
    else rows.set(row.id, again)
    return again
  }

  /** Ends a waiting item without sending it. Returns null as {@link leave}. */
  async function end(row: OutboxRow, change: OutboxChange, digest?: string): Promise<OutboxRow | null> {
    const ended = await leave(row, WAITING, { ...change, content: null }, digest)
    if (ended !== null) {
      tried.delete(row.id)
      const file = fileOf(row)
      if (file !== null) holdFile(file, row.id, null)
      left(ended)
    }
    return ended
  }

  /** Takes an item out. Returns null, and changes nothing, if it does not wait any more or has another digest. */
  async function leave(
    row: OutboxRow,
    from: readonly OutboxState[],
    change: OutboxChange,
    digest?: string,
  ): Promise<OutboxRow | null> {
    const gone = await store.change(row.id, from, change, { digest })
    // The owner may have given it another time meanwhile: then `rows` has the new item, which waits.
    if (gone !== null || rows.get(row.id) === row) rows.delete(row.id)
    return gone
  }

  async function find(id: string): Promise<OutboxRow> {
    return (await store.get(id)) ?? fail('outbox_item_not_found')
  }

  /** Makes the item wait, and keeps its file for as long as the item may still be sent. */
  function wait(row: OutboxRow): void {
    const file = fileOf(row)
    const untilMs = Math.max(row.expiresAtMs ?? 0, row.releaseAtMs ?? 0) + lateMs
    if (file !== null) holdFile(file, row.id, untilMs)
    if (row.state === 'held') tried.delete(row.id)
    rows.set(row.id, row)
    wakeIn(0)
  }

  return {
    add: wait,
    review: sweep,
    async approve(id, digest) {
      const row = await find(id)
      if (row.state !== 'held') return failNotHeld(row)
      if (isExpired(row)) {
        await end(row, { state: 'expired' })
        return failNotHeld(await find(id))
      }
      const now = clock.now()
      const releaseAtMs = Math.max(now, row.releaseAtMs ?? now)
      const change = { state: 'scheduled', releaseAtMs, expiresAtMs: releaseAtMs + lateMs } as const
      const approved = await store.change(id, ['held'], change, { digest })
      if (approved === null) {
        const { digest: present, state } = await find(id)
        if (state === 'held' && present !== digest) fail('outbox_changed', { facts: { digest: present } })
        return failNotHeld(await find(id))
      }
      wait(approved)
      return approved
    },
    async reject(id, reason) {
      const row = await find(id)
      if (row.state !== 'held') return failNotHeld(row)
      const error = reason === null ? null : { code: 'send_withdrawn', detail: reason }
      return (await end(row, { state: 'rejected', error })) ?? failNotHeld(await find(id))
    },
    async cancel(id) {
      const row = await find(id)
      return (await end(row, { state: 'cancelled' })) ?? failNotHeld(await find(id))
    },
    async change(id, { text, releaseAtMs, digest: read }) {
      const row = await find(id)
      const isApproved = row.state === 'scheduled' && !isUnapproved(row)
      if ((row.state !== 'held' && row.state !== 'scheduled') || (isApproved && isDue(row) && canSendNow()))
        return failNotHeld(row)
      if (read !== undefined && read !== row.digest) fail('outbox_changed', { facts: { digest: row.digest } })
      const before = contentOf(row)
      const content = text === undefined ? before : { ...before, outgoing: withText(before.outgoing, text) }
      const time = releaseAtMs ?? row.releaseAtMs
      const json = JSON.stringify(content)
      // An approval sets a time without another digest.
      if (json === row.content && time === row.releaseAtMs) return row
      const change = {
        content: json,
        preview: previewOf(content.outgoing),
        digest: digestOf(row.number, row.chat, content, time),
        releaseAtMs: time,
        ...(isApproved
          ? { state: 'held' as const, expiresAtMs: clock.now() + expiresMs }
          : row.state === 'scheduled' && time !== null
            ? { expiresAtMs: time + lateMs }
            : {}),
      }
      const changed = await store.change(id, [row.state], change, { digest: row.digest })
      if (changed === null) return failNotHeld(await find(id))
      wait(changed)
      if (isApproved) held(changed)
      return changed
    },
    async stop() {
      stopped = true
      cancelTimer()
      unsubscribe()
      endPause()
      await running
      await Promise.all(leaving.values())
    },
  }
}

/** What one caller sends to one chat keeps its order. */
const turnOf = (row: OutboxRow) => JSON.stringify([row.chat, askerOf(row)])

function failNotHeld(row: OutboxRow): never {
  const { id, state, error } = row
  return fail('outbox_not_held', {
    detail: `${ERRORS.outbox_not_held.title}: ${state}${error === null ? '' : ` (${error.detail})`}.`,
    facts: { outbox_id: id, outbox_state: state },
    cause: problemOf(row),
  })
}
