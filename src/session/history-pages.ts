/** Reads back in a chat: one request to WhatsApp Web at a time, each after a pause. */
import type { Clock } from '../clock.ts'
import type { Engine, HistoryPage } from '../engine/engine.ts'
import { ME } from '../store/people.ts'
import { timeOf } from '../store/position.ts'
import type { Store } from '../store/store.ts'
import type { Keeping } from './keeping.ts'

export type HistoryPages = {
  /**
   * Returns up to `count` messages of a chat, oldest first: the newest, or those right before position
   * `before`. Leaves out messages that are not to be stored; the first such message is the end. Waits for its
   * turn and for the pause. Errors as `Engine.readMessages`.
   */
  read(chat: number, before: number | null, count: number): Promise<HistoryPage>
}

type HistoryAnchor = Parameters<Engine['readMessages']>[1]['before']
/** The parts of the engine that reading back uses. */
export type HistoryEngine = Pick<Engine, 'readMessages'>
/** Messages per request. */
export const PAGE = 50

const NOTHING: HistoryPage = { messages: [], end: true }

export function createHistoryPages(
  engine: HistoryEngine,
  store: Store,
  keeping: Keeping,
  clock: Clock,
  pauseMs: number,
): HistoryPages {
  let turn: Promise<unknown> = Promise.resolve()

  async function ask(chat: number, before: number | null, count: number): Promise<HistoryPage> {
    const id = store.chats.currentId(chat)
    const address = store.chats.addressOf(id)
    const { from, keeps } = keeping.bounds(id)
    if (address === null || from === Infinity) return NOTHING
    // A message that existed twice and was deleted since: the next one replaces it.
    const place = before === null ? null : store.messages.nextIn(id, before - 1)
    const row = place === null ? undefined : store.messages.get(place)
    let anchor: HistoryAnchor =
      row === undefined ? null : { bareId: row.bare_id, fromMe: row.sender === ME, sentAt: timeOf(row.id) }
    for (;;) {
      const page = await engine.readMessages(address, { before: anchor, count })
      const [first] = page.messages
      const end = page.end || first === undefined || first.sentAt < from
      const messages = page.messages.filter(keeps)
      if (end || messages.length > 0) return { messages, end }
      // All of these messages have disappeared, but older ones may exist.
      anchor = { bareId: first.bareId, fromMe: first.fromMe, sentAt: first.sentAt }
      await pause(clock, pauseMs)
    }
  }

  return {
    read(chat, before, count) {
      const mine = turn.then(() => ask(chat, before, count))
      turn = mine.catch(() => {}).then(() => pause(clock, pauseMs))
      return mine
    },
  }
}

/** Lets other work run, also without a pause. */
export function pause(clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : clock.after(ms, resolve)))
}
