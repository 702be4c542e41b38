/** Operations on one message: react, edit, delete, star, pin. */
import { z } from 'zod'
import { type ErrorCode, fail } from '../errors.ts'
import type { Action, ActionOf } from '../model/action.ts'
import { writtenByPeople } from '../model/fields.ts'
import { type KeyParts, parseMessageKey } from '../model/ids.ts'
import { isEmoji } from '../model/text.ts'
import { facts, quoted } from './brief.ts'
import type { Grant } from './door.ts'
import { messageIdInput, yesNo } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { READING_ERRORS } from './reading.ts'
import { textInput } from './send.ts'

/** The time for an action on a message. A change may take 30 s. The last second is reserved for the response. */
export const ACT_MS = 29_000
const DAY_S = 86_400

/** The fields that rows on one message share. */
export const ACTION = {
  tag: 'messages',
  needs: 'ready',
  errors: [
    ...READING_ERRORS,
    'not_connected',
    'logout_in_progress',
    'shutting_down',
    'message_not_found',
    'action_refused',
    'recipient_not_allowed',
    'whatsapp_error',
    'not_supported_by_whatsapp_web',
    'outcome_unknown',
    'whatsapp_timeout',
  ] satisfies ErrorCode[],
  limitMs: 30_000,
  lateCode: 'outcome_unknown',
  repeatable: true,
} as const

/** The message of the documentation's examples. */
export const EXAMPLE_ID = 'true_15551234567@c.us_3EB0C767D097B7C7C0'

/** A poll of the documentation's examples. */
export const EXAMPLE_POLL = 'true_15551234568@c.us_3EB0A7C1D2E3F40516'

const done = { ok: z.literal(true), message_id: z.string() }

/** Does it on WhatsApp, and stores the result before it returns. Returns the message's id. */
async function act(key: KeyParts, action: Action, granted: Grant<'send' | 'manage', 'ready'>) {
  const { id, keys, type } = await granted.reader().quoted(key)
  if (action.kind !== 'delete' || action.for !== 'me') demandNotDeleted(type)
  const message = await granted.engine.act({ keys }, action, { limitMs: ACT_MS })
  if (message !== null) granted.note({ type: 'message', message })
  if (action.kind === 'react' || action.kind === 'vote') noteOwn(id, action, granted)
  return { ok: true as const, message_id: id }
}

/** WhatsApp Web has what is left of a deleted message under another key, and would not find it. @throws AppError `action_refused` */
export function demandNotDeleted(type: string): void {
  if (type === 'revoked')
    fail('action_refused', {
      detail: 'This message was deleted for everyone.',
      hint: 'Use another message. GET /api/messages/{message_id} returns its earlier text.',
    })
}

/** What this account did is stored before WhatsApp Web reports it. */
function noteOwn(
  id: string,
  action: ActionOf<'react' | 'vote'>,
  { note, clock }: Grant<'send' | 'manage', 'ready'>,
) {
  const key = parseMessageKey(id)
  if (key === null) return
  const { chat, bareId, fromMe, participant } = key
  const author = fromMe ? null : (participant ?? chat)
  if (action.kind === 'react') {
    const reaction = { sender: null, emoji: action.emoji, at: clock.now() }
    return note({ type: 'reaction', chat, bareId, messageSender: author, reaction })
  }
  const vote = { voter: null, options: [...action.options], at: null }
  note({ type: 'vote', chat, bareId, pollSender: author, vote })
}

const emojiInput = z
  .string()
  .trim()
  .max(64)
  .refine((text) => text === '' || isEmoji(text), 'must be one emoji')
  .describe('One emoji, for example "👍". "" removes the reaction of this account.')

const REACTION = '/api/messages/{message_id}/reaction'

export const react = defineOperation({
  ...ACTION,
  name: 'react',
  title: 'React to a message',
  description:
    'Adds the reaction of this account to a message, or changes it; emoji "" removes it. An account has one reaction for each message, and everyone in the chat sees it. React only if the user asks for it.',
  effect: 'write',
  scope: 'send',
  toolset: 'core',
  uses: ['react'],
  routes: [`PUT ${REACTION}`, `DELETE ${REACTION}`],
  fixed: { [`DELETE ${REACTION}`]: { emoji: '' } },
  input: z.strictObject({ message_id: messageIdInput, emoji: emojiInput }),
  output: z.object({
    ...done,
    emoji: writtenByPeople(z.string()).describe('Empty if the reaction was removed.'),
  }),
  example: { input: { message_id: EXAMPLE_ID, emoji: '👍' } },
  brief: {
    text: ({ message_id, emoji }) =>
      emoji === ''
        ? `Removed the reaction from ${message_id}`
        : `Reacted with ${quoted(emoji)} to ${message_id}`,
  },
  async run({ message_id, emoji }, granted) {
    return { ...(await act(message_id, { kind: 'react', emoji }, granted)), emoji }
  },
})

/** While sends wait for approval: WhatsApp Web edits at once. */
const HELD = 'Editing cannot wait for the approval of the owner. Nothing was changed.'
const INSTEAD = 'Send the new text as a message of its own: it waits for approval.'

export const editMessage = defineOperation({
  ...ACTION,
  name: 'edit_message',
  title: 'Edit a message',
  description:
    'Replaces the text of an own message, or the caption of an own photo, video or document. Everyone in the chat sees that it was edited. WhatsApp allows this for about 15 minutes after the message was sent; later it returns too_late. The earlier text stays in the archive.',
  effect: 'write',
  scope: 'send',
  toolset: 'messages',
  uses: ['edit'],
  routes: ['PATCH /api/messages/{message_id}'],
  input: z.strictObject({
    message_id: messageIdInput,
    message: textInput.describe('The new text, at most 65536 characters. It replaces the whole text.'),
  }),
  output: z.object(done),
  errors: [...ACTION.errors, 'too_late'],
  example: {
    input: { message_id: 'true_15551234568@c.us_3EB0D1C8E4F2A69B07', message: 'See you at eight.' },
  },
  brief: { text: ({ message_id }) => `Edited ${message_id}` },
  async run({ message_id, message }, granted) {
    if (granted.isHeld) fail('action_refused', { detail: HELD, hint: INSTEAD })
    return act(message_id, { kind: 'edit', text: message }, granted)
  },
})

