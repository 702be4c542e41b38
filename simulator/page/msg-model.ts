/** The model of a message, with the attributes that the real one serializes. */
import { downloadForView, type MediaState } from './media-download.ts'
import { declareProps, Model } from './model.ts'
import type { MsgKey } from './msg-key.ts'
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
  caption: string | undefined
  isCaptionByUser: boolean
  mentionedJidList: Wid[] | undefined
  groupMentions: unknown[] | undefined
  isForwarded: boolean
  forwardedFromWeb: boolean
  multicast: boolean
  forwardingScore: number
  hasReaction: boolean
  isUnsentMedia: boolean
  latestEditMsgKey: MsgKey
  latestEditSenderTimestampMs: number
  quotedMsg: Partial<MsgProps> | undefined
  quotedStanzaID: string | undefined
  quotedParticipant: Wid | undefined
  quotedRemoteJid: Wid | null | undefined
  directPath: string | undefined
  deprecatedMms3Url: string | undefined
  mimetype: string | undefined
  size: number | undefined
  filename: string | undefined
  filehash: string | undefined
  encFilehash: string | undefined
  mediaKey: string | undefined
  mediaKeyTimestamp: number | undefined
  duration: string | undefined
  width: number | undefined
  height: number | undefined
  waveform: Uint8Array | undefined
  pageCount: number | undefined
  isGif: boolean
  isViewOnce: boolean
  lat: number | undefined
  lng: number | undefined
  loc: string | undefined
  isLive: boolean | undefined
  vcardFormattedName: string | undefined
  vcardList: { displayName: string; vcard: string }[] | undefined
  kind: string
  expectedImageCount: number
  expectedVideoCount: number
  associationType: string
  viewMode: string
  parentMsgKey: MsgKey
  preview: boolean
  title: string
  matchedText: string
  pollName: string
  pollOptions: { name: string; localId: number }[]
  pollSelectableOptionsCount: number
  messageSecret: Uint8Array
  isVideoCall: boolean
  callOutcome: string
  callDuration: number
  callCreator: Wid
  recipients: Wid[]
  templateParams: unknown[]
  protocolMessageKey: MsgKey
  revokeSender: Wid
  revokeTimestamp: number
  isOverwrittenByRevoke: boolean
  ephemeralDuration: number
  ephemeralStartTimestamp: number
  ephemeralSettingTimestamp: number
  kicState: 'KEPT' | 'UNKEPT' | undefined
  /** The message, or its latest edit, did not reach the server. */
  isSendFailure: boolean
  serverId: number
}

/** Kinds that are notices rather than messages (`isNotificationType` in WhatsApp Web's own modules). */
const notices = new Set([
  'gp2',
  'broadcast_notification',
  'notification',
  'notification_template',
  'e2e_notification',
  'call_log',
  'pinned_message',
  'newsletter_notification',
])

/**
 * Fields that a copy of a message inside another one lacks (WAWebMsgModel `msgContextInfo`, builds of 2025
 * and 2026).
 */
const leftOutOfQuotes = new Set([
  'id',
  't',
  'notifyName',
  'from',
  'to',
  'author',
  'self',
  'ack',
  'isNewMsg',
  'star',
  'recvFresh',
  'recipients',
  'quotedMsg',
  'quotedStanzaID',
  'quotedRemoteJid',
  'quotedParticipant',
  'latestEditMsgKey',
  'latestEditSenderTimestampMs',
])

/** One message. */
export class MsgModel extends Model<MsgProps> {
  readonly #media: MediaState = { mediaStage: 'INIT' }

  get isEphemeral(): boolean {
    return (this.get('ephemeralDuration') ?? 0) > 0
  }

  get isStatusV3(): boolean {
    return this.get('id')?.remote.isStatusV3() === true
  }

  get isNotification(): boolean {
    return notices.has(this.get('type') ?? '')
  }

  /** Unix seconds; undefined if the message does not expire. */
  get ephemeralExpirationTimestamp(): number | undefined {
    const { ephemeralStartTimestamp: start, ephemeralDuration: duration } = this.attributes
    return start === undefined || duration === undefined ? undefined : start + duration
  }

  get mediaObject(): { filehash: string | undefined; type: string | undefined } | undefined {
    const { directPath, filehash, type } = this.attributes
    return directPath === undefined ? undefined : { filehash, type }
  }

  get mediaData(): MediaState | undefined {
    return this.attributes.directPath === undefined ? undefined : this.#media
  }

  async downloadMedia({ rmrReason }: { rmrReason?: number } = {}): Promise<void> {
    const { directPath, encFilehash, filehash, mediaKey, mimetype, type = '', id } = this.attributes
    const wanted = { directPath, encFilehash, filehash, mediaKey, mimetype, type, id: id?.id ?? '' }
    const moveTo = (path: string) => void this.set({ directPath: path })
    await downloadForView(this.#media, wanted, moveTo, rmrReason)
  }

  updateAck(ack: number): void {
    this.set({ ack })
  }

  /** The library requests the real model's unguarded self before a reply. */
  unsafe(): this {
    return this
  }

  safe(): this {
    return this
  }

  /**
   * The data of this message that a reply in `chat` includes: if that is not equal to the message's own chat,
   * the message is named as one of another chat. The library passes the chat's model, which equals no
   * address.
   */
  msgContextInfo(chat: unknown): Partial<MsgProps> {
    const { id, author, from } = this.attributes
    const who = author ?? from
    const kept = Object.entries(this.attributes).filter(([name]) => !leftOutOfQuotes.has(name))
    return {
      quotedMsg: Object.fromEntries(kept),
      ...(id
        ? { quotedStanzaID: id.id, quotedRemoteJid: chat && !id.remote.equals(chat) ? id.remote : null }
        : {}),
      ...(who ? { quotedParticipant: who } : {}),
    }
  }
}

declareProps(
  MsgModel,
  `id viewed body type subtype t notifyName from to author self ack isNewMsg star kicNotified recvFresh local
   isFromTemplate caption isCaptionByUser mentionedJidList groupMentions isForwarded forwardedFromWeb
   multicast forwardingScore hasReaction isUnsentMedia latestEditMsgKey latestEditSenderTimestampMs quotedMsg
   quotedStanzaID quotedParticipant quotedRemoteJid directPath deprecatedMms3Url mimetype size filename
   filehash encFilehash mediaKey mediaKeyTimestamp duration width height waveform pageCount isGif isViewOnce
   lat lng loc isLive vcardFormattedName vcardList kind expectedImageCount expectedVideoCount associationType
   viewMode parentMsgKey preview title matchedText pollName pollOptions pollSelectableOptionsCount
   messageSecret isVideoCall callOutcome callDuration callCreator recipients templateParams
   protocolMessageKey revokeSender revokeTimestamp isOverwrittenByRevoke ephemeralDuration
   ephemeralStartTimestamp ephemeralSettingTimestamp kicState isSendFailure serverId`,
)
