/** The models of messages, chats, contacts and groups, with the attributes that the real ones serialize. */
import type { ChatMsgs } from './chat-msgs.ts'
import { Collection } from './collection.ts'
import { declareProps, Model } from './model.ts'
import type { MsgKey } from './msg-key.ts'
import type { Mute } from './mute.ts'
import type { Wid } from './wid.ts'

export type MsgProps = {
  id: MsgKey
  viewed: boolean
  body: string | undefined
  type: string
  subtype: string
  t: number
  notifyName: string
  from: Wid
  to: Wid
  author: Wid
  self: 'in' | 'out'
  ack: number
  isNewMsg: boolean
  star: boolean
  kicNotified: boolean
  recvFresh: boolean
  local: boolean
  isFromTemplate: boolean
  caption: string
  mentionedJidList: Wid[]
  groupMentions: unknown[]
  isForwarded: boolean
  forwardingScore: number
  hasReaction: boolean
  isUnsentMedia: boolean
  latestEditMsgKey: MsgKey
  latestEditSenderTimestampMs: number
  directPath: string
  quotedMsg: { type: string; body: string }
  quotedStanzaID: string
  quotedParticipant: Wid
}

/** One message. */
export class MsgModel extends Model<MsgProps> {
  readonly isEphemeral = false
  readonly isStatusV3 = false
  readonly isNotification = false
  readonly mediaObject = undefined
  readonly mediaData = undefined

  /** The library asks the real model for its unguarded self before a reply. */
  unsafe(): this {
    return this
  }

  safe(): this {
    return this
  }

  /** What an answer to this message carries of it. */
  msgContextInfo(_chat: unknown): Partial<MsgProps> {
    const { id, type = '', body = '', author, from } = this.attributes
    const who = author ?? from
    return {
      quotedMsg: { type, body },
      ...(id ? { quotedStanzaID: id.id } : {}),
      ...(who ? { quotedParticipant: who } : {}),
    }
  }
}

declareProps(MsgModel, [
  'id',
  'viewed',
  'body',
  'type',
  'subtype',
  't',
  'notifyName',
  'from',
  'to',
  'author',
  'self',
  'ack',
  'isNewMsg',
  'star',
  'kicNotified',
  'recvFresh',
  'local',
  'isFromTemplate',
  'caption',
  'mentionedJidList',
  'groupMentions',
  'isForwarded',
  'forwardingScore',
  'hasReaction',
  'isUnsentMedia',
  'latestEditMsgKey',
  'latestEditSenderTimestampMs',
  'directPath',
  'quotedMsg',
  'quotedStanzaID',
  'quotedParticipant',
])

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
}

/** One chat, with its messages in memory. */
export class ChatModel extends Model<ChatProps> {
  readonly msgs: ChatMsgs
  readonly mute: Mute
  readonly contact: ContactModel | undefined
  readonly groupMetadata: GroupMetadataModel | undefined

  constructor(
    attributes: Partial<ChatProps>,
    parts: { msgs: ChatMsgs; mute: Mute; contact?: ContactModel; groupMetadata?: GroupMetadataModel },
  ) {
    super(attributes)
    this.msgs = parts.msgs
    this.mute = parts.mute
    this.contact = parts.contact
    this.groupMetadata = parts.groupMetadata
  }

  override serialize(): Record<string, unknown> {
    return { ...super.serialize(), msgs: this.msgs.serialize() }
  }
}

declareProps(ChatModel, [
  'id',
  't',
  'unreadCount',
  'archive',
  'isReadOnly',
  'isLocked',
  'muteExpiration',
  'name',
  'formattedTitle',
  'notSpam',
  'pin',
  'lastReceivedKey',
  'unreadMentionsOfMe',
  'labels',
])

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

/** One contact: a person by phone, and the same person once more by LID; a group is a contact too. */
export class ContactModel extends Model<ContactProps> {
  readonly businessProfile = undefined
  readonly commonGroups = undefined
}

declareProps(ContactModel, [
  'id',
  'name',
  'shortName',
  'pushname',
  'type',
  'isBusiness',
  'isEnterprise',
  'isContactBlocked',
  'phoneNumber',
  'statusMute',
  'sectionHeader',
  'labels',
])

export type ParticipantProps = { id: Wid; isAdmin: boolean; isSuperAdmin: boolean }

/** One member of a group. */
export class ParticipantModel extends Model<ParticipantProps> {}

declareProps(ParticipantModel, ['id', 'isAdmin', 'isSuperAdmin'])

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
}

/** What is known of a group. */
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

declareProps(GroupMetadataModel, [
  'id',
  'subject',
  'owner',
  'creation',
  'announce',
  'restrict',
  'size',
  'isLidAddressingMode',
  'desc',
])
