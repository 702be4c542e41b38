import { describe, expect, it } from 'vitest'
import { startProblem } from './start-problem.ts'

describe('a start that failed', () => {
  it.each([
    [
      new Error('net::ERR_NAME_NOT_RESOLVED at https://web.whatsapp.com/'),
      'web.whatsapp.com could not be reached (net::ERR_NAME_NOT_RESOLVED)',
    ],
    ['auth timeout', 'WhatsApp Web did not finish loading'],
    [new Error('Failed to launch the browser process'), 'the browser could not be launched'],
    [new Error('Navigating frame was detached Frame'), 'the page reloaded repeatedly'],
  ])('for a known reason is explained in one clause: %s', (error, says) => {
    expect(startProblem(error)).toBe(says)
  })

  it('for another reason has no clause, so that the log has the error itself', () => {
    expect(startProblem(new Error('x is not a function'))).toBeNull()
  })
})
