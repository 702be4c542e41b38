/** What waits for the phone: QR codes, a pairing code, a passkey. */
import type { Clock } from '../clock.ts'
import type { Reason, Status } from '../model/status.ts'
import { createTimers } from './timers.ts'

/** WhatsApp Web shows the first QR code of a round for 60 s, later ones for 20 s. */
const QR_MS = { first: 60_000, later: 20_000 }
/** A successor may come this late. */
const QR_LATE_MS = 5_000
/** A page that was asked for a QR code sends none any more after this time (F11). */
const QR_RENEW_MS = 30_000
/** If no client reads the QR code for this long, the browser is closed (`qr_expired`). */
const INTEREST_MS = 10 * 60_000
/** WhatsApp's own lifetime of a pairing code (whatsapp-web.js requests another after the same time). */
const CODE_MS = 180_000
/**
 * A person confirms a passkey in the browser window, within WhatsApp's own limit; without a window it is
 * impossible.
 */
const PASSKEY_MS = { headless: 60_000, visible: 300_000 }

/** A pairing code, as a person types it on the phone. */
export type PairingCode = { code: string; expiresAt: Date }

/** What pairing requires of its session. */
export type PairingHooks = {
  changed(): void
  /** Requests QR codes from the page again. */
  askForQr(): void
  /** This page sends no more codes: only a new browser can. */
  startAnew(): void
  /** No client reads the code: stop until the next request. */
  expire(): void
  /** Linking was tried and failed. */
  fail(reason: Reason, detail: string): void
}

export type Pairing = {
  /** The text of the valid QR code, or null. */
  qr(): string | null
  /** The `pairing` field of the status. */
  view(): Status['pairing']
  /** The valid pairing code, or null. */
  code(): PairingCode | null
  /** A client requested or reads a code: restarts the expiry timer. */
  touch(): void
  onQr(text: string): void
  /** WhatsApp stopped showing QR codes. */
  onQrGone(): void
  /** The phone accepted, and WhatsApp requires a passkey first. */
  onPasskeyAsked(): void
  /**
   * WhatsApp is asked for a pairing code, which ends a passkey: until {@link onCode} or {@link onNoCode}, no QR code is
   * requested.
   */
  onCodeAsked(): void
  /** The page has a new document: the pairing code or the passkey of the one before is gone, and its QR codes follow. */
  onDocument(): void
  /** WhatsApp sent this pairing code; it replaces the QR code or the passkey. */
  onCode(code: string): PairingCode
  /** WhatsApp sent no pairing code: return to QR codes. */
  onNoCode(): void
  /** The pairing code expired: return to QR codes. */
  onCodeGone(): void
  /** Linked or stopped: nothing waits any more. */
  clear(): void
}

export function createPairing(clock: Clock, headless: boolean, hooks: PairingHooks): Pairing {
  const timers = createTimers<'qr' | 'dead' | 'code' | 'passkey'>(clock)
  let qr: { text: string; expiresAt: number } | null = null
  /** The QR code that the phone can scan now. */
  const validQr = () => (qr !== null && clock.now() < qr.expiresAt ? qr : null)
  /** Unix ms: until when a passkey is waited for; null: it is not. */
  let passkeyUntil: number | null = null
  /** The next QR code is the first of a round. */
  let isFirst = true
  let code: PairingCode | null = null
  let isCodeAsked = false
  /** The page was asked for a QR code and has sent none yet. */
  let isAsked = false
  let interestAt = clock.now()

  const isAwaited = () => clock.now() - interestAt < INTEREST_MS

  function onQrGone(): void {
    // While a pairing code or a passkey waits, QR codes do not matter, and a request for one would end both.
    if (code !== null || passkeyUntil !== null) return
    qr = null
    hooks.changed()
    // A request for a QR code would cancel the pairing code that is on its way.
    if (isCodeAsked) return
    if (!isAwaited()) return hooks.expire()
    // A page that says at once that it has none is not asked again and again.
    if (isAsked) return
    isAsked = true
    isFirst = true
    hooks.askForQr()
    timers.set('qr', QR_RENEW_MS, onNoQr)
  }

  function onNoQr(): void {
    isAsked = false
    if (isAwaited()) hooks.startAnew()
    else hooks.expire()
  }

  function endPasskey(): void {
    passkeyUntil = null
    timers.clear('passkey')
  }

  function onCodeGone(): void {
    code = null
    isAsked = false
    timers.clear('code')
    onQrGone()
  }

  return {
    qr: () => validQr()?.text ?? null,
    view() {
      if (code !== null) return { method: 'code', expires_at: code.expiresAt.toISOString() }
      const scannable = validQr()
      if (scannable !== null) return { method: 'qr', expires_at: new Date(scannable.expiresAt).toISOString() }
      return passkeyUntil === null
        ? null
        : { method: 'passkey', expires_at: new Date(passkeyUntil).toISOString() }
    },
    code: () => code,
    touch() {
      interestAt = clock.now()
    },
    onQr(text) {
      if (code !== null || passkeyUntil !== null) return
      const lifeMs = isFirst ? QR_MS.first : QR_MS.later
      isFirst = false
      isAsked = false
      qr = { text, expiresAt: clock.now() + lifeMs }
      timers.set('dead', lifeMs, hooks.changed)
      // Some builds stop without a word (wwebjs#22449, waha#1990): an expired code says the same.
      timers.set('qr', lifeMs + QR_LATE_MS, onQrGone)
    },
    onQrGone,
    onPasskeyAsked() {
      const waitMs = headless ? PASSKEY_MS.headless : PASSKEY_MS.visible
      qr = null
      code = null
      passkeyUntil = clock.now() + waitMs
      timers.clear('qr')
      timers.clear('code')
      timers.set('passkey', waitMs, () =>
        hooks.fail(
          'passkey_required',
          'WhatsApp requires a passkey to confirm the new device, and it was not confirmed in time.',
        ),
      )
      hooks.changed()
    },
    onCodeAsked() {
      isCodeAsked = true
      timers.clear('qr')
      endPasskey()
    },
    onDocument() {
      if (code === null && passkeyUntil === null) return
      endPasskey()
      onCodeGone()
    },
    onCode(text) {
      qr = null
      isAsked = false
      isCodeAsked = false
      endPasskey()
      timers.clear('qr')
      code = { code: text, expiresAt: new Date(clock.now() + CODE_MS) }
      timers.set('code', CODE_MS, onCodeGone)
      hooks.changed()
      return code
    },
    onNoCode() {
      isCodeAsked = false
      onCodeGone()
    },
    onCodeGone,
    clear() {
      qr = null
      passkeyUntil = null
      code = null
      isFirst = true
      isAsked = false
      isCodeAsked = false
      timers.clearAll()
    },
  }
}
