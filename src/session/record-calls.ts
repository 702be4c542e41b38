/** Writes calls into the event log: each once as it begins, and once as it ends. */
import type { SeenCall } from '../model/seen.ts'
import type { Store } from '../store/store.ts'
import type { IdentityResolver } from './identity-resolver.ts'

/** The calls to remember, so that a page that is loaded again does not report them twice. */
const REMEMBERED = 100

export type CallRecorder = {
  /** Call within a transaction. The end of a call whose begin is not known is not written. */
  record(call: SeenCall): void
  /** The transaction was rolled back: its calls may be recorded again. */
  undo(): void
}

export function createCallRecorder(
  { events, db }: Pick<Store, 'events' | 'db'>,
  where: IdentityResolver,
  now: () => number,
): CallRecorder {
  /** By id, oldest first: true once it has ended. */
  const known = new Map<string, boolean>()
  /** The same, not yet on disk. */
  const unsure = new Map<string, boolean>()

  function commit(): void {
    for (const [id, ended] of unsure) known.set(id, ended)
    unsure.clear()
    for (const id of [...known.keys()].slice(0, -REMEMBERED)) known.delete(id)
  }

  return {
    undo: () => unsure.clear(),
    record({ id, from, group, video, ended }) {
      const hasEnded = unsure.get(id) ?? known.get(id)
      // A call begins once, and ends once after it has begun.
      if (ended ? hasEnded !== false : hasEnded !== undefined) return
      unsure.set(id, ended)
      db.afterCommit(commit)
      const person = where.senderId(from, now() / 1_000)
      const call = { id, video, group: group !== null }
      const chat = where.findChat(group ?? from)
      const kind = ended ? 'call.ended' : 'call.incoming'
      events.append({ at_ms: now(), kind, chat, message: null, data: { person, call } })
    },
  }
}
