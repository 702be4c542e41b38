/** Delivers to a URL: each request is signed, and its address is checked. */
import type { Clock } from '../clock.ts'
import type { WebhookRow } from '../control.ts'
import type { DeliveryError } from '../model/webhook.ts'
import type { Delivering } from './receiver.ts'
import { createSender } from './sender.ts'
import { signedHeaders } from './signature.ts'

/** What signs deliveries. */
export type Secrets = Pick<WebhookRow, 'secret' | 'old'>

export type SignedOptions = {
  /** The origins that may have any address. */
  origins: readonly string[]
  version: string
  clock: Clock
}

/** @param secrets returns the secrets as they are now */
export function createSigned(
  url: URL,
  secrets: () => Secrets,
  { origins, version, clock }: SignedOptions,
): Delivering<DeliveryError> {
  const sender = createSender(url, origins.includes(url.origin), clock)
  return {
    close: sender.close,
    deliver(id, body, signal) {
      const { secret, old } = secrets()
      const valid = old !== null && old.untilMs > clock.now() ? [secret, old.secret] : [secret]
      const headers = signedHeaders({ id, body, atMs: clock.now() }, valid)
      return sender.send(body, { 'user-agent': `whatsapp-mcp-api/${version}`, ...headers }, signal)
    },
  }
}
