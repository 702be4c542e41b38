/** What a QR is made of: the refs that the service sends, and the secret that proves the phone's answer. */
import { isOn } from './faults.ts'
import { connection } from './page.ts'
import { Conn } from './socket-model.ts'
import { setState } from './state.ts'
import { makeKey } from './storage.ts'

/** Fault `qr_without_ref`: how often the page looks for a listener. */
const lateRefMs = 50

let secret: string | null = null

/** Null before the first round of refs, and once linking by code was begun (wwebjs#22449). */
export function advSecret(): string | null {
  return secret
}

/** A fresh secret: with each round of refs, whichever way the page wants to be linked. */
export function generateAdvSecret(): string {
  secret = makeKey()
  return secret
}

/** Change the way of linking: `code` clears the secret, so that no QR counts; `qr` makes a fresh one. */
export function switchLinking(way: 'qr' | 'code'): void {
  if (way === 'qr') generateAdvSecret()
  else secret = null
  void connection().ask('adv_secret', { advSecret: secret })
}

/** The next ref. Refs go on, and run out, while a code waits too: the page's timer does not ask. */
export function showRef(ref: string): void {
  if (isOn('qr_without_ref') && Conn.get('ref') === undefined) {
    setState('UNPAIRED')
    showRefLate(ref)
    return
  }
  Conn.set({ ref })
  setState('UNPAIRED')
}

/** Fault `qr_without_ref`: once a client listens for refs (and has composed its first QR), or after 5 s. */
function showRefLate(ref: string, tries = 100): void {
  if (tries === 0 || Conn.isListening('change:ref')) Conn.set({ ref })
  else setTimeout(() => showRefLate(ref, tries - 1), lateRefMs)
}
