/**
 * What a device does to messages: react, edit, delete, star, pin; and the page's own checks of what is possible
 * (WAWebMsgActionCapability, WAWebMessageEditUtils, WAWebChatSendMessages, builds of 2026).
 */
import type { MessageAct } from '../../wire.ts'
import { MsgKeyOfBuild } from '../keys.ts'
import { ChatModel } from '../models.ts'
import type { MsgKey } from '../msg-key.ts'
import { MsgModel } from '../msg-model.ts'
import { connection } from '../page.ts'
import { alternateOf, isMe } from '../people.ts'
import { pinState, pins, pinTable } from '../pins.ts'
import { defineModule, refuse } from '../registry.ts'
import { defineCommand } from '../socket-model.ts'
import { Chat, Msg, Newsletters } from '../stores.ts'

/** Seconds since the message in which the page accepts an edit and a deletion for everyone; of channels: both. */
const editWindow = 1_200
const revokeWindow = 60 * 3_600
const channelWindow = 30 * 86_400

function known(message: unknown, who: string): { message: MsgModel; chat: ChatModel; key: MsgKey } {
  if (!(message instanceof MsgModel))
    throw new TypeError(`Cannot read properties of ${String(message)} (${who})`)
  const key = message.get('id')
  if (!key) throw new TypeError("Cannot read properties of undefined (reading 'remote')")
  const other = alternateOf(key.remote)
  const chat = Chat.get(key.remote) ?? Newsletters.get(key.remote) ?? (other && Chat.get(other))
  if (!chat) throw new TypeError("Cannot read properties of undefined (reading 'groupMetadata')")
  return { message, chat, key }
}

const ageOf = (message: MsgModel): number => Math.floor(Date.now() / 1000) - (message.get('t') ?? 0)
const isChannel = (key: MsgKey): boolean => key.remote.isNewsletter()
const isUnsent = (message: MsgModel): boolean =>
  message.get('id')?.fromMe === true && (message.get('ack') ?? 0) < 1

function me({ groupMetadata }: ChatModel) {
  return groupMetadata?.participants.findFirst((participant) => {
    const id = participant.get('id')
    return id !== undefined && isMe(id)
  })
}

const ownsChannel = ({ newsletterMetadata }: ChatModel): boolean =>
  ['owner', 'admin'].includes(newsletterMetadata?.get('membershipType') ?? '')

/** `canShowMsgEditAction` without its time. */
function isEditable(given: unknown, types: readonly string[]): boolean {
  const { message, chat, key } = known(given, 'canEdit')
  if (!types.includes(message.get('type') ?? '') || message.get('isForwarded') || isUnsent(message))
    return false
  if (isChannel(key)) return ownsChannel(chat)
  return key.fromMe && chat.get('isReadOnly') !== true && chat.get('isAnnounceGrpRestrict') !== true
}

const isInEditWindow = (given: unknown): boolean => {
  const { message, key } = known(given, 'canEdit')
  return ageOf(message) < (isChannel(key) ? channelWindow : editWindow)
}

const canEditText = (message: unknown): boolean => isEditable(message, ['chat']) && isInEditWindow(message)

function canEditCaption(message: unknown): boolean {
  const { caption, isViewOnce } = known(message, 'canEditCaption').message.attributes
  return (
    isEditable(message, ['image', 'video', 'document']) &&
    Boolean(caption) &&
    isViewOnce !== true &&
    isInEditWindow(message)
  )
}

function isRevocable(given: unknown): boolean {
  const { message, chat, key } = known(given, 'canRevoke')
  if (message.get('type') === 'revoked' || message.isNotification) return false
  if (isChannel(key)) return ownsChannel(chat) && ageOf(message) <= channelWindow
  if (chat.groupMetadata && !me(chat)) return false
  return !isMe(key.remote) && !isUnsent(message) && ageOf(message) <= revokeWindow
}

const canSenderRevokeMsg = (message: unknown): boolean =>
  isRevocable(message) && known(message, 'canSenderRevokeMsg').key.fromMe

function canAdminRevokeMsg(message: unknown): boolean {
  const { chat, key } = known(message, 'canAdminRevokeMsg')
  if (isChannel(key)) return isRevocable(message)
  return isRevocable(message) && !key.fromMe && me(chat)?.get('isAdmin') === true
}

