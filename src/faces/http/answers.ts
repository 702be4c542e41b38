/** Large REST responses: written one at a time, with a limit for all that clients have not read. */
import type { Clock } from '../../clock.ts'
import { fail } from '../../errors.ts'
import { jsonLength, toJson } from '../../json.ts'
import { turn } from '../../turn.ts'

/** Longer responses take turns: writing this many characters takes about a millisecond. */
const LARGE = 100_000
/** Limit for all responses that clients have not read, in characters. A hundred of the longest messages have 7 million. */
const MOST_IN_ALL = 64 * 1024 * 1024
/**
 * A client that has not read its whole response after this time is disconnected. The idle timeout of Node is not enough: it counts
 * what the kernel buffers as progress, and so waits twice as long.
 */
const UNREAD_MS = 120_000

/** The response to one request (node:http's `ServerResponse`). */
type Taker = {
  readonly destroyed: boolean
  destroy(): unknown
  once(event: 'close', listener: () => void): unknown
}

export type Answers = {
  /**
   * Calls `make`, and returns its result as JSON; null if the client has disconnected.
   * @throws AppError `server_busy` if too much is unread (`make` is not called); what `make` throws
   */
  make(raw: Taker, make: () => Promise<unknown>): Promise<string | null>
}

export function createAnswers(clock: Clock): Answers {
  let lengthInAll = 0
  return {
    async make(raw, make) {
      if (raw.destroyed) return null
      if (lengthInAll >= MOST_IN_ALL) fail('server_busy', { retryAfterS: 1 })
      const answer = await make()
      if (jsonLength(answer) > LARGE) await turn()
      if (raw.destroyed) return null
      const json = toJson(answer)
      lengthInAll += json.length
      const cancel = clock.after(UNREAD_MS, () => raw.destroy())
      raw.once('close', () => {
        cancel()
        lengthInAll -= json.length
      })
      return json
    },
  }
}
