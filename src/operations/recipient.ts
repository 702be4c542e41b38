/** Finds the recipient of a message: exactly one chat, or an error, and then nothing is sent. */
import { AppError, fail } from '../errors.ts'
import type { ChatKind } from '../model/chat.ts'
import { chatKindOf, type KeyParts, readAddress, toKeyText, toMessageKey } from '../model/ids.ts'
import type { Candidate, NamedRecipient, Quoted, Recipient } from '../model/recipient.ts'
import type { Archive } from '../session/archive.ts'

/** The kinds of chats that every kind of message can be sent to. */
const WRITABLE: readonly ChatKind[] = ['direct', 'group', 'other']

type Reader = ReturnType<Archive['reader']>

/** The most candidates that an ambiguous name returns. */
const MOST_CANDIDATES = 10

/**
 * Returns the chat with this id, number or name, if this account may write in it. A name matches only if it is the full name
 * of exactly one chat or contact and the owner chose it: any person can choose "Mom" as pushname, or add this account to a
 * group of that name. A group that others named matches only if no other name is similar.
 * @param also further kinds of chats that the message can be sent to, by id
 * @throws AppError `chat_not_found`; `chat_ambiguous` with `candidates`; `send_refused`
 */
export async function findRecipient(
  reader: Reader,
  chat: string,
  also: readonly ChatKind[] = [],
): Promise<Recipient> {
  const address = readAddress(chat)
  if (address !== null && chat.includes('@')) {
    demandKind(chatKindOf(address), also)
    return demandOpen((await reader.recipientAt(address)) ?? fail('chat_not_found'), also)
  }
  // A number can also be the name of a group.
  const numbered = address === null ? null : await reader.recipientAt(address)
  const named = await reader.recipientsNamed(chat, MOST_CANDIDATES)
  const whole = [
    ...(numbered === null ? [] : [{ ...numbered, why: 'same name' as const, isOurs: true }]),
    ...named.first.filter(({ id, why }) => why === 'same name' && id !== numbered?.id),
  ]
  const [one] = whole
  if (one !== undefined && whole.length === 1 && (one.isOurs || named.total === 1)) return demandOpen(one)
  if (named.total === 0) fail('chat_not_found', { detail: 'No chat or contact has this name.' })
  const rest = named.first.filter(({ why }) => why !== 'same name')
  return fail('chat_ambiguous', {
    detail: `${whyNot(whole)}, so nothing was sent.`,
    facts: { candidates: [...whole, ...rest].slice(0, MOST_CANDIDATES).map(toCandidate) },
  })
}

function whyNot(whole: readonly NamedRecipient[]): string {
  if (whole.length > 1) return 'Several chats or contacts have this name'
  return whole.length === 0
    ? 'No chat or contact has exactly this name, but some names are similar'
    : 'The only chat with this name is a group in which this account never wrote, and other names are similar'
}

/**
 * Returns the message of this chat to reply to.
 * @throws AppError `message_not_found`; `invalid_input` if it is in another chat; `send_refused` if it was deleted
 */
export async function findQuoted(reader: Reader, key: KeyParts, { id }: Recipient): Promise<Quoted> {
  const quoted = await reader.quoted(key).catch((error) => unarchived(reader, key, error))
  if (quoted.chat !== id)
    fail('invalid_input', { detail: '"reply_to" is the id of a message in another chat.' })
  if (quoted.type === 'revoked') {
    fail('send_refused', {
      detail: 'The message to reply to was deleted. Nothing was sent.',
      hint: 'Reply to another message, or send without reply_to.',
    })
  }
  return quoted
}

/** A message that only WhatsApp may have: WhatsApp Web looks for it, and sends nothing if it has none. */
async function unarchived(reader: Reader, key: KeyParts, error: unknown): Promise<Quoted> {
  const chat =
    error instanceof AppError && error.code === 'message_not_found' && (await reader.recipientAt(key.chat))
  if (!chat) throw error
  const id = toKeyText(key)
  return {
    id,
    chat: chat.id,
    type: 'unknown',
    text: '',
    keys: (await reader.spellingsOf(id)).map(toMessageKey),
  }
}

/** Rejects closed chats. WhatsApp Web would accept the message and fail later. */
function demandOpen(recipient: Recipient, also: readonly ChatKind[] = []): Recipient {
  demandKind(recipient.kind, also)
  if (recipient.closed === 'deleted') refuse('This group was deleted from the chats of this account.')
  if (recipient.closed === 'read_only') {
    refuse('This account cannot write in this chat: only admins can, or the account is no longer a member.')
  }
  return recipient
}

function demandKind(kind: ChatKind | null, also: readonly ChatKind[]): void {
  if (kind !== null && [...WRITABLE, ...also].includes(kind)) return
  refuse(
    'Messages can be sent to people and groups, and texts and media to own channels, but not to broadcast lists or status updates.',
  )
}

function refuse(detail: string): never {
  return fail('send_refused', { detail: `${detail} Nothing was sent.`, hint: 'Send to another chat.' })
}

function toCandidate({ id, name, kind, lastMessageAt, why }: NamedRecipient): Candidate {
  return { id, name, kind, ...(lastMessageAt === null ? {} : { last_message_at: lastMessageAt }), why }
}
