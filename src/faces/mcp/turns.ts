/** Keeps one client from taking the whole server: requests of a batch run a few at a time, and answers under way are bounded. */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { ProtocolError } from '@modelcontextprotocol/server'
import { jsonLength } from '../../json.ts'
import { RPC } from './exchange.ts'

/** As many requests of one HTTP request run at the same time. */
const MOST_RUNNING = 4
/** The answers to one HTTP request, in characters of JSON: hosts take about 1 MB for one answer. */
const MOST_PER_BATCH = 2 * 1024 * 1024
/** All answers that clients have not taken yet, likewise. */
const MOST_IN_ALL = 64 * 1024 * 1024

export type Turns = {
  /** From now on the answers to this HTTP request count, until `ended`. */
  begin(requestId: string, ended: Promise<void>): void
  /**
   * Runs one request of an HTTP request when its turn comes. A request that is refused was not begun.
   * @throws ProtocolError -32000 if there is no room for its answer: `data.code` `batch_too_large` or `server_busy`
   */
  take<Result>(requestId: string, signal: AbortSignal, run: () => Promise<Result>): Promise<Result>
}

/** What one HTTP request takes. */
type Share = { running: number; waiting: (() => void)[]; length: number; isOver: boolean }

export function createTurns(): Turns {
  const shares = new Map<string, Share>()
  let lengthInAll = 0
  /** A reading keeps the event loop for its whole length, so that one begins in each turn, and others are served between. */
  let last: Promise<unknown> = Promise.resolve()

  function add(share: Share, length: number): void {
    share.length += length
    // An answer for a client that left is dropped or kept by its session, which has a bound of its own.
    if (!share.isOver) lengthInAll += length
  }

  return {
    begin(requestId, ended) {
      const share = newShare()
      shares.set(requestId, share)
      void ended.then(() => {
        share.isOver = true
        lengthInAll -= share.length
        shares.delete(requestId)
      })
    },
    async take(requestId, signal, run) {
      const share = shares.get(requestId) ?? { ...newShare(), isOver: true }
      if (share.running >= MOST_RUNNING) await new Promise<void>((resolve) => share.waiting.push(resolve))
      else share.running += 1
      try {
        last = last.then(() => nextTurn())
        await last
        signal.throwIfAborted()
        if (share.length >= MOST_PER_BATCH) throw tooLarge()
        if (lengthInAll >= MOST_IN_ALL) throw busy()
        const result = await run()
        add(share, jsonLength(result))
        return result
      } finally {
        const next = share.waiting.shift()
        if (next === undefined) share.running -= 1
        else next()
      }
    },
  }
}

function newShare(): Share {
  return { running: 0, waiting: [], length: 0, isOver: false }
}

function tooLarge(): ProtocolError {
  const text = `The answers to this batch have more than ${MOST_PER_BATCH / 1024 / 1024} million characters; this request was not begun. Next step: send it again in a smaller batch.`
  return new ProtocolError(RPC.refused, text, { code: 'batch_too_large', retry: 'safe' })
}

function busy(): ProtocolError {
  const text =
    'Too many answers wait for clients that do not take them; this request was not begun. Next step: send it again in a few seconds.'
  return new ProtocolError(RPC.refused, text, { code: 'server_busy', retry: 'safe' })
}
