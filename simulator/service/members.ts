/** Members that a linked device adds, removes, promotes or demotes: what the server answers for each person. */
import type { MemberAction, MemberResult, Requests } from '../wire.ts'
import type { Account, Group } from './accounts.ts'
import { findPerson } from './addresses.ts'
import { post } from './content.ts'
import type { Context } from './context.ts'
import { actInGroup, createGroup } from './groups.ts'
import { makeInviteCode } from './seed.ts'
import { adminsOf, toWireGroup } from './wire-forms.ts'

/** Members of a group at most, the account among them (WhatsApp Web: `group_size_limit`). */
const groupSize = 1_024
/** Days in which a private invitation is valid. */
const inviteDays = 3

/** Applies the action to each person whom it can apply to. */
export function changeMembers(
  context: Context,
  account: Account,
  { group: id, action, people }: Requests['change_members']['args'],
): Requests['change_members']['answer'] {
  const group = account.groups.get(id)
  if (!group) return { error: { name: '', code: 404, text: 'item-not-found' } }
  const isAdmin = adminsOf(group).includes(account.info.phone)
  if (group.left || !(isAdmin || (action === 'add' && !group.adminsAdd)))
    return { error: { name: '', code: 403, text: 'forbidden' } }
  const results = people.map((jid) => toResult(context, account, group, action, jid, isAdmin))
  const asked = results.flatMap(({ jid, code, requestError }) => {
    const phone = findPerson(account, jid)?.phone
    return code === 421 && requestError === undefined && phone !== undefined ? [phone] : []
  })
  if (asked.length > 0) {
    const t = context.clock.now()
    const requests = [...(group.requests ?? []), ...asked.map((phone) => ({ phone, t }))]
    account.groups.set(id, { ...group, requests })
    context.changed()
  }
  const recipients = results.flatMap(({ jid, code }) =>
    code === 200 ? [findPerson(account, jid)?.phone ?? ''] : [],
  )
  if (recipients.length > 0)
    actInGroup(context, account, {
      group: id,
      subtype: action,
      by: account.info.phone,
      recipients,
      free: true,
      change: (before) => changes[action](before, recipients),
    })
  return { results }
}

const without = (all: string[], some: string[]): string[] => all.filter((one) => !some.includes(one))

const changes: Record<MemberAction, (before: Group, recipients: string[]) => Partial<Group>> = {
  add: ({ members }, recipients) => ({ members: [...members, ...recipients] }),
  remove: (before, recipients) => ({
    members: without(before.members, recipients),
    admins: without(adminsOf(before), recipients),
  }),
  promote: (before, recipients) => ({
    admins: [...without(adminsOf(before), recipients), ...recipients],
  }),
  demote: (before, recipients) => ({ admins: without(adminsOf(before), recipients) }),
}

/**
 * 403: only by invitation. 404: not on WhatsApp, or no member. 408: left lately. 409: is a member. 421: an admin must approve. 500:
 * the group is full (WAWebGroupStringsAction).
 */
function toResult(
  context: Context,
  account: Account,
  group: Group,
  action: MemberAction,
  jid: string,
  isAdmin = true,
): MemberResult {
  const person = findPerson(account, jid)
  if (!person) return { jid, code: 404 }
  const isMember = group.members.includes(person.phone) || person.phone === account.info.phone
  if (action !== 'add') return { jid, code: isMember ? 200 : 404 }
  if (isMember) return { jid, code: 409 }
  if (group.leftLately?.includes(person.phone)) return { jid, code: 408 }
  if (account.contacts.get(person.phone)?.invitesOnly) {
    const inviteUntil = context.clock.now() + inviteDays * 86_400
    return { jid, code: 403, inviteCode: makeInviteCode(context.random), inviteUntil }
  }
  const isFull = group.members.length + 1 >= groupSize || context.faults.isOn('group_full')
  if (group.approves && !isAdmin) {
    const isAsked = group.requests?.some(({ phone }) => phone === person.phone)
    return { jid, code: 421, ...(isFull ? { requestError: 419 } : isAsked ? { requestError: 304 } : {}) }
  }
  if (isFull) return { jid, code: 500 }
  return { jid, code: 200 }
}

/** Creates a group of those who can be added. The others are in the answer, each with the server's code. */
export function createByDevice(
  context: Context,
  account: Account,
  { subject, people, origin }: { subject: string; people: string[]; origin: string },
): Requests['create_group']['answer'] {
  const empty: Group = {
    id: '',
    subject,
    owner: '',
    creation: 0,
    announce: false,
    lidMode: true,
    members: [],
  }
  const results = people.map((jid) => toResult(context, account, empty, 'add', jid))
  const added = results.flatMap(({ jid, code }) =>
    code === 200 ? (findPerson(account, jid)?.phone ?? []) : [],
  )
  const refused = results.flatMap(({ jid, code, inviteCode }) => {
    const person = findPerson(account, jid)
    if (!person || code === 200) return []
    return [
      { phone: person.phone, lid: person.lid, code, ...(inviteCode === undefined ? {} : { inviteCode }) },
    ]
  })
  return {
    ...toWireGroup(account, createGroup(context, account, { subject, members: added, origin })),
    refused,
  }
}

/** The private invitation, as a message in the chat with that person. */
export function inviteMember(
  context: Context,
  account: Account,
  { group, to, code }: Requests['invite_member']['args'],
): void {
  const subject = account.groups.get(group)?.subject ?? ''
  post(
    context,
    account,
    { chat: to, author: account.info.phone },
    {
      type: 'raw',
      model: {
        type: 'groups_v4_invite',
        inviteGrp: { $wid: group },
        inviteCode: code,
        inviteGrpName: subject,
      },
    },
  )
}
