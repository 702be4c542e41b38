/** Telling the linked devices what changed: now, or when the page that lost its connection is back. */
import type { Push } from '../wire.ts'
import type { Account, Device } from './accounts.ts'
import { type Context, type Session, sessionsOf } from './context.ts'

/** Changes kept for one page that is away; a page that misses more than that will have started anew. */
const waitingMost = 10_000

/**
 * Send a push to every linked device of the account but the page that caused it. A device whose page is away gets it
 * when that same page resumes; a page that starts anew shows the present state instead, see {@link dropWaiting}.
 */
export function tell(
  context: Context,
  account: Account,
  toPush: (device: Device) => Push,
  except?: Session,
): void {
  for (const device of account.devices.values()) {
    const live = sessionsOf(context, account, device.id).filter((session) => session.live)
    for (const session of live) if (session !== except) session.send(toPush(device))
    if (live.length > 0) continue
    const waiting = context.waiting.get(device.id) ?? []
    if (waiting.length < waitingMost) waiting.push(toPush(device))
    context.waiting.set(device.id, waiting)
  }
}

/** Everything that waited for this page's return, in order. */
export function sendWaiting(context: Context, session: Session, deviceId: string): void {
  const waiting = context.waiting.get(deviceId) ?? []
  context.waiting.delete(deviceId)
  for (const push of waiting) session.send(push)
}

/** The page starts anew: it is given the present state. */
export function dropWaiting(context: Context, deviceId: string): void {
  context.waiting.delete(deviceId)
}
