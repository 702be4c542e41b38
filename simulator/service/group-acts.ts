/** What a linked device does to a group beside its members: its settings, its invite, leaving, joining, join requests. */
import type { GroupAct, GroupAnswer, IqError, Requests } from '../wire.ts'
import type { Account, Group } from './accounts.ts'
import { findPerson } from './addresses.ts'
import type { Context } from './context.ts'
import { actInGroup } from './groups.ts'
import { changeChat, emptyChat } from './messages.ts'
import { makeInviteCode } from './seed.ts'
import { tell } from './telling.ts'
import { adminsOf, toWireChat, toWireGroup } from './wire-forms.ts'

type Act<K extends GroupAct['kind']> = Extract<GroupAct, { kind: K }>
type Place = { context: Context; account: Account; group: Group; isAdmin: boolean }

const refusal = (code: number, text: string): { error: IqError } => ({ error: { name: '', code, text } })
const forbidden = refusal(403, 'forbidden')
/** WhatsApp Web: `group_max_subject`, `group_description_length`. */
const longest = { subject: 100, description: 2_048 }
const lifetimes = [0, 86_400, 604_800, 7_776_000]

/** Group properties of the server: who may write, edit, add; who must be approved (WAWebGroupConstants). */
const properties: Record<string, (value: number) => Partial<Group>> = {
  announcement: (value) => ({ announce: value === 1 }),
  restrict: (value) => ({ restrict: value === 1 }),
  member_add_mode: (value) => ({ adminsAdd: value === 0 }),
  // Turning it off drops who waits.
  membership_approval_mode: (value) => (value === 1 ? { approves: true } : { approves: false, requests: [] }),
}

const acts: { [K in GroupAct['kind']]: (place: Place, act: Act<K>) => GroupAnswer } = {
  subject(place, { text }) {
    if (text.length > longest.subject) return refusal(406, 'not-acceptable')
    return edit(place, 'subject', text, { subject: text })
  },
  description(place, { text }) {
    if (text.length > longest.description) return refusal(406, 'not-acceptable')
    return edit(place, 'description', text, {
      description: text,
      descriptionId: makeInviteCode(place.context.random),
    })
  },
  property(place, { name, value }) {
    const { context, account, group, isAdmin } = place
    if (name === 'ephemeral') {
      if (group.restrict && !isAdmin) return forbidden
      if (!lifetimes.includes(value)) return refusal(400, 'bad-request')
      changeChat(context, account, group.id, {
        ephemeralDuration: value,
        ephemeralSettingTimestamp: context.clock.now(),
      })
      return change(place, 'ephemeral', String(value), {})
    }
    const set = properties[name]
    if (!set) return refusal(400, 'bad-request')
    if (!isAdmin) return forbidden
    const subtype = name === 'announcement' ? 'announce' : name
    return change(place, subtype as 'restrict', value === 1 ? 'on' : 'off', set(value))
  },
  leave({ context, account, group }) {
    const { phone } = account.info
    actInGroup(context, account, {
      group: group.id,
      subtype: 'leave',
      by: phone,
      recipients: [phone],
      free: true,
      change: (before) => ({ left: true, admins: adminsOf(before).filter((one) => one !== phone) }),
    })
    return {}
  },
  invite: ({ account, group, isAdmin }) =>
    group.adminsAdd && !isAdmin ? forbidden : { invite: inviteOf(account, group) },
  reset_invite(place) {
    if (!place.isAdmin) return forbidden
    const invite = makeInviteCode(place.context.random)
    return { ...change(place, 'revoke_invite', '', { invite }), invite }
  },
  requests({ account, group, isAdmin }) {
    if (!isAdmin) return forbidden
    const people = (group.requests ?? []).flatMap(({ phone, t }) => {
      const person = findPerson(account, phone)
      return person ? [{ phone, lid: person.lid, t }] : []
    })
    return { requests: people }
  },
  answer({ context, account, group, isAdmin }, { person: jid, approve }) {
    if (!isAdmin) return forbidden
    const phone = findPerson(account, jid)?.phone
    if (phone === undefined || !group.requests?.some((one) => one.phone === phone)) return { code: 404 }
    if (approve && context.faults.isOn('group_full')) return { code: 500 }
    const requests = group.requests.filter((one) => one.phone !== phone)
    const members = approve ? [...group.members, phone] : group.members
    if (!approve) account.groups.set(group.id, { ...group, requests })
    else
      actInGroup(context, account, {
        group: group.id,
        subtype: 'add',
        by: account.info.phone,
        recipients: [phone],
        change: () => ({ members, requests }),
      })
    context.changed()
    return { code: 200 }
  },
}

