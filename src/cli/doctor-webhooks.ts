/** The doctor's check of webhooks: which deliver nothing, and why. */
import { serverUrl } from '../config.ts'
import { counted } from '../model/counted.ts'
import { ApiError, openApi } from './client.ts'
import type { Situation } from './doctor-checks.ts'
import type { Webhook } from './webhook-lines.ts'

/** What is found of the webhooks of the server. `wrong`: the first that needs the owner, as a sentence and the next step. */
export type WebhooksFound = { count: number; wrong: { says: string; next: string } | null }

/** Returns what is found; null if the webhooks cannot be read, of which another check says why. */
export async function checkedWebhooks({
  config,
  key,
}: Pick<Situation, 'config' | 'key'>): Promise<WebhooksFound | null> {
  try {
    const api = openApi({ url: serverUrl(config.host, config.port), isNamed: true, key })
    const { webhooks } = await api.get<{ webhooks: Webhook[] }>('/api/webhooks')
    const wrong = webhooks.map(wrongWith).find((one) => one !== null)
    return { count: webhooks.length, wrong: wrong ?? null }
  } catch (error) {
    if (error instanceof ApiError) return null
    throw error
  }
}

function wrongWith({
  id,
  paused,
  paused_reason: why,
  last_attempt: last,
  ...one
}: Webhook): WebhooksFound['wrong'] {
  const what = `The webhook ${id}`
  if (paused && why !== 'owner')
    return {
      says: `${what} is paused (${why}).`,
      next: `Resume it: "whatsapp-mcp-api webhooks resume ${id}", or delete it.`,
    }
  if (one.dead_deliveries > 0)
    return {
      says: `${what} has ${counted(one.dead_deliveries, 'dead delivery', 'dead deliveries')}.`,
      next: `See "whatsapp-mcp-api webhooks deliveries ${id} --state dead". Replay them when the receiver works.`,
    }
  if (one.failing_chats > 0) {
    const answer = last === null ? 'no attempt since the start' : (last.error ?? `status ${last.status}`)
    return {
      says: `${what} fails in ${counted(one.failing_chats, 'chat')} (last attempt: ${answer}).`,
      next: `Check the receiver, then run "whatsapp-mcp-api webhooks test ${id}".`,
    }
  }
  if (one.lost_events_at !== null)
    return {
      says: `${what} missed events that were deleted before they were delivered, at ${one.lost_events_at}.`,
      next: 'Read what the receiver misses from the archive. Set WHATSAPP_EVENTS_DAYS to keep events longer.',
    }
  return null
}
