/** What happens to messages after they were written: edits, deletions, reactions, expiry. */
import type { WorldMessage, WorldReaction } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { findPerson, statusChat } from './addresses.ts'
import type { Context } from './context.ts'
import { changeChat } from './messages.ts'
import { makePhoneMessageId } from './seed.ts'
import { tell } from './telling.ts'
import { adminsOf, phoneOf, toWireMessage } from './wire-forms.ts'

/** Status posts live a day. */
const statusLifeSeconds = 86_400

function find(account: Account, id: string): WorldMessage {
  const message = account.messages.get(id)
  if (message) return message
  throw new Error(`No message ${id}.`)
}

/** Another text, or another caption under media. */
export function editMessage(context: Context, account: Account, id: string, text: string): WorldMessage {
  const message = find(account, id)
  if (message.type === 'chat') message.body = text
  else if (message.media) message.caption = text
  else throw new Error(`A message of type ${message.type} cannot be edited.`)
  message.editedAtMs = context.clock.now() * 1000
  account.messages.put(message)
  tell(context, account, (device) => ({ push: 'edited', message: toWireMessage(account, device, message) }))
  return message
}

/** What is left of a message that was deleted for everyone. */
const contentFields = [
  'caption',
  'media',
  'location',
  'vcards',
  'poll',
  'mentions',
  'forwarded',
  'viewOnce',
  'quoted',
  'reactions',
  'editedAtMs',
  'kept',
] as const

/** Delete for everyone. `by`: a phone or address; left out: the author. Throws if neither author nor admin. */
export function revokeMessage(
  context: Context,
  account: Account,
  id: string,
  by: string | undefined,
): WorldMessage {
  const message = find(account, id)
  const author = phoneOf(message.from)
  const person = by === undefined ? undefined : findPerson(account, by)
  if (by !== undefined && !person) throw new Error(`Nobody on WhatsApp at ${by}.`)
  const actor = person?.phone ?? author
  const group = account.groups.get(message.chat)
  if (actor !== author && !(group && adminsOf(group).includes(actor))) {
    throw new Error(`${by} may not delete this message for everyone.`)
  }
  if (message.type === 'revoked' || message.notice) throw new Error(`${id} cannot be deleted for everyone.`)
  const wasUnread = !message.fromMe && isUnread(account, message)
  for (const field of contentFields) delete message[field]
  Object.assign(message, {
    type: 'revoked',
    body: '',
    revokedBy: actor.includes('@') ? actor : `${actor}@c.us`,
    revokedAs: makePhoneMessageId(context.random),
  })
  if (author.includes('@')) message.revokedBy = message.from
  account.messages.put(message)
  const chat = account.chats.get(message.chat)
  if (chat && wasUnread) account.chats.set(chat.id, { ...chat, unreadCount: chat.unreadCount - 1 })
  tell(context, account, (device) => ({ push: 'revoked', message: toWireMessage(account, device, message) }))
  return message
}

/** Is it among the newest ones that nobody has read here? */
function isUnread(account: Account, message: WorldMessage): boolean {
  const unread = account.chats.get(message.chat)?.unreadCount ?? 0
  if (unread <= 0) return false
  return account.messages.earlier(message.chat, null, unread).some(({ id }) => id === message.id)
}

/** React, change it, or with an empty emoji take it back. `by`: a phone or address, or `me`. */
export function reactToMessage(
  context: Context,
  account: Account,
  { id, by, emoji }: { id: string; by: string; emoji: string },
): WorldMessage {
  const message = find(account, id)
  const person = findPerson(account, by)
  if (!person) throw new Error(`Nobody on WhatsApp at ${by}.`)
  if (['revoked', 'gp2', 'e2e_notification', 'call_log', 'ciphertext'].includes(message.type)) {
    throw new Error(`Nobody can react to a message of type ${message.type}.`)
  }
  const jid = `${person.phone}@c.us`
  const others = (message.reactions ?? []).filter((reaction) => reaction.by !== jid)
  const reaction: WorldReaction = {
    by: jid,
    emoji,
    atMs: context.clock.now() * 1000,
    id: makePhoneMessageId(context.random),
  }
  message.reactions = emoji === '' ? others : [...others, reaction]
  if (message.reactions.length === 0) delete message.reactions
  account.messages.put(message)
  tell(context, account, (device) => ({
    push: 'reaction',
    message: toWireMessage(account, device, message),
    reaction,
  }))
  return message
}

/** Keep a disappearing message in its chat for all, or no longer: what has outlived its time then goes at once. */
export function keepMessage(
  context: Context,
  account: Account,
  { id, kept }: { id: string; kept: boolean },
): WorldMessage {
  const message = find(account, id)
  if (message.ephemeralDuration === undefined || message.type === 'revoked')
    throw new Error(`${id} does not disappear.`)
  message.kept = kept
  account.messages.put(message)
  tell(context, account, (device) => ({ push: 'kept', message: toWireMessage(account, device, message) }))
  expireMessages(context, account)
  return message
}

/** Take messages out of the account's history, on every device. */
export function removeMessages(context: Context, account: Account, ids: string[]): void {
  const messages = ids.map((id) => find(account, id))
  for (const message of messages) account.messages.remove(message.id)
  tell(context, account, () => ({
    push: 'messages_gone',
    ids: messages.map((message) => message.revokedAs ?? message.id),
  }))
  for (const id of new Set(messages.map((message) => message.chat))) {
    const last = account.messages.last(id)
    if (id !== statusChat && last) changeChat(context, account, id, { t: last.t })
  }
}

/** What has outlived its time leaves every history. */
export function expireMessages(context: Context, account: Account): void {
  const now = context.clock.now()
  const expired = account.messages
    .mortal()
    .filter((message) => !message.kept && message.t + (message.ephemeralDuration ?? statusLifeSeconds) <= now)
  if (expired.length > 0) {
    removeMessages(
      context,
      account,
      expired.map((message) => message.id),
    )
  }
}