export const deleteMessage = defineOperation({
  ...ACTION,
  name: 'delete_message',
  title: 'Delete a message',
  description:
    'Deletes one message on WhatsApp. "everyone": own messages of about the last two days, and as an admin of a group the messages of others; the chat shows that it was deleted. "me": from the devices of this account only; the others keep it. Never deletes for me if it cannot delete for everyone: then it returns action_refused or too_late. The archive of this server keeps what it has. Delete only what the user named.',
  effect: 'destroy',
  scope: 'send',
  toolset: 'messages',
  uses: ['delete'],
  routes: ['DELETE /api/messages/{message_id}'],
  input: z.strictObject({
    message_id: messageIdInput,
    for: z.enum(['everyone', 'me']).describe('For whom the message is deleted: "everyone" or "me".'),
  }),
  output: z.object({ ...done, for: z.enum(['everyone', 'me']) }),
  errors: [...ACTION.errors, 'too_late'],
  example: { input: { message_id: 'true_15551234568@c.us_3EB0D1C8E4F2A69B07', for: 'everyone' } },
  brief: { text: ({ message_id, for: whom }) => `Deleted ${message_id} for ${whom}` },
  async run({ message_id, for: whom }, granted) {
    return { ...(await act(message_id, { kind: 'delete', for: whom }, granted)), for: whom }
  },
})

const STAR = '/api/messages/{message_id}/star'

export const starMessage = defineOperation({
  ...ACTION,
  name: 'star_message',
  title: 'Star a message',
  description:
    'Stars a message, or removes its star. Only the owner sees stars, on all devices of the account. WhatsApp allows no stars in channels and on disappearing messages.',
  effect: 'write',
  scope: 'manage',
  toolset: 'messages',
  uses: ['star'],
  routes: [`PUT ${STAR}`, `DELETE ${STAR}`],
  fixed: { [`PUT ${STAR}`]: { starred: true }, [`DELETE ${STAR}`]: { starred: false } },
  input: z.strictObject({
    message_id: messageIdInput,
    starred: yesNo.describe('true stars the message, false removes the star.'),
  }),
  output: z.object({ ...done, starred: z.boolean() }),
  example: { input: { message_id: EXAMPLE_ID, starred: true } },
  brief: { text: ({ message_id, starred }) => `${message_id} is ${starred ? '' : 'not '}starred` },
  async run({ message_id, starred }, granted) {
    return { ...(await act(message_id, { kind: 'star', starred }, granted)), starred }
  },
})

export const vote = defineOperation({
  ...ACTION,
  name: 'vote',
  title: 'Vote in a poll',
  description:
    'Votes in a poll with the names of the options: the whole choice of this account, which replaces an earlier one. An empty list takes the vote back. The others in the chat see it. The options are in `poll` of the message.',
  effect: 'write',
  scope: 'send',
  toolset: 'messages',
  uses: ['vote'],
  routes: ['POST /api/messages/{message_id}/vote'],
  input: z.strictObject({
    message_id: messageIdInput,
    options: z.array(z.string().max(200)).max(12).describe('Names of options, exactly as in the poll.'),
  }),
  output: z.object({ ...done, options: z.array(writtenByPeople(z.string())) }),
  example: { input: { message_id: EXAMPLE_POLL, options: ['Friday'] } },
  brief: {
    text: ({ message_id, options }) =>
      options.length === 0
        ? `Took the vote in ${message_id} back`
        : `Voted in ${message_id} for ${options.map(quoted).join(', ')}`,
  },
  async run({ message_id, options }, granted) {
    const chosen = [...new Set(options)]
    return { ...(await act(message_id, { kind: 'vote', options: chosen }, granted)), options: chosen }
  },
})

/** How long a message can be pinned. */
const PIN_S = { '24h': DAY_S, '7d': 7 * DAY_S, '30d': 30 * DAY_S, off: null } as const
const PIN = '/api/messages/{message_id}/pin'
const pinTime = z.enum(['24h', '7d', '30d', 'off'])

export const pinMessage = defineOperation({
  ...ACTION,
  name: 'pin_message',
  title: 'Pin a message',
  description:
    'Pins a message at the top of its chat for everyone, for a day, a week or 30 days. "off" unpins it. In some groups only admins can pin. WhatsApp shows a notice in the chat.',
  effect: 'write',
  scope: 'send',
  toolset: 'messages',
  uses: ['pin'],
  routes: [`PUT ${PIN}`, `DELETE ${PIN}`],
  fixed: { [`DELETE ${PIN}`]: { for: 'off' } },
  input: z.strictObject({
    message_id: messageIdInput,
    for: pinTime.describe('How long: "24h", "7d" or "30d". "off" unpins the message.'),
  }),
  output: z.object({ ...done, for: pinTime }),
  example: { input: { message_id: EXAMPLE_ID, for: '7d' } },
  brief: {
    text: ({ message_id, for: time }) =>
      time === 'off' ? `${message_id} is unpinned` : `${message_id} is pinned: ${facts({ for: time })}`,
  },
  async run({ message_id, for: time }, granted) {
    return { ...(await act(message_id, { kind: 'pin', forS: PIN_S[time] }, granted)), for: time }
  },
})
