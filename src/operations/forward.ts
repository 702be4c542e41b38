/** The operation that forwards a message to other chats. */
import { z } from 'zod'
import { AppError, fail } from '../errors.ts'
import { writtenByPeople } from '../model/fields.ts'
import { type Jid, type KeyParts, type MessageKey, parseMessageKey, toKeyText } from '../model/ids.ts'
import type { Recipient } from '../model/recipient.ts'
import type { Draft } from '../outbox/item.ts'
import { facts, lines, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { messageIdInput } from './inputs.ts'
import { ACT_MS, ACTION, demandNotDeleted, EXAMPLE_ID } from './message-actions.ts'
import { defineOperation } from './operation.ts'
import { findRecipient } from './recipient.ts'
import { demandFuture, SEND_ERRORS, sendAt } from './send.ts'
import { chatInput } from './send-to-chat.ts'
import { type Part, RESULT, resultsOf, unsent, unsentWords } from './several.ts'

/** WhatsApp's own limit for one message (MULTICAST_LIMIT_GLOBAL). */
const MOST_CHATS = 5

const Result = z.object({
  chat: z.string().describe('The chat, as the request names it.'),
  ...RESULT,
  id: z.string().optional().describe('Id of the chat.'),
  name: writtenByPeople(z.string().optional()),
  type: z.string().optional().describe('Type of the new message: a voice note ("ptt") is now "audio".'),
})
type Result = z.infer<typeof Result>

/** `attempted`: the chats that may have the message. */
type Forward = { key: KeyParts; isOneOfSeveral: boolean; attempted: Set<Jid> } & Pick<Draft, 'endsAtMs'> & {
    sendAtMs: number | undefined
  }

export const forwardMessage = defineOperation({
  ...ACTION,
  name: 'forward_message',
  title: 'Forward a message',
  description:
    'Forwards one message to up to 5 chats, by id, phone number or full name, and returns one result for each, in order: ok with the id of the new message, or a code. If it was forwarded to none, the call fails, with the same results. The recipients see "Forwarded", not who wrote it. WhatsApp Web forwards a voice note as an audio file. It forwards a message that was forwarded many times to one chat only. Forward only what the user named, to whom the user named.',
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
    send_at: sendAt.optional(),
  }),
  output: z.object({ ok: z.literal(true), message_id: z.string(), results: z.array(Result) }),
  lateCode: 'send_outcome_unknown',
  errors: [...ACTION.errors, ...SEND_ERRORS, 'chat_ambiguous'],
  example: { input: { message_id: EXAMPLE_ID, chats: ['Weekend hike'] } },
  brief: {
    text: ({ message_id, results }) => lines(`Forwarding ${message_id}`, results.map(lineOf)),
  },
  several: ({ message_id }) => ({ message_id: toKeyText(message_id) }),
  async run({ message_id, chats, send_at }, granted) {
    const now = granted.clock.now()
    const sendAtMs = demandFuture(send_at, now)
    const { id } = await granted.reader().quoted(message_id)
    const one: Forward = {
      key: message_id,
      isOneOfSeveral: chats.length > 1,
      attempted: new Set(),
      endsAtMs: now + ACT_MS,
      sendAtMs,
    }
    const parts: Part<Result>[] = []
    for (const chat of chats) parts.push(await forwardTo(chat, one, granted))
    return { ok: true as const, message_id: id, results: resultsOf(parts) }
  },
})

async function forwardTo(
  chat: string,
  { key, isOneOfSeveral, attempted, endsAtMs, sendAtMs }: Forward,
  granted: Grant<'send', 'ready'>,
): Promise<Part<Result>> {
  let found: Pick<Recipient, 'id' | 'name'> | undefined
  try {
    const { id, name } = await findRecipient(granted.reader(), chat)
    found = { id, name }
    if (attempted.has(id)) fail('invalid_input', { detail: 'This chat is named twice.' })
    attempted.add(id)
    const { keys, text, type } = await granted.reader().quoted(key)
    demandNotDeleted(type)
    const shownText = [type === 'chat' ? '' : `[${type}]`, text].filter(Boolean).join(' ')
    const outgoing = { kind: 'forward', keys, text: shownText, isOneOfSeveral } as const
    const draft: Draft = { operation: forwardMessage.name, to: found, outgoing, endsAtMs }
    const { messageId } = await granted.send(draft, sendAtMs)
    const message = messageId === null ? {} : await shown(messageId, granted)
    return { result: { chat, ok: true, ...found, ...message }, error: null }
  } catch (error) {
    if (!(error instanceof AppError)) throw error
    return { result: { chat, ...found, ...unsent(error) }, error }
  }
}

/** Returns id and type of the new message; the key itself if the archive does not have it. Never fails. */
async function shown(
  key: MessageKey,
  { reader }: Grant<'send', 'ready'>,
): Promise<Pick<Result, 'message_id' | 'type'>> {
  const parts = parseMessageKey(key)
  try {
    if (parts === null) return { message_id: key }
    const { id, type } = await reader().quoted(parts)
    return { message_id: id, type }
  } catch {
    return { message_id: key }
  }
}

function lineOf({ chat, id, name, type, ...one }: Partial<Result>): string {
  // The word of the request, unless it is the id or the name.
  const asked = chat === undefined || chat === id || chat === name ? [] : [quoted(chat)]
  const where = [...asked, ...(name === undefined ? [] : [`${quoted(name)} [${id}]`])].join(', ')
  return `To ${where}: ${one.ok ? facts({ id: one.message_id, type }) : unsentWords(one)}`
}
