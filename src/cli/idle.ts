/** Stops a server that was started for a client some time after its last client. */
import type { Server } from 'node:http'
import { type Clock, systemClock } from '../clock.ts'

export type IdleOptions = {
  idleMs: number
  /** True if the server is in use without an open request, such as by a session that a client may use again. */
  isBusy?: () => boolean
  clock?: Clock
}

/**
 * Resolves when no request has arrived and none was open for `idleMs`. An open stream and a pending send are open
 * requests. Listens to the events of the HTTP server, because some responses bypass the framework.
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
