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

/** @param injected resolves when the library is in the page; before that, the page cannot be called */
export function createLinking(
  client: LibraryClient,
  injected: Promise<true>,
  isUnpaired: () => boolean,
  clock: Clock,
  log: Log,
): Pick<Engine, 'requestPairingCode' | 'showQr'> {
  return {
    async requestPairingCode(phone) {
      const asked = injected.then(() => client.requestPairingCode(phone, true, NO_NEW_CODE_MS))
      try {
        return await withDeadline(clock, 'Asking for a pairing code', PAIRING_MS, asked)
      } catch (error) {
        if (error instanceof DeadlineError) fail('whatsapp_timeout', { cause: error })
        const text = String(error)
        fail(/RateOverlimit|\b429\b/.test(text) ? 'pairing_rate_limited' : 'pairing_refused', {
          cause: error,
        })
      }
    },
    async showQr() {
      if (!isUnpaired()) return
      await withDeadline(clock, 'Asking for a QR', QR_MS, client.cancelPairingCode()).catch((error) =>
        log.warn({ err: error }, 'WhatsApp Web sent no QR code'),
      )
    },
  }
}
