/** Informs the linked devices of changes: now, or when a page that lost its connection has reconnected. */
import type { Push } from '../wire.ts'
import type { Account, Device } from './accounts.ts'
import { type Context, type Session, sessionsOf } from './context.ts'

/** Changes stored for one disconnected page; a page that misses more is expected to restart. */
const waitingMost = 10_000

/**
 * Sends a push to every linked device of the account except the page that caused it. A device whose page is
 * disconnected receives it when that page resumes; a restarted page shows the current state, see {@link
 * dropWaiting}.
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

/** Sends all changes that waited for this page's return, in order. */
export function sendWaiting(context: Context, session: Session, deviceId: string): void {
  const waiting = context.waiting.get(deviceId) ?? []
  context.waiting.delete(deviceId)
  for (const push of waiting) session.send(push)
}

/** The page has restarted: it receives the current state. */
export function dropWaiting(context: Context, deviceId: string): void {
  context.waiting.delete(deviceId)
}
