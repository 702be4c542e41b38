/** Writes the short form of the status as text, for agents. */
import type { z } from 'zod'
import { counted } from '../model/counted.ts'
import type { Short } from '../model/fields.ts'
import type { Status } from '../model/status.ts'
import { facts, lines, quoted } from './brief.ts'

/** Returns the status as text, one line for each fact. */
export function statusText(status: z.output<Short<typeof Status>>): string {
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
    pairing !== null && `Waiting for a person: ${pairing.method}, valid until ${pairing.expires_at}`,
    reconnect !== null &&
      `Reconnecting automatically: attempt ${reconnect.attempt} at ${reconnect.next_attempt_at}`,
    sync !== null &&
      `Reading from WhatsApp: ${sync.phase}, ${sync.chats_done} of ${counted(sync.chats_total, 'chat')}, ${counted(sync.messages, 'message')}`,
    archive !== null &&
      `Archive: ${facts({
        messages: archive.messages,
        'cannot be opened': archive.messages === null && archive.problem !== null,
        problem: archive.problem,
        'complete until': archive.stale_since,
      })}`,
  )
}
