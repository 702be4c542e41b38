/** Operations on messages: sending. */
import { z } from 'zod'
import { fail } from '../errors.ts'
import { phoneJid, phoneNumberInput } from '../model/ids.ts'
import { defineOperation } from './operation.ts'

/** WhatsApp's own bound for one text, in characters. */
const MAX_TEXT = 65_536

/** The contract gives a send 30 s; the last second is for saying how it ended. */
const SEND_MS = 29_000

export const sendMessage = defineOperation({
  name: 'send_message',
  title: 'Send a text message',
  tag: 'messages',
  description:
    'Send a text to a phone number. An answer with ok: true means that the WhatsApp server has taken the message. If that is not known within 30 s the answer is send_outcome_unknown: check before you send again.',
  effect: 'send',
  needs: 'ready',
  routes: ['POST /api/send'],
  input: z.strictObject({
    phone_number: phoneNumberInput,
    message: z
      .string()
      .max(MAX_TEXT)
      .refine((text) => text.trim() !== '', 'must not be empty')
      .describe('The text, as it is to arrive. At most 65536 characters.'),
  }),
  output: z.object({
    ok: z.literal(true),
    to: z.string().describe('The number as digits.'),
    chat_id: z.string(),
    message_id: z.string(),
    timestamp: z.string().describe('When WhatsApp took it, ISO 8601 UTC.'),
  }),
  errors: [
    'not_linked',
    'starting',
    'not_connected',
    'logout_in_progress',
    'shutting_down',
    'not_on_whatsapp',
    'send_refused',
    'whatsapp_error',
    'whatsapp_timeout',
    'send_outcome_unknown',
  ],
  limitMs: 30_000,
  example: { input: { phone_number: '+1 555 123 4567', message: 'Hello from whatsapp-mcp-api' } },
  async run({ phone_number, message }, { session, archive, clock }) {
    const deadline = clock.now() + SEND_MS
    const engine = session.engine()
    const address = await engine.findNumber(phone_number)
    if (address === null) fail('not_on_whatsapp')
    const sent = await engine.sendText(address, message, deadline - clock.now())
    // On disk before it is told; the event that tells of it too, before or after, then changes nothing.
    archive.take({ type: 'message', message: sent.message })
    archive.flush()
    return {
      ok: true as const,
      to: phone_number,
      chat_id: phoneJid(phone_number),
      message_id: sent.id,
      timestamp: sent.sentAt.toISOString(),
    }
  },
})
