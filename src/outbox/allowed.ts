/** The checks before each send: is the account still linked to the same number, and does WhatsApp restrict it? */
import type { OutboxRow } from '../control.ts'
import { fail } from '../errors.ts'
import { chatKindOf, type Jid } from '../model/ids.ts'
import type { Restriction } from '../model/restriction.ts'
import type { Status } from '../model/status.ts'

/**
 * While WhatsApp restricts the account, nothing is sent to people of whom the archive has no message. About the others,
 * WhatsApp decides. @throws AppError `account_restricted`
 */
export async function demandAllowed(
  to: Jid,
  restriction: Restriction,
  nowMs: number,
  lastMessageAt: (to: Jid) => Promise<string | null>,
): Promise<void> {
  if (chatKindOf(to) !== 'direct') return
  if ((await lastMessageAt(to)) !== null) return
  const { kind, ends_at } = restriction
  fail('account_restricted', {
    facts: { kind, ends_at },
    ...(ends_at === null
      ? {}
      : { retryAfterS: Math.max(1, Math.ceil((Date.parse(ends_at) - nowMs) / 1_000)) }),
  })
}

/** Why an item of another number is not sent. */
export const UNLINKED = {
  code: 'send_withdrawn',
  detail: 'The account was logged out, or another number was linked.',
} as const

/** Why an item of a key that may not send any more is not sent. */
export const REVOKED = {
  code: 'send_withdrawn',
  detail: 'The key that scheduled it has expired, was revoked, or may not send any more.',
} as const

/** True if the account that the item was written for is no longer linked. */
export function isForAnother(
  { number }: Pick<OutboxRow, 'number'>,
  { linked, account }: Pick<Status, 'linked' | 'account'>,
): boolean {
  return !linked || (account !== null && account.wid !== number)
}
