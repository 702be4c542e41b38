/** Writes long responses as fast as clients read. */
import type { ServerResponse } from 'node:http'
import type { Clock } from '../../clock.ts'

/** A client that does not read within this time is disconnected. It can reconnect. */
const STALLED_MS = 60_000

/**
 * Resolves when the client has read the data or disconnected, or when `ended` is aborted. Disconnects a client that does not
 * read within `STALLED_MS`.
 */
export function waitUntilRead(raw: ServerResponse, ended: AbortSignal, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const finish = () => {
      cancel()
      raw.off('drain', finish)
      ended.removeEventListener('abort', finish)
      resolve()
    }
    const cancel = clock.after(STALLED_MS, () => raw.destroy())
    raw.once('drain', finish)
    ended.addEventListener('abort', finish)
    if (ended.aborted || !raw.writableNeedDrain) finish()
  })
}
