/**
 * The seven states and the transitions between them, as a pure table. Timers, browsers and files are in
 * session.ts.
 */
import type { SessionState } from '../model/status.ts'

/**
 * What can happen to a session.
 * `start`: requested, or time to reconnect. `qr`: a QR code waits to be scanned. `paired`: the device is
 * linked, or its saved link was accepted. `ready`: loaded. `refused`: the phone or WhatsApp refused to link.
 * `lost`: a linked session ended unexpectedly; `back`: it reconnected without a new start. `stop`: logged
 * out, unlinked, expired, or failed to start while nothing was linked.
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

/**
 * Returns the state after `signal`, or null if the signal has no transition in this state and is to be
 * ignored.
 */
export function nextState(state: SessionState, signal: Signal): SessionState | null {
  return TRANSITIONS[state][signal] ?? null
}
