/** The doctor's check of webhooks: which deliver nothing, and why. */

import { counted } from '../model/counted.ts'
import { askServer, ok, type Situation, type Verdict, warning } from './doctor-check.ts'
import { localTime } from './local-time.ts'
import type { Webhook } from './webhook-lines.ts'

/** Checks that the webhooks of the running server deliver. */
export async function checkWebhooks(situation: Situation): Promise<Verdict> {
  const found = await askServer<{ webhooks: Webhook[] }>(situation, '/api/webhooks')
  if (found === null) return ok('The webhooks could not be read.')
  const wrong = found.webhooks.map(wrongWith).find((one) => one !== null)
  if (wrong != null) return wrong
  return ok(
    found.webhooks.length === 0
      ? 'The server has no webhooks.'
      : 'Every webhook delivers, or the owner paused it.',
  )
}

function wrongWith({ id, paused, paused_reason: why, last_attempt: last, ...one }: Webhook): Verdict | null {
  const what = `The webhook ${id}`
  if (paused && why !== 'owner')
    return warning(
      `${what} is paused (${why}).`,
      `Resume it: "whatsapp-mcp-api webhooks resume ${id}", or delete it.`,
    )
  if (one.dead_deliveries > 0)
    return warning(
      `${what} has ${counted(one.dead_deliveries, 'dead delivery', 'dead deliveries')}.`,
      `See "whatsapp-mcp-api webhooks deliveries ${id} --state dead". Replay them when the receiver works.`,
    )
  if (one.failing_chats > 0) {
    const answer = last === null ? 'no attempt since the start' : (last.error ?? `status ${last.status}`)
    return warning(
      `${what} fails in ${counted(one.failing_chats, 'chat')} (last attempt: ${answer}).`,
      `Check the receiver, then run "whatsapp-mcp-api webhooks test ${id}".`,
    )
  }
  if (one.lost_events_at !== null)
    return warning(
      `${what} missed events that were deleted before they were delivered, at ${localTime(one.lost_events_at)}.`,
      'Read what the receiver misses from the archive. Set WHATSAPP_EVENTS_DAYS to keep events longer.',
    )
  return null
}
