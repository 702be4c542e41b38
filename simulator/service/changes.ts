/** Changes of messages after they were written: edits, deletions, reactions, expiry. */
import type { WorldMessage, WorldReaction } from '../world-types.ts'
import type { Account } from './accounts.ts'
import { demandPerson, type Person, statusChat } from './addresses.ts'
import type { Context } from './context.ts'
import { changeChat } from './messages.ts'
import { makePhoneMessageId } from './seed.ts'
import { tell } from './telling.ts'
import { adminsOf, phoneOf, toWireMessage } from './wire-forms.ts'

/** Lifetime of status posts. */
const statusLifeSeconds = 86_400

function find(account: Account, id: string): WorldMessage {
  const message = account.messages.get(id)
  if (message) return message
  throw new Error(`No message ${id}.`)
}

/** What a reaction and a vote have of the person, of the moment, and of the message that carries them. */
export function traceOf(context: Context, { phone }: Person): { by: string; atMs: number; id: string } {
  return {
    by: `${phone}@c.us`,
    atMs: context.clock.now() * 1000,
    id: makePhoneMessageId(context.random),
  }
}

/** Replaces the text, or the caption of media. `mentions`: phone JIDs, if they change with it. */
export function editMessage(
  context: Context,
  account: Account,
  id: string,
  text: string,
  mentions?: string[],
): WorldMessage {
  const message = find(account, id)
  if (message.type === 'chat') message.body = text
  else if (message.media) message.caption = text
  else throw new Error(`A message of type ${message.type} cannot be edited.`)
  if (mentions !== undefined) message.mentions = mentions
  message.editedAtMs = context.clock.now() * 1000
  account.messages.put(message)
  tell(context, account, (device) => ({ push: 'edited', message: toWireMessage(account, device, message) }))
  return message
}

/** The rest of a message that was deleted for everyone. */
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
  'starred',
  'pinned',
] as const

/**
 * Deletes for everyone. `by`: a phone number or address; default: the author. Throws if neither author nor
 * admin.
 */
export function revokeMessage(
  context: Context,
  account: Account,
  id: string,
  by: string | undefined,
): WorldMessage {
  const message = find(account, id)
  const author = phoneOf(message.from)
  const actor = by === undefined ? author : demandPerson(account, by).phone
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

/** True if it is among the newest unread messages. */
function isUnread(account: Account, message: WorldMessage): boolean {
  const unread = account.chats.get(message.chat)?.unreadCount ?? 0
  if (unread <= 0) return false
  return account.messages.earlier(message.chat, null, unread).some(({ id }) => id === message.id)
}

/**
 * Adds or changes a reaction, or removes it with an empty emoji. `by`: a phone number or address, or `me`.
 */
export function reactToMessage(
  context: Context,
  account: Account,
  { id, by, emoji }: { id: string; by: string; emoji: string },
): WorldMessage {
  const message = find(account, id)
  const person = demandPerson(account, by)
  if (['revoked', 'gp2', 'e2e_notification', 'call_log', 'ciphertext'].includes(message.type)) {
    throw new Error(`A message of type ${message.type} cannot have reactions.`)
  }
  const reaction: WorldReaction = { ...traceOf(context, person), emoji }
  const others = (message.reactions ?? []).filter((one) => one.by !== reaction.by)
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

/**
 * Keeps a disappearing message in its chat for all, or no longer: an expired message is then deleted at once.
 */
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

/** Stars the message, or no longer, on every device of the account. */
export function starMessage(
  context: Context,
  account: Account,
  { id, starred }: { id: string; starred: boolean },
): WorldMessage {
  const message = find(account, id)
  if (starred) message.starred = true
  else delete message.starred
  account.messages.put(message)
  tell(context, account, () => ({ push: 'starred', id, starred }))
  return message
}

/**
 * Pins the message for everyone in its chat; `seconds` null takes the pin back. `by`: a phone number or address, or
 * `me`. Throws for a person who may not.
 */
export function pinMessage(
  context: Context,
  account: Account,
  { id, by, seconds }: { id: string; by: string; seconds: number | null },
): WorldMessage {
  const message = find(account, id)
  const person = demandPerson(account, by)
  const group = account.groups.get(message.chat)
  if (group?.announce && !adminsOf(group).includes(person.phone)) throw new Error(`${by} is not an admin.`)
  if (message.type === 'revoked' || message.notice) throw new Error(`${id} cannot be pinned.`)
  if (seconds === null) delete message.pinned
  else message.pinned = { by: `${person.phone}@c.us`, until: context.clock.now() + seconds }
  account.messages.put(message)
  tell(context, account, (device) => ({
    push: 'pinned',
    message: toWireMessage(account, device, message),
    by: person.phone,
    atMs: context.clock.now() * 1000,
  }))
  return message
}

/** Deletes messages from the account's history, on every device. */
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

/** Deletes expired messages from every history. */
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
