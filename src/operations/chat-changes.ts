/** Operations on chats of the account: archive, pin, mute, mark, read, show that it types, delete. */
import { randomUUID } from 'node:crypto'
import { z } from 'zod'
import { AppError, type ErrorCode, fail } from '../errors.ts'
import { counted } from '../model/counted.ts'
import { serverText } from '../model/fields.ts'
import type { Jid } from '../model/ids.ts'
import type { ChatChanges, TaskInput } from '../model/task.ts'
import { facts, lines } from './brief.ts'
import type { Grant } from './door.ts'
import { chatIdInput, momentInput, whole, yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok } from './reading.ts'
import { CHANGE, demandSome, EXAMPLE_GROUP_TO_LEAVE, perform, reworded } from './tasks.ts'

const CHAT_CHANGE = { ...CHANGE, tag: 'chats', toolset: 'chats', scope: 'manage' } as const
const done = { ok, chat_id: z.string() }
const chat_id = chatIdInput

/** The address of the chat in WhatsApp Web: of a person, both are tried there. */
export async function demandChat(id: Jid, { reader }: Pick<Grant, 'reader'>): Promise<Jid> {
  return (await reader().recipientAt(id))?.id ?? fail('chat_not_found')
}

/** Our names of the changes. */
const FIELDS = {
  archived: 'archived',
  pinned: 'pinned',
  mutedUntil: 'muted_until',
  unread: 'unread',
} as const

/** `off` is null for clients whose null says that a field is left out. */
const mutedInput = z
  .union([momentInput.transform((ms) => Math.floor(ms / 1_000)), z.enum(['forever', 'off']), z.null()])
  .transform((until) => (until === null || until === 'off' ? 0 : until === 'forever' ? -1 : until))
  .describe('When the mute ends, ISO 8601 with offset; "forever"; "off" or null: not muted.')

/** The changes, as fields of a request. */
const changeFields = {
  archived: yesNo.optional().describe('true: archive it.'),
  pinned: yesNo.optional().describe('true: pin it to the top.'),
  muted_until: mutedInput.optional(),
  unread: yesNo
    .optional()
    .describe('true: mark it as unread; false: take that mark back, which leaves unread messages unread.'),
}
type Fields = { [Name in keyof typeof changeFields]?: z.output<(typeof changeFields)[Name]> }
type Changer = Grant<'manage', 'ready'>

const changedFields = z.array(z.string()).describe('The fields that are now so.')

/** @throws AppError `invalid_input` for no change, and for a mute that has ended */
function toChanges(
  { archived, pinned, muted_until: mutedUntil, unread }: Fields,
  nowMs: number,
): ChatChanges {
  const changes = { archived, pinned, mutedUntil, unread }
  demandSome(changes, Object.values(FIELDS).join(', '))
  if (mutedUntil !== undefined && mutedUntil > 0 && mutedUntil * 1_000 <= nowMs)
    fail('invalid_input', { detail: '"muted_until" is in the past.' })
  return changes
}

/** Changes one chat. Returns its address in WhatsApp Web, and the fields that are now so. */
async function change(chat_id: Jid, changes: ChatChanges, granted: Changer, limitMs?: number) {
  const chat = await demandChat(chat_id, granted)
  const task = perform('change_chat', { chat, changes }, granted, limitMs)
  const { changed } = await task.catch((error) => {
    throw reworded(error, FIELDS)
  })
  return { chat_id: chat, changed: changed.map((one) => FIELDS[one]) }
}

export const changeChat = defineOperation({
  ...CHAT_CHANGE,
  name: 'change_chat',
  title: 'Change a chat',
  description:
    'Archives, pins or mutes a chat, or marks it as unread, or undoes this. It changes only the given fields. Other people do not see it. WhatsApp pins at most 3 chats. unread: false sends no receipts, so a chat with unread messages stays unread (change_refused): use {{read_chat}}. For several chats, use {{change_chats}}.',
  effect: 'write',
  repeatable: true,
  uses: ['change_chat'],
  routes: ['PATCH /api/chats/{chat_id}'],
  input: z.strictObject({ chat_id, ...changeFields }),
  output: z.object({ ...done, changed: changedFields }),
  example: { input: { chat_id: '15551234567@c.us', archived: true } },
  brief: { text: ({ chat_id, changed }) => `Changed ${chat_id}: ${changed.join(', ')}` },
  async run({ chat_id, ...fields }, granted) {
    const changes = toChanges(fields, granted.clock.now())
    return { ok: true as const, ...(await change(chat_id, changes, granted)) }
  },
})

/** The most chats of one request. */
const MOST_CHATS = 100
/** No chat is begun after the first time, and none lasts longer than the second, so that the answer is in time. */
const BEGIN_MS = 20_000
const END_MS = 28_000
/** Errors of one chat. Any other error would be that of the rest too. */
const OF_ONE: readonly ErrorCode[] = [
  'chat_not_found',
  'change_refused',
  'outcome_unknown',
  'whatsapp_error',
  'whatsapp_timeout',
]

const Unchanged = z.object({
  chat_id: z.string().describe('The chat, as the request names it.'),
  code: z.string(),
  detail: serverText(z.string()),
})

