/** The signature of a delivery, as Standard Webhooks define it (github.com/standard-webhooks/standard-webhooks, spec). */
import { createHmac, randomBytes } from 'node:crypto'

/** Stands before the Base64 of a secret. */
export const SECRET_PREFIX = 'whsec_'
/** Lengths of a secret in bytes that the specification allows. */
const BYTES = { min: 24, max: 64 }

/** Returns a new secret in Base64, without its prefix. */
export function newSecret(): string {
  return randomBytes(32).toString('base64')
}

/** Returns the Base64 of a secret that a caller chose; null if it is none: `whsec_` and the Base64 of 24 to 64 bytes. */
export function readSecret(text: string): string | null {
  const base64 = text.startsWith(SECRET_PREFIX) ? text.slice(SECRET_PREFIX.length) : ''
  const bytes = Buffer.from(base64, 'base64')
  const isWhole = bytes.toString('base64') === base64
  return isWhole && bytes.length >= BYTES.min && bytes.length <= BYTES.max ? base64 : null
}

/**
 * Returns the headers of a delivery: its id, the time of this attempt and one signature for each secret.
 * @param secrets Base64, without prefixes
 */
export function signedHeaders(
  { id, body, atMs }: { id: string; body: string; atMs: number },
  secrets: readonly string[],
): Record<string, string> {
  const seconds = Math.floor(atMs / 1_000)
  const signatures = secrets.map((secret) => {
    const hmac = createHmac('sha256', Buffer.from(secret, 'base64'))
    return `v1,${hmac.update(`${id}.${seconds}.${body}`).digest('base64')}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': String(seconds),
    'webhook-signature': signatures.join(' '),
  }
}