const isPlain = ({ message, key }: ReturnType<typeof known>): boolean =>
  !message.isNotification &&
  message.get('isViewOnce') !== true &&
  message.get('type') !== 'revoked' &&
  !isUnsent(message) &&
  !key.remote.isBroadcast()

function canStarMsg(given: unknown): boolean {
  const found = known(given, 'canStarMsg')
  return isPlain(found) && !isChannel(found.key) && !found.message.isEphemeral
}

function canPinMsg(given: unknown): boolean {
  const found = known(given, 'canPinMsg')
  if (!isPlain(found) || isChannel(found.key)) return false
  const { groupMetadata } = found.chat
  if (!groupMetadata) return true
  const mine = me(found.chat)
  const isClosed = groupMetadata.get('restrict') === true || groupMetadata.get('announce') === true
  return mine !== undefined && (!isClosed || mine.get('isAdmin') === true)
}

/** Of a real one's list, the types that this double has. */
const unforwardable = new Set([
  ...[
    'call_log',
    'ciphertext',
    'debug_placeholder',
    'event_creation',
    'groups_v4_invite',
    'message_history_bundle',
  ],
  ...[
    'newsletter_admin_invite',
    'order',
    'oversized',
    'payment',
    'quarantined',
    'request_phone_number',
    'revoked',
  ],
  ...['sharable_event_invite', 'unknown'],
])
const fetchedFirst = new Set(['image', 'video', 'ptv', 'ptt'])

/** Files of most kinds must have been fetched for somebody who looks at them. */
function canForwardMsg(given: unknown): boolean {
  const { message, key } = known(given, 'canForwardMsg')
  const { type = '', isLive, isViewOnce, isUnsentMedia } = message.attributes
  if (unforwardable.has(type) || (type === 'location' && isLive)) return false
  if (type === 'poll_creation') return isChannel(key)
  const stage = message.mediaData?.mediaStage
  if (stage === undefined || stage === 'EXISTS') return true
  if (stage === 'ERROR_MISSING' || stage === 'ERROR_UNSUPPORTED') return false
  if (stage !== 'RESOLVED' && fetchedFirst.has(type)) return false
  if (type === 'ptv' && !key.fromMe) return false
  return isViewOnce !== true && isUnsentMedia !== true
}

async function act(given: unknown, what: MessageAct): Promise<boolean> {
  const { key } = known(given, what.kind)
  return (await connection().ask('act', { id: key.id, act: what })).result === 'OK'
}

/** In a channel without the feature it does nothing, without a word. */
async function sendReactionToMsg(message: unknown, emoji: string): Promise<void> {
  if (isChannel(known(message, 'sendReactionToMsg').key)) return
  if (!(await act(message, { kind: 'react', emoji }))) throw new Error('Reaction send error')
}

/** The new text shows before the server has it. A failed send is a field of the message, not an error. */
async function sendMessageEdit(
  given: unknown,
  text: string,
  options: { mentionedJidList?: unknown[] },
): Promise<void> {
  if (!canEditText(given) && !canEditCaption(given)) throw new Error('Cannot edit message')
  const { message, key } = known(given, 'sendMessageEdit')
  const isText = message.get('type') === 'chat'
  const trimmed = text.trim()
  const mentions = (options.mentionedJidList ?? []).map(String)
  message.set({
    ...(isText ? { body: trimmed } : { caption: trimmed }),
    latestEditMsgKey: new MsgKeyOfBuild({
      fromMe: true,
      remote: key.remote,
      id: await MsgKeyOfBuild.newId(),
    }),
    latestEditSenderTimestampMs: Date.now(),
  })
  message.set({ isSendFailure: !(await act(message, { kind: 'edit', text: trimmed, mentions })) })
}

/** Does nothing with what is no poll. */
async function sendVote(given: unknown, options: unknown): Promise<object | undefined> {
  const { message } = known(given, 'sendVote')
  if (!(options instanceof Set)) throw new TypeError('sendVote: not a set')
  if (message.get('type') !== 'poll_creation') return undefined
  const isDone = await act(message, { kind: 'vote', options: [...options].map(Number) })
  return { messageSendResult: isDone ? 'OK' : 'ERROR_UNKNOWN' }
}

