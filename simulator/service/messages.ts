/** Messages coming into the world and going out to the linked devices. */
import type { WorldMessage } from '../simulator.ts'
import type { WireMessage } from '../wire.ts'
import type { Account, Chat } from './accounts.ts'
import { findPerson, type Person } from './addresses.ts'
import { type Context, type Session, sessionsOf } from './context.ts'
import { fieldOf } from './faults.ts'
import { toWireChat, toWireMessage } from './wire-forms.ts'

// The place for reactions, edits, revocations and media: each a change of a WorldMessage here, a push in wire.ts,
// and a change of the page's model in page/receive.ts.

/** A chat that nobody has written in yet. */
export function emptyChat(id: string, t: number): Chat {
  return { id, t, unreadCount: 0, archived: false, pinned: 0, muteExpiration: 0 }
}

/**
 * Keep a new message and give it to every linked device whose page is there. `deliveredTo` is set when the page
 * confirms; the device that wrote it has it already.
 */
export function addMessage(
  context: Context,
  account: Account,
  facts: Omit<WorldMessage, 'deliveredTo'>,
): WorldMessage {
  const devices = account.devices.values()
  const message: WorldMessage = {
    ...facts,
    deliveredTo: Object.fromEntries(devices.map((device) => [device.id, device.id === facts.origin])),
  }
  account.messages.set(message.id, message)
  const author = message.fromMe ? undefined : findPerson(account, message.from)
  // A first message brings phone and LID of its sender along.
  if (author && !account.chats.has(message.chat)) tellPeople(context, account, [author])
  const chat = account.chats.get(message.chat) ?? emptyChat(message.chat, message.t)
  account.chats.set(message.chat, {
    ...chat,
    t: Math.max(chat.t, message.t),
    unreadCount: message.fromMe ? 0 : Math.max(chat.unreadCount, 0) + 1,
  })
  const again = context.faults.isOn('delivered_twice') && otherAddress(account, message)
  for (const session of sessionsOf(context, account)) {
    if (session.live && session.link && session.link.device.id !== message.origin) {
      const whole = toWireMessage(account, session.link.device, message)
      const sent = message.fromMe ? whole : encrypt(context, session, whole)
      session.send({ push: 'message', message: sent })
      if (again) session.send({ push: 'message', message: { ...sent, chat: again } })
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
  return { ...message, type: 'ciphertext', body: '' }
}

/** A device asks for the content of messages that it could not read. */
export function resend(context: Context, session: Session, ids: string[]): void {
  if (!session.link || fieldOf(context.faults.get('undecryptable'), 'never') === true) return
  const { account, device } = session.link
  for (const id of ids) {
    const message = account.messages.get(id)
    if (message) session.send({ push: 'decrypted', message: toWireMessage(account, device, message) })
  }
}

/** The other address of the direct chat that an incoming message is in; undefined for groups and own messages. */
function otherAddress(account: Account, message: WorldMessage): string | undefined {
  const person = message.fromMe ? undefined : findPerson(account, message.chat)
  return person && (person.lidChat ? `${person.phone}@c.us` : `${person.lid}@lid`)
}

/** Tell the pages of the linked devices about people. */
export function tellPeople(context: Context, account: Account, people: Person[]): void {
  for (const session of sessionsOf(context, account)) {
    if (session.live) session.send({ push: 'people', people })
  }
}

/** Raise the ack of an own message (it never falls, except to -1) and tell the devices. */
export function setAck(context: Context, account: Account, id: string, ack: number): void {
  const message = account.messages.get(id)
  if (!message?.fromMe || (ack >= 0 && message.ack >= ack)) return
  message.ack = ack
  account.messages.set(id, message)
  for (const session of sessionsOf(context, account)) {
    if (session.live) session.send({ push: 'ack', id, chat: message.chat, ack })
  }
}

/** The page of `session` has these messages. */
export function confirmReceived(session: Session, ids: string[]): void {
  if (!session.link) return
  const { account, device } = session.link
  for (const id of ids) {
    const message = account.messages.get(id)
    if (!message || message.deliveredTo[device.id]) continue
    message.deliveredTo[device.id] = true
    account.messages.set(id, message)
  }
}

/** Change a chat's flags and tell every device but the one that did it. */
export function changeChat(
  context: Context,
  account: Account,
  id: string,
  change: Partial<Chat>,
  by?: Session,
): void {
  const chat = { ...(account.chats.get(id) ?? emptyChat(id, context.clock.now())), ...change }
  account.chats.set(id, chat)
  for (const session of sessionsOf(context, account)) {
    if (session.live && session.link && session !== by) {
      session.send({ push: 'chat', chat: toWireChat(account, session.link.device, chat) })
    }
  }
}
