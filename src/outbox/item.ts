/** Items of the outbox: created from what a caller wants to send, and shown as the API returns them. */
import { basename } from 'node:path'
import type { OutboxRow } from '../control.ts'
import { AppError, ERRORS, type ErrorCode } from '../errors.ts'
import {
  type AccountId,
  isGroup,
  type Jid,
  type MessageKey,
  phoneOf,
  STATUS,
  toMessageKey,
} from '../model/ids.ts'
import type { HoldReason, OutboxItem } from '../model/outbox.ts'
import type { Quoted, Recipient } from '../model/recipient.ts'
import { type Content, digestOf, previewOf, type Sendable } from './content.ts'

/** What a caller wants to send. */
export type Draft = {
  /** Name of the row. */
  operation: string
  /** `lastMessageAt`: left out if the archive was not asked. */
  to: Pick<Recipient, 'id' | 'name'> & { lastMessageAt?: string | null | undefined }
  outgoing: Sendable
  answered?: Quoted | undefined
  /** If it is sent at once: the time (Unix ms) after which it is not begun. Default: {@link SEND_MS} from now. */
  endsAtMs?: number | undefined
}

/** A send may take 30 s, that of a file 60 s. The last second is reserved for the response. */
export const SEND_MS = 29_000
export const FILE_MS = 59_000
/** The milliseconds that a send of this item may take. */
export const wholeMsOf = (row: OutboxRow) => (fileOf(row) === null ? SEND_MS : FILE_MS)

/** The caller of an item. Its rights are looked up again when the item is to be sent. */
export type Asker = {
  /** Id of the caller. */
  caller: string
  /** See {@link Content}. */
  overMcp?: true | undefined
}

/** Who sends, and when. */
export type Order = Asker & {
  /** Its idempotency key. */
  request: string | null
  /** Why the item waits; null: it is sent at once. */
  reason: HoldReason | null
  /** Unix milliseconds; null: at once, or when it is approved. */
  releaseAtMs: number | null
}

/** How long a held item waits, and how late a scheduled one may be sent, in milliseconds. */
export type Limits = { expiresMs: number; lateMs: number }

/** Characters of a quoted message that the owner sees. */
const SHOWN = 300

/** Ids sort by their time. */
function newItemId(nowMs: number): string {
  const random = [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => (byte % 36).toString(36))
  return `ob_${nowMs.toString(36).padStart(9, '0')}${random.join('')}`
}

