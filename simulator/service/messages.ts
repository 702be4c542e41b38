/** Messages that enter the world, and their delivery to the linked devices. */

import type { WireMessage } from '../wire.ts'
import type { WorldMessage, WorldReceipt } from '../world-types.ts'
import type { Account, Chat } from './accounts.ts'
import { findPerson, type Person, statusChat } from './addresses.ts'
import { pushNew } from './backlog.ts'
import { type Context, type Session, sessionsOf } from './context.ts'
import { fieldOf } from './faults.ts'
import { tell } from './telling.ts'
import { toWireChat, toWireMessage } from './wire-forms.ts'

/** Deletes a chat with its messages, on every device. */
export function removeChat(context: Context, account: Account, id: string): void {
  account.messages.removeChat(id)
  account.chats.delete(id)
  tell(context, account, () => ({ push: 'chat_gone', id }))
}

/** A chat without messages. */
export function emptyChat(id: string, t: number): Chat {
  return { id, t, unreadCount: 0, archived: false, pinned: 0, muteExpiration: 0 }
}

/** True if a message of this type counts as unread. Notices and calls do not. */
function isCounted(message: WorldMessage): boolean {
  return !message.fromMe && !['gp2', 'e2e_notification', 'call_log', 'revoked'].includes(message.type)
}

/**
 * Stores a new message and sends it to every linked device whose page is connected. `deliveredTo` is set when
 * the page confirms; the device that wrote it has it already. In a chat with disappearing messages it gets a
 * lifetime.
 */
export function addMessage(
  context: Context,
  account: Account,
  facts: Omit<WorldMessage, 'deliveredTo'>,
): WorldMessage {
  const devices = account.devices.values()
  const before = account.chats.get(facts.chat)
  const lives = facts.notice || facts.type === 'e2e_notification' ? 0 : (before?.ephemeralDuration ?? 0)
  const message: WorldMessage = {
    ...facts,
    ...(lives > 0 ? { ephemeralDuration: lives } : {}),
    deliveredTo: Object.fromEntries(devices.map((device) => [device.id, device.id === facts.origin])),
  }
  account.messages.put(message)
  const author = message.fromMe ? undefined : findPerson(account, message.from)
  // A first message includes phone number and LID of its sender.
  if (author && !before) tellPeople(context, account, [author])
  if (message.chat !== statusChat) {
    const chat = before ?? emptyChat(message.chat, message.t)
    const unread = isCounted(message) ? Math.max(chat.unreadCount, 0) + 1 : chat.unreadCount
    account.chats.set(message.chat, {
      ...chat,
      t: Math.max(chat.t, message.t),
      unreadCount: message.fromMe ? 0 : unread,
    })
  }
  const again = context.faults.isOn('delivered_twice') && otherAddress(account, message)
  for (const session of sessionsOf(context, account)) {
    if (session.live && session.link && session.link.device.id !== message.origin) {
      const whole = toWireMessage(account, session.link.device, message)
      const sent = message.fromMe || message.notice ? whole : encrypt(context, session, whole)
      pushNew(session, { push: 'message', message: sent })
      if (again) pushNew(session, { push: 'message', message: { ...sent, chat: again } })
    }
  }
  return message
}

/** Fault `undecryptable`: the message without its content, and its content later. */
function encrypt(context: Context, session: Session, message: WireMessage): WireMessage {
  const value = context.faults.get('undecryptable')
  if (!value) return message
  const afterMs = fieldOf(value, 'afterMs')
  if (typeof afterMs === 'number') {
    setTimeout(() => session.send({ push: 'decrypted', message }), afterMs).unref()
  }
  const { id, chat, from, fromMe, mine, notifyName, t, ack } = message
  return {
    id,
    chat,
    from,
    fromMe,
    mine,
    notifyName,
    t,
    ack,
    quoted: null,
    type: 'ciphertext',
    body: '',
  }
}

/** A device requests the content of messages that it could not read. */
export function resend(context: Context, session: Session, ids: string[]): void {
  if (!session.link || fieldOf(context.faults.get('undecryptable'), 'never') === true) return
  const { account, device } = session.link
  for (const id of ids) {
    const message = account.messages.get(id)
    if (message) session.send({ push: 'decrypted', message: toWireMessage(account, device, message) })
  }
}

/** The other address of the direct chat of an incoming message; undefined for groups and own messages. */
function otherAddress(account: Account, message: WorldMessage): string | undefined {
  const person = message.fromMe ? undefined : findPerson(account, message.chat)
  return person && (person.lidChat ? `${person.phone}@c.us` : `${person.lid}@lid`)
}

/** Informs the pages of the linked devices about people. */
export function tellPeople(context: Context, account: Account, people: Person[]): void {
  tell(context, account, () => ({ push: 'people', people }))
}

/** Increases the ack of an own message (it never decreases, except to -1) and informs the devices. */
export function setAck(context: Context, account: Account, id: string, ack: number): void {
  const message = account.messages.get(id)
  if (!message?.fromMe || (ack >= 0 && message.ack >= ack)) return
  message.ack = ack
  const person = findPerson(account, message.chat)
  if (person && isReceipt(ack)) addReceipt(context, message, person.phone, ack)
  account.messages.put(message)
  tell(context, account, () => ({ push: 'ack', id: message.revokedAs ?? id, chat: message.chat, ack }))
}

const isReceipt = (ack: number): ack is WorldReceipt['ack'] => ack === 2 || ack === 3 || ack === 4

function addReceipt(context: Context, message: WorldMessage, phone: string, ack: WorldReceipt['ack']): void {
  const receipt = { by: `${phone}@c.us`, ack, atMs: context.clock.now() * 1000 }
  message.receipts = [...(message.receipts ?? []), receipt]
}

/**
 * A member of a group got, read or played an own message. Its ack follows once all members did. Throws for a person who
 * is not in the group.
 */
export function receive(
  context: Context,
  account: Account,
  { id, by, ack }: { id: string; by: string; ack: number },
): WorldMessage {
  const message = account.messages.get(id)
  const group = message && account.groups.get(message.chat)
  const person = findPerson(account, by)
  if (!message?.fromMe || !group || !person || !group.members.includes(person.phone) || !isReceipt(ack))
    throw new Error(`${by} cannot receive ${id}.`)
  addReceipt(context, message, person.phone, ack)
  account.messages.put(message)
  const reached = group.members.map((phone) =>
    Math.max(...(message.receipts ?? []).map((one) => (one.by === `${phone}@c.us` ? one.ack : 1))),
  )
  setAck(context, account, id, Math.min(...reached))
  return message
}

/** The page of `session` has confirmed these messages. */
export function confirmReceived(session: Session, ids: string[]): void {
  if (!session.link) return
  const { account, device } = session.link
  account.messages.confirm(device.id, ids)
}

/** Changes a chat's flags and informs every device except the one that changed them. */
export function changeChat(
  context: Context,
  account: Account,
  id: string,
  change: Partial<Chat>,
  by?: Session,
): void {
  const chat = { ...(account.chats.get(id) ?? emptyChat(id, context.clock.now())), ...change }
  account.chats.set(id, chat)
  tell(context, account, (device) => ({ push: 'chat', chat: toWireChat(account, device, chat) }), by)
}
