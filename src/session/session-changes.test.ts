import { expect, it } from 'vitest'
import type { Reason, SessionState } from '../model/status.ts'
import { createSessionChanges } from './session-changes.ts'

it('reports every transition, and failed attempts once', () => {
  const told: string[] = []
  const { note } = createSessionChanges((state, reason) => told.push(`${state} ${reason}`))
  const go = (attempts: number, ...steps: [SessionState, Reason | null][]) => {
    for (const [state, reason] of steps) note(state, reason, attempts)
  }
  go(0, ['starting', null], ['authenticated', null], ['ready', null])
  go(1, ['disconnected', 'crashed'])
  for (let attempt = 1; attempt <= 50; attempt += 1)
    go(attempt, ['starting', null], ['disconnected', attempt < 10 ? 'crashed' : 'offline'])
  go(51, ['starting', null], ['authenticated', null], ['ready', null])
  expect(told).toEqual([
    'starting null',
    'authenticated null',
    'ready null',
    'disconnected crashed',
    'starting null',
    'disconnected crashed',
    'disconnected offline',
    'ready null',
  ])
})
