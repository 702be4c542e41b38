/** Operations on status updates: the list, and posting and deleting one's own. */
import { z } from 'zod'
import { AppError, fail } from '../errors.ts'
import { counted } from '../model/counted.ts'
import { chatKindOf, toJid, toKeyText, toMessageKey } from '../model/ids.ts'
import { Message } from '../model/message.ts'
import { toIsoSecond } from '../model/times.ts'
import { indented, lines, messageLine, pageLines } from './brief.ts'
import type { Grant } from './door.ts'
import { messageIdInput, whole } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok, READING_ERRORS, staleness, staleSince } from './reading.ts'
import { CHANGE, perform } from './tasks.ts'

/** The chat of all status updates. */
const STATUS = toJid('status@broadcast')
/** WhatsApp shows them so long. */
const LIFE_S = 86_400
const MOST = 100
/** WhatsApp Web's own colour. */
const OPAQUE = 0xff_00_00_00
const DEFAULT_COLOR = '#7acca5'

const POST = { ...CHANGE, tag: 'channels', toolset: 'channels', scope: 'send' } as const

export const listStatusUpdates = defineOperation({
  name: 'list_status_updates',
  title: 'List status updates',
  description:
    'Lists the status updates of the last 24 hours that reached the archive, own ones too, oldest first. Nobody sees that they were read. Older ones that the archive keeps are the messages of the chat status@broadcast.',
  tag: 'channels',
  toolset: 'channels',
  needs: 'nothing',
  scope: 'read',
  effect: 'read',
  uses: ['receive'],
  routes: ['GET /api/status-updates'],
  input: z.strictObject({}),
  output: z.object({ ok, count: z.int(), status_updates: z.array(Message), stale_since: staleSince }),
  errors: [...READING_ERRORS],
  example: { input: {} },
  brief: {
    text: ({ count, status_updates, ...page }) =>
      lines(counted(count, 'status update'), indented(status_updates.map(messageLine)), pageLines(page)),
  },
  async run(_, { reader, clock, staleSince }) {
    const after = { time: Math.floor(clock.now() / 1_000) - LIFE_S }
    const found = await reader()
      .readMessages(STATUS, { limit: MOST, after, before: undefined, notices: false })
      .then(({ messages }) => messages, noneIfUnknown)
    const shown = found.filter(({ type }) => type !== 'revoked')
    return { ok: true as const, count: shown.length, status_updates: shown, ...staleness(staleSince) }
  },
})

/** An account that never saw one has no such chat. */
function noneIfUnknown(error: unknown): Message[] {
  if (error instanceof AppError && error.code === 'chat_not_found') return []
  throw error
}

export const postStatusUpdate = defineOperation({
  ...POST,
  name: 'post_status_update',
  title: 'Post a status update',
  description:
    'Posts a text as status update: everyone who may see the status of this account sees it for 24 hours. ok: true means that WhatsApp has taken it; a refused one is an error. Who sees it is set on the phone. Post only what the user asked for.',
  effect: 'write',
  uses: ['post_status'],
  routes: ['POST /api/status-updates'],
  status: 201,
  input: z.strictObject({
    message: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(700)
      .describe('The text, 1 to 700 characters.'),
    background: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #7acca5')
      .default(DEFAULT_COLOR)
      .describe(`Colour of the background, as #rrggbb. Default ${DEFAULT_COLOR}.`),
    font: whole(0, 9).default(0).describe('Number of the font, 0 to 9. Default 0.'),
  }),
  output: z.object({ ok, message_id: z.string(), posted_at: z.string().describe('ISO 8601 UTC.') }),
  errors: [...POST.errors],
  example: { input: { message: 'Back on Monday', background: '#1f7a5c' } },
  brief: { text: ({ message_id, posted_at }) => `Posted at ${posted_at}, message id ${message_id}` },
  async run({ message: text, background, font }, granted) {
    // Everyone who may see the status gets it: who is limited to other chats posts nothing.
    granted.demandSeen(STATUS)
    // Both halves as one number: JavaScript would make it negative.
    const color = OPAQUE + Number.parseInt(background.slice(1), 16)
    const { bareId, at } = await perform('post_status', { text, color, font }, granted)
    return { ok: true as const, message_id: ownKey(bareId, granted), posted_at: toIsoSecond(at) }
  },
})

/** The documented id of an own post. */
function ownKey(bareId: string, { status }: Pick<Grant, 'status'>): string {
  const { account } = status()
  const participant = account === null ? null : toJid(account.wid)
  return toKeyText({ fromMe: true, chat: STATUS, bareId, participant })
}

export const deleteStatusUpdate = defineOperation({
  ...POST,
  name: 'delete_status_update',
  title: 'Delete a status update',
  description:
    'Deletes an own status update for everyone, by its id from {{list_status_updates}}. It cannot be undone.',
  effect: 'destroy',
  uses: ['delete_status'],
  routes: ['DELETE /api/status-updates/{message_id}'],
  input: z.strictObject({ message_id: messageIdInput }),
  output: z.object({ ok, message_id: z.string() }),
  errors: [...POST.errors, 'message_not_found'],
  example: { input: { message_id: 'true_status@broadcast_3EB0C767D097B7C7C2_15550001000@c.us' } },
  brief: { text: ({ message_id }) => `Deleted ${message_id}` },
  async run({ message_id }, granted) {
    if (chatKindOf(message_id.chat) !== 'status' || !message_id.fromMe)
      fail('message_not_found', { detail: 'The id is not the one of an own status update.' })
    granted.demandSeen(STATUS)
    const id = toKeyText(message_id)
    const keys = (await granted.reader().spellingsOf(id)).map(toMessageKey)
    await perform('delete_status', { keys }, granted)
    return { ok: true as const, message_id: id }
  },
})
