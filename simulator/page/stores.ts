/** `WAWebCollections`: the messages, chats, contacts and groups in this page's memory. */
import type { WireChat, WireGroup, WireMessage, WirePerson } from '../wire.ts'
import { ChatMsgs } from './chat-msgs.ts'
import { Collection, type Id } from './collection.ts'
import { r, ServerStatusCodeError } from './errors.ts'
import { keyOf, MsgKeyOfBuild } from './keys.ts'
import { ChatModel, ContactModel, GroupMetadataModel, MsgModel, ParticipantModel } from './models.ts'
import { Mute } from './mute.ts'
import { connection } from './page.ts'
import { lidWidOf, personOf, phoneWidOf } from './people.ts'
import { toMsgModel } from './to-models.ts'
import { createWid, createWidFromWidLike, type Wid } from './wid.ts'

/** Messages in memory; the others lie in the page's database, which here is the service's. */
class MsgCollection extends Collection<MsgModel> {
  readonly modelClass = MsgModel
  readonly #byBareId = new Map<string, MsgModel>()

  override add(model: MsgModel, options: { at?: number; silent?: boolean } = {}): MsgModel {
    const { id } = model.attributes
    if (id && !this.get(id)) this.#byBareId.set(id.id, model)
    return super.add(model, options)
  }

  /** By the id without direction and chat, as acks name it. */
  getByBareId(id: string): MsgModel | undefined {
    return this.#byBareId.get(id)
  }

  /** Rejects with `r: r` for an undefined key, as IndexedDB makes the real one do. Unknown ids are left out. */
  async getMessagesById(keys: (string | undefined)[]): Promise<{ messages: MsgModel[] }> {
    if (keys.some((key) => key === undefined || key === null)) throw new r()
    const found = new Map<string, MsgModel>()
    const wanted: string[] = []
    for (const key of keys) {
      const known = this.get(key)
      if (known) found.set(String(key), known)
      else wanted.push(MsgKeyOfBuild.fromString(key).id)
    }
    if (wanted.length > 0) {
      for (const message of await connection().ask('messages_by_id', { ids: wanted })) {
        const model = toMsgModel(message, false)
        if (keys.includes(model.key())) found.set(model.key(), model)
      }
    }
    return { messages: [...found.values()] }
  }
}

/** Chats, pinned ones first, then newest first. */
class ChatCollection extends Collection<ChatModel> {
  readonly modelClass = ChatModel

  override getModelsArray(): ChatModel[] {
    const rank = (chat: ChatModel): [number, number] => [chat.get('pin') ?? 0, chat.get('t') ?? 0]
    return super.getModelsArray().sort((one, other) => {
      const [pinOne, tOne] = rank(one)
      const [pinOther, tOther] = rank(other)
      return pinOther - pinOne || tOther - tOne
    })
  }

  /** Unlike `get`, makes an empty chat for an id that is not there. */
  async find(id: Id): Promise<ChatModel> {
    return this.get(id) ?? addEmptyChat(createWidFromWidLike(id))
  }
}

class ContactCollection extends Collection<ContactModel> {
  readonly modelClass = ContactModel

  /** Unlike `get`, makes a nameless contact for an id that is not there. */
  async find(id: Id): Promise<ContactModel> {
    return this.gadd(createWidFromWidLike(id))
  }

  gadd(wid: Wid, _options?: { silent?: boolean }): ContactModel {
    return this.get(wid) ?? this.add(toContact(wid, personOf(wid)))
  }
}

class GroupMetadataCollection extends Collection<GroupMetadataModel> {
  readonly modelClass = GroupMetadataModel

  /** Ask the server for one group. Rejects when it refuses; hangs while it does not answer (F22). */
  async update(id: Id): Promise<GroupMetadataModel> {
    const answer = await connection().ask('group', { id: String(id) })
    if ('error' in answer) throw new ServerStatusCodeError(answer.error)
    return learnGroup(answer)
  }

  async find(id: Id): Promise<GroupMetadataModel> {
    return this.get(id) ?? this.update(id)
  }
}

export const Msg: MsgCollection = new MsgCollection()
export const Chat: ChatCollection = new ChatCollection()
export const Contact: ContactCollection = new ContactCollection()
export const GroupMetadata: GroupMetadataCollection = new GroupMetadataCollection()

function toContact(wid: Wid, person: WirePerson | undefined): ContactModel {
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
