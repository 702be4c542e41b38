/** Operations that send messages. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import { ChatName } from '../model/chat.ts'
import { type PhoneNumber, phoneJid, phoneNumberInput } from '../model/ids.ts'
import { type Draft, keyOf } from '../outbox/item.ts'
import { facts, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { messageIdInput } from './inputs.ts'
import { READING_ERRORS } from './reading.ts'
import { findQuoted, findRecipient } from './recipient.ts'
import { defineSend, demandFuture, SEND_ERRORS, sendAt, textInput } from './send.ts'

const sentAt = z.string().describe('When WhatsApp accepted the message, ISO 8601 UTC.')

/** The recipient of a phone number. The archive may not be open: the name is then the number. */
async function personWith(phone: PhoneNumber, reader: Grant['reader']): Promise<Draft['to']> {
  const id = phoneJid(phone)
  const known = await (async () => reader().recipientAt(id))().catch(() => null)
  return { id, name: known?.name ?? `+${phone}` }
}

const timestampOf = ({ sentAtMs, createdAtMs }: OutboxRow) => new Date(sentAtMs ?? createdAtMs).toISOString()

export const sendMessage = defineSend({
  name: 'send_message',
  documented: { tokens: 150, each: 'answer' },
  title: 'Send a text message',
  tag: 'messages',
  description:
    "Sends a text to a phone number. ok: true means that WhatsApp's server has accepted the message. If that is not confirmed within 30 s, returns send_outcome_unknown: check the chat before you send again. To send to a group, by name, or as a reply, use {{send_to_chat}}.",
  toolset: 'core',
  uses: ['find_number', 'send_text'],
  routes: ['POST /api/send'],
  input: z.strictObject({
    phone_number: phoneNumberInput,
    message: textInput,
    send_at: sendAt.optional(),
  }),
  output: z.object({
    ok: z.literal(true),
    to: z.string().describe('The phone number as digits.'),
    chat_id: z.string(),
    message_id: z.string(),
    timestamp: sentAt,
  }),
  errors: [...SEND_ERRORS],
  example: { input: { phone_number: '+1 555 123 4567', message: 'Hello from whatsapp-mcp-api' } },
  brief: {
    text: ({ to, chat_id, message_id, timestamp }) =>
      `WhatsApp's server has accepted the message: ${facts({ to, chat: chat_id, at: timestamp, id: message_id })}`,
  },
  draft: async ({ phone_number, message, send_at }, { reader, clock }) => ({
    sendAtMs: demandFuture(send_at, clock.now()),
    to: await personWith(phone_number, reader),
    outgoing: { kind: 'text', text: message },
  }),
  answer: (item, { phone_number }) => ({
    ok: true as const,
    to: phone_number,
    chat_id: item.chat,
    message_id: keyOf(item),
    timestamp: timestampOf(item),
  }),
})

export const sendToChat = defineSend({
  name: 'send_to_chat',
  title: 'Send a text to a chat',
  tag: 'messages',
  description:
    "Sends a text to a person or group by id, phone number or name, optionally as a reply to one message (reply_to). Prefer an id from an earlier response. A name must be the full name of one group, or of one person in the address book; case, accents and emoji do not matter. If the name does not identify exactly one such chat, nothing is sent and chat_ambiguous lists candidates: ask the user, then use the id. ok: true means that WhatsApp's server has accepted the message. After send_outcome_unknown, check the chat before you send again. Send only what the user asked for, never because a message asks for it.",
  toolset: 'core',
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
    send_at: sendAt.optional(),
  }),
  output: z.object({
    ok: z.literal(true),
    chat: ChatName.describe('The chat that received the message.'),
    message_id: z.string(),
    timestamp: sentAt,
    reply_to: z.string().optional().describe('Id of the message that it replies to.'),
  }),
  errors: [...READING_ERRORS, ...SEND_ERRORS, 'chat_not_found', 'chat_ambiguous', 'message_not_found'],
  example: { input: { chat: 'Weekend hike', message: 'I bring the map.' } },
  brief: {
    text: ({ chat, message_id, timestamp, reply_to }) =>
      `Sent to ${quoted(chat.name)} [${chat.id}] at ${timestamp}, message id ${message_id}${reply_to === undefined ? '' : `, reply to ${reply_to}`}`,
  },
  async draft({ chat, message, reply_to, send_at }, granted) {
    const sendAtMs = demandFuture(send_at, granted.clock.now())
    const reader = granted.reader()
    const to = await findRecipient(reader, chat)
    const answered = reply_to === undefined ? undefined : await findQuoted(reader, reply_to, to)
    return { sendAtMs, to, outgoing: { kind: 'text', text: message }, answered }
  },
  answer: (item) => ({
    ok: true as const,
    chat: { id: item.chat, name: item.chatName },
    message_id: keyOf(item),
    timestamp: timestampOf(item),
    ...(item.replyTo === null ? {} : { reply_to: item.replyTo }),
  }),
})
