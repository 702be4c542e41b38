/** Prevents one client from blocking the server: limits parallel requests of a batch, and the size of pending responses. */
import { ProtocolError } from '@modelcontextprotocol/server'
import { ERRORS } from '../../errors.ts'
import { jsonLength } from '../../json.ts'
import { turn } from '../../turn.ts'
import { RPC } from './exchange.ts'

/** Requests of one HTTP request that run at the same time. */
const MOST_RUNNING = 4
/** Limit for the responses to one HTTP request, in characters of JSON. Clients accept about 1 MB for one response. */
const MOST_PER_BATCH = 2 * 1024 * 1024
/** Limit for all pending responses, in characters of JSON. */
const MOST_IN_ALL = 64 * 1024 * 1024

export type Turns = {
  /** Counts the responses to this HTTP request until `ended`. */
  begin(requestId: string, ended: Promise<void>): void
  /**
   * Runs one request of an HTTP request when its turn comes. A rejected request was not begun.
   * @throws ProtocolError -32000 if a limit is reached: `data.code` `batch_too_large` or `server_busy`
   */
  take<Result>(requestId: string, signal: AbortSignal, run: () => Promise<Result>): Promise<Result>
}

/** The use of one HTTP request. */
type Share = { running: number; waiting: (() => void)[]; length: number; isOver: boolean }

export function createTurns(): Turns {
  const shares = new Map<string, Share>()
  let lengthInAll = 0

  function add(share: Share, length: number): void {
    share.length += length
    // The response for a disconnected client is dropped or stored by its session, which has its own limit.
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
        await turn()
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
  const text = `The responses to this batch exceed ${MOST_PER_BATCH / 1024 / 1024} million characters. This request was not begun. Next step: send it again in a smaller batch.`
  return new ProtocolError(RPC.refused, text, { code: 'batch_too_large', retry: 'safe' })
}

function busy(): ProtocolError {
  const text =
    'Too many responses are pending because clients do not read them. This request was not begun. Next step: send it again in a few seconds.'
  return new ProtocolError(RPC.refused, text, { code: 'server_busy', retry: ERRORS.server_busy.retry })
}
