/** A server that was started for a client ends some time after its last one. */
import type { Server } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'

export type IdleOptions = {
  idleMs: number
  /** Is something under way that no request shows, such as a session that may be used again? */
  isBusy?: () => boolean
  clock?: Clock
}

/**
 * Resolves once no request came and none was under way for so long: an open stream, and a send that is waited for, are
 * requests under way. Watches the connections' own events, since some answers never pass through the framework.
 */
export function untilIdle(
  server: Server,
  { idleMs, isBusy = () => false, clock = systemClock }: IdleOptions,
): Promise<void> {
  return new Promise((resolve) => {
    let underWay = 0
    let cancel = () => {}
    const wait = () => {
      cancel()
      if (underWay > 0) return
      cancel = clock.after(idleMs, () => (isBusy() ? wait() : resolve()))
    }
    server.on('request', (_, answer) => {
      underWay += 1
      cancel()
      answer.once('close', () => {
        underWay -= 1
        wait()
      })
    })
    wait()
  })
}
