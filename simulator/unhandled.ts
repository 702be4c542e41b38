/** For tests of the double: the library's unhandled rejections do not fail the run. */
import { inspect } from 'node:util'

export type Unhandled = { reasons: unknown[]; stop(): void }

/** From now until `stop()`, unhandled rejections are only recorded. */
export function collectUnhandled(): Unhandled {
  const reasons: unknown[] = []
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  const collect = (reason: unknown): void => {
    reasons.push(reason)
  }
  process.on('unhandledRejection', collect)
  return {
    reasons,
    stop() {
      process.off('unhandledRejection', collect)
      for (const other of others) process.on('unhandledRejection', other)
    },
  }
}

/** What puppeteer says of a page or browser that is gone. */
const GONE = /context was destroyed|detached|(Target|Session|Connection) closed/
let ignoresGonePages = false

/**
 * From now on, what the library leaves unhandled because its page is gone is ignored. It injects itself at every
 * navigation, tries for 30 s, and guards neither (F8): this comes up to 200 ms after the browser was closed.
 */
export function ignoreGonePages(): void {
  if (ignoresGonePages) return
  ignoresGonePages = true
  const others = process.listeners('unhandledRejection')
  process.removeAllListeners('unhandledRejection')
  process.on('unhandledRejection', (reason, promise) => {
    // The library is in the stack of the reason or of its cause.
    if (GONE.test(String(reason)) && inspect(reason).includes('whatsapp-web.js')) return
    for (const other of others) other(reason, promise)
  })
}
