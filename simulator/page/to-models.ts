/** Converts messages from the wire to models. */
import type { WireMessage } from '../wire.ts'
import { albumProps } from './albums.ts'
import { toContentProps } from './content.ts'
import { isOn, oddFields } from './faults.ts'
import { authorWid, keyOf, lidModeOf, MsgKeyOfBuild, widOfPhone } from './keys.ts'
import { MsgModel, type MsgProps } from './msg-model.ts'
import { myLidWid, myPhoneWid } from './people.ts'
import { createWid } from './wid.ts'

/**
 * The attributes of a message on the real page. `isNew` decides whether clients get an event: it is not set
 * for history and for the silent part of the offline backlog (F23).
 */
export function toMsgModel(message: WireMessage, isNew: boolean): MsgModel {
  const remote = createWid(message.addressedAs ?? message.chat)
  const lidMode = lidModeOf(message)
  const me = lidMode ? myLidWid() : myPhoneWid()
  const hasAuthor = remote.isGroup() || remote.isBroadcast()
  const author = remote.isNewsletter() ? remote : hasAuthor ? authorWid(message, lidMode) : undefined
  return new MsgModel({
    id: keyOf(message, lidMode),
    viewed: false,
    body: message.body,
    type: message.type,
    t: message.t,
    notifyName: message.notifyName,
    from: message.fromMe ? me : remote,
    to: message.fromMe ? remote : me,
    ...(author ? { author } : {}),
    ack: message.ack,
    ...(isNew ? { isNewMsg: true } : {}),
    star: message.starred === true,
    kicNotified: false,
    recvFresh: isNew,
    isFromTemplate: false,
    mentionedJidList: [],
    groupMentions: [],
    isForwarded: false,
    forwardingScore: 0,
    ...(isOn('reactions_unsaid') ? {} : { hasReaction: (message.reactions ?? []).length > 0 }),
    ...(remote.isNewsletter() ? { serverId: 100 + (message.t % 100_000) } : {}),
    ...toContentProps(message, lidMode),
    ...albumProps(message, (id) => new MsgKeyOfBuild(keyOf({ ...message, id }, lidMode))),
    ...toEphemeralProps(message),
    ...toEditProps(message, lidMode),
    ...(message.quoted ? toQuote(message.quoted, lidMode) : {}),
    ...(message.revoked ? toRevokedProps(message) : {}),
    ...oddFields('messages'),
  })
}

/** The copy of the quoted message that a reply contains. */
function toQuote(quoted: NonNullable<WireMessage['quoted']>, lidMode: boolean): Partial<MsgProps> {
  return {
    quotedMsg: { type: 'chat', body: quoted.body },
    quotedStanzaID: quoted.id,
    quotedParticipant: widOfPhone(quoted.from, lidMode),
  }
}

/** The attributes that an edit adds to a message; the key is that of the edit itself. */
export function toEditProps(message: WireMessage, lidMode: boolean): Partial<MsgProps> {
  if (message.editedAtMs === undefined) return {}
  const key = keyOf({ ...message, id: `${message.id.slice(0, -4)}ED17` }, lidMode)
  return { latestEditMsgKey: key, latestEditSenderTimestampMs: message.editedAtMs }
}

function toEphemeralProps(message: WireMessage): Partial<MsgProps> {
  const { ephemeralDuration, ephemeralSettingTimestamp, kept, t } = message
  if (ephemeralDuration === undefined) return {}
  return {
    ephemeralDuration,
    ephemeralStartTimestamp: t,
    ...(ephemeralSettingTimestamp === undefined ? {} : { ephemeralSettingTimestamp }),
    ...(kept === undefined ? {} : { kicState: toKicState(kept) }),
  }
}

/** `KeepInChatState` (WAWebEphemeralConstants, builds of 2023 to 2026). */
export function toKicState(kept: boolean): 'KEPT' | 'UNKEPT' {
  return kept ? 'KEPT' : 'UNKEPT'
}

/** A message that was deleted for everyone: with another key, and the old one beside it (`WAWebRevoke`). */
export function toRevokedProps(message: WireMessage): Partial<MsgProps> {
  const { revoked } = message
  if (!revoked) return {}
  const lidMode = lidModeOf(message)
  const before = keyOf({ ...message, id: revoked.originalId }, lidMode)
  return {
    type: 'revoked',
    subtype: revoked.by === message.from ? 'sender' : 'admin',
    revokeSender: createWidOf(revoked.by, lidMode),
    revokeTimestamp: message.t,
    protocolMessageKey: new MsgKeyOfBuild(before),
    isOverwrittenByRevoke: true,
    body: undefined,
    caption: undefined,
    directPath: undefined,
    deprecatedMms3Url: undefined,
    mimetype: undefined,
    size: undefined,
    filename: undefined,
    filehash: undefined,
    encFilehash: undefined,
    mediaKey: undefined,
    duration: undefined,
    lat: undefined,
    lng: undefined,
    loc: undefined,
    quotedMsg: undefined,
    quotedStanzaID: undefined,
    quotedParticipant: undefined,
    mentionedJidList: undefined,
    groupMentions: undefined,
    vcardList: undefined,
    hasReaction: false,
    star: false,
    kicState: undefined,
  }
}

function createWidOf(phoneOrJid: string, lidMode: boolean): MsgProps['revokeSender'] {
  return phoneOrJid.includes('@') ? createWid(phoneOrJid) : widOfPhone(phoneOrJid, lidMode)
}
