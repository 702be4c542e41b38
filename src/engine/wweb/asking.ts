/** Calls the page with a deadline, and converts failures to errors of the error table. */
import { type Clock, DeadlineError, withDeadline } from '../../clock.ts'
import { fail } from '../../errors.ts'
import { isPageGone } from './acting.ts'

/**
 * Returns the page's result within `ms`. Fails with `whatsapp_timeout`, `whatsapp_error`, or `not_connected`.
 */
export type Ask = <T>(what: string, ms: number, question: Promise<T>) => Promise<T>

/** The part of the client that calls the page. */
export type PageClient = {
  pupPage: { evaluate(run: (...given: unknown[]) => unknown, ...args: unknown[]): Promise<unknown> } | null
}

/**
 * Runs a function in the page and returns its result, without a deadline; rejects if there is no page. puppeteer's types for
 * functions sent to the page do not support generics; our functions take plain data.
 */
export function callPage<A extends unknown[], T>(client: PageClient, run: (...args: A) => T, ...args: A) {
  const answer = client.pupPage?.evaluate(run as (...given: unknown[]) => T, ...args)
  return (answer ?? Promise.reject(new Error('there is no page'))) as Promise<Awaited<T>>
}

/** @param isConnected false if a failure may be caused by the missing connection */
export function createAsk(clock: Clock, isConnected: () => boolean): Ask {
  return async (what, ms, question) => {
    try {
      return await withDeadline(clock, what, ms, question)
    } catch (error) {
      if (error instanceof DeadlineError) fail('whatsapp_timeout', { cause: error })
      // A page that went away is loading again, or its browser is closed: that is reported a moment later.
      return isConnected() && !isPageGone(error)
        ? fail('whatsapp_error', { cause: error })
        : fail('not_connected', { retryAfterS: 5, cause: error })
    }
  }
}
