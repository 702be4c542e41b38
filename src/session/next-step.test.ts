import { describe, expect, it } from 'vitest'
import { nextStep, type Situation } from './next-step.ts'

const STOPPED: Situation = {
  state: 'stopped',
  reason: null,
  lastError: null,
  connected: false,
  linked: false,
  reconnecting: false,
  archiveHint: null,
}
const OFFLINE = 'web.whatsapp.com could not be reached (net::ERR_NAME_NOT_RESOLVED)'
const MEND = 'Mend the archive.'

describe('the next step', () => {
  it.each<[told: string | RegExp | null, given: Partial<Situation>]>([
    [/link an account/, {}],
    [/to connect/, { linked: true }],
    [MEND, { archiveHint: MEND }],
    [MEND, { archiveHint: MEND, linked: true }],
    [MEND, { archiveHint: MEND, reason: 'logged_out' }],
    [/removed on the phone/, { reason: 'logged_out' }],
    [MEND, { archiveHint: MEND, state: 'ready', connected: true }],
    [MEND, { archiveHint: MEND, state: 'disconnected', reason: 'crashed' }],
    [/scan/, { archiveHint: MEND, state: 'qr' }],
    [/refuses/, { archiveHint: MEND, reason: 'blocked' }],
    [null, { state: 'ready', connected: true }],
    [/network.*doctor.*then POST \/api\/auth\/start/, { reason: 'start_failed', lastError: OFFLINE }],
    [
      /network.*doctor.*by itself/,
      { state: 'disconnected', reason: 'start_failed', lastError: OFFLINE, reconnecting: true },
    ],
    [/link an account/, { reason: 'start_failed', lastError: 'WhatsApp Web did not finish loading' }],
    [/link an account/, { reason: 'not_linked', lastError: OFFLINE }],
  ])('is %s for %j', (told, given) => {
    const step = nextStep({ ...STOPPED, ...given })
    if (told instanceof RegExp) expect(step).toMatch(told)
    else expect(step).toBe(told)
  })
})
