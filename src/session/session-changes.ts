/** Decides which transitions of a session are events. Repeated attempts to reconnect are reported once. */
import type { Reason, SessionState } from '../model/status.ts'

export type SessionChanges = {
  /**
   * The session entered this state.
   * @param attempts to reconnect since the session last counted as stable
   */
  note(state: SessionState, reason: Reason | null, attempts: number): void
}

/** States between two attempts to reconnect, before the result is known. */
const PASSING: ReadonlySet<SessionState> = new Set(['starting', 'authenticated'])

/** @param tell called once for each transition to report */
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
