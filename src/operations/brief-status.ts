/** The short form of the status, for agents: without fields that only the owner of the machine needs. */
import type { z } from 'zod'
import { counted } from '../model/counted.ts'
import { Status } from '../model/status.ts'
import { facts, lines, quoted } from './brief.ts'

export const BriefStatus = Status.pick({
  state: true,
  connected: true,
  linked: true,
  has_qr: true,
  since_at: true,
  reason: true,
  last_error: true,
  next_step: true,
  account: true,
  pairing: true,
  reconnect: true,
  sync: true,
}).extend({
  archive: Status.shape.archive
    .unwrap()
    .pick({ messages: true, problem: true, stale_since: true })
    .nullable(),
})

/** Returns the status as text, one line for each fact. */
export function statusText(status: z.infer<typeof BriefStatus>): string {
  const { account, pairing, reconnect, sync, archive } = status
  return lines(
    facts({ State: status.state, since: status.since_at, reason: status.reason }),
    `${status.connected ? 'Connected' : 'Not connected'}, ${status.linked ? 'linked' : 'not linked'}`,
    status.next_step !== null && `Next step: ${status.next_step}`,
    status.last_error !== null && `Last error: ${quoted(status.last_error)}`,
    account !== null &&
      `Account: ${facts({
        wid: account.wid,
        name: account.pushname === null ? null : quoted(account.pushname),
        platform: account.platform,
      })}`,
    status.has_qr && 'A QR code can be scanned',
    pairing !== null && `Ready for the phone: ${pairing.method}, valid until ${pairing.expires_at}`,
    reconnect !== null &&
      `Reconnecting automatically: attempt ${reconnect.attempt} at ${reconnect.next_attempt_at}`,
    sync !== null &&
      `Reading from WhatsApp: ${sync.phase}, ${sync.chats_done} of ${counted(sync.chats_total, 'chat')}, ${counted(sync.messages, 'message')}`,
    archive !== null &&
      `Archive: ${facts({
        messages: archive.messages,
        'cannot be opened': archive.messages === null,
        problem: archive.problem,
        'complete until': archive.stale_since,
      })}`,
  )
}
