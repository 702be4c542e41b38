/** Texts about the session for /qr, as a page and in terminals. */
import { describeSync, type SessionState, type Status } from '../../model/status.ts'

const HEADLINES: Record<SessionState, string> = {
  stopped: 'Not linked yet',
  starting: 'Starting…',
  qr: 'Link your WhatsApp',
  authenticated: 'Linked. Loading your chats…',
  ready: 'Linked',
  auth_failure: 'Linking failed',
  disconnected: 'Connection lost',
}

/** The route that starts the session, as it appears in the status and the error table. */
const START_ROUTE = 'POST /api/(?:accounts/[\\w-]+/)?auth/start'

/** Returns the state of the session in a few words, without anything private. */
export function pageTitle({ state, linked }: Status): string {
  return state === 'stopped' && linked ? 'Linked, but stopped' : HEADLINES[state]
}

/** As {@link pageTitle}, with the account's name, as its owner wrote it. */
export function headline(status: Status): string {
  const { state, account } = status
  return state === 'ready'
    ? `Linked as ${account?.pushname ?? account?.wid ?? 'your account'}`
    : pageTitle(status)
}

/** Returns sentences about the session if there is no QR code, at least one. */
export function explain(status: Status): string[] {
  const lines: string[] = []
  const method = status.pairing?.method
  if (method === 'code') lines.push('Type the pairing code on the phone.')
  else if (method === 'passkey')
    lines.push('The phone accepted. WhatsApp requires a passkey to confirm the new device.')
  else if (status.state === 'qr') lines.push('The last QR code expired. A new one is loading.')
  else if (status.state === 'stopped') lines.push('No QR code is available yet.')
  if (status.last_error !== null) lines.push(status.last_error)
  if (status.next_step !== null && (status.state !== 'qr' || method === 'passkey'))
    lines.push(status.next_step)
  if (status.reconnect !== null)
    lines.push(
      `Reconnecting automatically: attempt ${status.reconnect.attempt} at ${status.reconnect.next_attempt_at}.`,
    )
  const filling = describeSync(status.sync)
  if (filling !== null) lines.push(filling)
  if (status.archive?.problem) lines.push(ARCHIVE_PROBLEM)
  if (lines.length === 0) lines.push('The session is running.')
  return lines
}

const ARCHIVE_PROBLEM =
  'New messages cannot be stored. See `archive` in GET /api/status, and docs/troubleshooting.md.'

/** Replaces the route that starts the session with the button of the page. */
export function withButton(sentence: string): string {
  return sentence
    .replace(new RegExp(`(^|[.!?] )${START_ROUTE}`, 'g'), '$1Press Start')
    .replace(new RegExp(START_ROUTE, 'g'), 'press Start')
}
