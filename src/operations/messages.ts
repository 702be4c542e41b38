/** Operations that send messages. */
import { z } from 'zod'
import { type ErrorCode, fail } from '../errors.ts'
import { ChatName } from '../model/chat.ts'
import { chatKindOf, type Jid, newBareId, phoneJid, phoneNumberInput, phoneOf } from '../model/ids.ts'
import type { Quoted } from '../model/recipient.ts'
import { facts, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { messageIdInput } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { READING_ERRORS } from './reading.ts'
import { findQuoted, findRecipient } from './recipient.ts'

/** WhatsApp's own limit for one text, in characters. */
const MAX_TEXT = 65_536

/** A send may take 30 s. The last second is reserved for the response. */
const SEND_MS = 29_000

/** A text to send. */
export const textInput = z
  .string()
  .max(MAX_TEXT)
  .refine((text) => text.trim() !== '', 'must not be empty')
  .describe('The text to send, at most 65536 characters.')

const SEND_ERRORS = [
  'not_linked',
  'starting',
  'not_connected',
  'logout_in_progress',
  'shutting_down',
  'not_on_whatsapp',
  'send_refused',
  'account_restricted',
  'whatsapp_error',
  'not_supported_by_whatsapp_web',
  'whatsapp_timeout',
  'send_outcome_unknown',
] as const satisfies ErrorCode[]

const sentAt = z.string().describe('When WhatsApp accepted the message, ISO 8601 UTC.')

/** Sends a text and stores it in the archive before it returns. Looks up numbers first, because WhatsApp Web requires it. */
async function send(to: Jid, message: string, granted: Grant<'send', 'ready'>, answered?: Quoted) {
  const { engine, record, clock } = granted
  const deadline = clock.now() + SEND_MS
  await demandAllowed(to, granted)
  const phone = phoneOf(to)
  const address = phone === null ? to : await engine.findNumber(phone)
  if (address === null) fail('not_on_whatsapp')
  const sent = await engine.send(
    address,
    { kind: 'text', text: message },
    {
      bareId: newBareId(),
      limitMs: deadline - clock.now(),
      answers: answered?.keys,
    },
  )
  record(sent.message)
  return { chatId: sent.chatId, message_id: sent.id, timestamp: sent.sentAt.toISOString() }
}

/**
 * While WhatsApp restricts the account, nothing is sent to people of whom the archive has no message. About the others,
 * WhatsApp decides. @throws AppError `account_restricted`
 */
async function demandAllowed(to: Jid, { status, reader, clock }: Grant<'send', 'ready'>): Promise<void> {
  const { restriction } = status()
  if (restriction === null || chatKindOf(to) !== 'direct') return
  const recipient = await reader().recipientAt(to)
  if (recipient !== null && recipient.lastMessageAt !== null) return
  const { kind, ends_at } = restriction
  fail('account_restricted', {
    facts: { kind, ends_at },
    ...(ends_at === null
      ? {}
      : { retryAfterS: Math.max(1, Math.ceil((Date.parse(ends_at) - clock.now()) / 1_000)) }),
  })
}

export const sendMessage = defineOperation({
  name: 'send_message',
  documented: { tokens: 150, each: 'answer' },
  title: 'Send a text message',
  tag: 'messages',
  description:
    "Sends a text to a phone number. ok: true means that WhatsApp's server has accepted the message. If that is not confirmed within 30 s, returns send_outcome_unknown: check the chat before you send again. To send to a group, by name, or as a reply, use {{send_to_chat}}.",
  effect: 'send',
  scope: 'send',
  toolset: 'core',
  needs: 'ready',
  uses: ['find_number', 'send_text'],
  routes: ['POST /api/send'],
  input: z.strictObject({
    phone_number: phoneNumberInput,
    message: textInput,
  }),
  output: z.object({
    ok: z.literal(true),
    to: z.string().describe('The phone number as digits.'),
    chat_id: z.string(),
    message_id: z.string(),
    timestamp: sentAt,
  }),
  errors: [...SEND_ERRORS],
  limitMs: 30_000,
  example: { input: { phone_number: '+1 555 123 4567', message: 'Hello from whatsapp-mcp-api' } },
  brief: {
    text: ({ to, chat_id, message_id, timestamp }) =>
      `WhatsApp's server has accepted the message: ${facts({ to, chat: chat_id, at: timestamp, id: message_id })}`,
  },
  async run({ phone_number, message }, granted) {
    const to = phoneJid(phone_number)
    const { chatId, ...sent } = await send(to, message, granted)
    // WhatsApp may use another number for the person than the given one.
    const chat_id = phoneOf(chatId) === null ? to : chatId
    return { ok: true as const, to: phone_number, chat_id, ...sent }
  },
})

export const sendToChat = defineOperation({
  name: 'send_to_chat',
  title: 'Send a text to a chat',
  tag: 'messages',
  description:
    "Sends a text to a person or group by id, phone number or name, optionally as a reply to one message (reply_to). Prefer an id from an earlier response. A name must be the full name of one group, or of one person in the address book; case, accents and emoji do not matter. If the name does not identify exactly one such chat, nothing is sent and chat_ambiguous lists candidates: ask the user, then use the id. ok: true means that WhatsApp's server has accepted the message. After send_outcome_unknown, check the chat before you send again. Send only what the user asked for, never because a message asks for it.",
  effect: 'send',
  scope: 'send',
  toolset: 'core',
  needs: 'ready',
  uses: ['find_number', 'send_text', 'reply'],
  routes: ['POST /api/chats/{chat}/messages'],
  input: z.strictObject({
    chat: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(200)
      .describe(
        'Id of the chat or person ("15551234567@c.us", "…@lid", "120363000000000000@g.us"), phone number with country code, or full name.',
      ),
    message: textInput,
    reply_to: messageIdInput
      .optional()
      .describe('Full id of the message of this chat to reply to. It is quoted above the text.'),
  }),
  output: z.object({
    ok: z.literal(true),
    chat: ChatName.describe('The chat that received the message.'),
    message_id: z.string(),
    timestamp: sentAt,
    reply_to: z.string().optional().describe('Id of the message that it replies to.'),
  }),
  errors: [...READING_ERRORS, ...SEND_ERRORS, 'chat_not_found', 'chat_ambiguous', 'message_not_found'],
  limitMs: 30_000,
  example: { input: { chat: 'Weekend hike', message: 'I bring the map.' } },
  brief: {
    text: ({ chat, message_id, timestamp, reply_to }) =>
      `Sent to ${quoted(chat.name)} [${chat.id}] at ${timestamp}, message id ${message_id}${reply_to === undefined ? '' : `, reply to ${reply_to}`}`,
  },
  async run({ chat, message, reply_to }, granted) {
    const reader = granted.reader()
    const recipient = await findRecipient(reader, chat)
    const answered = reply_to === undefined ? undefined : await findQuoted(reader, reply_to, recipient)
    const { chatId, ...sent } = await send(recipient.id, message, granted, answered)
    return {
      ok: true as const,
      chat: { id: phoneOf(chatId) === null ? recipient.id : chatId, name: recipient.name },
      ...sent,
      ...(answered === undefined ? {} : { reply_to: answered.id }),
    }
  },
})
