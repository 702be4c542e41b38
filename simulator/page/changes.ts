/** Changes of messages and chats after they arrived: edits, deletions, moves. */
import type { Push, WireChat, WireMessage } from '../wire.ts'
import { isOn } from './faults.ts'
import { learnLabel } from './labels.ts'
import { addChannel, learnChat, learnContacts, learnGroup } from './learn.ts'
import { ChatModel } from './models.ts'
import { learnCall } from './modules/calls.ts'
import { learnPicture } from './modules/pictures.ts'
import type { MsgModel } from './msg-model.ts'
import { Mute } from './mute.ts'
import { learnPeople } from './people.ts'
import { learnPin } from './pins.ts'
import { hearVote } from './polls.ts'
import { hearReaction } from './reactions.ts'
import { changeLate } from './receive.ts'
import { Conn } from './socket-model.ts'
import { Chat, Contact, Msg, Newsletters } from './stores.ts'
import { toKicState, toMsgModel, toRevokedProps } from './to-models.ts'
import { createWid, type Wid } from './wid.ts'

function chatOf(model: MsgModel): ChatModel | undefined {
  for (const collection of model.collections) {
    const holds = (chat: ChatModel): boolean => Object.is(chat.msgs, collection)
    const found = Chat.findFirst(holds) ?? Newsletters.findFirst(holds)
    if (found) return found
  }
  return undefined
}

/** A message that is not in memory changes in the page's database only, without an event. */
function edit(message: WireMessage): void {
  const model = Msg.getByBareId(message.id)
  if (!model) return
  const { body, caption, latestEditMsgKey, latestEditSenderTimestampMs } = toMsgModel(
    message,
    false,
  ).attributes
  model.set({
    ...(latestEditMsgKey ? { latestEditMsgKey } : {}),
    ...(latestEditSenderTimestampMs ? { latestEditSenderTimestampMs } : {}),
    body,
    ...(caption === undefined ? {} : { caption }),
  })
}

/** Gives the message its new key, then turns it into a deleted message, in one step (`WAWebRevoke`). */
function revoke(message: WireMessage): void {
  const model = message.revoked && Msg.getByBareId(message.revoked.originalId)
  if (!model) return
  const key = toMsgModel(message, false).get('id')
  if (!key) return
  const chat = chatOf(model)
  const wasLast = chat && String(chat.get('lastReceivedKey')) === model.key()
  const unread = chat?.get('unreadCount') ?? 0
  const wasUnread = unread > 0 && !message.fromMe && chat?.msgs._models.slice(-unread).includes(model)
  chat?.msgs.replaceId(model, key)
  Msg.replaceId(model, key)
  model.set(toRevokedProps(message))
  chat?.set({
    ...(wasLast ? { lastReceivedKey: key } : {}),
    ...(wasUnread ? { unreadCount: unread - 1 } : {}),
  })
}

function forget(ids: string[]): void {
  for (const id of ids) {
    const model = Msg.getByBareId(id)
    if (!model) continue
    const chat = chatOf(model)
    Msg.remove(model)
    chat?.msgs.remove(model)
    const last = chat?.msgs.last()?.get('id')
    if (chat && String(chat.get('lastReceivedKey')) === model.key()) {
      chat.set({ lastReceivedKey: last })
    }
  }
}

function dropChat(id: string): void {
  const chat = Chat.get(id)
  if (!chat) return
  for (const model of chat.msgs.getModelsArray()) {
    Msg.remove(model)
    chat.msgs.remove(model)
  }
  Chat.remove(chat)
}

/** Moves the chat to its LID. Messages keep their keys, and belong to the chat with the new id. */
function moveChat(from: string, chat: WireChat): void {
  const old = Chat.get(from)
  const to: Wid = createWid(chat.id)
  if (!old) {
    learnChat(chat)
    return
  }
  if (isOn('chat_moves_in_place')) {
    Chat.replaceId(old, to)
    old.set({ id: to })
  } else {
    const mute = new Mute({ id: to, expiration: chat.muteExpiration })
    Chat.add(
      new ChatModel({ ...old.attributes, id: to }, { msgs: old.msgs, mute, contact: Contact.gadd(to) }),
    )
    Chat.remove(old)
  }
  learnChat(chat)
}

/** Applies a push about existing data; false for any other push. */
export function receiveChange(push: Push): boolean {
  switch (push.push) {
    case 'edited':
      edit(push.message)
      return true
    case 'revoked':
      revoke(push.message)
      return true
    case 'kept':
      Msg.getByBareId(push.message.id)?.set({ kicState: toKicState(push.message.kept === true) })
      return true
    case 'starred':
      Msg.getByBareId(push.id)?.set({ star: push.starred })
      return true
    case 'pinned':
      learnPin(push.message, push.by, push.atMs)
      return true
    case 'messages_gone':
      forget(push.ids)
      return true
    case 'reaction':
      changeLate(push.message)
      hearReaction(push.message, push.reaction)
      if (!isOn('reactions_unsaid'))
        Msg.getByBareId(push.message.id)?.set({ hasReaction: (push.message.reactions ?? []).length > 0 })
      return true
    case 'vote':
      hearVote(push.message, push.ballot)
      return true
    case 'chat':
      learnChat(push.chat)
      return true
    case 'transfer':
      for (const chat of Chat.getModelsArray())
        if (push.chat === null || chat.key() === push.chat)
          chat.set({ endOfHistoryTransferType: push.transfer })
      return true
    case 'chat_gone':
      dropChat(push.id)
      return true
    case 'chat_moved':
      moveChat(push.from, push.chat)
      return true
    case 'channel':
      addChannel(push.channel)
      return true
    case 'call':
      learnCall(push.call)
      return true
    case 'people':
      learnPeople(push.people)
      learnContacts(push.people, new Set())
      return true
    case 'picture':
      void learnPicture(push.jid)
      return true
    case 'presence':
      Chat.get(push.jid)?.presence.learn(push.online, push.lastSeen)
      return true
    case 'conn':
      Conn.set(push.conn)
      return true
    case 'label':
      learnLabel(push.label)
      return true
    case 'group_changed':
      learnGroup(push.group)
      return true
    default:
      return false
  }
}
