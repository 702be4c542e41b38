import { describe, expect, it } from 'vitest'
import { nextStep, type Situation } from './next-step.ts'

const STOPPED: Situation = {
  state: 'stopped',
  reason: null,
  lastError: null,
  connected: false,
  restriction: null,
  linked: false,
  reconnecting: false,
  pairing: null,
  archiveHint: null,
}
const OFFLINE = 'web.whatsapp.com could not be reached (net::ERR_NAME_NOT_RESOLVED)'
const REPAIR = 'Repair the archive.'

describe('the next step', () => {
  it.each<[expected: string | RegExp | null, given: Partial<Situation>]>([
    [/link an account/, {}],
    [/to connect/, { linked: true }],
    [REPAIR, { archiveHint: REPAIR }],
    [REPAIR, { archiveHint: REPAIR, linked: true }],
    [REPAIR, { archiveHint: REPAIR, reason: 'logged_out' }],
    [/removed on the phone/, { reason: 'logged_out' }],
    [REPAIR, { archiveHint: REPAIR, state: 'ready', connected: true }],
    [REPAIR, { archiveHint: REPAIR, state: 'disconnected', reason: 'crashed' }],
    [/scan/, { archiveHint: REPAIR, state: 'qr' }],
    [/type the pairing code/, { state: 'qr', pairing: 'code' }],
    [/Confirm the passkey/, { state: 'qr', pairing: 'passkey' }],
    [/refuses/, { archiveHint: REPAIR, reason: 'blocked' }],
    [null, { state: 'ready', connected: true }],
    [
      /new people for now.*Replies work/,
      { state: 'ready', connected: true, restriction: { kind: 'new_chats', ends_at: null } },
    ],
    [/network.*doctor.*then POST \/api\/auth\/start/, { reason: 'start_failed', lastError: OFFLINE }],
    [
      /network.*doctor.*automatically/,
      { state: 'disconnected', reason: 'start_failed', lastError: OFFLINE, reconnecting: true },
    ],
    [/link an account/, { reason: 'start_failed', lastError: 'WhatsApp Web did not finish loading' }],
    [/link an account/, { reason: 'not_linked', lastError: OFFLINE }],
  ])('is %s for %j', (expected, given) => {
    const step = nextStep({ ...STOPPED, ...given })
    if (expected instanceof RegExp) expect(step).toMatch(expected)
    else expect(step).toBe(expected)
  })
})
