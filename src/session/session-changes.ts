/** Which transitions of a session are events. A connection that is lost for long is tried again and again, and told once. */
import type { Reason, SessionState } from '../model/status.ts'

export type SessionChanges = {
  /**
   * The session entered this state.
   * @param attempts to win a lost connection back, since the session was last well
   */
  note(state: SessionState, reason: Reason | null, attempts: number): void
}

/** On the way between two attempts, where nothing has come of them yet. */
const PASSING: ReadonlySet<SessionState> = new Set(['starting', 'authenticated'])

/** @param tell called for each transition that is to be told, once */
export function createSessionChanges(
  tell: (state: SessionState, reason: Reason | null) => void,
): SessionChanges {
  let told: { state: SessionState; reason: Reason | null } | null = null
  return {
    note(state, reason, attempts) {
      if (attempts > 1 && PASSING.has(state)) return
      if (told?.state === state && told.reason === reason) return
      told = { state, reason }
      tell(state, reason)
    },
  }
}
