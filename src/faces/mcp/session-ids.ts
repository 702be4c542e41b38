/** Ids of MCP sessions: random, and signed with a key that stays the same after a restart. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type SessionIds = {
  /** Returns a new id: 43 visible ASCII characters. */
  mint(): string
  /** Returns true if the id was signed with this key, by any process. Its session may have ended. */
  isOurs(id: string): boolean
}

const RANDOM_BYTES = 16
const SIGNATURE_BYTES = 16
const SHAPE = /^[\w-]{43}$/

/** @param key secret; ids that were signed with another key are foreign */
export function createSessionIds(key: string): SessionIds {
  const sign = (random: Buffer) =>
    createHmac('sha256', key).update('mcp session ').update(random).digest().subarray(0, SIGNATURE_BYTES)
  return {
    mint() {
      const random = randomBytes(RANDOM_BYTES)
      return Buffer.concat([random, sign(random)]).toString('base64url')
    },
    isOurs(id) {
      if (!SHAPE.test(id)) return false
      const bytes = Buffer.from(id, 'base64url')
      return timingSafeEqual(sign(bytes.subarray(0, RANDOM_BYTES)), bytes.subarray(RANDOM_BYTES))
    },
  }
}
