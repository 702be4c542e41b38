/** Messages from the wire as models. */
import type { WireMessage } from '../wire.ts'
import { authorWid, keyOf, widOfPhone } from './keys.ts'
import { isLidMode } from './learn.ts'
import { MsgModel, type MsgProps } from './models.ts'
import { myLidWid, myPhoneWid } from './people.ts'
import { createWid } from './wid.ts'

/**
 * The attributes that a text has on the real page. `isNew` is what decides whether clients get an event: it is not
 * set for history and for the offline backlog (F23).
 */
export function toMsgModel(message: WireMessage, isNew: boolean): MsgModel {
  const remote = createWid(message.chat)
  const lidMode = isLidMode(message.chat)
  const me = lidMode ? myLidWid() : myPhoneWid()
  const author = authorWid(message, lidMode)
  return new MsgModel({
    id: keyOf(message, lidMode),
    viewed: false,
    body: message.body,
    type: message.type,
    t: message.t,
    notifyName: message.notifyName,
    from: message.fromMe ? me : remote,
    to: message.fromMe ? remote : me,
    ...(remote.isGroup() ? { author } : {}),
    ack: message.ack,
    ...(isNew ? { isNewMsg: true } : {}),
    star: false,
    kicNotified: false,
    recvFresh: isNew,
    isFromTemplate: false,
    mentionedJidList: [],
    groupMentions: [],
    isForwarded: false,
    forwardingScore: 0,
    hasReaction: false,
    ...(message.quoted ? toQuote(message.quoted, lidMode) : {}),
  })
}

/** The copy of the answered message that an answer carries. */
function toQuote(quoted: NonNullable<WireMessage['quoted']>, lidMode: boolean): Partial<MsgProps> {
  return {
    quotedMsg: { type: 'chat', body: quoted.body },
    quotedStanzaID: quoted.id,
    quotedParticipant: widOfPhone(quoted.from, lidMode),
  }
}
