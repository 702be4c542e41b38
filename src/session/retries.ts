/** Chats that could not be read: each has one timer, and is read again after a while. */
import type { Clock } from '../clock.ts'
import { createTimers } from './timers.ts'

export type Retries = {
  has(chat: number): boolean
  /** In the order in which they failed first. */
  chats(): number[]
  /**
   * The chat could not be read back to `from` (Unix seconds). Returns the number of tries, and the milliseconds until the next
   * one, which replaces an earlier one.
   */
  failed(chat: number, from?: number): { tries: number; wait: number }
  /** The chat was read. Returns the earliest `from` of the tries that failed; Infinity: they had none. */
  done(chat: number): number
  stop(): void
}

const FIRST_MS = 5_000
const LAST_MS = 600_000

export function createRetries(clock: Clock, again: (chat: number, from: number) => void): Retries {
  const failing = new Map<number, { tries: number; from: number }>()
  const timers = createTimers<number>(clock)
  return {
    has: (chat) => failing.has(chat),
    chats: () => [...failing.keys()],
    failed(chat, from = Infinity) {
      const known = failing.get(chat) ?? { tries: 0, from: Infinity }
      const now = { tries: known.tries + 1, from: Math.min(known.from, from) }
      failing.set(chat, now)
      const wait = Math.min(FIRST_MS * 2 ** (now.tries - 1), LAST_MS)
      timers.set(chat, wait, () => again(chat, now.from))
      return { tries: now.tries, wait }
    },
    done(chat) {
      const { from } = failing.get(chat) ?? { from: Infinity }
      failing.delete(chat)
      timers.clear(chat)
      return from
    },
    stop: timers.clearAll,
  }
}
