/** What to do now, in one sentence for people and agents. Pure. */
import type { Reason, SessionState } from '../model/status.ts'

type Situation = {
  state: SessionState
  reason: Reason | null
  connected: boolean
  linked: boolean
  reconnecting: boolean
}

/** The next step in this situation; null where nothing is to do. */
export function nextStep({ state, reason, connected, linked, reconnecting }: Situation): string | null {
  switch (state) {
    case 'ready':
      return connected ? null : 'Nothing to do: the connection is being won back by itself.'
    case 'starting':
      return 'Wait: the browser is starting.'
    case 'authenticated':
      return 'Wait: the session is being loaded.'
    case 'qr':
      return 'On the phone: WhatsApp > Linked devices > Link a device, and scan the code at /qr.'
    case 'stopped':
      return stoppedStep(reason, linked)
    case 'auth_failure':
      return reason === 'passkey_required'
        ? 'This account confirms new devices with a passkey: start with WHATSAPP_HEADLESS=false and answer in the browser window.'
        : 'POST /api/auth/start to try again.'
    case 'disconnected':
      return disconnectedStep(reason, reconnecting)
  }
}

function stoppedStep(reason: Reason | null, linked: boolean): string {
  if (reason === 'logged_out')
    return 'This device was removed on the phone. POST /api/auth/start to link it again.'
  if (reason === 'blocked')
    return 'WhatsApp refuses this client. Update whatsapp-mcp-api, and look at the phone for a notice.'
  return linked ? 'POST /api/auth/start to connect.' : 'POST /api/auth/start to link an account.'
}

function disconnectedStep(reason: Reason | null, reconnecting: boolean): string {
  if (reason === 'blocked')
    return 'WhatsApp refuses this client. Update whatsapp-mcp-api, and look at the phone for a notice.'
  if (reason === 'conflict' && !reconnecting) {
    return 'Another browser uses this session. Close it there, then POST /api/auth/start.'
  }
  if (reason === 'offline') return 'Check the network; the connection comes back by itself.'
  return 'Nothing to do: it is being started again by itself.'
}
