/** Linking a device: pairing codes and QR codes on demand. */
import { type Clock, DeadlineError, withDeadline } from '../../clock.ts'
import { fail } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Engine } from '../engine.ts'
import type { LibraryClient } from './linked-client.ts'

const PAIRING_MS = 30_000
const QR_MS = 10_000
/**
 * The library requests a new code after this time; ours expire instead, so it is longer than a browser runs.
 */
const NO_NEW_CODE_MS = 2_000_000_000
/** WhatsApp's server issues no code for this number (wwebjs#3763). No other error says anything about the number. */
const REFUSED = /(CompanionHello|IQ)Error.*\b40[034]\b/s

/** @param injected resolves when the library is in the page; before that, the page cannot be called */
export function createLinking(
  client: Pick<LibraryClient, 'requestPairingCode' | 'cancelPairingCode'>,
  injected: Promise<true>,
  isUnpaired: () => boolean,
  clock: Clock,
  log: Log,
): Pick<Engine, 'requestPairingCode' | 'showQr'> {
  let showing = Promise.resolve()
  return {
    async requestPairingCode(phone) {
      // A QR code that is still being requested would cancel the pairing code.
      const asked = Promise.all([injected, showing]).then(() =>
        client.requestPairingCode(phone, true, NO_NEW_CODE_MS),
      )
      try {
        return await withDeadline(clock, 'Asking for a pairing code', PAIRING_MS, asked)
      } catch (error) {
        if (error instanceof DeadlineError) fail('whatsapp_timeout', { cause: error })
        const text = String(error)
        if (/RateOverlimit|\b429\b/.test(text)) fail('pairing_rate_limited', { cause: error })
        if (REFUSED.test(text)) fail('pairing_refused', { cause: error })
        fail('whatsapp_error', { cause: error, hint: 'Request a code again, or scan the QR code at /qr.' })
      }
    },
    async showQr() {
      if (!isUnpaired()) return
      showing = withDeadline(clock, 'Asking for a QR', QR_MS, client.cancelPairingCode()).catch((error) =>
        log.warn({ err: error }, 'WhatsApp Web sent no QR code'),
      )
      await showing
    },
  }
}
