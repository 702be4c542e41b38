/** Groups beside their members: creating, settings, invites, join requests, leaving. */
import type { GroupAct, GroupAnswer } from '../../wire.ts'
import { ServerStatusCodeError } from '../errors.ts'
import { isOn, numberOf } from '../faults.ts'
import { ChatModel } from '../models.ts'
import { boot, connection } from '../page.ts'
import { lidWidOf, phoneWidOf } from '../people.ts'
import { defineModule } from '../registry.ts'
import { GroupMetadata } from '../stores.ts'
import { createWid, Wid } from '../wid.ts'

/** What the page itself refuses, without a request (WAWebMiscErrors). */
class ActionError extends Error {
  override name = 'ActionError'
}

async function act(group: unknown, what: GroupAct): Promise<Exclude<GroupAnswer, { error: unknown }>> {
  if (!(group instanceof Wid)) throw new TypeError('e.toJid is not a function')
  const answer = await connection().ask('group_act', { group: String(group), act: what })
  if ('error' in answer) throw new ServerStatusCodeError(answer.error)
  return answer
}

type Person = { phoneNumber?: Wid; lid?: Wid }
type Created = { wid: Wid; error?: string; invite_code?: string; type?: 'superadmin' }

/** Takes `{ title, … }` and `[{ phoneNumber }]` (the library's createGroup; wa-js: functions/createGroup.ts). */
async function createGroup(
  options: { title: string },
  participants: Person[],
): Promise<{ wid: Wid; subject: string; participants: Created[] }> {
  if (!boot.build.createsGroups) throw new ServerStatusCodeError({ name: '', code: 400, text: 'bad-request' })
  const members = participants.map(({ phoneNumber, lid }) => {
    const wid = phoneNumber ?? lid
    if (!(wid instanceof Wid)) throw new TypeError("Cannot read properties of undefined (reading 'toJid')")
    return String(wid)
  })
  const group = await connection().ask('create_group', { subject: options.title, members })
  if ('error' in group) throw new ServerStatusCodeError(group.error)
  const inMode = (member: { phone: string; lid: string }): Wid =>
    group.lidMode ? lidWidOf(member) : phoneWidOf(member)
  return {
    wid: createWid(group.id),
    subject: group.subject,
    participants: [
      ...group.refused.map(
        (one): Created => ({ wid: inMode(one), error: String(one.code), invite_code: one.inviteCode }),
      ),
      ...group.members.map(
        (member): Created => ({
          wid: inMode(member),
          ...(member.phone === group.owner ? { type: 'superadmin' as const } : {}),
        }),
      ),
    ],
  }
}

/** One object since August 2026 (wa-js#3595); before, `(wid, text, newId, previousId)`. */
async function setGroupDescription(...given: unknown[]): Promise<void> {
  const [first, text] = given
  const isObject = typeof first === 'object' && first !== null && 'groupWid' in first
  if (boot.build.takesObjects !== isObject)
    throw new TypeError("Cannot read properties of undefined (reading 'toJid')")
  const group = isObject ? first.groupWid : first
  const description = isObject ? Reflect.get(first, 'desc') : text
  if (!(group instanceof Wid)) throw new TypeError('setGroupDescription: not a wid')
  await act(group, { kind: 'description', text: String(description ?? '') })
}

/** The name of each property in the model (WAWebSetPropertyGroupAction). */
const fields = {
  announcement: 'announce',
  restrict: 'restrict',
  member_add_mode: 'memberAddMode',
  membership_approval_mode: 'membershipApprovalMode',
  ephemeral: 'ephemeralDuration',
} as const

/**
 * Rejects without a request if this account is no admin. What the server refuses of an old property resolves with a response
 * that says so; of the newer `member_add_mode` it rejects. On success the model holds the number.
 */
async function setGroupProperty(chat: unknown, name: keyof typeof fields, value: unknown): Promise<object> {
  if (!(chat instanceof ChatModel) || !(name in fields)) throw new ActionError()
  if (typeof value !== 'number') throw new TypeError('setGroupProperty: not a number')
  if (name !== 'ephemeral' && !chat.iAmAdmin()) throw new ActionError()
  const answer = await connection().ask('group_act', {
    group: chat.key(),
    act: { kind: 'property', name, value },
  })
  if (!('error' in answer)) {
    const show = (): unknown => chat.groupMetadata?.set({ [fields[name]]: value })
    if (isOn('settings_late')) {
      setTimeout(show, numberOf('settings_late', 'afterMs', 300))
      return {}
    }
    show()
    return { name: 'SetPropertyResponseSuccess' }
  }
  const { code, text } = answer.error
  if (name === 'member_add_mode') throw new ServerStatusCodeError(answer.error)
  return {
    name: 'SetPropertyResponseClientError',
    value: { errorSetPropertyClientErrors: { value: { code: String(code), text } } },
  }
}

