/** Writes calls into the event log: each once as it begins, and once as it ends. */
import type { SeenCall } from '../model/seen.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

/** The calls to remember, so that a page that is loaded again does not report them twice. */
const REMEMBERED = 100

export type CallRecorder = {
  /** Call within a transaction. The end of a call whose begin is not known is not written. */
  record(call: SeenCall): void
}

export function createCallRecorder(
  { events }: Pick<Store, 'events'>,
  where: IdentityResolver,
  now: () => number,
): CallRecorder {
  /** By id, oldest first: true once it has ended. */
  const known = new Map<string, boolean>()
  return {
    record({ id, from, group, video, ended }) {
      const hasEnded = known.get(id)
      if (ended ? hasEnded !== false : hasEnded !== undefined) return
      known.set(id, ended)
      const [oldest] = known.keys()
      if (known.size > REMEMBERED && oldest !== undefined) known.delete(oldest)
      const person = where.senderId(from, now() / 1_000)
      const call = { id, video, group: group !== null }
      const chat = where.findChat(group ?? from)
      const kind = ended ? 'call.ended' : 'call.incoming'
      events.append({ at_ms: now(), kind, chat, message: null, data: { person, call } })
    },
  }
}
