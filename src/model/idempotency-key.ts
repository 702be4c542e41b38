/** The key of a request that happens once, however often it is repeated. */
import { z } from 'zod'

/** A caller makes it, such as a UUID. */
export const idempotencyKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,200}$/, 'must be 1 to 200 visible ASCII characters, such as a UUID')
  .describe('A new UUID for this message. Repeat it only to repeat the same call: it is then sent once.')
