/** Reads back in a chat: one request to WhatsApp Web at a time, each after a pause. */
import type { Clock } from '../clock.ts'
import type { Engine, HistoryCursor } from '../engine/engine.ts'
import type { Before } from '../model/history.ts'
import type { SeenMessage } from '../model/seen.ts'
import { lastPositionOf, timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import type { Keeping } from './keeping.ts'

/** Reads a chat backwards, one page after the other. */
export type Walk = {
  /**
   * Returns up to `count` messages before those of the last call. Leaves out messages that are not to be
   * stored; the first such message is the end. Waits for its turn and for the pause. Errors as
   * `Engine.readMessages`.
   */
  read(count: number): Promise<Page>
}

export type HistoryPages = {
  /** Begins with the newest messages, or with those before position `before`. */
  walk(chat: number, before: number | null): Walk
}

/** `end`: there is nothing before these messages now; `before`: what precedes them then. */
export type Page = { messages: SeenMessage[]; end: boolean; before: Before }
/** The parts of the engine that reading back uses. */
export type HistoryEngine = Pick<Engine, 'readMessages'>
/** Messages per request. */
export const PAGE = 50
/** The archive has an own message at the time of sending, WhatsApp Web at that of the server. */
const CLOCKS_DIFFER_S = 60

export function createHistoryPages(
  engine: HistoryEngine,
  store: Store,
  keeping: Keeping,
  clock: Clock,
  pauseMs: number,
): HistoryPages {
  let turn: Promise<unknown> = Promise.resolve()

  function cursorAt(chat: number, before: number): HistoryCursor {
    const until = timeOf(before) + CLOCKS_DIFFER_S
    const id = store.chats.currentId(chat)
    return { until, without: store.messages.bareIdsBetween(id, before, lastPositionOf(until)) }
  }

  function walk(chat: number, before: number | null): Walk {
    let cursor: HistoryCursor | null | undefined

    async function ask(count: number): Promise<Page> {
      const id = store.chats.currentId(chat)
      const address = store.chats.addressOf(id)
      const { from, keeps } = keeping.bounds(id)
      if (address === null || from === Infinity) return { messages: [], end: true, before: 'not_kept' }
      for (;;) {
        cursor ??= before === null ? null : cursorAt(chat, before)
        const page = await engine.readMessages(address, { before: cursor, count })
        cursor = page.next
        const [first] = page.messages
        const isPast = first !== undefined && first.sentAt < from
        const end = page.end || isPast
        const messages = page.messages.filter((message) => keeps(message, 'read'))
        if (end || messages.length > 0) return { messages, end, before: isPast ? 'not_kept' : page.before }
        // All of these messages have disappeared, or cannot be read, but older ones may exist.
        await pause(clock, pauseMs)
      }
    }

    return {
      read(count) {
        const mine = turn.then(() => ask(count))
        turn = mine.catch(() => {}).then(() => pause(clock, pauseMs))
        return mine
      },
    }
  }

  return { walk }
}

/** Lets other work run, also without a pause. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : clock.after(ms, resolve)))
}
