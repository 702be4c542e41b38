/** A restriction that WhatsApp imposed on the account: it may not write to people who have not written to it. */
import { z } from 'zod'

/**
 * `new_chats`: WhatsApp's code 463, a time lock after reports or unusual sending. `quota`: code 475, the
 * messages to new people of this cycle are used up.
 */
export const RESTRICTIONS = { new_chats: 463, quota: 475 } as const

export const Restriction = z.object({
  kind: z
    .enum(['new_chats', 'quota'])
    .describe(
      'new_chats: WhatsApp locked new chats for a while (its code 463). quota: the messages to new people of this cycle are used up (475).',
    ),
  ends_at: z.string().nullable().describe('ISO 8601 UTC; null if WhatsApp does not say.'),
})
export type Restriction = z.infer<typeof Restriction>