export const changeChats = defineOperation({
  ...CHAT_CHANGE,
  name: 'change_chats',
  title: 'Change several chats',
  description:
    'Makes the same change in up to 100 chats, one after the other: archives, pins or mutes them, or marks them as unread, or undoes this. Returns the number of chats in the wanted state, and the other chats with the reason. If the time was up before a chat, call again with those that are left. Others do not see it.',
  effect: 'write',
  repeatable: true,
  uses: ['change_chat'],
  routes: ['PATCH /api/chats'],
  input: z.strictObject({
    chat_ids: z
      .array(chatIdInput)
      .min(1)
      .max(MOST_CHATS)
      .transform((all) => [...new Set(all)])
      .describe(`Ids of the chats, 1 to ${MOST_CHATS}.`),
    ...changeFields,
  }),
  output: z.object({
    ok,
    count: z.int().describe('Number of chats that are now so.'),
    failed: z.array(Unchanged).describe('The others, in the order of chat_ids.'),
  }),
  example: { input: { chat_ids: ['15551234567@c.us'], muted_until: 'forever' } },
  brief: {
    text: ({ count, failed }) =>
      lines(
        `Changed ${counted(count, 'chat')}`,
        failed.map(({ chat_id, code, detail }) => `Not ${chat_id}: ${code}. ${detail}`),
      ),
  },
  async run({ chat_ids, ...fields }, granted) {
    const { clock } = granted
    const from = clock.now()
    const changes = toChanges(fields, clock.now())
    const failed: z.output<typeof Unchanged>[] = []
    let count = 0
    for (const chat_id of chat_ids) {
      try {
        if (clock.now() - from >= BEGIN_MS)
          fail('whatsapp_timeout', { detail: 'WhatsApp Web did not begin in time. Nothing was changed.' })
        await change(chat_id, changes, granted, END_MS - (clock.now() - from))
        count += 1
      } catch (error) {
        if (!(error instanceof AppError)) throw error
        const { code, message: detail } = error
        // Once a chat is changed, or may be, the response must say which: the call does not fail any more.
        const isUntouched = count === 0 && failed.every((one) => one.code !== 'outcome_unknown')
        if (!OF_ONE.includes(code) && isUntouched) throw error
        failed.push({ chat_id, code, detail })
      }
    }
    return { ok: true as const, count, failed }
  },
})

export const readChat = defineOperation({
  ...CHAT_CHANGE,
  name: 'read_chat',
  title: 'Mark a chat as read',
  description:
    'Marks all messages of a chat as read and sends read receipts: the senders see that the messages were read. No other operation sends read receipts, not even {{read_messages}}. Call it only if the user asks for it.',
  effect: 'write',
  repeatable: true,
  uses: ['read_chat'],
  routes: ['POST /api/chats/{chat_id}/read'],
  input: z.strictObject({ chat_id }),
  output: z.object(done),
  example: { input: { chat_id: '15551234567@c.us' } },
  brief: { text: ({ chat_id }) => `Marked ${chat_id} as read` },
  async run({ chat_id }, granted) {
    const chat = await demandChat(chat_id, granted)
    await perform('read_chat', { chat }, granted)
    return { ok: true as const, chat_id: chat }
  },
})

const STATES = ['typing', 'recording', 'paused'] as const

/** Ends the state when the caller goes, unless the chat shows another one by then. */
function takeBackWith(shown: TaskInput<'show_state'>, granted: Grant<'send', 'ready'>): void {
  const { gone, clock } = granted
  const takeBack = () => {
    const ended = perform('show_state', { ...shown, state: 'paused', still: true }, granted)
    // Nobody waits for it. Without the page WhatsApp ends it by itself.
    ended.catch(() => {})
  }
  if (gone.aborted) return takeBack()
  gone.addEventListener('abort', takeBack, { once: true })
  clock.after(shown.seconds * 1_000, () => gone.removeEventListener('abort', takeBack))
}

export const setChatPresence = defineOperation({
  ...CHAT_CHANGE,
  name: 'set_chat_presence',
  title: 'Show that this account types',
  description:
    'Shows the people of a chat that this account is typing or recording, for up to 60 seconds, until "paused", or until the MCP session that asked ends. Answers at once. Sends no message.',
  effect: 'write',
  scope: 'send',
  repeatable: true,
  uses: ['show_state'],
  routes: ['POST /api/chats/{chat_id}/presence'],
  input: z.strictObject({
    chat_id,
    state: z.enum(STATES).describe('typing, recording, or paused to end it.'),
    seconds: whole(1, 60).default(15).describe('For how long, 1 to 60 seconds. Default 15.'),
  }),
  output: z.object({ ...done, state: z.enum(STATES) }),
  example: { input: { chat_id: '15551234567@c.us', state: 'typing', seconds: 5 } },
  brief: { text: ({ chat_id, state }) => facts({ [state]: true, in: chat_id }) },
  async run({ chat_id, state, seconds }, granted) {
    const chat = await demandChat(chat_id, granted)
    const shown = { chat, state, seconds, by: randomUUID() }
    await perform('show_state', shown, granted)
    if (state !== 'paused') takeBackWith(shown, granted)
    return { ok: true as const, chat_id: chat, state }
  },
})

export const deleteChat = defineOperation({
  ...CHAT_CHANGE,
  name: 'delete_chat',
  title: 'Delete a chat on WhatsApp',
  description:
    'Deletes a chat and its messages on WhatsApp, on all devices of this account. The others keep theirs, and the archive of this server keeps what it has. A group must be left first. It cannot be undone: delete only what the user named.',
  effect: 'destroy',
  uses: ['delete_chat'],
  routes: ['DELETE /api/chats/{chat_id}'],
  input: z.strictObject({ chat_id }),
  output: z.object(done),
  example: { input: { chat_id: EXAMPLE_GROUP_TO_LEAVE } },
  brief: { text: ({ chat_id }) => `Deleted ${chat_id} on WhatsApp` },
  async run({ chat_id }, granted) {
    const chat = await demandChat(chat_id, granted)
    await perform('delete_chat', { chat }, granted)
    return { ok: true as const, chat_id: chat }
  },
})
