/** Sends progress of a running call to clients with a progress token: changes of the session, and a regular heartbeat. */
import type { ServerContext } from '@modelcontextprotocol/server'
import type { Readings } from '../../operations/door.ts'

/** Clients time out after a minute without progress, some earlier. Each notification restarts their timer. */
const BEAT_MS = 10_000

export type ProgressOptions = Pick<Readings, 'status' | 'onStatus' | 'clock'> & {
  /** Replaces routes with tools. */
  words(text: string): string
}

/**
 * Returns the result of `work`. Until then it sends each new session state or next step, and a heartbeat every 10 s. It sends
 * nothing if there is no progress token or the response cannot include notifications.
 */
export async function withProgress<Result>(
  { mcpReq }: { mcpReq: Pick<ServerContext['mcpReq'], '_meta' | 'notify'> },
  open: () => ProgressOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return work()
  const { status, onStatus, clock, words } = open()
  let progress = 0
  const tell = (message: string) => {
    progress += 1
    const params = { progressToken, progress, message }
    // The client may have disconnected. The work continues.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {})
  }
  const situation = () => {
    const { state, next_step } = status()
    return next_step === null ? state : `${state}. ${words(next_step)}`
  }
  let sent = situation()
  const stopListening = onStatus(() => {
    const now = situation()
    if (now !== sent) tell(now)
    sent = now
  })
  const beat = () => {
    tell(`Still waiting. Session: ${sent}`)
    cancelBeat = clock.after(BEAT_MS, beat)
  }
  let cancelBeat = clock.after(BEAT_MS, beat)
  try {
    return await work()
  } finally {
    stopListening()
    cancelBeat()
  }
}
