/** The next step for a session in a given situation: one sentence for people and agents. Pure. */
import type { Restriction } from '../model/restriction.ts'
import type { Reason, SessionState } from '../model/status.ts'

export type Situation = {
  state: SessionState
  reason: Reason | null
  /** `last_error` of the status: why the session is in this state. */
  lastError: string | null
  connected: boolean
  /** What WhatsApp does not let this account do now. */
  restriction: Restriction | null
  /** What waits for a person; null: nothing, or the next QR code. */
  pairing: 'qr' | 'code' | 'passkey' | null
  linked: boolean
  reconnecting: boolean
  /**
   * How to repair an archive or auth directory that cannot be opened or written; null if nothing is wrong.
   */
  archiveHint: string | null
}

/**
 * Returns the next step, or null if there is nothing to do. The archive hint comes before a start: it may
 * require a stopped server, and messages that arrive in the meantime are not stored. A QR code to scan and a
 * block by WhatsApp come before the archive hint.
 */
export function nextStep(situation: Situation): string | null {
  const { state, reason, connected, pairing, archiveHint } = situation
  switch (state) {
    case 'ready':
      if (!connected) return 'Nothing to do: reconnecting automatically.'
      return archiveHint ?? restrictedStep(situation.restriction)
    case 'starting':
      return 'Wait: the browser is starting.'
    case 'authenticated':
      return 'Wait: WhatsApp Web is loading the session.'
    case 'qr':
      return PAIRING_STEPS[pairing ?? 'qr']
    case 'stopped':
      return stoppedStep(situation)
    case 'auth_failure':
      return reason === 'passkey_required'
        ? 'This account confirms new devices with a passkey: start with WHATSAPP_HEADLESS=false and confirm in the browser window.'
        : 'POST /api/auth/start to try again.'
    case 'disconnected':
      return disconnectedStep(situation)
  }
}

const PAIRING_STEPS = {
  qr: 'On the phone, open WhatsApp > Linked devices > Link a device, then scan the QR code at /qr.',
  code: 'On the phone, open WhatsApp > Linked devices > Link a device > Link with phone number instead, then type the pairing code.',
  passkey:
    'Confirm the passkey of this account in the browser window. Without a window (WHATSAPP_HEADLESS=true), wait until this start ends, then start with WHATSAPP_HEADLESS=false.',
} satisfies Record<NonNullable<Situation['pairing']>, string>

/** Linking again or restarting makes a restriction longer (waha#2166, Baileys#1983). */
function restrictedStep(restriction: Restriction | null): string | null {
  if (restriction === null) return null
  const until = restriction.ends_at === null ? 'for now' : `until ${restriction.ends_at}`
  return `Wait: WhatsApp does not let this account write to new people ${until}. Replies work. Do not link it again.`
}

function stoppedStep({ reason, lastError, linked, archiveHint }: Situation): string {
  if (reason === 'blocked') return UPDATE
  if (reason === 'unsupported') return UNSUPPORTED
  if (archiveHint !== null) return archiveHint
  if (reason === 'queued') return 'Wait: the server starts its accounts a few at a time.'
  if (reason === 'logged_out')
    return 'The device was removed on the phone. POST /api/auth/start to link it again.'
  if (hadNoNetwork(reason, lastError)) return `${CHECK_NETWORK}, then POST /api/auth/start to try again.`
  return linked ? 'POST /api/auth/start to connect.' : 'POST /api/auth/start to link an account.'
}

function disconnectedStep({ reason, lastError, reconnecting, archiveHint }: Situation): string {
  if (reason === 'blocked') return UPDATE
  if (reason === 'unsupported') return UNSUPPORTED
  if (reason === 'conflict' && !reconnecting) {
    return 'Another browser uses this session. Close WhatsApp Web there, then POST /api/auth/start.'
  }
  if (archiveHint !== null) return archiveHint
  if (hadNoNetwork(reason, lastError)) return `${CHECK_NETWORK}; the session restarts automatically.`
  if (reason === 'offline') return 'Check the network; the session reconnects automatically.'
  return 'Nothing to do: the session restarts automatically.'
}

const UPDATE = 'WhatsApp refuses this client. Update whatsapp-mcp-api, and check the phone for a notice.'
const UNSUPPORTED =
  'Update whatsapp-mcp-api: this build of WhatsApp Web lacks what the link needs. GET /api/capabilities says what.'
const CHECK_NETWORK = 'Check the network, for example with whatsapp-mcp-api doctor'

/** True if `last_error` holds a network error of Chromium (engine/wweb/start-problem.ts). */
export function hadNoNetwork(reason: Reason | null, lastError: string | null): boolean {
  return reason === 'start_failed' && lastError?.includes('net::ERR_') === true
}
