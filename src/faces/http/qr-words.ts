/** What /qr says about the session, for the page and for terminals. */
import { describeSync, type SessionState, type Status } from '../../model/status.ts'

export const HEADLINES: Record<SessionState, string> = {
  stopped: 'Not linked yet',
  starting: 'Starting…',
  qr: 'Link your WhatsApp',
  authenticated: 'Linked. Loading your chats…',
  ready: 'Linked',
  auth_failure: 'Linking failed',
  disconnected: 'Connection lost',
}

/** The route that starts the session, as the status and the error table name it. */
const START_ROUTE = 'POST /api/auth/start'

/** The state of the session in a few words. May hold the account's name, as its owner wrote it. */
export function headline({ state, linked, account }: Status): string {
  if (state === 'ready') return `Linked as ${account?.pushname ?? account?.wid ?? 'your account'}`
  return state === 'stopped' && linked ? 'Linked, but not running' : HEADLINES[state]
}

/** What to know while there is no QR code to show: a sentence each, at least one. */
export function explain(status: Status): string[] {
  const lines: string[] = []
  if (status.pairing?.method === 'code') lines.push('A pairing code is waiting to be typed on the phone.')
  else if (status.state === 'qr') lines.push('The last code expired; a new one is on its way.')
  else if (status.state === 'stopped') lines.push('No QR code is available yet.')
  if (status.last_error !== null) lines.push(status.last_error)
  if (status.next_step !== null && status.state !== 'qr') lines.push(status.next_step)
  if (status.reconnect !== null)
    lines.push(`Attempt ${status.reconnect.attempt} at ${status.reconnect.next_attempt_at}.`)
  const filling = describeSync(status.sync)
  if (filling !== null) lines.push(filling)
  if (status.archive?.problem) lines.push(ARCHIVE_PROBLEM)
  if (lines.length === 0) lines.push('Everything is up and running.')
  return lines
}

const ARCHIVE_PROBLEM =
  'Messages cannot be kept: see `archive` in GET /api/status, and docs/troubleshooting.md.'

/** A sentence that names the route to start the session, for readers who have a button. */
export function withButton(sentence: string): string {
  return sentence
    .replace(new RegExp(`(^|[.!?] )${START_ROUTE}`, 'g'), '$1Press Start')
    .replaceAll(START_ROUTE, 'press Start')
}
