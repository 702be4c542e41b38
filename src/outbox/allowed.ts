/** The check before each send while WhatsApp restricts the account. */
import { fail } from '../errors.ts'
import { chatKindOf, type Jid } from '../model/ids.ts'
import type { Restriction } from '../model/restriction.ts'

/**
 * While WhatsApp restricts the account, nothing is sent to people of whom the archive has no message. About the others,
 * WhatsApp decides. @throws AppError `account_restricted`
 */
export async function demandAllowed(
  to: Jid,
  restriction: Restriction | null,
  nowMs: number,
  lastMessageAt: (to: Jid) => Promise<string | null>,
): Promise<void> {
  if (restriction === null || chatKindOf(to) !== 'direct') return
  if ((await lastMessageAt(to)) !== null) return
  const { kind, ends_at } = restriction
  fail('account_restricted', {
    facts: { kind, ends_at },
    ...(ends_at === null
      ? {}
      : { retryAfterS: Math.max(1, Math.ceil((Date.parse(ends_at) - nowMs) / 1_000)) }),
  })
}
