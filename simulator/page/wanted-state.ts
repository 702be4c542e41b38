/** Fault `state`: the requested socket state. */
import { faultValue, fieldOf } from './faults.ts'
import { isSocketState, type SocketState } from './socket-model.ts'

/**
 * The state, from the fault's value or its field `value`; undefined while the fault is off or names no state.
 */
export function wantedState(): SocketState | undefined {
  const state = fieldOf('state', 'value') ?? faultValue('state')
  return isSocketState(state) ? state : undefined
}
