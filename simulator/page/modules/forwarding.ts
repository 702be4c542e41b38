/** Forwarding (WAWebChatForwardMessage): loads on demand on some builds. */

import { isOn } from '../faults.ts'
import { MsgKeyOfBuild } from '../keys.ts'
import { isLidMode } from '../lid-mode.ts'
import { ChatModel } from '../models.ts'
import { MsgModel, type MsgProps } from '../msg-model.ts'
import { myLidWid, myPhoneWid } from '../people.ts'
import { defineModule, refuse, requireModule } from '../registry.ts'
import { addAndSendMsgToChat } from '../send.ts'

/** What the copy does not take from the message. */
const ownFields: readonly (keyof MsgProps)[] = [
  'id',
  'quotedMsg',
  'quotedStanzaID',
  'quotedParticipant',
  'quotedRemoteJid',
  'latestEditMsgKey',
  'latestEditSenderTimestampMs',
  'author',
  'serverId',
  'notifyName',
]

type Options = { chat: unknown; msgs: unknown[]; multicast?: boolean; includeCaption?: boolean }
type Sending = { addAndSendMsgToChat: typeof addAndSendMsgToChat }

/**
 * Sends a copy of each message, one after the other. What fails is only logged; messages with media that failed are returned. To
 * somebody whom the account has blocked, it sends nothing and throws (WAWebContactBlockedErrorAction). A voice note
 * becomes an audio file, unless it comes from a channel. What the owner wrote is not labelled as forwarded.
 */
async function forwardMessages({ chat, msgs, ...options }: Options): Promise<unknown[]> {
  const { contact } = chat instanceof ChatModel ? chat : {}
  if (contact?.get('isContactBlocked')) throw new Error('Forwarded to contact is blocked')
  const failed: unknown[] = []
  for (const message of msgs) {
    if (!(message instanceof MsgModel) || !(chat instanceof ChatModel)) {
      refuse('forwardMessages was called with something that is no chat or no message')
      throw new TypeError('forwardMessages: not a model')
    }
    await forwardOne(chat, message, options).catch((error) => {
      console.warn('forward', String(error))
      if (message.mediaObject) failed.push(message)
    })
  }
  return failed
}

async function forwardOne(
  chat: ChatModel,
  message: MsgModel,
  { multicast = false, includeCaption }: Omit<Options, 'chat' | 'msgs'>,
): Promise<void> {
  const to = chat.get('id')
  const remote = message.get('id')?.remote
  if (!to || !remote) throw new TypeError("Cannot read properties of undefined (reading 'remote')")
  const from = isLidMode(String(to)) ? myLidWid() : myPhoneWid()
  const participant = to.isGroup() ? from : undefined
  const { caption, type, forwardingScore = 0, isForwarded = false, ...rest } = message.attributes
  const isLabelled = isForwarded || message.get('id')?.fromMe !== true
  const kept = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !ownFields.some((own) => own === name)),
  )
  const sending = isOn('forward_inside')
    ? { addAndSendMsgToChat }
    : (requireModule('WAWebSendMsgChatAction') as Sending)
  const steps = sending.addAndSendMsgToChat(chat, {
    ...kept,
    id: new MsgKeyOfBuild({ from, to, id: await MsgKeyOfBuild.newId(), participant, selfDir: 'out' }),
    ...(type === undefined ? {} : { type: type === 'ptt' && !remote.isNewsletter() ? 'audio' : type }),
    ...(caption !== undefined && includeCaption ? { caption } : {}),
    from,
    to,
    self: 'out',
    t: Math.floor(Date.now() / 1000),
    ack: 0,
    local: true,
    isNewMsg: true,
    star: false,
    hasReaction: false,
    isForwarded: isLabelled,
    forwardedFromWeb: true,
    multicast,
    forwardingScore: Math.min(127, forwardingScore + (isLabelled ? 1 : 0)),
  })
  await Promise.all(steps)
}

/** Defines the module of this file. */
export function defineForwarding(): void {
  defineModule('WAWebChatForwardMessage', { forwardMessages })
}
