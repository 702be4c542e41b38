/** Groups: created by the account on its phone, or by a linked device. */

import type { WorldGroup, WorldNotice } from '../world-types.ts'
import type { Account, Group } from './accounts.ts'
import { demandPerson } from './addresses.ts'
import type { Context } from './context.ts'
import { addMessage, emptyChat, tellPeople } from './messages.ts'
import { makeGroupId, makePhoneMessageId } from './seed.ts'
import { tell } from './telling.ts'
import { adminsOf, toWireChat, toWireGroup } from './wire-forms.ts'

/** Creates a group and informs every linked device. Leaves out members that are not on WhatsApp. */
export function createGroup(
  context: Context,
  account: Account,
  facts: {
    subject: string
    members: string[]
    announce?: boolean
    lidMode?: boolean
    owner?: string
    /** The account is not in it. */
    foreign?: boolean
    origin: string
  },
): Group {
  const now = context.clock.now()
  const group: Group = {
    id: makeGroupId(context.random),
    subject: facts.subject,
    owner: facts.owner ?? account.info.phone,
    creation: now,
    announce: facts.announce ?? false,
    lidMode: facts.lidMode ?? true,
    members: facts.members.filter((phone) => account.contacts.has(phone)),
  }
  if (facts.foreign) {
    account.groups.set(group.id, { ...group, left: true })
    return group
  }
  account.groups.set(group.id, group)
  tellPeople(context, account, peopleOf(account, group.members))
  const chat = emptyChat(group.id, now)
  account.chats.set(group.id, chat)
  tell(context, account, (device) => ({
    push: 'group',
    group: toWireGroup(account, group),
    chat: toWireChat(account, device, chat),
  }))
  return group
}

/** An action in a group: the change itself, its notice, and who may do it. */
export type GroupAct = {
  group: string
  subtype: WorldNotice['subtype']
  /** A phone number, an address or `me`; default: the owner. */
  by?: string | undefined
  /** The people it applies to. */
  recipients?: string[]
  /** True if the actor need not be an admin: members leave by themselves. */
  free?: boolean
  /** Text of the notice: the new subject. */
  body?: string
  change(group: Group): Partial<Group>
}

/**
 * Applies it, informs the devices, and adds a notice to the chat. Throws with a sentence if WhatsApp would
 * not allow it.
 */
export function actInGroup(context: Context, account: Account, act: GroupAct): Group {
  const group = account.groups.get(act.group)
  if (!group) throw new Error(`No group ${act.group}.`)
  const actor = demandPerson(account, act.by ?? group.owner)
  if (!act.free && !adminsOf(group).includes(actor.phone)) {
    throw new Error(`${act.by ?? group.owner} is not an admin of ${act.group}.`)
  }
  const next: Group = { ...group, ...act.change(group) }
  account.groups.set(group.id, next)
  const fresh = next.members.filter((phone) => !group.members.includes(phone))
  const people = peopleOf(account, fresh)
  if (people.length > 0) tellPeople(context, account, people)
  tell(context, account, () => ({ push: 'group_changed', group: toWireGroup(account, next) }))
  addMessage(context, account, {
    id: makePhoneMessageId(context.random),
    chat: group.id,
    from: `${actor.phone}@c.us`,
    fromMe: actor.phone === account.info.phone,
    origin: actor.phone === account.info.phone ? 'phone' : 'contact',
    type: 'gp2',
    body: act.body ?? '',
    t: context.clock.now(),
    ack: 1,
    notice: {
      subtype: act.subtype,
      recipients: (act.recipients ?? []).map((phone) => `${phone}@c.us`),
    },
  })
  return next
}

const peopleOf = ({ contacts }: Account, phones: readonly string[]) =>
  phones.map((phone) => contacts.get(phone)).filter((person) => person !== undefined)

/** The group in the form of the world. */
export function toWorldGroup(group: Group): WorldGroup {
  const { id, subject, members, announce, lidMode, left, description } = group
  const { restrict, adminsAdd, approves, invite, requests, asked } = group
  return {
    id,
    subject,
    members: [...members],
    announce,
    lidMode,
    admins: adminsOf(group),
    ...(left ? { left } : {}),
    ...(description === undefined ? {} : { description }),
    ...(restrict ? { restrict } : {}),
    ...(adminsAdd ? { adminsAdd } : {}),
    ...(approves ? { approves } : {}),
    ...(asked ? { asked } : {}),
    ...(invite === undefined ? {} : { invite }),
    ...(requests?.length ? { requests: requests.map((one) => ({ ...one })) } : {}),
  }
}
