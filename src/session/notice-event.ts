/** The events that follow from notices of groups. */
import type { EventKind, GroupField, StoredData } from '../model/events.ts'
import type { Jid } from '../model/ids.ts'
import type { SeenMessage } from '../model/seen.ts'

/** WhatsApp's own words for what changed (WAWebGroupNotificationTypes; the library: GroupNotificationTypes). */
const FIELDS: ReadonlyMap<string, GroupField> = new Map([
  ['subject', 'name'],
  ['description', 'description'],
  ['picture', 'picture'],
  ['announce', 'only_admins_send'],
  ['restrict', 'only_admins_edit'],
  ['member_add_mode', 'only_admins_add'],
  ['membership_approval_mode', 'approve_members'],
  ['ephemeral', 'disappearing_s'],
  ['revoke_invite', 'invite'],
])

/**
 * Returns the event of a new notice; null: what it says has other events, or none. `people`: each of them has an event of their own;
 * otherwise it is about the sender.
 */
export function eventOfNotice({
  content,
  mentions,
}: SeenMessage): { kind: EventKind; data: StoredData; people?: readonly Jid[] } | null {
  const { action = '' } = content.notice ?? {}
  // A person who uses the invite link is the sender. A member who may not add people asks for others.
  if (action === 'membership_approval_request') return { kind: 'group.join_requested', data: {} }
  if (action === 'created_membership_requests')
    return { kind: 'group.join_requested', data: {}, people: mentions }
  const field = FIELDS.get(action)
  return field === undefined ? null : { kind: 'group.changed', data: { fields: [field] } }
}
