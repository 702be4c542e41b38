/** Puts the service's data about people, groups and chats into the page's collections. */
import type { WireChat, WireGroup, WireMessage, WirePerson } from '../wire.ts'
import type { WorldChannel } from '../world-types.ts'
import { ChatMsgs } from './chat-msgs.ts'
import { fieldOf, isOn, oddFields } from './faults.ts'
import { keyOf, lidModeOf } from './keys.ts'
import { setLidMode } from './lid-mode.ts'
import {
  ChatModel,
  type ChatProps,
  ContactModel,
  GroupMetadataModel,
  NewsletterMetadataModel,
  ParticipantModel,
} from './models.ts'
import type { MsgModel } from './msg-model.ts'
import { Mute } from './mute.ts'
import { isMe, lidWidOf, personOf, phoneWidOf } from './people.ts'
import { learnPin } from './pins.ts'
import { StatusMsgs } from './status-msgs.ts'
import { Blocklist, Chat, Contact, GroupMetadata, Msg, NewsletterMetadata, Newsletters } from './stores.ts'
import { toMsgModel } from './to-models.ts'
import { createWid, type Wid } from './wid.ts'

/**
 * A contact model for this address of a person, or for an unknown person or a group. Of somebody who has a contact by phone number,
 * the one by LID has nothing but the address: the page copies some fields between the two, at some time (WAWebContactModel).
 */
export function toContact(wid: Wid, person: WirePerson | undefined): ContactModel {
  const isSecond =
    person !== undefined &&
    wid.isLid() &&
    !person.phoneHidden &&
    Contact.get(phoneWidOf(person)) !== undefined
  const contact = new ContactModel({
    id: wid,
    pushname: person?.pushname,
    type: 'in',
    isBusiness: person?.business === true,
    isEnterprise: false,
    isContactBlocked: person?.blocked === true,
    statusMute: false,
    labels: [],
  })
  contact.set({
    ...(person && wid.isLid() && !person.phoneHidden ? { phoneNumber: phoneWidOf(person) } : {}),
    ...(isSecond ? { pushname: undefined, isBusiness: false } : {}),
    ...(person?.name && !isSecond ? { name: person.name, shortName: person.name.split(' ')[0] } : {}),
    ...oddFields('contacts'),
  })
  return contact
}

function noteBlocked(wid: Wid, isBlocked: boolean): void {
  const known = Blocklist.get(wid)
  if (isBlocked && !known) Blocklist.add(new ContactModel({ id: wid }))
  if (!isBlocked && known) Blocklist.remove(known)
}

/** Adds people to the contacts: by phone number, and also by LID if they are addressed by LID. */
export function learnContacts(people: WirePerson[], alsoByLid: ReadonlySet<string>): void {
  for (const person of people) {
    const wids = person.phoneHidden ? [] : [phoneWidOf(person)]
    if (person.lidChat || alsoByLid.has(person.lid)) wids.push(lidWidOf(person))
    for (const wid of wids) {
      const fresh = toContact(wid, person)
      const known = Contact.get(wid)
      // A person who was removed from the address book has no name any more.
      if (known) known.set({ name: undefined, shortName: undefined, ...fresh.attributes })
      else Contact.add(fresh)
      const title = titleOf(wid)
      Chat.get(wid)?.set({ name: title, formattedTitle: title })
      noteBlocked(wid, person.blocked === true)
    }
  }
}

/** Puts the server's data about a group into its model. `isAsked`: the page requested it, so it has the members at once. */
export function learnGroup(group: WireGroup, isAsked = false): GroupMetadataModel {
  const id = createWid(group.id)
  const inMode = (member: { phone: string; lid: string }): Wid =>
    group.lidMode ? lidWidOf(member) : phoneWidOf(member)
  const owner = group.members.find((member) => member.phone === group.owner)
  setLidMode(group.id, group.lidMode)
  const metadata = GroupMetadata.get(id) ?? GroupMetadata.add(new GroupMetadataModel({ id }))
  metadata.set({
    subject: group.subject,
    creation: group.creation,
    announce: group.announce,
    restrict: group.restrict,
    memberAddMode: group.adminsAdd ? 'admin_add' : 'all_member_add',
    membershipApprovalMode: group.approves,
    desc: group.description,
    descId: group.descriptionId,
    size: group.members.length,
    isLidAddressingMode: group.lidMode,
    ...(owner ? { owner: inMode(owner) } : {}),
  })
  const areLate = isOn('members_late') && !isAsked
  learnParticipants(metadata, areLate ? { ...group, members: [] } : group, inMode)
  const chat = Chat.get(id)
  if (chat) chat.set(toGroupChatProps(group.subject, metadata))
  return metadata
}

/** Updates the participants, firing `add`, `remove` and `change:isAdmin` for changes. */
function learnParticipants(
  metadata: GroupMetadataModel,
  group: WireGroup,
  widOf: (member: { phone: string; lid: string }) => Wid,
): void {
  const { participants } = metadata
  const present = new Set<string>()
  for (const member of group.members) {
    const id = widOf(member)
    present.add(String(id))
    const roles = { isAdmin: member.admin, isSuperAdmin: member.phone === group.owner }
    const known = participants.get(id)
    if (known) known.set(roles)
    else participants.add(new ParticipantModel({ id, ...roles }))
  }
  for (const model of participants.getModelsArray()) {
    if (!present.has(model.key())) participants.remove(model)
  }
}

