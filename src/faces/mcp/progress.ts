/** What a call tells while it runs, to whoever gave it a progress token: changes of the session, and that it still waits. */
import type { ServerContext } from '@modelcontextprotocol/server'
import type { Readings } from '../../operations/door.ts'

/** Clients give up on a call of which nothing was heard for a minute, some earlier; each notice begins their time anew. */
const BEAT_MS = 10_000

export type ProgressOptions = Pick<Readings, 'status' | 'onStatus' | 'clock'> & {
  /** Puts tools in the places of routes. */
  words(text: string): string
}

/**
 * The outcome of `work`; meanwhile each new state of the session or next step is told, and every 10 s that it is still
 * being waited. Without a token, and in answers that cannot carry notices, only the work is done.
 */
export async function withProgress<Result>(
  { mcpReq }: { mcpReq: Pick<ServerContext['mcpReq'], '_meta' | 'notify'> },
  { status, onStatus, clock, words }: ProgressOptions,
  work: () => Promise<Result>,
): Promise<Result> {
  const progressToken = mcpReq._meta?.progressToken
  if (progressToken === undefined) return work()
  let progress = 0
  const tell = (message: string) => {
    progress += 1
    const params = { progressToken, progress, message }
    // Whoever listened may be gone; the work goes on all the same.
    mcpReq.notify({ method: 'notifications/progress', params }).catch(() => {})
  }
  const situation = () => {
    const { state, next_step } = status()
    return next_step === null ? state : `${state}. ${words(next_step)}`
  }
  let told = situation()
  const stopListening = onStatus(() => {
    const now = situation()
    if (now !== told) tell(now)
    told = now
  })
  const beat = () => {
    tell(`Still waiting. Session: ${told}`)
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
