/** Fault `state`: the socket state that was asked for. */
import { faultValue, fieldOf } from './faults.ts'
import { isSocketState, type SocketState } from './socket-model.ts'

/** The state, given as the fault's value or as its field `value`; undefined while the fault is off or names none. */
export function wantedState(): SocketState | undefined {
  const state = fieldOf('state', 'value') ?? faultValue('state')
  return isSocketState(state) ? state : undefined
}