/** A group without this account is read-only; so is one in which only admins write, for the others. */
function toGroupChatProps(subject: string, metadata: GroupMetadataModel): Partial<ChatProps> {
  const mine = metadata.participants.findFirst((participant) => {
    const id = participant.get('id')
    return id !== undefined && isMe(id)
  })
  return {
    name: subject,
    formattedTitle: subject,
    isReadOnly: mine === undefined && metadata.participants.length > 0,
    isAnnounceGrpRestrict: metadata.get('announce') === true && mine?.get('isAdmin') !== true,
  }
}

function titleOf(wid: Wid): string {
  const metadata = GroupMetadata.get(wid)
  if (metadata) return metadata.get('subject') ?? ''
  const person = personOf(wid)
  const unnamed = person?.phoneHidden ? `~${person.pushname}` : person ? `+${person.phone}` : wid.user
  return person?.name ?? unnamed
}

/** An empty chat; fires `add`. */
export function addEmptyChat(wid: Wid): ChatModel {
  const groupMetadata = GroupMetadata.get(wid)
  const contact = Contact.gadd(wid)
  const title = titleOf(wid)
  return Chat.add(
    new ChatModel(
      {
        id: wid,
        t: 0,
        unreadCount: 0,
        archive: false,
        isReadOnly: false,
        isLocked: false,
        muteExpiration: 0,
        name: title,
        formattedTitle: title,
        notSpam: true,
        pin: 0,
        unreadMentionsOfMe: [],
        ...(groupMetadata ? toGroupChatProps(title, groupMetadata) : {}),
      },
      {
        msgs: wid.isStatus() ? new StatusMsgs() : new ChatMsgs(),
        mute: new Mute({ id: wid, expiration: 0 }),
        contact,
        ...(groupMetadata ? { groupMetadata } : {}),
      },
    ),
  )
}

/** The chat or channel with this id, created if required. */
export function ensureChat(id: string): ChatModel {
  const wid = createWid(id)
  if (wid.isNewsletter()) return Newsletters.get(id) ?? addChannel({ id, name: id, description: '' })
  return Chat.get(id) ?? addEmptyChat(wid)
}

/** A channel that the account follows; fires `add` on `WAWebNewsletterCollection`. */
export function addChannel(channel: WorldChannel): ChatModel {
  const id = createWid(channel.id)
  const known = Newsletters.get(id)
  if (known) return known
  const newsletterMetadata = NewsletterMetadata.add(
    new NewsletterMetadataModel({
      id,
      name: channel.name,
      description: channel.description,
      creationTime: 1_700_000_000,
      membershipType: channel.own ? 'owner' : 'subscriber',
      size: 1000,
    }),
  )
  return Newsletters.add(
    new ChatModel(
      {
        id,
        t: 0,
        unreadCount: 0,
        archive: false,
        isReadOnly: channel.own !== true,
        muteExpiration: 0,
        name: channel.name,
        formattedTitle: channel.name,
        notSpam: true,
        pin: 0,
      },
      { msgs: new ChatMsgs(), mute: new Mute({ id, expiration: 0 }), newsletterMetadata },
    ),
  )
}

/** Puts a chat of the service into memory, with its newest message. */
export function learnChat(chat: WireChat): void {
  const model = ensureChat(chat.id)
  if (chat.last) rememberMessage(chat.last, model)
  model.set({
    t: chat.t,
    unreadCount: chat.unreadCount,
    archive: chat.archived,
    pin: chat.pinned,
    muteExpiration: chat.muteExpiration,
    ...(chat.labels === undefined ? {} : { labels: chat.labels }),
    ...(chat.ephemeralDuration === undefined ? {} : { ephemeralDuration: chat.ephemeralDuration }),
    ...(chat.ephemeralSettingTimestamp === undefined
      ? {}
      : { ephemeralSettingTimestamp: chat.ephemeralSettingTimestamp }),
    ...(chat.last ? { lastReceivedKey: keyOf(chat.last, lidModeOf(chat.last)) } : {}),
    ...oddFields('chats'),
  })
  model.mute.set({ expiration: chat.muteExpiration })
  if (fieldOf('chat_unreadable', 'chat') === chat.id)
    Object.defineProperty(model, 'pin', {
      get() {
        throw new TypeError('pin: not loaded')
      },
    })
}

/** Adds an old message to memory: clients get no event for it (`isNewMsg` is not set). */
export function rememberMessage(message: WireMessage, chat: ChatModel | null): MsgModel {
  const model = Msg.add(toMsgModel(message, false))
  if (message.pinned) learnPin(message, message.pinned.by.replace(/@.*$/, ''), message.t * 1000)
  chat?.msgs.add(model)
  return model
}
