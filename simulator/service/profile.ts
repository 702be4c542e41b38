/** The own profile of the account, and what people show of themselves. */
import type { Requests } from '../wire.ts'
import type { WorldContact } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { findPerson } from './addresses.ts'
import type { Context, Session } from './context.ts'
import { tell } from './telling.ts'

/** WhatsApp Web: `WAWebPushname` and `WAWebContactStatusBridge` cut nothing; the server refuses. */
const longest = { pushname: 25, about: 139 }

/** Changes the profile as a linked device asks, or refuses as the server does: 406 not acceptable, 429 too often. */
export function setProfile(
  context: Context,
  account: Account,
  changes: Requests['set_profile']['args'],
  session?: Session,
): Requests['set_profile']['answer'] {
  if (context.faults.isOn('profile_limited'))
    return { error: { name: 'IQErrorRateOverlimit', code: 429, text: 'rate-overlimit' } }
  const { pushname, about } = changes
  const isTooLong = (pushname ?? '').length > longest.pushname || (about ?? '').length > longest.about
  if (isTooLong || pushname === '') return { error: { name: '', code: 406, text: 'not-acceptable' } }
  context.accounts.change(account, changes)
  if (pushname !== undefined) tell(context, account, () => ({ push: 'conn', conn: { pushname } }), session)
  context.changed()
  return null
}

/** `smba`: WhatsApp Business on Android. */
export function setBusiness(context: Context, account: Account, isBusiness: boolean): void {
  const platform = isBusiness ? 'smba' : 'android'
  context.accounts.change(account, { platform })
  tell(context, account, () => ({ push: 'conn', conn: { platform } }))
}

/** Own about text, or another person's. Contacts of the double hide theirs. */
export function aboutOf({ info }: Account, jid: string): string | null {
  const [user] = jid.split('@')
  return user === info.phone || user === info.lid ? (info.about ?? 'Available') : null
}

/** The server says who is online only to accounts that are shown as online themselves. */
export function watchPresence(context: Context, account: Account, session: Session, jid: string): void {
  const person = findPerson(account, jid)
  const shown = context.presences.findLast(({ chat }) => chat === null)
  if (person && shown?.state === 'available') session.send(toPresence(jid, person))
}

function toPresence(jid: string, { online = false, lastSeen }: Partial<WorldContact>) {
  return { push: 'presence' as const, jid, online, ...(lastSeen === undefined ? {} : { lastSeen }) }
}
