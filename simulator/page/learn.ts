/** What the service tells of people, groups and chats, put into the page's collections. */
import type { WireChat, WireGroup, WireMessage, WirePerson } from '../wire.ts'
import { ChatMsgs } from './chat-msgs.ts'
import { keyOf } from './keys.ts'
import { ChatModel, ContactModel, GroupMetadataModel, type MsgModel, ParticipantModel } from './models.ts'
import { Mute } from './mute.ts'
import { lidWidOf, personOf, phoneWidOf } from './people.ts'
import { Chat, Contact, GroupMetadata, Msg } from './stores.ts'
import { toMsgModel } from './to-models.ts'
import { createWid, type Wid } from './wid.ts'

/** A contact model for this address of a person, or for a stranger or a group. */
export function toContact(wid: Wid, person: WirePerson | undefined): ContactModel {
  const contact = new ContactModel({
    id: wid,
    pushname: person?.pushname,
    type: 'in',
    isBusiness: false,
    isEnterprise: false,
    isContactBlocked: false,
    statusMute: false,
    labels: [],
  })
  contact.set({
    ...(person && wid.isLid() ? { phoneNumber: phoneWidOf(person) } : {}),
    ...(person?.name ? { name: person.name, shortName: person.name.split(' ')[0] } : {}),
  })
  return contact
}

/** Put people into the contacts: everybody by phone, and by LID too where that is how they are addressed. */
export function learnContacts(people: WirePerson[], alsoByLid: ReadonlySet<string>): void {
  for (const person of people) {
    const wids = [phoneWidOf(person)]
    if (person.lidChat || alsoByLid.has(person.lid)) wids.push(lidWidOf(person))
    for (const wid of wids) {
      const fresh = toContact(wid, person)
      const known = Contact.get(wid)
      if (known) known.set(fresh.attributes)
      else Contact.add(fresh)
      const title = titleOf(wid)
      Chat.get(wid)?.set({ name: title, formattedTitle: title })
    }
  }
}

/** Put what the server says of a group into its model. */
export function learnGroup(group: WireGroup): GroupMetadataModel {
  const id = createWid(group.id)
  const inMode = (member: { phone: string; lid: string }): Wid =>
    group.lidMode ? lidWidOf(member) : phoneWidOf(member)
  const owner = group.members.find((member) => member.phone === group.owner)
  const metadata = GroupMetadata.get(id) ?? GroupMetadata.add(new GroupMetadataModel({ id }))
  metadata.set({
    subject: group.subject,
    creation: group.creation,
    announce: group.announce,
    restrict: false,
    size: group.members.length,
    isLidAddressingMode: group.lidMode,
    ...(owner ? { owner: inMode(owner) } : {}),
  })
  for (const member of group.members) {
    metadata.participants.add(
      new ParticipantModel({
        id: inMode(member),
        isAdmin: member.admin,
        isSuperAdmin: member.phone === group.owner,
      }),
    )
  }
  return metadata
}

function titleOf(wid: Wid): string {
  const metadata = GroupMetadata.get(wid)
  if (metadata) return metadata.get('subject') ?? ''
  const person = personOf(wid)
  return person?.name ?? (person ? `+${person.phone}` : wid.user)
}

/** A chat with nothing in it; fires `add`. */
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
        labels: [],
      },
      {
        msgs: new ChatMsgs(),
        mute: new Mute({ id: wid, expiration: 0 }),
        contact,
        ...(groupMetadata ? { groupMetadata } : {}),
      },
    ),
  )
}

/** The chat of this id, made if need be. */
export function ensureChat(id: string): ChatModel {
  return Chat.get(id) ?? addEmptyChat(createWid(id))
}

/** Does this chat speak of people by LID? */
export function isLidMode(chatId: string): boolean {
  const wid = createWid(chatId)
  return wid.isGroup() ? GroupMetadata.get(wid)?.get('isLidAddressingMode') === true : wid.isLid()
}

/** Put a chat as the service tells it into memory, with its newest message. */
export function learnChat(chat: WireChat): void {
  const model = ensureChat(chat.id)
  if (chat.last) rememberMessage(chat.last, model)
  model.set({
    t: chat.t,
    unreadCount: chat.unreadCount,
    archive: chat.archived,
    pin: chat.pinned,
    muteExpiration: chat.muteExpiration,
    ...(chat.last ? { lastReceivedKey: keyOf(chat.last, isLidMode(chat.id)) } : {}),
  })
  model.mute.set({ expiration: chat.muteExpiration })
}

/** Into memory as something old: no client gets an event for it (`isNewMsg` is not set). */
export function rememberMessage(message: WireMessage, chat: ChatModel): MsgModel {
  const model = Msg.add(toMsgModel(message, false))
  chat.msgs.add(model)
  return model
}
