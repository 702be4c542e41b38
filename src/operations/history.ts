/** Operations that read messages. */
import { z } from 'zod'
import { fail } from '../errors.ts'
import { ChatAlone, ChatName, Gap } from '../model/chat.ts'
import { counted } from '../model/counted.ts'
import { describeHistory, ReadHistory } from '../model/history.ts'
import { type Jid, type PhoneNumber, phoneJid, phoneNumberInput } from '../model/ids.ts'
import { Message, Revision } from '../model/message.ts'
import { chatLine, gapLine, indented, lines, messageLine, named, pageLines, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { chatIdInput, includeNotices, limit, messageIdInput, pointInput, whole } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok, READING_ERRORS, staleness, staleSince } from './reading.ts'

/** Exactly one of the two fields names the chat. */
const chatAddress = { phone_number: phoneNumberInput.optional(), chat_id: chatIdInput.optional() }

type ChatAddress = { phone_number?: PhoneNumber | undefined; chat_id?: Jid | undefined }

function addressOf({ phone_number, chat_id }: ChatAddress): Jid {
  if (chat_id !== undefined) return chat_id
  return phone_number === undefined ? fail('invalid_input') : phoneJid(phone_number)
}

export const readMessages = defineOperation({
  name: 'read_messages',
  documented: { tokens: 300, each: 'message' },
  title: 'Read messages',
  tag: 'messages',
  description:
    'Returns messages of one chat, named by phone_number or chat_id: the latest ones, or those before or after a message or time. Oldest first. For earlier messages, pass next_before as before; for later ones, pass next_after as after. A missing next_before or next_after means that the archive has no more in that direction. If gaps is set or history_complete is false, WhatsApp may have more messages. Never marks anything as read on WhatsApp. For one message and the messages around it, use {{get_message}}. For what is new in all chats, use {{list_unread}}.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  uses: ['receive'],
  routes: ['GET /api/messages', 'POST /api/messages'],
  input: z
    .strictObject({
      ...chatAddress,
      limit: limit(10),
      before: pointInput
        .optional()
        .describe(
          'Returns the last messages before this message or time: a message id, Unix seconds or ISO 8601 (UTC if it has no zone).',
        ),
      after: pointInput
        .optional()
        .describe(
          'Returns the first messages after this message, or from this time on, in the same forms. Together with `before`: the first ones between the two.',
        ),
      include_notices: includeNotices,
    })
    .refine((input) => (input.phone_number === undefined) !== (input.chat_id === undefined), {
      path: ['phone_number'],
      message: 'give either phone_number or chat_id',
    }),
  output: z.object({
    ok,
    chat: ChatAlone,
    count: z.int(),
    messages: z.array(Message),
    next_before: z
      .string()
      .optional()
      .describe('Pass it as `before` for earlier messages. Missing if the archive has none.'),
    next_after: z
      .string()
      .optional()
      .describe('Pass it as `after` for later messages. Missing if there are none.'),
    gaps: z.array(Gap).optional().describe('Ranges of missing messages within this page or at its ends.'),
    history_complete: z
      .boolean()
      .describe('True if the archive has all older messages that WhatsApp Web has or the settings keep.'),
    history: ReadHistory.optional().describe(
      'Set if history_complete is false, or messages are being loaded.',
    ),
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS, 'chat_not_found', 'message_not_found'],
  example: { input: { phone_number: '+1 555 123 4567', limit: 10 } },
  brief: {
    sizes: { limit: 'messages' },
    text: ({ chat, count, messages, next_before, next_after, gaps, history_complete, history, ...page }) =>
      lines(
        `Chat: ${chatLine(chat)}`,
        `${counted(count, 'message')}, oldest first`,
        indented(messages.map(messageLine)),
        next_before && `For earlier messages, pass before ${next_before}`,
        next_after && `For later messages, pass after ${next_after}`,
        gaps?.map(gapLine),
        describeHistory(history_complete, history),
        pageLines(page),
      ),
  },
  async run(input, granted) {
    const { staleSince } = granted
    const { limit, before, after, include_notices: notices } = input
    const { window, isLoading } = await readFilled(
      addressOf(input),
      { limit, before, after, notices },
      granted,
    )
    const { chat, messages, gaps, history } = window
    const [first, last] = [messages[0], messages.at(-1)]
    return {
      ok: true as const,
      chat,
      count: messages.length,
      messages,
      ...(window.hasEarlier && first !== undefined ? { next_before: first.id } : {}),
      ...(window.hasLater && last !== undefined ? { next_after: last.id } : {}),
      ...(gaps.length === 0 ? {} : { gaps }),
      history_complete: history.state === 'all',
      ...(history.state === 'all' && !isLoading
        ? {}
        : { history: { ...history, ...(isLoading ? { loading: true as const } : {}) } }),
      ...staleness(staleSince),
    }
  },
})

/** Reads a window of a chat; what the archive lacks of it is asked of WhatsApp first, as far as there is time. */
async function readFilled(
  chat: Jid,
  options: Parameters<ReturnType<Grant['reader']>['readMessages']>[1],
  { reader, fill }: Grant<'read', 'nothing'>,
) {
  for (let isLast = false; ; ) {
    const window = await reader().readMessages(chat, options)
    // If `after` precedes the archive, WhatsApp may have messages between it and those found: none of these counts.
    const found = options.after === undefined ? window.messages.length : 0
    const lacking = window.isOpenBelow ? options.limit - found : 0
    const isWhole = window.gaps.length === 0 && (lacking === 0 || window.history.state === 'all')
    if (isWhole || isLast) return { window, isLoading: false }
    const came: Awaited<ReturnType<typeof fill>> = await fill(chat, Math.max(lacking, 1))
    if (came === 'late') return { window, isLoading: true }
    // While all chats are loaded, what was to be asked for can have come since the archive was read.
    isLast = came === 'nothing'
  }
}

const around = (what: string) =>
  whole(0, 50).default(5).describe(`Number of messages ${what} it, 0 to 50. Default 5.`)

export const getMessage = defineOperation({
  name: 'get_message',
  title: 'One message',
  tag: 'messages',
  description:
    'Returns one message by its id, its earlier texts if it was edited or deleted (revisions), and the messages around it (context). Use it for a search hit, or for the message that a reply quotes (reply_to.id). For a range of messages, use {{read_messages}}.',
  effect: 'read',
  scope: 'read',
  toolset: 'core',
  needs: 'nothing',
  routes: ['GET /api/messages/{message_id}'],
  input: z.strictObject({ message_id: messageIdInput, before: around('before'), after: around('after') }),
  output: z.object({
    ok,
    message: Message,
    chat: ChatName,
    revisions: z
      .array(Revision)
      .describe('Earlier versions, oldest first. Empty if the message never changed.'),
    context: z.object({
      before: z.array(Message).describe('Oldest first.'),
      after: z.array(Message).describe('Oldest first.'),
    }),
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS, 'message_not_found'],
  example: { input: { message_id: 'true_15551234567@c.us_3EB0C767D097B7C7C0' } },
  brief: {
    sizes: { before: 'before', after: 'after' },
    text: ({ message, chat, revisions, context, ...page }) =>
      lines(
        `Chat: ${named(chat)}`,
        messageLine(message),
        revisions.map(
          ({ what, body, until_at }) => `Before it was ${what}, until ${until_at}: ${quoted(body)}`,
        ),
        context.before.length > 0 && 'Messages before it:',
        indented(context.before.map(messageLine)),
        context.after.length > 0 && 'Messages after it:',
        indented(context.after.map(messageLine)),
        pageLines(page),
      ),
  },
  async run({ message_id, before, after }, { reader, staleSince }) {
    const found = await reader().getMessage(message_id, { before, after })
    return {
      ok: true as const,
      message: found.message,
      chat: found.chat,
      revisions: found.revisions,
      context: { before: found.before, after: found.after },
      ...staleness(staleSince),
    }
  },
})
