/** The parts of a QR code: the refs from the service, and the secret that proves the phone's response. */
import { isOn } from './faults.ts'
import { connection } from './page.ts'
import { Conn } from './socket-model.ts'
import { setState } from './state.ts'
import { makeKey } from './storage.ts'

/** Fault `qr_without_ref`: interval at which the page checks for a listener. */
const lateRefMs = 50

let secret: string | null = null

/** Null before the first round of refs, and once linking by code has begun (wwebjs#22449). */
export function advSecret(): string | null {
  return secret
}

/** A new secret: with each round of refs, for either way of linking. */
export function generateAdvSecret(): string {
  secret = makeKey()
  return secret
}

/**
 * Changes the way of linking: `code` clears the secret, so that QR codes are invalid; `qr` creates a new one.
 */
export function switchLinking(way: 'qr' | 'code'): void {
  if (way === 'qr') generateAdvSecret()
  else secret = null
  void connection().ask('adv_secret', { advSecret: secret })
}

/** The next ref. Refs continue, and run out, while a code waits too: the page's timer does not check. */
export function showRef(ref: string): void {
  if (isOn('qr_without_ref') && Conn.get('ref') === undefined) {
    setState('UNPAIRED')
    showRefLate(ref)
    return
  }
  Conn.set({ ref })
  setState('UNPAIRED')
}

/** Fault `qr_without_ref`: once a client listens for refs (and has built its first QR code), or after 5 s. */
function showRefLate(ref: string, tries = 100): void {
  if (tries === 0 || Conn.isListening('change:ref')) Conn.set({ ref })
  else setTimeout(() => showRefLate(ref, tries - 1), lateRefMs)
}
