/** The open responses of each caller with a key. They end with the key. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'
import { type Caller, NOBODY, OWNER } from '../../operations/call.ts'

/** A response that has not begun gets this long, because it may answer the request that revokes the key. */
const GRACE_MS = 1_000

export type OpenResponses = {
  add(caller: Caller, response: ServerResponse): void
  /** Closes the connections of all responses to this caller. */
  end(caller: Caller): void
}

export function createOpenResponses(clock: Clock): OpenResponses {
  const open = new Map<Caller, Set<ServerResponse>>()
  return {
    add(caller, response) {
      if (caller === OWNER || caller === NOBODY) return
      const own = open.get(caller) ?? new Set()
      open.set(caller, own.add(response))
      response.once('close', () => {
        own.delete(response)
        if (own.size === 0) open.delete(caller)
      })
    },
    end(caller) {
      for (const response of open.get(caller) ?? []) {
        if (response.headersSent) response.destroy()
        else {
          const cancel = clock.after(GRACE_MS, () => response.destroy())
          response.once('close', cancel)
        }
      }
    },
  }
}