/** The words of a message that a reply quotes, as the owner reads them. */
function shortened({ text, type }: Quoted): string {
  if (text === '') return `[${type}]`
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN).replace(/[\ud800-\udbff]$/, '')}…`
}

/** `bareId`: of its message. */
type Within = { account: AccountId; number: Jid; nowMs: number; limits: Limits; bareId: string }

/** Returns a new item, which is not stored yet. */
export function newItem(
  { operation, to, outgoing, answered }: Draft,
  { caller, overMcp, request, reason, releaseAtMs }: Order,
  { account, number, nowMs, limits, bareId }: Within,
): OutboxRow {
  const content: Content = {
    outgoing: outgoing.kind === 'media' ? { ...outgoing, path: basename(outgoing.path) } : outgoing,
    ...(overMcp === undefined ? {} : { overMcp }),
    ...(answered === undefined ? {} : { answers: answered.keys, answered: shortened(answered) }),
  }
  const state = reason === null ? 'sending' : reason === 'send_at' ? 'scheduled' : 'held'
  const latestAtMs = releaseAtMs === null ? null : releaseAtMs + limits.lateMs
  return {
    id: newItemId(nowMs),
    account,
    number,
    state,
    operation,
    caller,
    request,
    reason,
    chat: to.id,
    chatName: to.name,
    preview: previewOf(outgoing),
    digest: digestOf(number, to.id, content, releaseAtMs),
    replyTo: answered?.id ?? null,
    content: JSON.stringify(content),
    bareId,
    createdAtMs: nowMs,
    releaseAtMs,
    expiresAtMs: state === 'held' ? nowMs + limits.expiresMs : latestAtMs,
    sentAtMs: null,
    messageId: null,
    error: null,
  }
}

/** Returns what an item sends. Only of items that may still be sent. */
export function contentOf({ content }: OutboxRow): Content {
  if (content === null) throw new Error('the item has no content any more')
  return JSON.parse(content)
}

/** Who asked for an item that may still be sent. */
export function askerOf(row: OutboxRow): Asker {
  return { caller: row.caller, overMcp: contentOf(row).overMcp }
}

/** The path of the file that this item sends; null if it sends none, or has no content any more. */
export function fileOf(row: OutboxRow): string | null {
  if (row.content === null) return null
  const { outgoing } = contentOf(row)
  return outgoing.kind === 'media' ? outgoing.path : null
}

/** Returns the id that the message of this item has, or would have. */
export function keyOf({ chat, bareId, number, messageId }: OutboxRow): MessageKey {
  if (messageId !== null) return messageId
  const end = isGroup(chat) || chat === STATUS ? `_${number}` : chat === number ? '_out' : ''
  return toMessageKey(`true_${chat}_${bareId}${end}`)
}

/** States in which the message was given to WhatsApp Web, or may have been. */
const GONE: ReadonlySet<OutboxRow['state']> = new Set(['sending', 'sent', 'unknown'])

/** Returns the id of the message of an item that is sent, or perhaps is; else null. */
export const goneKeyOf = (row: OutboxRow): MessageKey | null => (GONE.has(row.state) ? keyOf(row) : null)

const toIso = (ms: number | null) => (ms === null ? null : new Date(ms).toISOString())

/** What is left of a message that is settled. */
const NOTHING: Partial<Content> = {}

/** Returns the item as the API returns it. */
export function viewOf(row: OutboxRow): OutboxItem {
  const { id, account, state, operation, chat, chatName, preview, digest, caller, reason, error, replyTo } =
    row
  const { outgoing, answered } = row.content === null ? NOTHING : contentOf(row)
  return {
    id,
    account,
    state,
    operation,
    chat: { id: chat, name: chatName, phone_number: phoneOf(chat) },
    preview,
    ...(replyTo === null ? {} : { reply_to: { message_id: replyTo, text: answered ?? '' } }),
    ...(outgoing !== undefined && 'mentions' in outgoing && outgoing.mentions !== undefined
      ? { mentions: [...outgoing.mentions] }
      : {}),
    digest,
    caller,
    reason,
    created_at: new Date(row.createdAtMs).toISOString(),
    release_at: toIso(row.releaseAtMs),
    expires_at: toIso(row.expiresAtMs),
    message_id: goneKeyOf(row),
    error,
  }
}

const STRANGER =
  'The owner has never written to this chat, and it is not in the address book. The message waits in the outbox and is not sent yet.'

/**
 * Returns why the item is not sent, as an error; null if it is sent. Its code says whether it waits, failed, is unknown or
 * left the outbox.
 */
export function problemOf(row: OutboxRow): AppError | null {
  const facts = { item: viewOf(row) }
  const ownDetail = row.error === null ? {} : { detail: row.error.detail }
  switch (row.state) {
    case 'sent':
      return null
    case 'held':
      return new AppError('held_for_approval', {
        facts,
        ...(row.reason === 'stranger' ? { detail: STRANGER } : {}),
      })
    case 'scheduled':
      return new AppError('send_scheduled', { facts })
    case 'sending':
    case 'unknown':
      return new AppError('send_outcome_unknown', {
        ...ownDetail,
        facts: { message_id: keyOf(row), outbox_id: row.id },
      })
    case 'failed':
      return new AppError((row.error?.code ?? 'whatsapp_error') as ErrorCode, ownDetail)
    default:
      return new AppError('send_withdrawn', {
        ...(row.error === null ? {} : { detail: `${ERRORS.send_withdrawn.title}: ${row.error.detail}` }),
        facts: { outbox_id: row.id, outbox_state: row.state },
      })
  }
}
