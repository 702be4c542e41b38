/** Messages and acks as they arrive at the page, and the world in pieces. */
import type { Piece, WireMessage } from '../wire.ts'
import { isOn, numberOf } from './faults.ts'
import { addChannel, ensureChat, learnChat, learnContacts, learnGroup, rememberMessage } from './learn.ts'
import type { ChatModel } from './models.ts'
import { connection, page } from './page.ts'
import { learnPeople, personByPhone } from './people.ts'
import { Msg } from './stores.ts'
import { toMsgModel } from './to-models.ts'
import { createWid } from './wid.ts'

/** Status posts belong to no chat of the list, but where that is the fault. */
function chatOf(message: WireMessage): ChatModel | null {
  const isOutside = createWid(message.chat).isBroadcast() && !isOn('status_risky')
  return isOutside ? null : ensureChat(message.chat)
}

/**
 * A message that comes while the page is up and synced. First it enters the messages (`add`, from which the library's
 * event comes), then its chat changes; then the server is told that this device has it.
 */
export function receiveMessage(message: WireMessage): void {
  const chat = chatOf(message)
  const model = toMsgModel(message, !isSilent(message))
  const isQuiet = chat?.newsletterMetadata !== undefined && isOn('channels_silent')
  const known = isQuiet ? chat.msgs.get(model) : Msg.get(model.key())
  if (!known) {
    if (!isQuiet) Msg.add(model)
    if (chat) {
      chat.msgs.add(model)
      const before = chat.get('unreadCount') ?? 0
      const isCounted = !message.fromMe && !model.isNotification
      chat.set({
        t: Math.max(chat.get('t') ?? 0, message.t),
        lastReceivedKey: model.get('id'),
        unreadCount: message.fromMe ? 0 : isCounted ? Math.max(before, 0) + 1 : before,
      })
    }
  }
  void connection().ask('received', { ids: [message.id] })
}

/** Fault `stored_silently`. */
function isSilent({ id }: WireMessage): boolean {
  if (!isOn('stored_silently')) return false
  const sum = [...id].reduce((all, letter) => all + letter.charCodeAt(0), 0)
  return (sum % 100) / 100 < numberOf('stored_silently', 'share', 1)
}

/** What came as ciphertext can be read now: the library waits for its `change:type`. */
export function receiveDecrypted(message: WireMessage): void {
  const model = Msg.getByBareId(message.id)
  if (model?.get('type') !== 'ciphertext') return
  const { type, isNewMsg: _isNewMsg, ...others } = toMsgModel(message, true).attributes
  model.set({ type, ...others, id: model.get('id') })
}

/** An own message came further on its way. */
export function receiveAck(id: string, ack: number): void {
  const model = Msg.getByBareId(id)
  if (!model) return
  if (ack < 0 || (model.get('ack') ?? 0) < ack) model.set({ ack })
}

/**
 * Part of what the service holds, into this page's memory. The backlog enters silently: not new, so no client hears
 * of it.
 */
export function receivePiece({ people, groups, channels, chats, backlog }: Piece): void {
  if (people) {
    learnPeople(people)
    learnContacts(people, new Set())
  }
  if (groups) {
    const inLidGroups = groups
      .filter((group) => group.lidMode)
      .flatMap((group) => group.members)
      .filter((member) => member.phone !== page.account?.phone)
    learnContacts(
      inLidGroups.map((member) => personByPhone(member.phone)).filter((person) => person !== undefined),
      new Set(inLidGroups.map((member) => member.lid)),
    )
    for (const group of groups) learnGroup(group)
  }
  if (chats && isOn('status_risky')) ensureChat('status@broadcast')
  for (const channel of channels ?? []) addChannel(channel)
  for (const message of backlog ?? []) rememberMessage(message, chatOf(message))
  for (const chat of chats ?? []) learnChat(chat)
  if (backlog && backlog.length > 0) {
    void connection().ask('received', { ids: backlog.map((message) => message.id) })
  }
}
