import { getEventListeners } from 'node:events'
import { describe, expect, it } from 'vitest'
import { createTestClock } from '../../test/test-clock.ts'
import type { Session } from '../session/session.ts'
import { startInTurn } from './start-in-turn.ts'

/** A session that starts when asked, and is ready when the test says so. */
function openStage(count: number, freeBytes: () => number = () => 2 ** 40) {
  const clock = createTestClock()
  const states: { state: string; reason: string | null }[] = []
  const listeners: Set<() => void>[] = []
  const tell = (at: number, state: string, reason: string | null = null) => {
    states[at] = { state, reason }
    for (const listener of listeners[at] ?? []) listener()
  }
  const sessions = Array.from({ length: count }, (_, at) => () => {
    states[at] = { state: 'stopped', reason: null }
    listeners[at] = new Set()
    return {
      status: () => states[at],
      setIdleReason: (why: string) => tell(at, 'stopped', why),
      resume: () => tell(at, 'starting'),
      onChange: (listener: () => void) => {
        listeners[at]?.add(listener)
        return () => listeners[at]?.delete(listener)
      },
    } as unknown as Session
  })
  const stop = new AbortController()
  const said: string[] = []
  const log = { warn: (text: string) => said.push(text) } as never
  const turn = () => Promise.resolve()
  const ended = startInTurn(sessions, { clock, log, signal: stop.signal, freeBytes, turn })
  /** The states once everything has run that waits for no session and no clock. */
  const now = async () => {
    await new Promise((resolve) => setImmediate(resolve))
    return states.map(({ state, reason }) => reason ?? state)
  }
  return { clock, tell, stop, said, ended, now }
}

describe('startInTurn', () => {
  it('starts two at a time, and the next one when one of them has its result', async () => {
    const { tell, now, ended } = openStage(4)
    expect(await now()).toEqual(['starting', 'starting', 'queued'])
    tell(1, 'authenticated')
    expect(await now()).toEqual(['starting', 'authenticated', 'queued'])
    tell(1, 'ready')
    expect(await now()).toEqual(['starting', 'ready', 'starting', 'queued'])
    tell(0, 'stopped', 'start_failed')
    tell(2, 'ready')
    expect(await now()).toEqual(['start_failed', 'ready', 'ready', 'starting'])
    tell(3, 'ready')
    await ended
  })

  it('a start of more than 90 s does not delay the others', async () => {
    const { clock, now } = openStage(3)
    expect(await now()).toEqual(['starting', 'starting', 'queued'])
    clock.advance(90_000)
    expect(await now()).toEqual(['starting', 'starting', 'starting'])
  })

  it('waits while less than 400 MB are free, says so once, and looks again', async () => {
    let free = 399 * 1024 ** 2
    const { clock, now, said, stop } = openStage(1, () => free)
    expect(await now()).toEqual(['queued'])
    for (let looks = 0; looks < 3; looks += 1) {
      clock.advance(10_000)
      expect(await now()).toEqual(['queued'])
    }
    // It may wait for months.
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1)
    free = 400 * 1024 ** 2
    clock.advance(10_000)
    expect(await now()).toEqual(['starting'])
    expect(said).toEqual(['an account waits until there is memory for its browser'])
  })

  it('leaves an account alone that was started or stopped while it waited, and ends with the server', async () => {
    const { tell, now, stop, ended } = openStage(4)
    expect(await now()).toEqual(['starting', 'starting', 'queued'])
    tell(2, 'stopped', 'stopped')
    tell(0, 'ready')
    expect(await now()).toEqual(['ready', 'starting', 'stopped', 'starting'])
    stop.abort()
    tell(1, 'ready')
    tell(3, 'ready')
    await ended
  })
})
