/** The events that follow from notices of groups. */
import type { EventKind, GroupField, StoredData } from '../model/events.ts'
import type { SeenMessage } from '../model/seen.ts'

/** WhatsApp's own words for what changed (WAWebGroupNotificationTypes; the library: GroupNotificationTypes). */
const FIELDS: Readonly<Record<string, GroupField>> = {
  subject: 'name',
  description: 'description',
  picture: 'picture',
  announce: 'only_admins_send',
  restrict: 'only_admins_edit',
  member_add_mode: 'only_admins_add',
  membership_approval_mode: 'approve_members',
  ephemeral: 'disappearing_s',
  revoke_invite: 'invite',
}

/** Returns the event of a new notice; null: what it says has other events, or none. */
export function eventOfNotice({ content }: SeenMessage): { kind: EventKind; data: StoredData } | null {
  const { action = '' } = content.notice ?? {}
  if (action === 'created_membership_requests') return { kind: 'group.join_requested', data: {} }
  const field = FIELDS[action]
  return field === undefined ? null : { kind: 'group.changed', data: { fields: [field] } }
}
