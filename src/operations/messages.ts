/** Operations that send messages. */
import { z } from 'zod'
import type { OutboxRow } from '../control.ts'
import { type PhoneNumber, phoneJid, phoneNumberInput } from '../model/ids.ts'
import { type Draft, keyOf } from '../outbox/item.ts'
import { facts } from './brief.ts'
import type { Grant } from './door.ts'
import { defineSend, demandFuture, SEND_ERRORS, sendAt, textInput } from './send.ts'

/** The time of a sent message. */
export const sentAt = z.string().describe('When WhatsApp accepted the message, ISO 8601 UTC.')

/** The recipient of a phone number. The archive may not be open: the name is then the number. */
async function personWith(phone: PhoneNumber, reader: Grant['reader']): Promise<Draft['to']> {
  const id = phoneJid(phone)
  const known = await (async () => reader().recipientAt(id))().catch(() => null)
  return { id, name: known?.name ?? `+${phone}`, lastMessageAt: known?.lastMessageAt }
}

/** When this item was sent. */
export const timestampOf = ({ sentAtMs, createdAtMs }: OutboxRow) =>
  new Date(sentAtMs ?? createdAtMs).toISOString()

export const sendMessage = defineSend({
  name: 'send_message',
  documented: { tokens: 150, each: 'answer' },
  title: 'Send a text message',
  tag: 'messages',
  description:
    "Sends a text to a phone number. ok: true with message_id means that WhatsApp's server has accepted the message. If that is not confirmed within 30 s, returns send_outcome_unknown: check the chat before you send again. To send to a group, by name, or as a reply, use {{send_to_chat}}.",
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
