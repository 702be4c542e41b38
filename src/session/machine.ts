/** The seven states and the ways between them, as a pure table. Timers, browsers and files are in session.ts. */
import type { SessionState } from '../model/status.ts'

/**
 * What can happen to a session.
 * `start`: somebody asked, or it is time to reconnect. `qr`: a code waits to be scanned. `paired`: the device is
 * linked, or its saved link was taken. `ready`: loaded. `refused`: the phone or WhatsApp refused to link. `lost`: a
 * linked session fell; `back`: it came back without a new start. `stop`: logged out, unlinked, expired, or never
 * came up while nothing was linked.
 */
export type Signal = 'start' | 'qr' | 'paired' | 'ready' | 'refused' | 'lost' | 'back' | 'stop'

const TRANSITIONS: Record<SessionState, Partial<Record<Signal, SessionState>>> = {
  stopped: { start: 'starting', stop: 'stopped' },
  starting: {
    qr: 'qr',
    paired: 'authenticated',
    lost: 'disconnected',
    refused: 'auth_failure',
    stop: 'stopped',
  },
  qr: { qr: 'qr', paired: 'authenticated', refused: 'auth_failure', start: 'starting', stop: 'stopped' },
  authenticated: { ready: 'ready', lost: 'disconnected', stop: 'stopped' },
  ready: { lost: 'disconnected', stop: 'stopped' },
  auth_failure: { start: 'starting', stop: 'stopped' },
  disconnected: { start: 'starting', lost: 'disconnected', back: 'ready', stop: 'stopped' },
}

/** The state after `signal`, or null where the signal means nothing in this state and is to be ignored. */
export function nextState(state: SessionState, signal: Signal): SessionState | null {
  return TRANSITIONS[state][signal] ?? null
}
