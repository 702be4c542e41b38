/** What waits for the phone: QR codes that come and go, a pairing code, a passkey. */
import type { Clock } from '../clock.ts'
import type { Reason, Status } from '../model/status.ts'
import { createTimers } from './timers.ts'

/** A QR without a successor for this long is dead: the real page shows the first for 60 s, later ones for 20 s. */
const QR_MS = 60_000
/** A QR that nobody looked at for this long: the browser is closed (`qr_expired`). */
const INTEREST_MS = 10 * 60_000
/** WhatsApp's own term for a pairing code (whatsapp-web.js asks for another after the same time). */
const CODE_MS = 180_000
/** A passkey is given by a person in a window, who gets as long as WhatsApp gives; without a window nobody can. */
const PASSKEY_MS = { headless: 60_000, visible: 300_000 }

export type PairingCode = { code: string; expiresAt: Date }

/** What pairing asks of its session. */
export type PairingHooks = {
  changed(): void
  /** Ask the page for QR codes again. */
  askForQr(): void
  /** No code comes any more from this page: only a new browser can bring one. */
  startAnew(): void
  /** Nobody looks: give up until somebody asks. */
  expire(): void
  /** It was tried, and it failed. */
  fail(reason: Reason, detail: string): void
}

export type Pairing = {
  /** The QR text that is valid now, or null. */
  qr(): string | null
  /** The status's `pairing`. */
  view(): Status['pairing']
  /** The pairing code that waits to be typed on the phone, or null. */
  code(): PairingCode | null
  /** Somebody asked for or looks at a code: from now on it is waited for. */
  touch(): void
  onQr(text: string): void
  /** WhatsApp stopped showing QR codes. */
  onQrGone(): void
  /** The phone accepted, and WhatsApp wants a passkey first. */
  onPasskeyAsked(): void
  /** WhatsApp gave this pairing code; it takes the place of the QR. */
  onCode(code: string): PairingCode
  /** The code died, or there never was one: back to QR codes. */
  onCodeGone(): void
  /** Linked, or given up: nothing waits any more. */
  clear(): void
}

export function createPairing(clock: Clock, headless: boolean, hooks: PairingHooks): Pairing {
  const timers = createTimers<'qr' | 'code' | 'passkey'>(clock)
  let qr: { text: string; expiresAt: number } | null = null
  let code: PairingCode | null = null
  let interestAt = clock.now()

  const isAwaited = () => clock.now() - interestAt < INTEREST_MS

  function onQrGone(): void {
    // While a code waits, QR codes neither come nor matter.
    if (code !== null) return
    qr = null
    hooks.changed()
    if (!isAwaited()) return hooks.expire()
    hooks.askForQr()
    timers.set('qr', QR_MS, onQrStale)
  }

  /** No new code came in time: this page will bring none (F11). */
  function onQrStale(): void {
    qr = null
    if (isAwaited()) hooks.startAnew()
    else hooks.expire()
  }

  function onCodeGone(): void {
    code = null
    timers.clear('code')
    onQrGone()
  }

  return {
    qr: () => qr?.text ?? null,
    view() {
      if (code !== null) return { method: 'code', expires_at: code.expiresAt.toISOString() }
      return qr === null ? null : { method: 'qr', expires_at: new Date(qr.expiresAt).toISOString() }
    },
    code: () => code,
    touch() {
      interestAt = clock.now()
    },
    onQr(text) {
      if (code !== null) return
      qr = { text, expiresAt: clock.now() + QR_MS }
      timers.set('qr', QR_MS, onQrStale)
    },
    onQrGone,
    onPasskeyAsked() {
      qr = null
      timers.clear('qr')
      timers.set('passkey', headless ? PASSKEY_MS.headless : PASSKEY_MS.visible, () =>
        hooks.fail(
          'passkey_required',
          'WhatsApp wants a passkey to confirm the new device, and nobody gave one.',
        ),
      )
      hooks.changed()
    },
    onCode(text) {
      qr = null
      timers.clear('qr')
      code = { code: text, expiresAt: new Date(clock.now() + CODE_MS) }
      timers.set('code', CODE_MS, onCodeGone)
      hooks.changed()
      return code
    },
    onCodeGone,
    clear() {
      qr = null
      code = null
      timers.clearAll()
    },
  }
}
