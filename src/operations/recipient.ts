/** Whom a message is for: from what the caller wrote to exactly one chat, or a failure that sends nothing. */
import { fail } from '../errors.ts'
import type { ChatKind } from '../model/chat.ts'
import { chatKindOf, type KeyParts } from '../model/ids.ts'
import type { NamedRecipient, Quoted, Recipient } from '../model/recipient.ts'
import type { Archive } from '../session/archive.ts'
import { readAddress } from './inputs.ts'

type Reader = ReturnType<Archive['reader']>

/** Candidates of an ambiguous name that are told of. */
const MOST_CANDIDATES = 10

/**
 * The chat with this id, number or name, in which this account may write. A name counts where it is whole, is that of one
 * chat or contact alone, and was not given by others: anybody may call themselves "Mom", or take this account into a group
 * of that name. Such a group counts where nothing else comes close.
 * @throws AppError `chat_not_found`; `chat_ambiguous` with `candidates`; `send_refused`
 */
export function findRecipient(reader: Reader, chat: string): Recipient {
  const address = readAddress(chat)
  if (address !== null && chat.includes('@')) {
    demandKind(chatKindOf(address))
    return demandOpen(reader.recipientAt(address) ?? fail('chat_not_found'))
  }
  // What reads as a number can be the name of a group as well.
  const numbered = address === null ? null : reader.recipientAt(address)
  const named = reader.recipientsNamed(chat, MOST_CANDIDATES)
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
    ? 'No chat or contact has exactly this name, and others come close'
    : 'Only a group that others named and in which nothing was ever written from here has this name, and others come close'
}

/**
 * The message that is to be answered in this chat.
 * @throws AppError `message_not_found`; `invalid_input` for one of another chat; `send_refused` for a deleted one
 */
export function findQuoted(reader: Reader, key: KeyParts, { id }: Recipient): Quoted {
  const quoted = reader.quoted(key)
  if (quoted.chat !== id) fail('invalid_input', { detail: '"reply_to" names a message of another chat.' })
  if (quoted.type === 'revoked') {
    fail('send_refused', {
      detail: 'The message that is to be answered was deleted; nothing was sent.',
      hint: 'Answer another message, or send without reply_to.',
    })
  }
  return quoted
}

/** WhatsApp Web would take the message, and then fail it. */
function demandOpen(recipient: Recipient): Recipient {
  demandKind(recipient.kind)
  if (recipient.closed === 'deleted') refuse('This group was deleted from the chats of this account.')
  if (recipient.closed === 'read_only') {
    refuse('This account may not write in this chat: only admins may, or it is no member any more.')
  }
  return recipient
}

function demandKind(kind: ChatKind | null): void {
  if (kind === 'direct' || kind === 'group') return
  refuse('Messages go to people and groups only, not to channels, broadcast lists or the status.')
}

function refuse(detail: string): never {
  return fail('send_refused', { detail: `${detail} Nothing was sent.`, hint: 'Write to another chat.' })
}

function toCandidate({ id, name, kind, lastMessageAt, why }: NamedRecipient) {
  return { id, name, kind, ...(lastMessageAt === null ? {} : { last_message_at: lastMessageAt }), why }
}
