/** The service's facts in the form in which they travel to a page. */
import type { WorldMessage } from '../simulator.ts'
import type { Snapshot, WireAccount, WireChat, WireGroup, WireMessage, WirePerson } from '../wire.ts'
import type { Account, Chat, Device, Group } from './accounts.ts'
import { findPerson, type Person, toSelf } from './addresses.ts'

/** Account as the linked device knows it. */
export function toWireAccount(account: Account, device: Device): WireAccount {
  return { ...account.info, deviceIndex: device.index }
}

/** Message as `device` gets it. */
export function toWireMessage(account: Account, device: Device, message: WorldMessage): WireMessage {
  const phone = message.from.split('@')[0] ?? ''
  const quoted = message.quoted === undefined ? undefined : account.messages.get(message.quoted)
  return {
    id: message.id,
    chat: message.chat,
    from: phone,
    fromMe: message.fromMe,
    mine: message.origin === device.id,
    notifyName: findPerson(account, phone)?.pushname ?? '',
    type: message.type,
    body: message.body,
    t: message.t,
    ack: message.ack,
    quoted: quoted ? { id: quoted.id, from: quoted.from.split('@')[0] ?? '', body: quoted.body } : null,
  }
}

/** Group with the LID of every member; the account itself is one of them. */
export function toWireGroup(account: Account, group: Group): WireGroup {
  const members = [toSelf(account), ...group.members.map((phone) => findPerson(account, phone))]
  return {
    id: group.id,
    subject: group.subject,
    owner: group.owner,
    creation: group.creation,
    announce: group.announce,
    lidMode: group.lidMode,
    members: members
      .filter((member) => member !== undefined)
      .map(({ phone, lid }) => ({ phone, lid, admin: phone === group.owner })),
  }
}

/** Chat with its newest message. */
export function toWireChat(account: Account, device: Device, chat: Chat): WireChat {
  const last = messagesOf(account, chat.id).at(-1)
  return { ...chat, last: last ? toWireMessage(account, device, last) : null }
}

/** All chats with their newest messages, in one pass over the messages. */
export function toWireChats(account: Account, device: Device): WireChat[] {
  const newest = new Map<string, WorldMessage>()
  for (const message of messagesOf(account)) newest.set(message.chat, message)
  return account.chats.values().map((chat) => {
    const last = newest.get(chat.id)
    return { ...chat, last: last ? toWireMessage(account, device, last) : null }
  })
}

/** What a page of this device is given at its start; later what it missed is the backlog. */
export function toSnapshot({ account, device }: { account: Account; device: Device }): Snapshot {
  return {
    people: knownPeople(account),
    groups: account.groups.values().map((group) => toWireGroup(account, group)),
    chats: toWireChats(account, device),
    backlog: messagesOf(account)
      .filter((message) => !message.deliveredTo[device.id])
      .map((message) => toWireMessage(account, device, message)),
  }
}

/**
 * The people that a fresh page knows: those in the address book, in a group, or with a chat. A stranger stays
 * unknown until asked for, so that "No LID for user" (F21) comes by itself.
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

/** All messages, or those of one chat, oldest first; those of one second in the order in which they came. */
export function messagesOf(account: Account, chat?: string): WorldMessage[] {
  const all = account.messages.values()
  const wanted = chat === undefined ? all : all.filter((message) => message.chat === chat)
  return wanted.sort((a, b) => a.t - b.t)
}
