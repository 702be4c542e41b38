/** Chats that could not be read: each has one timer, and is read again after a while. */
import type { Clock } from '../clock.ts'
import { AppError, type ErrorCode } from '../errors.ts'
import type { Log } from '../log.ts'
import { afterFailure } from '../model/history.ts'
import { isOfTheArchive } from '../store/sqlite.ts'
import type { Inbox } from './inbox.ts'
import { createTimers } from './timers.ts'

export type Retries = {
  has(chat: number): boolean
  /** In the order in which they failed first. */
  chats(): number[]
  /**
   * Reads one chat. If that fails, the chat alone is read again later, back to `from` (Unix seconds) at least. Returns false
   * then. Throws what concerns all chats.
   */
  attempt(chat: number, work: () => Promise<unknown>, from?: number): Promise<boolean>
  stop(): void
}

export type RetriesOptions = {
  inbox: Pick<Inbox, 'setHistory'>
  clock: Clock
  log: Log
  isStopped: () => boolean
  /** Reads a chat, back to the earliest `from` of the attempts that failed. */
  again: (chat: number, from: number) => void
}

const FIRST_MS = 5_000
const LAST_MS = 600_000

export function createRetries({ inbox, clock, log, isStopped, again }: RetriesOptions): Retries {
  const failing = new Map<number, { tries: number; from: number }>()
  const timers = createTimers<number>(clock)

  /** Returns the earliest `from` of the attempts that failed; Infinity: they had none. */
  function done(chat: number): number {
    const { from } = failing.get(chat) ?? { from: Infinity }
    failing.delete(chat)
    timers.clear(chat)
    return from
  }

  function failed(chat: number, from: number, error: unknown): void {
    const known = failing.get(chat) ?? { tries: 0, from: Infinity }
    const latest = { tries: known.tries + 1, from: Math.min(known.from, from) }
    failing.set(chat, latest)
    const wait = Math.min(FIRST_MS * 2 ** (latest.tries - 1), LAST_MS)
    timers.set(chat, wait, () => again(chat, latest.from))
    const code = error instanceof AppError ? error.code : 'whatsapp_error'
    const facts = afterFailure({ history_tries: known.tries }, code, Math.floor(clock.now() / 1000))
    inbox.setHistory(chat, { ...facts, history_next_at: Math.ceil((clock.now() + wait) / 1000) })
    log.warn({ err: error, tries: latest.tries }, 'a chat could not be read; it is read again later')
  }

  return {
    has: (chat) => failing.has(chat),
    chats: () => [...failing.keys()],
    async attempt(chat, work, from = Infinity) {
      try {
        await work()
        const missed = done(chat)
        if (missed < from) again(chat, missed)
        return true
      } catch (error) {
        if (isStopped()) return false
        if (isOfTheArchive(error) || isCode(error, 'not_connected')) throw error
        // Deleted after it was listed.
        if (isCode(error, 'chat_not_found')) {
          done(chat)
          return true
        }
        failed(chat, from, error)
        return false
      }
    },
    stop: timers.clearAll,
  }
}

function isCode(error: unknown, code: ErrorCode): boolean {
  return error instanceof AppError && error.code === code
}
