/** Requests for a pairing code, one at a time: each code ends the previous one. */
import { type Clock, withDeadline } from '../clock.ts'
import { AppError, fail } from '../errors.ts'
import type { PhoneNumber } from '../model/ids.ts'
import type { Engines } from './engines.ts'
import type { Pairing, PairingCode } from './pairing.ts'
import type { Standing } from './standing.ts'

/** Within the contract's 60 s: a start if required, then WhatsApp's response. */
const PAIRING_MS = 58_000

/** What the requests require of their session. */
export type PairingRequestHooks = {
  clock: Clock
  engines: Pick<Engines, 'current' | 'mark'>
  pairing: Pick<Pairing, 'onCodeAsked' | 'onCode' | 'onNoCode'>
  isLinked(): boolean
  standing(): Standing
  /** Resolves once the session no longer starts or loads, at the latest after `waitMs`. Never fails. */
  loaded(waitMs: number): Promise<void>
  /** Starts the session and waits for its first result, at most `waitMs`. Fails as `Session.start`. */
  start(waitMs: number): Promise<void>
  /** Fails if the session is being closed or logged out, or the server stops. */
  requireOpen(): void
  /** Resolves when the server stops. */
  ending: Promise<void>
  /** WhatsApp gives no codes for this number. */
  onRefused(): void
  failUnsupported(): never
}

/** Returns `Session.requestPairingCode`. */
export function createPairingRequests(
  hooks: PairingRequestHooks,
): (phone: PhoneNumber) => Promise<PairingCode | null> {
  const { clock, engines, pairing, standing } = hooks
  let last: Promise<unknown> = Promise.resolve()

  async function request(phone: PhoneNumber, deadline: number): Promise<PairingCode | null> {
    hooks.requireOpen()
    const timeLeft = () => deadline - clock.now()
    // The caller has already received its timeout; a code that nothing displays would only end the previous
    // one.
    if (timeLeft() <= 0) fail('whatsapp_timeout')
    if (hooks.isLinked()) {
      await hooks.loaded(timeLeft())
      hooks.requireOpen()
    }
    if (standing().state === 'ready') return null
    if (hooks.isLinked()) fail('session_exists')
    await hooks.start(timeLeft())
    const { state, reason, lastError } = standing()
    if (state === 'authenticated' || state === 'ready') return null
    if (state === 'starting') fail('starting', { retryAfterS: 5 })
    if (reason === 'unsupported') hooks.failUnsupported()
    const engine = engines.current()
    if (state !== 'qr' || engine === null)
      fail('start_failed', lastError === null ? {} : { detail: lastError })
    const isCurrent = engines.mark()
    pairing.onCodeAsked()
    const code = await engine.requestPairingCode(phone).catch((error) => {
      if (!isCurrent()) return null
      // A QR code was scanned in the meantime: no code is awaited any more.
      if (standing().state !== 'qr') throw error
      // Another request has ended the QR code that was shown before.
      if (error instanceof AppError && error.code === 'pairing_refused') hooks.onRefused()
      else pairing.onNoCode()
      throw error
    })
    if (code === null || !isCurrent())
      fail('start_failed', { detail: standing().lastError ?? 'The session was closed in the meantime.' })
    if (standing().state !== 'qr') return null
    if (timeLeft() <= 0) {
      // The caller has already received its timeout: an undelivered code must not replace the QR code.
      pairing.onNoCode()
      fail('whatsapp_timeout')
    }
    return pairing.onCode(code)
  }

  return (phone) => {
    const deadline = clock.now() + PAIRING_MS
    const mine = last.then(() => request(phone, deadline))
    last = mine.catch(() => {})
    // WhatsApp may take long to answer.
    const ended = hooks.ending.then(() => fail('shutting_down'))
    const first = Promise.race([mine, ended])
    return withDeadline(clock, 'Asking for a pairing code', PAIRING_MS, first).catch((error) => {
      if (error instanceof AppError) throw error
      fail('whatsapp_timeout', { cause: error })
    })
  }
}
