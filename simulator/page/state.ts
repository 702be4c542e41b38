/** The socket's state, also shown in the browser window. */
import { showStatus } from './page.ts'
import { Socket, type SocketState } from './socket-model.ts'

export function setState(state: SocketState): void {
  showStatus(`Socket: ${state}`)
  Socket.set({ state, stream: state === 'CONNECTED' ? 'CONNECTED' : 'DISCONNECTED' })
}
