/** The models of chats, contacts, groups and channels, with the attributes that the real ones serialize. */
import type { ChatMsgs } from './chat-msgs.ts'
import { Collection } from './collection.ts'
import { declareProps, Model } from './model.ts'
import type { MsgKey } from './msg-key.ts'
import type { Mute } from './mute.ts'
import { isMe } from './people.ts'
import { Presence } from './presence.ts'
import type { Wid } from './wid.ts'

export type ChatProps = {
  id: Wid
  t: number
  unreadCount: number
  archive: boolean
  isReadOnly: boolean
  isLocked: boolean
  muteExpiration: number
  name: string
  formattedTitle: string
  notSpam: boolean
  pin: number
  lastReceivedKey: MsgKey
  unreadMentionsOfMe: unknown[]
  labels: string[]
  isAnnounceGrpRestrict: boolean
  ephemeralDuration: number
  ephemeralSettingTimestamp: number
  /** `Conversation.EndOfHistoryTransferType` (WAProto): 0 more is on the phone, 1 nothing is. */
  endOfHistoryTransferType: number
}

/** One chat, with its messages in memory. */
export class ChatModel extends Model<ChatProps> {
  readonly msgs: ChatMsgs
  readonly mute: Mute
  /** What is being done in this chat, by its name; null once it is done (WAWebChatSendMessages). */
  readonly promises: Record<string, Promise<unknown> | null> = {}
  readonly contact: ContactModel | undefined
  readonly presence: Presence
  readonly groupMetadata: GroupMetadataModel | undefined
  readonly newsletterMetadata: NewsletterMetadataModel | undefined

  constructor(
    attributes: Partial<ChatProps>,
    parts: {
      msgs: ChatMsgs
      mute: Mute
      contact?: ContactModel
      groupMetadata?: GroupMetadataModel
      newsletterMetadata?: NewsletterMetadataModel
    },
  ) {
    super(attributes)
    this.msgs = parts.msgs
    this.mute = parts.mute
    this.contact = parts.contact
    this.presence = new Presence({ id: attributes.id, isOnline: false, hasData: false })
    this.groupMetadata = parts.groupMetadata
    this.newsletterMetadata = parts.newsletterMetadata
  }

  iAmAdmin(): boolean {
    const isMine = (one: ParticipantModel): boolean => {
      const id = one.get('id')
      return id !== undefined && isMe(id)
    }
    return this.groupMetadata?.participants.findFirst(isMine)?.get('isAdmin') === true
  }

  override serialize(): Record<string, unknown> {
    return { ...super.serialize(), msgs: this.msgs.serialize() }
  }
}

declareProps(
  ChatModel,
  `endOfHistoryTransferType id t unreadCount archive isReadOnly isLocked muteExpiration name formattedTitle
   notSpam pin lastReceivedKey unreadMentionsOfMe labels isAnnounceGrpRestrict ephemeralDuration
   ephemeralSettingTimestamp`,
)

export type ContactProps = {
  id: Wid
  name: string
  shortName: string
  pushname: string
  type: 'in' | 'out'
  isBusiness: boolean
  isEnterprise: boolean
  isContactBlocked: boolean
  phoneNumber: Wid
  statusMute: boolean
  sectionHeader: string
  labels: string[]
}

/** One contact: a person by phone number, and the same person again by LID; a group is a contact too. */
export class ContactModel extends Model<ContactProps> {
  readonly businessProfile = undefined
  readonly commonGroups = undefined
}

declareProps(
  ContactModel,
  `id name shortName pushname type isBusiness isEnterprise isContactBlocked phoneNumber statusMute
   sectionHeader labels`,
)

export type ParticipantProps = { id: Wid; isAdmin: boolean; isSuperAdmin: boolean }

/** One member of a group. */
export class ParticipantModel extends Model<ParticipantProps> {}

declareProps(ParticipantModel, 'id isAdmin isSuperAdmin')

export type GroupMetadataProps = {
  id: Wid
  subject: string
  owner: Wid
  creation: number
  announce: boolean
  restrict: boolean
  size: number
  isLidAddressingMode: boolean
  desc: string
  descId: string
  /** The name of the mode; after a change on this device its number. */
  memberAddMode: string | number
  membershipApprovalMode: boolean | number
  ephemeralDuration: number
}

/** The metadata of a group. */
export class GroupMetadataModel extends Model<GroupMetadataProps> {
  readonly participants: Collection<ParticipantModel> = new Collection<ParticipantModel>()

  override serialize(): Record<string, unknown> {
    return {
      ...super.serialize(),
      participants: this.participants.serialize(),
      pendingParticipants: [],
      pastParticipants: [],
      membershipApprovalRequests: [],
    }
  }
}

declareProps(
  GroupMetadataModel,
  `id subject owner creation announce restrict size isLidAddressingMode desc descId memberAddMode
   membershipApprovalMode ephemeralDuration`,
)

export type NewsletterMetadataProps = {
  id: Wid
  name: string
  description: string
  creationTime: number
  membershipType: string
  size: number
}

/** The metadata of a channel. */
export class NewsletterMetadataModel extends Model<NewsletterMetadataProps> {}

declareProps(NewsletterMetadataModel, 'id name description creationTime membershipType size')