/** Who may edit is a setting of the group. */
function edit(
  place: Place,
  subtype: 'subject' | 'description',
  body: string,
  to: Partial<Group>,
): GroupAnswer {
  return place.group.restrict && !place.isAdmin ? forbidden : change(place, subtype, body, to)
}

function change(
  { context, account, group }: Place,
  subtype: Parameters<typeof actInGroup>[2]['subtype'],
  body: string,
  to: Partial<Group>,
): GroupAnswer {
  actInGroup(context, account, {
    group: group.id,
    subtype,
    by: account.info.phone,
    free: true,
    body,
    change: () => to,
  })
  context.changed()
  return {}
}

/** Every group has an invite from its first look on. */
export function inviteOf(account: Account, group: Group): string {
  if (group.invite !== undefined) return group.invite
  const invite = group.id.replace(/\D/g, '').padStart(22, '7').slice(-22)
  account.groups.set(group.id, { ...group, invite })
  return invite
}

/** Applies the act of the linked device, or refuses it as the server does. */
export function takeGroupAct(
  context: Context,
  account: Account,
  { group: id, act }: Requests['group_act']['args'],
): GroupAnswer {
  const group = account.groups.get(id)
  if (!group) return refusal(404, 'item-not-found')
  if (group.left) return forbidden
  const isAdmin = adminsOf(group).includes(account.info.phone)
  const run = acts[act.kind] as (place: Place, act: GroupAct) => GroupAnswer
  return run({ context, account, group, isAdmin }, act)
}

function findInvited(account: Account, code: string): Group | undefined {
  return account.groups.values().find((group) => inviteOf(account, group) === code)
}

/** 406: not a code. 410: the code was reset, or never was one. */
export function queryInvite(
  account: Account,
  { code }: Requests['query_invite']['args'],
): Requests['query_invite']['answer'] {
  if (!/^\w{22}$/.test(code)) return refusal(406, 'not-acceptable')
  const group = findInvited(account, code)
  if (!group) return refusal(410, 'gone')
  return {
    id: group.id,
    subject: group.subject,
    description: group.description ?? '',
    size: group.members.length + (group.left ? 0 : 1),
    approves: group.approves === true,
  }
}

/** 409: joined, or asked for, before. 401: an admin removed the account. `approves` must be what the group does. */
export function joinByInvite(
  context: Context,
  account: Account,
  { code, approves }: Requests['join']['args'],
): Requests['join']['answer'] {
  const { phone } = account.info
  const group = findInvited(account, code)
  if (!group) return refusal(410, 'gone')
  if (!group.left || group.asked) return refusal(409, 'conflict')
  if (group.removed) return refusal(401, 'not-authorized')
  if (context.faults.isOn('group_full')) return refusal(419, 'resource-limit')
  if (group.approves === true) {
    if (approves !== true) return refusal(400, 'bad-request')
    account.groups.set(group.id, { ...group, asked: true })
    context.changed()
    return { id: group.id }
  }
  enter(context, account, group, phone)
  return { id: group.id }
}

/** The account becomes a member: its chat is there, with the notice. */
export function enter(context: Context, account: Account, group: Group, by: string): void {
  const { phone } = account.info
  if (!account.chats.has(group.id)) {
    const chat = emptyChat(group.id, context.clock.now())
    account.chats.set(group.id, chat)
    const here = { ...group, left: false }
    account.groups.set(group.id, here)
    tell(context, account, (device) => ({
      push: 'group',
      group: toWireGroup(account, here),
      chat: toWireChat(account, device, chat),
    }))
  }
  actInGroup(context, account, {
    group: group.id,
    subtype: by === phone ? 'invite' : 'add',
    by,
    recipients: [phone],
    free: true,
    change: () => ({ left: false, asked: false, removed: false }),
  })
}
