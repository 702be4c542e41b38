/** Deletes messages from the archive: by age, when they disappear from WhatsApp, or on request. */
import type { Clock } from '../clock.ts'
import { fail } from '../errors.ts'
import type { Log } from '../log.ts'
import { ME } from '../store/people.ts'
import { firstPositionOf, timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import { MOST_AHEAD_S } from './inbox.ts'
import type { Keeping } from './keeping.ts'
import { createTimers } from './timers.ts'

/** Messages per transaction. Removing one message's words from the search index takes up to a millisecond. */
const BATCH = 50
/** Chats checked in one step. */
const CHATS = 100
/** Interval between deletions of messages that are too old; the limit is set in days. */
const SWEEP_MS = 3_600_000
/** Interval between checks for the next message that disappears; WhatsApp's shortest duration is a day. */
const LOOK_MS = 60_000
/** Delay before a retry after a disk error, or while another connection reads the write-ahead log. */
const RETRY_MS = 60_000

export type Forgetting = {
  /** Starts the deletions in the background: at once what disappeared, after this time what is too old. Milliseconds; default 0. */
  start(sweepAfterMs?: number): void
  /**
   * Deletes everything of this chat, and it is never stored again. Resolves with the number of messages. If a
   * deletion is interrupted, the next sweep continues it; a second call meanwhile resolves with the number
   * that was left. Rejects with `archive_full`, `archive_unavailable`, `archive_damaged`; `still_forgetting`
   * if it was stopped.
   */
  forgetChat(chat: number): Promise<number>
  stop(): void
}

export type ForgettingOptions = {
  store: Store
  keeping: Keeping
  clock: Clock
  log: Log
  /** Writes the events that are queued. */
  flush: () => void
  /** Called when messages were deleted; resolves when their files are. Must not fail. */
  onRemoved: () => Promise<void>
  /** Calls `work` while nothing else reads the archive. */
  alone: <Result>(work: () => Result) => Promise<Result>
}

export function createForgetting({
  store,
  keeping,
  clock,
  log,
  flush,
  onRemoved,
  alone,
}: ForgettingOptions): Forgetting {
  const timers = createTimers<'sweep' | 'expire'>(clock)
  let stopped = false
  /** A deleted message may still be readable in the file, also if the previous server ended before wiping. */
  let isDirty = true
  /**
   * A copy of a deleted message may be in any page, so every page is to be read. Stored: if the server ends first, the next one
   * does it. Not kept in memory: what fails at its commit has stored no mark.
   */
  const isScattered = () => store.meta.get(SCATTERED) === 1
  /** Deletions run one after the other; each wipes when it is done. */
  let turn: Promise<unknown> = Promise.resolve()
  const seconds = () => Math.floor(clock.now() / 1000)

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const mine = turn.then(work)
    turn = mine.catch(() => {})
    return mine
  }

  /** Deletes messages that the log reports already as forgotten. */
  function erase(chat: number, ids: readonly number[], from: number): number {
    return store.transaction(() => {
      const removed = store.messages.remove(ids)
      store.chats.refreshLast(chat)
      store.gaps.mend(chat, firstPositionOf(from))
      if (removed > 0 && from > 0) store.chats.limitHistory(chat)
      if (removed > 0) mark()
      return removed
    })
  }

  /** Reports these messages as forgotten, and deletes them. */
  function remove(chat: number, ids: readonly number[], from: number): number {
    return store.transaction(() => {
      store.events.appendForgotten(ids, clock.now())
      return erase(chat, ids, from)
    })
  }

  /** Call within the transaction that deletes. */
  function mark(): void {
    isDirty = true
    if (!isScattered()) store.meta.set(SCATTERED, 1)
  }

  /** Deletes all messages of a chat before a time (Unix seconds), which it asks for at each step. Lets other work run in between. */
  async function removeBelow(chat: number, fromNow: () => number): Promise<number> {
    for (let removed = 0; ; ) {
      const from = fromNow()
      const before = from === Infinity ? LAST : firstPositionOf(from)
      const ids = stopped ? [] : store.messages.below(chat, before, BATCH)
      if (ids.length === 0) return removed
      removed += remove(chat, ids, from)
      await breathe()
    }
  }

  /** Returns the messages that are here although the log reports them as forgotten, of the times at which others of this chat stay. */
  function reported(chat: number): number[] {
    const { forgotten_before: from = 0, forgotten_until: until = 0 } = store.chats.get(chat) ?? {}
    return from >= until ? [] : store.messages.reported(chat, firstPositionOf(from), firstPositionOf(until))
  }

  /** Deletes what {@link reported} returns. */
  async function removeReported(chat: number): Promise<number> {
    const from = store.chats.get(chat)?.forgotten_before ?? 0
    const ids = reported(chat)
    let removed = 0
    for (let n = 0; n < ids.length && !stopped; n += BATCH) {
      // What turned out to be of another chat went with that.
      const present = ids.slice(n, n + BATCH).filter((id) => store.messages.get(id)?.chat === chat)
      removed += erase(chat, present, from)
      await breathe()
    }
    return removed
  }

  /** The last second of the chat by WhatsApp's clock: own messages have the time of this computer, which may be ahead. */
  function heardUntil(chat: number, last: number): number {
    const earliest = last - MOST_AHEAD_S
    const heard = store.messages
      .from(chat, firstPositionOf(earliest))
      .findLast((id) => store.messages.get(id)?.sender !== ME)
    return heard === undefined ? earliest : timeOf(heard)
  }

  async function removeOld(): Promise<number> {
    let removed = 0
    for (const [index, chat] of store.chats.all().entries()) {
      if (stopped) break
      const { id } = chat
      const { from } = keeping.bounds(id, chat)
      removed += await removeReported(id)
      if (from > 0) removed += await removeBelow(id, () => from)
      if (index % CHATS === 0) await breathe()
    }
    return removed
  }

  async function removeExpired(): Promise<number> {
    for (let removed = 0; ; ) {
      const gone = stopped ? [] : store.messages.expired(seconds(), BATCH)
      if (gone.length === 0) return removed
      for (const chat of new Set(gone.map((one) => one.chat))) {
        const ids = gone.filter((one) => one.chat === chat).map(({ id }) => id)
        removed += remove(chat, ids, 0)
      }
      await breathe()
    }
  }

  async function wipe(thorough: boolean): Promise<void> {
    const isAll = thorough && isScattered()
    if (isAll) isDirty = true
    store.wipe.start(isAll)
    while (isDirty && !stopped) {
      let how = store.wipe.step()
      // A thread reads the log at this moment.
      if (how === 'busy') how = await alone(store.wipe.step)
      if (how === 'busy') throw new Error('another connection reads the archive')
      if (how === 'done') isDirty = false
      else await breathe()
    }
    if (isAll && !stopped) store.meta.set(SCATTERED, 0)
  }

  /** Deletes, wipes and sets its timer again. Never fails. */
  async function sweep(
    name: 'sweep' | 'expire',
    work: () => Promise<number>,
    next: () => number,
  ): Promise<void> {
    if (stopped) return
    let wait: number | null = null
    try {
      const removed = await work()
      if (removed > 0) await onRemoved()
      if (removed > 0) log.info({ messages: removed, why: name }, 'messages were deleted from the archive')
      // Every page is read once an hour, not for each message that disappears.
      await wipe(name === 'sweep')
      if (!stopped) wait = next()
    } catch (error) {
      log.warn({ err: error }, 'messages could not be deleted from the archive; the next attempt follows')
      wait = RETRY_MS
    }
    if (wait !== null && !stopped) timers.set(name, wait, name === 'sweep' ? sweepOld : sweepExpired)
  }

  const sweepOld = () => void inTurn(() => sweep('sweep', removeOld, () => SWEEP_MS))
  const sweepExpired = () =>
    void inTurn(() =>
      sweep('expire', removeExpired, () => {
        const next = store.messages.nextExpiry()
        return next === null ? LOOK_MS : Math.min(LOOK_MS, Math.max(0, next * 1000 - clock.now()))
      }),
    )

  return {
    start(sweepAfterMs = 0) {
      if (keeping.sweepsDisappearing) sweepExpired()
      if (sweepAfterMs > 0) timers.set('sweep', sweepAfterMs, sweepOld)
      else sweepOld()
    },
    forgetChat(chat) {
      flush()
      // Everything that is here, and all that is older. Messages carry WhatsApp's time: by this computer's
      // clock, the next message may look older than this moment.
      const last = timeOf(store.messages.newest(chat)?.id ?? 0)
      const until = Math.max(store.chats.get(chat)?.timestamp ?? 0, last) + 1
      // From `sure` on, only what is here is forgotten, and it is reported now: what WhatsApp reports afterwards is new, and stays.
      const sure = last === until - 1 ? heardUntil(chat, last) : until
      store.transaction(() => {
        // A call before this one may still be deleting them.
        const known = new Set(reported(chat))
        store.chats.setForgotten(chat, sure, until, sure)
        store.chats.setFamiliar(chat, false)
        store.gaps.mend(chat, LAST)
        store.chats.addressesOf(chat).forEach(store.pictures.remove)
        const ids = store.messages.from(chat, firstPositionOf(sure)).filter((id) => !known.has(id))
        store.events.appendForgotten(ids, clock.now())
        // If this chat is merged with another before its turn, the merge deletes them, and nothing else marks the file.
        mark()
      })
      return inTurn(async () => {
        // Fewer than were reported if this chat was merged with another: the merge deleted them.
        const newer = await removeReported(chat)
        const older = await removeBelow(chat, () => store.chats.get(chat)?.forgotten_before ?? 0)
        const removed = newer + older
        if (stopped) fail('still_forgetting')
        await onRemoved()
        await wipe(true).catch((error) =>
          log.warn({ err: error }, 'the archive could not be wiped yet; it is wiped later'),
        )
        return removed
      })
    },
    stop() {
      stopped = true
      timers.clearAll()
    },
  }
}

const SCATTERED = 'scattered'

/** A position after every possible message. */
const LAST = Number.MAX_SAFE_INTEGER

/** Lets other work run. */
function breathe(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
