/** The modules for presence, typing, groups, replies and placeholders. */
import { isOn, numberOf } from '../faults.ts'
import { MsgModel } from '../msg-model.ts'
import { connection } from '../page.ts'
import { alternateOf } from '../people.ts'
import { defineModule } from '../registry.ts'
import { Stream } from '../socket-model.ts'
import { Chat, Contact, Msg, Newsletters } from '../stores.ts'
import { createWid, type Wid } from '../wid.ts'

async function tellPresence(chat: Wid | null, state: string): Promise<void> {
  await connection().ask('presence', { chat: chat && String(chat), state })
}

/** The quoted message: from memory, or from the copy in the reply. */
function getQuotedMsgObj(answer: MsgModel): MsgModel | undefined {
  const { quotedStanzaID, quotedMsg, quotedParticipant, id } = answer.attributes
  if (quotedStanzaID === undefined || !quotedMsg) return undefined
  const known = Msg.getByBareId(quotedStanzaID)
  if (known) return known
  return new MsgModel({
    ...(id ? { id: id.clone() } : {}),
    ...(quotedParticipant ? { from: quotedParticipant } : {}),
    ...quotedMsg,
  })
}

/** Types of messages that a reply cannot quote (WAWebMsgReply `replyChecks`). */
const unanswerable = new Set(['unknown', 'ciphertext', 'debug_placeholder', 'oversized', 'revoked'])

/**
 * The rules of WAWebMsgReply in builds of 2025 and 2026: false in channels and status, in chats where this account may not
 * write, for notices, and for messages that may still fail. Throws for a message without a chat, as the real getter does.
 */
function canReplyMsg(message: unknown): boolean {
  if (!(message instanceof MsgModel)) throw new TypeError('canReplyMsg: not a message model')
  const { id, type = '', ack = 0 } = message.attributes
  const remote = id?.remote
  if (!remote || remote.isNewsletter() || remote.isBroadcast()) return false
  const chat = Chat.get(remote) ?? Chat.get(alternateOf(remote)) ?? Newsletters.get(remote)
  if (!chat) throw new Error('canReplyMsg: the message is in no chat')
  const canSend = chat.get('isReadOnly') !== true && chat.get('isAnnounceGrpRestrict') !== true
  const mayFail = id.fromMe && ack < 1
  const expiry = message.ephemeralExpirationTimestamp
  const isExpired = expiry !== undefined && expiry <= Date.now() / 1000
  return canSend && !mayFail && !message.isNotification && !unanswerable.has(type) && !isExpired
}

/** Fault `restricted`: the code and, if given, the end of the restriction, Unix ms. */
const isRestricted = (code: number): boolean =>
  isOn('restricted') && numberOf('restricted', 'code', 463) === code
const restrictionEnd = (): number => numberOf('restricted', 'endsAt', 0)

const timelockKey = 'WAReachoutTimelockState'

/** Defines the modules of this file. */
export function definePeopleModules(): void {
  // Who marks the stream says it to the server; these two say it without the stream (wa-js: conn/functions/markAvailable.ts).
  Stream.on(
    'change:available',
    () => void tellPresence(null, Stream.get('available') ? 'available' : 'unavailable'),
  )
  defineModule('WAWebPresenceChatAction', {
    sendPresenceAvailable: () => tellPresence(null, 'available'),
    sendPresenceUnavailable: () => tellPresence(null, 'unavailable'),
  })
  defineModule('WAWebChatStateBridge', {
    sendChatStateComposing: (chat: Wid) => tellPresence(chat, 'composing'),
    sendChatStateRecording: (chat: Wid) => tellPresence(chat, 'recording'),
    sendChatStatePaused: (chat: Wid) => tellPresence(chat, 'paused'),
  })
  defineModule('WAWebReachoutTimelockUtils', {
    REACHOUT_TIMELOCK_IDB_KEY: timelockKey,
    isUserReachoutTimelocked: () => isRestricted(463),
  })
  defineModule('WAWebUserPrefsIndexedDBStorage', {
    userPrefsIdb: {
      get: (key: string) =>
        key === timelockKey && isRestricted(463) ? { time_enforcement_ends: restrictionEnd() } : undefined,
    },
  })
  defineModule('WAWebIndividualNewChatMessageCappingLimitUtils', {
    isUserCapped: () => isRestricted(475),
    getCappingData: () =>
      isRestricted(475) ? { cycle_end_timestamp: Math.floor(restrictionEnd() / 1000) } : undefined,
  })
  defineModule('WAWebContactCollection', { ContactCollection: Contact })
  defineModule('WAWebMsgReply', { canReplyMsg })
  defineModule('WAWebQuotedMsgModelUtils', { getQuotedMsgObj })
  defineModule('WAWebNonMessageDataRequestPlaceholderMessageResendUtils', {
    async handlePlaceholderMsgsSeen(messages: MsgModel[]) {
      const ids = messages.map((message) => message.get('id')?.id).filter((id) => id !== undefined)
      await connection().ask('resend', { ids })
    },
  })
  defineModule('WAWebWidToJid', {
    widToUserJid: (wid: Wid) => wid.toJid(),
    widToGroupJid: (wid: Wid) => wid.toJid(),
  })
  defineModule('WAWebJidToWid', { userJidToUserWid: (jid: string) => createWid(jid) })
}
