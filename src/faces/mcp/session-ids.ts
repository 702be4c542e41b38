/** Ids of MCP sessions that are known as ours for ever: random, and signed with a key that outlives the process. */
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

export type SessionIds = {
  /** A new one: 43 visible ASCII characters. */
  mint(): string
  /** Made with this key, by this process or one before; says nothing about whether its session lives. */
  isOurs(id: string): boolean
}

const RANDOM_BYTES = 16
const SIGNATURE_BYTES = 16
const SHAPE = /^[\w-]{43}$/

/** @param key secret; with another one, ids made before are foreign */
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
