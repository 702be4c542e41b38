/** The memory that one account's browser and the server use. */
import { z } from 'zod'

export const Memory = z.object({
  level: z
    .enum(['normal', 'soft', 'hard'])
    .describe(
      'soft, hard: the browser is above this limit. Above the hard limit it restarts when no call runs.',
    ),
  browser_bytes: z
    .int()
    .min(0)
    .nullable()
    .describe('The browser of this account and its helpers; null if the system does not tell.'),
  node_bytes: z.int().min(0).describe('The server itself, all accounts together.'),
  soft_limit_bytes: z.int().min(0).nullable(),
  hard_limit_bytes: z.int().min(0).nullable(),
  sampled_at: z.string().describe('ISO 8601 UTC.'),
})
export type Memory = z.infer<typeof Memory>