/** Takes an option of `PinExpiryDurationOption`, which clients that replace `getPinExpiryDuration` ignore. */
async function sendPinInChatMsg(message: unknown, type: unknown, option?: unknown) {
  if (type !== 1 && type !== 2) return null
  const given = option ?? 'SevenDays'
  const seconds = type === 1 ? pinConstants.getPinExpiryDuration(given) : null
  if (type === 1 && typeof seconds !== 'number') throw new TypeError('pinExpiryDuration is not a number')
  if (!(await act(message, { kind: 'pin', seconds: seconds ?? null })))
    throw new Error('PinInChat send Error')
  return { messageSendResult: 'OK', t: Math.floor(Date.now() / 1000) }
}

const durations: Record<string, number> = { OneDay: 86_400, SevenDays: 7 * 86_400, ThirtyDays: 30 * 86_400 }
const pinConstants = {
  PIN_STATE: pinState,
  PinExpiryDurationOption: Object.fromEntries(Object.keys(durations).map((name) => [name, name])),
  getPinExpiryDuration: (option: unknown): number | undefined => durations[String(option)],
  getPinExpiryOption(seconds: unknown): string {
    const found = Object.entries(durations).find(([, one]) => one === seconds)
    if (!found) throw new Error('Unexpeded pin expiry duration')
    return found[0]
  },
}

/** What has been done in a chat. */
const settled = new WeakSet<Promise<unknown>>()

type Record_ = { list: unknown[]; type: string }

/**
 * Adds a command that returns nothing: what it does is `chat.promises[name]`. While that is pending, a second call in
 * the same chat is ignored. Nothing promises that it is taken away afterwards, or that it never rejects: here it stays.
 */
function defineChatCommand<Args extends unknown[]>(
  command: string,
  name: string,
  run: (...args: Args) => { messages: unknown[]; act: (message: unknown) => Promise<unknown> },
): void {
  defineCommand(command, ((chat: unknown, ...args: Args) => {
    if (!(chat instanceof ChatModel)) {
      refuse(`Cmd.${command} was called with something that is no chat`)
      throw new TypeError(`Cmd.${command}: not a chat model`)
    }
    const before = chat.promises[name]
    if (before && !settled.has(before)) return
    const { messages, act } = run(...args)
    const work = Promise.all(messages.map(act))
    chat.promises[name] = work
    work.catch(() => {}).finally(() => settled.add(work))
  }) as never)
}

function listOf({ list, type }: Record_): unknown[] {
  if (type !== 'message' || !Array.isArray(list))
    throw new TypeError("Cannot read properties of undefined (reading 'map')")
  return list
}

/** Defines the modules of this file. */
export function defineMessageActionModules(): void {
  defineModule('WAWebMsgActionCapability', {
    canEditText,
    canEditCaption,
    canSenderRevokeMsg,
    canAdminRevokeMsg,
    canStarMsg,
    canPinMsg,
    canForwardMsg,
    canDeleteMsg: (message: unknown) => !isChannel(known(message, 'canDeleteMsg').key),
  })
  defineModule('WAWebSendReactionMsgAction', { sendReactionToMsg })
  defineModule('WAWebSendMessageEditAction', { sendMessageEdit })
  defineModule('WAWebSendPinMessageAction', { sendPinInChatMsg })
  defineModule('WAWebPollsSendVoteMsgAction', { sendVote })
  defineModule('WAWebPinMsgConstants', pinConstants)
  defineModule('WAWebPinInChatCollection', { PinInChatCollection: pins })
  defineModule('WAWebPinInChatSchema', { getTable: () => pinTable })
  defineChatCommand('sendRevokeMsgs', 'sendRevokeMsgs', (record: Record_) => ({
    messages: listOf(record),
    act: async (message) => {
      // Asked again, and then nothing happens.
      if (canSenderRevokeMsg(message) || canAdminRevokeMsg(message)) await act(message, { kind: 'revoke' })
    },
  }))
  defineChatCommand('sendDeleteMsgs', 'sendDeleteMsgs', (record: Record_) => ({
    messages: listOf(record),
    act: (message) => act(message, { kind: 'delete' }),
  }))
  for (const starred of [true, false])
    defineChatCommand(starred ? 'sendStarMsgs' : 'sendUnstarMsgs', 'sendStarMsgs', (messages: unknown[]) => ({
      messages,
      act: async (message) => {
        // Of a message that is not in memory, only the row of the database changes.
        if (await act(message, { kind: 'star', starred }))
          Msg.get(known(message, 'star').message.key())?.set({ star: starred })
      },
    }))
}
