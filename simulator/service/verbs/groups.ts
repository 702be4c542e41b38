/** The verbs about groups and their members. */
import type { World } from '../../simulator.ts'
import type { Group } from '../accounts.ts'
import { enter, inviteOf } from '../group-acts.ts'
import { actInGroup, createGroup, toWorldGroup } from '../groups.ts'
import { tellPeople } from '../messages.ts'
import { adminsOf } from '../wire-forms.ts'
import type { Reach } from './reach.ts'

type GroupVerbs = Pick<
  World,
  | 'addGroup'
  | 'renameGroup'
  | 'addMembers'
  | 'removeMembers'
  | 'leaveGroup'
  | 'setAdmin'
  | 'setAnnounce'
  | 'setGroup'
  | 'inviteTo'
  | 'askToJoin'
  | 'letIn'
>

/** See {@link World}. */
export function groupVerbs({ context, account, group, person }: Reach): GroupVerbs {
  const phonesOf = (addresses: string[]): string[] => addresses.map((address) => person(address).phone)
  const isMe = (phone: string): boolean => phone === account().info.phone
  const without = (before: Group, phones: string[]): Partial<Group> => ({
    members: before.members.filter((phone) => !phones.includes(phone)),
    admins: adminsOf(before).filter((phone) => !phones.includes(phone)),
    ...(phones.some(isMe) ? { left: true } : {}),
  })
  const known = (id: string): Group => group(id)
  const demandMember = (before: Group, phone: string): void => {
    const isIn = isMe(phone) ? !before.left : before.members.includes(phone)
    if (!isIn) throw new Error(`${phone} is not a member of ${before.id}.`)
  }
  const act = (options: Parameters<typeof actInGroup>[2]): ReturnType<typeof toWorldGroup> =>
    toWorldGroup(actInGroup(context, account(), options))

  return {
    addGroup({ subject, members, announce = false, lidMode = false, foreign = false }) {
      for (const phone of members) {
        if (!account().contacts.has(phone)) throw new Error(`No contact ${phone}.`)
      }
      const owner = members[0] ?? account().info.phone
      const facts = { subject, members, announce, lidMode, owner, foreign, origin: 'phone' }
      return toWorldGroup(createGroup(context, account(), facts))
    },
    renameGroup: async ({ group: id, subject, by }) =>
      act({ group: id, subtype: 'subject', by, body: subject, change: () => ({ subject }) }),
    async addMembers({ group: id, members, by }) {
      const recipients = phonesOf(members)
      return act({
        group: id,
        subtype: 'add',
        by,
        recipients,
        change: (before) => ({
          members: [...new Set([...before.members, ...recipients.filter((phone) => !isMe(phone))])],
          ...(recipients.some(isMe) ? { left: false, removed: false } : {}),
        }),
      })
    },
    async removeMembers({ group: id, members, by }) {
      const recipients = phonesOf(members)
      for (const phone of recipients) demandMember(group(id), phone)
      const change = (before: Group): Partial<Group> => ({
        ...without(before, recipients),
        ...(recipients.some(isMe) ? { removed: true } : {}),
      })
      return act({ group: id, subtype: 'remove', by, recipients, change })
    },
    async leaveGroup({ group: id, member }) {
      const { phone } = person(member)
      demandMember(group(id), phone)
      const change = (before: Group): Partial<Group> => ({
        ...without(before, [phone]),
        leftLately: [...(before.leftLately ?? []), phone],
      })
      return act({ group: id, subtype: 'leave', by: phone, recipients: [phone], free: true, change })
    },
    async setAdmin({ group: id, member, admin, by }) {
      const { phone } = person(member)
      demandMember(group(id), phone)
      return act({
        group: id,
        subtype: admin ? 'promote' : 'demote',
        by,
        recipients: [phone],
        change: (before) => {
          const others = adminsOf(before).filter((other) => other !== phone)
          return { admins: admin ? [...others, phone] : others }
        },
      })
    },
    async setGroup({ group: id, by, ...changes }) {
      const [[name, on] = []] = Object.entries(changes)
      const subtypes = {
        restrict: 'restrict',
        adminsAdd: 'member_add_mode',
        approves: 'membership_approval_mode',
      } as const
      if (name === 'description')
        return act({ group: id, subtype: 'description', by, body: String(on), change: () => changes })
      const subtype = subtypes[name as keyof typeof subtypes]
      if (subtype === undefined) throw new Error('setGroup changes one thing.')
      return act({ group: id, subtype, by, body: on ? 'on' : 'off', change: () => changes })
    },
    inviteTo: ({ group: id }) => inviteOf(account(), known(id)),
    async askToJoin({ group: id, person: address, by }) {
      const before = known(id)
      const { phone } = person(address)
      if (!before.approves) throw new Error('The group lets everybody in who has its invite.')
      const requests = [...(before.requests ?? []), { phone, t: context.clock.now() }]
      tellPeople(context, account(), [person(address)])
      return act({
        group: id,
        ...(by === undefined
          ? { subtype: 'membership_approval_request', by: phone }
          : { subtype: 'created_membership_requests', by, recipients: [phone] }),
        free: true,
        change: () => ({ requests }),
      })
    },
    async letIn({ group: id }) {
      const before = known(id)
      if (!before.asked) throw new Error('The account has not asked to join.')
      enter(context, account(), before, before.owner)
      return toWorldGroup(known(id))
    },
    setAnnounce: async ({ group: id, announce, by }) =>
      act({
        group: id,
        subtype: 'announce',
        by,
        body: announce ? 'on' : 'off',
        change: () => ({ announce }),
      }),
  }
}
