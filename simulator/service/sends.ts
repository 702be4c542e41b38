/** Messages that a page sends: accepted once per id, acknowledged, delivered. */
import type { Requests, SendAnswer, SentParts } from '../wire.ts'
import type { MessageParts, WorldMedia } from '../world-types.ts'
import type { Account, Device } from './accounts.ts'
import { findChatId, findPerson } from './addresses.ts'
import { deliverToAccount } from './between-accounts.ts'
import type { Context } from './context.ts'
import { fieldOf } from './faults.ts'
import { addMessage, setAck } from './messages.ts'
import { adminsOf } from './wire-forms.ts'

/**
 * Accepts a message of a linked device. The same id again is the same message (a page repeats it after a lost
 * connection). The response carries ack 1, ack 2 follows as a push, ack 3 when the contact reads.
 */
export async function takeSend(
  context: Context,
  { account, device }: { account: Account; device: Device },
  { id, chat, type, body, quoted, media, parts }: Requests['send']['args'],
): Promise<SendAnswer> {
  await context.clock.wait('stanza')
  const hangs = context.faults.get('send_hangs')
  if (hangs && fieldOf(hangs, 'delivered') !== true) return new Promise(() => {})
  const fails = context.faults.get('send_fails')
  if (fails && (fieldOf(fails, 'type') ?? type) === type) {
    return { ack: -1, t: context.clock.now(), result: 'ERROR_UNKNOWN' }
  }
  const known = account.messages.get(id)
  if (known) return { ack: known.ack, t: known.t, result: 'OK' }
  const target = findChatId(account, chat)
  const group = account.groups.get(chat)
  const channel = account.channels.get(chat)
  const isClosed =
    (group && (group.left || (group.announce && !adminsOf(group).includes(account.info.phone)))) ||
    (channel && !channel.own)
  const isUploaded = media === undefined || context.mediaHost.has(media.directPath)
  if (!target || isClosed || !isUploaded) return { ack: -1, t: context.clock.now(), result: 'ERROR_UNKNOWN' }
  if (context.faults.isOn('restricted') && !group && !hasWritten(account, target)) {
    return { ack: -1, t: context.clock.now(), result: 'ERROR_UNKNOWN' }
  }
  if (quoted !== null) checkQuote(context, account, quoted)
  if (parts?.inAlbum !== undefined) checkAlbum(context, account, target, parts.inAlbum)
  const uploaded = media && toMedia(media)
  const message = addMessage(context, account, {
    id,
    chat: target,
    from: `${account.info.phone}@c.us`,
    fromMe: true,
    origin: device.id,
    type,
    body,
    t: context.clock.now(),
    ack: 1,
    ...(quoted === null ? {} : { quoted: quoted.id }),
    ...(uploaded ? { media: uploaded } : {}),
    ...(media?.caption === undefined ? {} : { caption: media.caption }),
    ...(media?.viewOnce ? { viewOnce: true as const } : {}),
    ...toParts(account, parts),
  })
  deliverToAccount(context, account, message)
  if (hangs) return new Promise(() => {})
  void context.clock.wait('delivery').then(() => setAck(context, account, id, 2))
  return { ack: 1, t: message.t, result: 'OK' }
}

/** The description that the message itself carries. */
function toMedia({
  caption: _caption,
  viewOnce: _viewOnce,
  thumbnail = '',
  ...media
}: NonNullable<Requests['send']['args']['media']>): WorldMedia {
  return { ...media, thumbnail }
}

/** Mentions become phone JIDs, as all people of the world. */
function toParts(account: Account, { mentions, ...parts }: SentParts = {}): MessageParts {
  if (mentions === undefined) return parts
  const named = mentions.flatMap((address) => findPerson(account, address) ?? [])
  return { ...parts, mentions: named.map(({ phone }) => `${phone}@c.us`) }
}

/** True if the other person of this chat has written, lately. */
function hasWritten(account: Account, chat: string): boolean {
  return account.messages.earlier(chat, null, 50).some(({ fromMe }) => !fromMe)
}

/** Phones show a file of an album only in the album: one that the chat does not have is recorded. */
function checkAlbum(context: Context, account: Account, chat: string, id: string): void {
  const album = account.messages.get(id)
  if (album?.type === 'album' && album.chat === chat && album.fromMe) return
  context.refusals.push(`a file says that it belongs to the album ${id}, which its chat does not have`)
}

/** Phones show a quote under the name that the reply contains: a wrong name is recorded. */
function checkQuote(
  context: Context,
  account: Account,
  { id, participant }: NonNullable<Requests['send']['args']['quoted']>,
): void {
  const author = account.messages.get(id)?.from
  const named = findPerson(account, participant)
  if (author === undefined || author === `${named?.phone}@c.us`) return
  context.refusals.push(`an answer names ${participant} as the author of another one's message`)
}
