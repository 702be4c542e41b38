/** The operation that forwards a message to other chats. */
import { z } from 'zod'
import { AppError, fail } from '../errors.ts'
import { written } from '../model/fields.ts'
import { type Jid, type KeyParts, phoneOf, toKeyText } from '../model/ids.ts'
import type { Recipient } from '../model/recipient.ts'
import type { SeenMessage } from '../model/seen.ts'
import { demandAllowed } from '../outbox/allowed.ts'
import { facts, lines, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { messageIdInput } from './inputs.ts'
import { ACT_MS, ACTION, EXAMPLE_ID } from './message-actions.ts'
import { defineOperation } from './operation.ts'
import { findRecipient } from './recipient.ts'
import { chatInput } from './send-to-chat.ts'

/** WhatsApp's own limit for one message (MULTICAST_LIMIT_GLOBAL). */
const MOST_CHATS = 5

/** While sends wait for approval: WhatsApp Web forwards at once. */
const HELD = 'Forwarding cannot wait for the approval of the owner. Nothing was forwarded.'
const INSTEAD = 'Send the text as a message of its own: it waits for approval.'

const Result = z.object({
  chat: z.string().describe('The chat, as the request names it.'),
  ok: z.boolean(),
  id: z.string().optional().describe('Id of the chat.'),
  name: written(z.string().optional()),
  message_id: z.string().optional().describe('Id of the new message.'),
  type: z.string().optional().describe('Type of the new message: a voice note ("ptt") is now "audio".'),
  code: z.string().optional().describe('Error code, if it was not forwarded.'),
  detail: z.string().optional(),
})
type Result = z.infer<typeof Result>

/** `attempted`: the chats that may have the message. */
type Forward = { key: KeyParts; isOneOfSeveral: boolean; endsAt: number; attempted: Set<Jid> }

export const forwardMessage = defineOperation({
  ...ACTION,
  name: 'forward_message',
  title: 'Forward a message',
  description:
    'Forwards one message to up to 5 chats, by id, phone number or full name, and returns one result for each, in order: ok with the id of the new message, or a code. The recipients see "Forwarded", not who wrote it. WhatsApp Web forwards a voice note as an audio file, and what was forwarded very often to one chat only. Forward only what the user named, to whom the user named.',
  effect: 'send',
  scope: 'send',
  toolset: 'messages',
  uses: ['find_number', 'forward'],
  routes: ['POST /api/messages/{message_id}/forward'],
  input: z.strictObject({
    message_id: messageIdInput,
    chats: z
      .array(chatInput)
      .min(1)
      .max(MOST_CHATS)
      .describe('The chats, 1 to 5: ids, phone numbers or full names.'),
  }),
  output: z.object({ ok: z.literal(true), message_id: z.string(), results: z.array(Result) }),
  lateCode: 'send_outcome_unknown',
  errors: [...ACTION.errors, 'send_outcome_unknown'],
  example: { input: { message_id: EXAMPLE_ID, chats: ['Weekend hike'] } },
  brief: {
    text: ({ message_id, results }) => lines(`Forwarding ${message_id}`, results.map(lineOf)),
  },
  async run({ message_id, chats }, granted) {
    if (granted.isHeld) fail('action_refused', { detail: HELD, hint: INSTEAD })
    const { id } = await granted.reader().quoted(message_id)
    const endsAt = granted.clock.now() + ACT_MS
    const one: Forward = { key: message_id, isOneOfSeveral: chats.length > 1, endsAt, attempted: new Set() }
    const results: Result[] = []
    for (const chat of chats) results.push(await forwardTo(chat, one, granted, results))
    return { ok: true as const, message_id: id, results }
  },
})

/** Returns the address to send to. WhatsApp Web requires that numbers are looked up. */
async function addressOf(to: Jid, { status, reader, clock, engine }: Grant<'send', 'ready'>): Promise<Jid> {
  const lastMessageAt = async (jid: Jid) => (await reader().recipientAt(jid))?.lastMessageAt ?? null
  await demandAllowed(to, status().restriction, clock.now(), lastMessageAt)
  const phone = phoneOf(to)
  return phone === null ? to : ((await engine.findNumber(phone)) ?? fail('not_on_whatsapp'))
}

/** One result. An exception only if no chat can get it: what was forwarded before stays forwarded. */
async function forwardTo(
  chat: string,
  { key, isOneOfSeveral, endsAt, attempted }: Forward,
  granted: Grant<'send', 'ready'>,
  others: readonly Result[],
): Promise<Result> {
  let found: Pick<Recipient, 'id' | 'name'> | undefined
  let message: SeenMessage | null
  try {
    const { id, name } = await findRecipient(granted.reader(), chat)
    found = { id, name }
    if (attempted.has(id)) fail('invalid_input', { detail: 'This chat is named twice.' })
    const { keys } = await granted.reader().quoted(key)
    const to = await addressOf(id, granted)
    const limitMs = endsAt - granted.clock.now()
    if (limitMs <= 0)
      fail('whatsapp_timeout', { detail: 'The time was up before; nothing was forwarded here.' })
    attempted.add(id)
    message = await granted.engine.act({ keys }, { kind: 'forward', to, isOneOfSeveral }, { limitMs })
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    const isHopeless = error.code === 'not_supported_by_whatsapp_web' && !others.some(({ ok }) => ok)
    if (isHopeless) throw error
    return { chat, ok: false, ...found, code: error.code, detail: error.message }
  }
  if (message === null) return { chat, ok: true, ...found }
  granted.note({ type: 'message', message })
  return { chat, ok: true, ...found, message_id: await idOf(message, granted), type: message.type }
}

/** Returns the id of the new message, also if the archive does not have it. Never fails. */
async function idOf({ chat, bareId }: SeenMessage, { reader }: Grant<'send', 'ready'>): Promise<string> {
  const own = { fromMe: true, chat, bareId, participant: null }
  try {
    return (await reader().quoted(own)).id
  } catch {
    return toKeyText(own)
  }
}

function lineOf({ chat, ok, id, name, message_id, type, code, detail }: Partial<Result>): string {
  const where = name === undefined ? quoted(chat ?? '') : `${quoted(name)} [${id}]`
  return ok ? `To ${where}: ${facts({ id: message_id, type })}` : `Not to ${where}: ${code}. ${detail ?? ''}`
}
