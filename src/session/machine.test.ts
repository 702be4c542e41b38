import { describe, expect, it } from 'vitest'
import { SESSION_STATES, type SessionState } from '../model/status.ts'
import { nextState, type Signal } from './machine.ts'

/** Follow signals from a state; every one must mean something. */
function run(from: SessionState, ...signals: Signal[]): SessionState {
  return signals.reduce<SessionState>((state, signal) => {
    const next = nextState(state, signal)
    if (next === null) throw new Error(`${signal} means nothing in ${state}`)
    return next
  }, from)
}

describe('nextState', () => {
  it('follows the documented cold start', () => {
    expect(run('stopped', 'start')).toBe('starting')
    expect(run('stopped', 'start', 'qr')).toBe('qr')
    expect(run('stopped', 'start', 'qr', 'paired')).toBe('authenticated')
    expect(run('stopped', 'start', 'qr', 'paired', 'ready')).toBe('ready')
  })

  it('follows the documented start with a saved session, without a QR', () => {
    expect(run('starting', 'paired', 'ready')).toBe('ready')
  })

  it('keeps auth_failure for refused links', () => {
    const ways = SESSION_STATES.filter((state) => nextState(state, 'refused') === 'auth_failure')
    expect(ways).toEqual(['starting', 'qr'])
  })

  it('reaches disconnected only from a session that was linked or loading', () => {
    const ways = SESSION_STATES.filter((state) => nextState(state, 'lost') === 'disconnected')
    expect(ways).toEqual(['starting', 'authenticated', 'ready', 'disconnected'])
  })

  it('can be stopped from every state', () => {
    for (const state of SESSION_STATES) expect(nextState(state, 'stop')).toBe('stopped')
  })

  it('can be started again from every state that is not running', () => {
    for (const state of ['stopped', 'auth_failure', 'disconnected'] as const) {
      expect(nextState(state, 'start')).toBe('starting')
    }
    expect(nextState('ready', 'start')).toBeNull()
  })

  it('ignores a late ready', () => {
    expect(nextState('stopped', 'ready')).toBeNull()
    expect(nextState('disconnected', 'ready')).toBeNull()
  })
})
