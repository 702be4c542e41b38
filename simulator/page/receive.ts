/** Messages and acks that arrive at the page, and the world in pieces. */
import type { Piece, WireMessage } from '../wire.ts'
import { isOn, numberOf, unless } from './faults.ts'
import { learnLabel } from './labels.ts'
import { addChannel, ensureChat, learnChat, learnContacts, learnGroup, rememberMessage } from './learn.ts'
import type { ChatModel } from './models.ts'
import { connection, page } from './page.ts'
import { learnPeople, personByPhone } from './people.ts'
import { hearReaction } from './reactions.ts'
import { isStatusGuarded } from './status-msgs.ts'
import { Msg } from './stores.ts'
import { toMsgModel } from './to-models.ts'
import { createWid } from './wid.ts'

/** Status posts belong to no chat of the list, unless their reading is guarded. */
function chatOf(message: WireMessage): ChatModel | null {
  const isOutside = createWid(message.chat).isBroadcast() && !isStatusGuarded()
  return isOutside ? null : ensureChat(message.chat)
}

/** Fault `message_late`: messages by their ids that are not in the page yet, as they are now. */
const late = new Map<string, WireMessage>()

/** A change of a message that is not in the page yet. */
export function changeLate(message: WireMessage): void {
  if (late.has(message.id)) late.set(message.id, message)
}

/**
 * A message arrives while the page runs and is synced. Reactions that came before it are reported first (WAWebHandleSingleMsg:
 * checkUpdateForOrphanReactions). Then it is added to the messages (`add` causes the library's event), then its chat changes;
 * then the page confirms it to the server.
 */
export function receiveMessage(message: WireMessage): void {
  late.set(message.id, message)
  unless('message_late', () => {
    const present = late.get(message.id) ?? message
    late.delete(message.id)
    receiveNow(present)
  })
}

function receiveNow(message: WireMessage): void {
  for (const reaction of message.reactions ?? []) hearReaction(message, reaction)
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

/** A ciphertext message is readable now: the library waits for its `change:type`. */
export function receiveDecrypted(message: WireMessage): void {
  const model = Msg.getByBareId(message.id)
  if (model?.get('type') !== 'ciphertext') return
  const { type, isNewMsg: _isNewMsg, ...others } = toMsgModel(message, true).attributes
  model.set({ type, ...others, id: model.get('id') })
}

/** The ack of an own message has increased. */
export function receiveAck(id: string, ack: number): void {
  const model = Msg.getByBareId(id)
  if (!model) return
  if (ack < 0 || (model.get('ack') ?? 0) < ack) model.set({ ack })
}

/**
 * Adds part of the service's data to this page's memory. The backlog is added silently: not new, so that
 * clients get no event.
 */
export function receivePiece({ people, groups, channels, labels, chats, backlog }: Piece): void {
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
    for (const group of groups) {
      learnGroup(group)
      unless('members_late', () => learnGroup(group))
    }
  }
  if (chats && isStatusGuarded()) ensureChat('status@broadcast')
  for (const channel of channels ?? []) unless('channels_late', () => addChannel(channel))
  for (const label of labels ?? []) learnLabel(label)
  const inList = (chat: string, run: () => void): void =>
    createWid(chat).isNewsletter() ? unless('channels_late', run) : run()
  for (const message of backlog ?? []) inList(message.chat, () => rememberMessage(message, chatOf(message)))
  for (const chat of chats ?? []) inList(chat.id, () => learnChat(chat))
  if (backlog && backlog.length > 0) {
    void connection().ask('received', { ids: backlog.map((message) => message.id) })
  }
}
