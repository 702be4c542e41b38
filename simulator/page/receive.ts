/** Messages and acks as they arrive at the page. */
import type { Snapshot, WireMessage } from '../wire.ts'
import { ensureChat, learnChat, learnContacts, learnGroup, rememberMessage } from './learn.ts'
import { connection } from './page.ts'
import { learnPeople } from './people.ts'
import { Msg } from './stores.ts'
import { toMsgModel } from './to-models.ts'

/**
 * A message that comes while the page is up and synced. First it enters the messages (`add`, from which the library's
 * event comes), then its chat changes; then the server is told that this device has it.
 */
export function receiveMessage(message: WireMessage): void {
  const chat = ensureChat(message.chat)
  const model = toMsgModel(message, true)
  if (!Msg.get(model.key())) {
    Msg.add(model)
    chat.msgs.add(model)
    chat.set({
      t: Math.max(chat.get('t') ?? 0, message.t),
      lastReceivedKey: model.get('id'),
      unreadCount: message.fromMe ? 0 : Math.max(chat.get('unreadCount') ?? 0, 0) + 1,
    })
  }
  void connection().ask('received', { ids: [message.id] })
}

/** What came as ciphertext can be read now: the library waits for its `change:type`. */
export function receiveDecrypted(message: WireMessage): void {
  const model = Msg.getByBareId(message.id)
  if (model?.get('type') === 'ciphertext') model.set({ type: message.type, body: message.body })
}

/** An own message came further on its way. */
export function receiveAck(id: string, ack: number): void {
  const model = Msg.getByBareId(id)
  if (!model) return
  if (ack < 0 || (model.get('ack') ?? 0) < ack) model.set({ ack })
}

/**
 * What the service holds, into this page's memory: at the start everything, after a lost connection what changed. The
 * backlog enters silently: not new, so no client hears of it.
 */
export function receiveSnapshot(snapshot: Snapshot): void {
  learnPeople(snapshot.people)
  const inLidGroups = snapshot.groups.filter((group) => group.lidMode).flatMap((group) => group.members)
  learnContacts(snapshot.people, new Set(inLidGroups.map((member) => member.lid)))
  for (const group of snapshot.groups) learnGroup(group)
  for (const message of snapshot.backlog) rememberMessage(message, ensureChat(message.chat))
  for (const chat of snapshot.chats) learnChat(chat)
  if (snapshot.backlog.length > 0) {
    void connection().ask('received', { ids: snapshot.backlog.map((message) => message.id) })
  }
}
