/** What to do now, in one sentence for people and agents. Pure. */
import type { Reason, SessionState } from '../model/status.ts'

export type Situation = {
  state: SessionState
  reason: Reason | null
  /** Why it is in this state, for people. */
  lastError: string | null
  connected: boolean
  linked: boolean
  reconnecting: boolean
  /** How to mend an archive that cannot be opened or written, or a directory that cannot; null: nothing is wrong. */
  archiveHint: string | null
}

/**
 * The next step in this situation; null where nothing is to do. An archive to be mended goes before a start: its hint may be to
 * stop the server, and what comes meanwhile is not kept. A phone that is waited for, and what WhatsApp refuses, go before it.
 */
export function nextStep(situation: Situation): string | null {
  const { state, reason, connected, archiveHint } = situation
  switch (state) {
    case 'ready':
      return connected ? archiveHint : 'Nothing to do: the connection is being won back by itself.'
    case 'starting':
      return 'Wait: the browser is starting.'
    case 'authenticated':
      return 'Wait: the session is being loaded.'
    case 'qr':
      return 'On the phone: WhatsApp > Linked devices > Link a device, and scan the code at /qr.'
    case 'stopped':
      return stoppedStep(situation)
    case 'auth_failure':
      return reason === 'passkey_required'
        ? 'This account confirms new devices with a passkey: start with WHATSAPP_HEADLESS=false and answer in the browser window.'
        : 'POST /api/auth/start to try again.'
    case 'disconnected':
      return disconnectedStep(situation)
  }
}

function stoppedStep({ reason, lastError, linked, archiveHint }: Situation): string {
  if (reason === 'blocked') return UPDATE
  if (archiveHint !== null) return archiveHint
  if (reason === 'logged_out')
    return 'This device was removed on the phone. POST /api/auth/start to link it again.'
  if (hadNoNetwork(reason, lastError)) return `${CHECK_NETWORK}, then POST /api/auth/start to try again.`
  return linked ? 'POST /api/auth/start to connect.' : 'POST /api/auth/start to link an account.'
}

function disconnectedStep({ reason, lastError, reconnecting, archiveHint }: Situation): string {
  if (reason === 'blocked') return UPDATE
  if (reason === 'conflict' && !reconnecting) {
    return 'Another browser uses this session. Close it there, then POST /api/auth/start.'
  }
  if (archiveHint !== null) return archiveHint
  if (hadNoNetwork(reason, lastError)) return `${CHECK_NETWORK}; it is started again by itself.`
  if (reason === 'offline') return 'Check the network; the connection comes back by itself.'
  return 'Nothing to do: it is being started again by itself.'
}

const UPDATE = 'WhatsApp refuses this client. Update whatsapp-mcp-api, and look at the phone for a notice.'
const CHECK_NETWORK = 'Check the network, for example with whatsapp-mcp-api doctor'

/** Chromium's name for the failure stands in `last_error` then (engine/wweb/start-problem.ts). */
function hadNoNetwork(reason: Reason | null, lastError: string | null): boolean {
  return reason === 'start_failed' && lastError?.includes('net::ERR_') === true
}