async function queryGroupInvite(code: unknown): Promise<object> {
  const answer = await connection().ask('query_invite', { code: String(code) })
  if ('error' in answer) throw new ServerStatusCodeError(answer.error)
  const { id, subject, description, size, approves } = answer
  return {
    id: createWid(id),
    subject,
    desc: description,
    size,
    ...(approves ? { membershipApprovalMode: true } : {}),
  }
}

/** The second argument says whether an admin must approve; builds before August 2026 know it themselves (wa-js#3654). */
async function joinGroupViaInvite(code: unknown, approves?: boolean): Promise<{ gid: Wid }> {
  const query = boot.build.takesObjects
    ? null
    : await connection().ask('query_invite', { code: String(code) })
  const known = query !== null && 'approves' in query && query.approves
  const answer = await connection().ask('join', { code: String(code), approves: known || approves === true })
  if ('error' in answer) throw new ServerStatusCodeError(answer.error)
  return { gid: createWid(answer.id) }
}

async function sendExitGroup(chat: unknown): Promise<void> {
  if (!(chat instanceof ChatModel)) throw new TypeError("Cannot read properties of undefined (reading 'id')")
  await act(chat.get('id'), { kind: 'leave' })
}

/** From the page's database, with text for addresses. */
async function getMembershipApprovalRequests(group: unknown): Promise<object[]> {
  if (!(group instanceof Wid)) throw new TypeError('e.toString is not a function')
  const answer = await connection().ask('group_act', { group: String(group), act: { kind: 'requests' } })
  if ('error' in answer) return []
  return (answer.requests ?? []).map((person) => ({
    groupId: String(group),
    id: String(lidWidOf(person)),
    t: person.t,
    addedBy: String(lidWidOf(person)),
    requestMethod: 'InviteLink',
  }))
}

type RequestArgs = { participantArgs: { participantJid: string }[] }

async function sendMembershipRequestsActionRPC(options: {
  iqTo: string
  approveArgs?: RequestArgs
  rejectArgs?: RequestArgs
}): Promise<object> {
  const { iqTo, approveArgs, rejectArgs } = options
  const [{ participantJid: jid } = { participantJid: '' }] =
    (approveArgs ?? rejectArgs)?.participantArgs ?? []
  const approve = approveArgs !== undefined
  const person = String(createWid(jid))
  const answer = await connection().ask('group_act', {
    group: iqTo,
    act: { kind: 'answer', person, approve },
  })
  if ('error' in answer)
    return {
      name: 'MembershipRequestsActionResponseClientError',
      value: { errorMembershipRequestsActionClientErrors: { value: answer.error } },
    }
  const mixins = answer.code === 200 ? null : { value: { error: String(answer.code) } }
  const said = approve
    ? { membershipRequestsActionAcceptParticipantMixins: mixins }
    : { membershipRequestsActionRejectParticipantMixins: mixins }
  const participant = [{ jid, ...said }]
  return {
    name: 'MembershipRequestsActionResponseSuccess',
    value: approve
      ? { membershipRequestsActionApprove: { participant } }
      : { membershipRequestsActionReject: { participant } },
  }
}

/** Defines the modules of this file. */
export function defineGroups(): void {
  defineModule('WAWebGroupCreateJob', { createGroup })
  defineModule('WAWebGroupModifyInfoJob', {
    setGroupDescription,
    setGroupSubject: async (group: unknown, text: string) =>
      void (await act(group, { kind: 'subject', text })),
  })
  defineModule('WAWebSetPropertyGroupAction', { setGroupProperty })
  defineModule('WAWebMexFetchGroupInviteCodeJob', {
    fetchMexGroupInviteCode: async (group: string) => ({
      code: (await act(createWid(group), { kind: 'invite' })).invite,
    }),
  })
  defineModule('WAWebGroupInviteJob', {
    joinGroupViaInvite,
    resetGroupInviteCode: async (group: unknown) => ({
      code: (await act(group, { kind: 'reset_invite' })).invite,
    }),
  })
  defineModule('WAWebGroupQueryJob', {
    resetGroupInviteCode: async (group: unknown) => ({
      code: (await act(group, { kind: 'reset_invite' })).invite,
    }),
    queryAndUpdateGroupMetadataById: ({ id }: { id: string }) => GroupMetadata.update(id),
    queryGroupInvite,
  })
  defineModule('WAWebExitGroupAction', { sendExitGroup })
  defineModule('WAWebApiMembershipApprovalRequestStore', { getMembershipApprovalRequests })
  defineModule('WASmaxGroupsMembershipRequestsActionRPC', { sendMembershipRequestsActionRPC })
}
