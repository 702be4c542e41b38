/** Converts the service's data to the form that a page receives. */
import type { WireAccount, WireChat, WireGroup, WireMessage, WirePerson } from '../wire.ts'
import type { WorldMessage } from '../world-types.ts'
import type { Account, Chat, Device, Group } from './accounts.ts'
import { findPerson, type Person, toSelf } from './addresses.ts'

/** The account as the linked device receives it. */
export function toWireAccount(account: Account, device: Device): WireAccount {
  return { ...account.info, deviceIndex: device.index }
}

/** The digits of a phone JID. */
export function phoneOf(jid: string): string {
  return jid.split('@')[0] ?? ''
}

/** The message as `device` receives it. */
export function toWireMessage(account: Account, device: Device, message: WorldMessage): WireMessage {
  const { deliveredTo, origin, quoted: quotedId, revokedAs, revokedBy, receipts, from, ...shared } = message
  const phone = phoneOf(from)
  const quoted = quotedId === undefined ? undefined : account.messages.get(quotedId)
  const settingTimestamp = account.chats.get(message.chat)?.ephemeralSettingTimestamp
  return {
    ...shared,
    id: revokedAs ?? message.id,
    from: phone,
    mine: origin === device.id,
    notifyName: findPerson(account, phone)?.pushname ?? '',
    quoted: quoted ? { id: quoted.id, from: phoneOf(quoted.from), body: quoted.body } : null,
    ...(revokedBy === undefined ? {} : { revoked: { by: phoneOf(revokedBy), originalId: message.id } }),
    ...(message.ephemeralDuration === undefined || settingTimestamp === undefined
      ? {}
      : { ephemeralSettingTimestamp: settingTimestamp }),
  }
}

/** The phone numbers that may change the group. */
export function adminsOf(group: Group): string[] {
  return group.admins ?? [group.owner]
}

/** The group with the LID of every member, including the account itself unless it left. */
export function toWireGroup(account: Account, group: Group): WireGroup {
  const self = group.left ? [] : [toSelf(account)]
  const members = [...self, ...group.members.map((phone) => findPerson(account, phone))]
  const admins = adminsOf(group)
  return {
    id: group.id,
    subject: group.subject,
    owner: group.owner,
    creation: group.creation,
    announce: group.announce,
    lidMode: group.lidMode,
    restrict: group.restrict === true,
    adminsAdd: group.adminsAdd === true,
    approves: group.approves === true,
    description: group.description ?? '',
    ...(group.descriptionId === undefined ? {} : { descriptionId: group.descriptionId }),
    members: members
      .filter((member) => member !== undefined)
      .map(({ phone, lid, phoneHidden }) => ({
        phone,
        lid,
        admin: admins.includes(phone),
        ...(phoneHidden ? { phoneHidden } : {}),
      })),
  }
}

/** The chat with its newest message; the page receives those in `without` later. */
export function toWireChat(
  account: Account,
  device: Device,
  chat: Chat,
  without: ReadonlySet<string> = new Set(),
): WireChat {
  const newest = account.messages.earlier(chat.id, null, 1 + without.size)
  const last = newest.findLast((message) => !without.has(message.id))
  return { ...chat, last: last ? toWireMessage(account, device, last) : null }
}

/**
 * The people that a new page knows: those in the address book, in a group, or with a chat. Others stay
 * unknown until requested, which causes "No LID for user" (F21).
 */
export function knownPeople(account: Account): WirePerson[] {
  const inGroups = new Set(account.groups.values().flatMap((group) => group.members))
  return account.contacts
    .values()
    .filter((contact) => contact.name !== null || inGroups.has(contact.phone) || hasChat(account, contact))
}

function hasChat(account: Account, person: Person): boolean {
  return account.chats.has(`${person.phone}@c.us`) || account.chats.has(`${person.lid}@lid`)
}
