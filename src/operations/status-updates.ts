/** Operations on status updates: the list, and posting and deleting one's own. */
import { z } from 'zod'
import { fromCursor, toCursor } from '../cursor.ts'
import { AppError, fail } from '../errors.ts'
import { counted } from '../model/counted.ts'
import { chatKindOf, STATUS, toKeyText, toMessageKey } from '../model/ids.ts'
import { Message } from '../model/message.ts'
import { MOST, UNCAPTIONED } from '../outbox/content.ts'
import { FILE_MS, keyOf } from '../outbox/item.ts'
import { indented, lines, messageLine, pageLines } from './brief.ts'
import { cursor, limit, messageIdInput, whole } from './inputs.ts'
import {
  MEDIA_INPUT_ERRORS,
  oneInput,
  PREPARE_FILES_MS,
  SEND_FILES_MS,
  TAKES_FILES,
  toFile,
} from './media-input.ts'
import { timestampOf } from './messages.ts'
import { defineOperation } from './operation.ts'
import { following, nextCursor, ok, READING_ERRORS, staleness, staleSince } from './reading.ts'
import { defineSend, demandFuture, SEND_ERRORS, sendAt } from './send.ts'
import { IN_CHANNELS } from './send-media.ts'
import { CHANGE, perform } from './tasks.ts'

/** WhatsApp shows a status update for so long. */
const LIFE_S = 86_400
const PAGE_SIZE = 100
const LIST = 'status_updates'
/** WhatsApp Web's own colour. */
const DEFAULT_COLOR = '#7acca5'

const POST = { ...CHANGE, tag: 'channels', toolset: 'channels', scope: 'send' } as const

export const listStatusUpdates = defineOperation({
  name: 'list_status_updates',
  title: 'List status updates',
  description:
    'Lists the status updates of the last 24 hours that reached the archive, own ones too, newest first. Their authors do not see that you read them. Older ones that the archive keeps are the messages of the chat status@broadcast.',
  tag: 'channels',
  toolset: 'channels',
  needs: 'nothing',
  scope: 'read',
  effect: 'read',
  uses: ['receive'],
  routes: ['GET /api/status-updates'],
  input: z.strictObject({ limit: limit(PAGE_SIZE), cursor }),
  output: z.object({
    ok,
    count: z.int(),
    status_updates: z.array(Message),
    next_cursor: nextCursor,
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS, 'message_not_found'],
  example: { input: {} },
  brief: {
    sizes: { limit: 'status_updates' },
    text: ({ count, status_updates, ...page }) =>
      lines(counted(count, 'status update'), indented(status_updates.map(messageLine)), pageLines(page)),
  },
  async run({ limit: most, cursor: page }, { reader, clock, staleSince }) {
    const since = Math.floor(clock.now() / 1_000) - LIFE_S
    const last = fromCursor(LIST, page, messageIdInput)
    const before = last === null ? undefined : { key: last }
    const found = await reader()
      .readMessages(STATUS, { limit: most + 1, before, after: undefined, notices: false })
      .then(({ messages }) => messages, noneIfUnknown)
    const alive = found.filter(({ timestamp }) => timestamp >= since).reverse()
    const onPage = alive.slice(0, most)
    const shown = onPage.filter(({ type }) => type !== 'revoked')
    const end = alive.length > most ? onPage.at(-1) : undefined
    return {
      ok: true as const,
      count: shown.length,
      status_updates: shown,
      ...following(end === undefined ? null : toCursor(LIST, end.id)),
      ...staleness(staleSince),
    }
  },
})

/** An account that never saw one has no such chat. */
function noneIfUnknown(error: unknown): Message[] {
  if (error instanceof AppError && error.code === 'chat_not_found') return []
  throw error
}

export const postStatusUpdate = defineSend({
  name: 'post_status_update',
  title: 'Post a status update',
  tag: 'channels',
  toolset: 'channels',
  description:
    'Posts a text as status update, or a picture, video, GIF or voice note (media, with an optional caption): everyone who may see the status of this account sees it for 24 hours. ok: true with message_id means that WhatsApp has accepted it; a refused one is an error. Who sees it is set on the phone. After send_outcome_unknown, look at {{list_status_updates}} before you post again. Post only what the user asked for.',
  uses: ['post_status'],
  prefers: ['post_status_media', 'send_media'],
  ...TAKES_FILES,
  limitMs: SEND_FILES_MS,
  routes: ['POST /api/status-updates'],
  status: 201,
  input: z.strictObject({
    message: z
      .string()
      .trim()
      .min(1, 'must not be empty')
      .max(MOST.status)
      .optional()
      .describe('The text, 1 to 700 characters. Required without media.'),
    media: oneInput
      .optional()
      .describe('A file in place of the text: exactly one of `upload`, `data`, `file` and `url`.'),
    caption: z.string().max(MOST.caption).optional().describe('Text under the media.'),
    background: z
      .string()
      .regex(/^#[0-9a-f]{6}$/i, 'must be a colour such as #7acca5')
      .optional()
      .describe(
        `Colour of the background of a text, as #rrggbb. If you leave it out, it is ${DEFAULT_COLOR}.`,
      ),
    font: whole(0, 9)
      .optional()
      .describe('Number of the font of a text, 0 to 9. If you leave it out, it is 0.'),
    send_at: sendAt.optional(),
  }),
  output: z.object({
    ok: z.literal(true),
    message_id: z.string(),
    posted_at: z.string().describe('ISO 8601 UTC.'),
  }),
  errors: [...SEND_ERRORS, ...MEDIA_INPUT_ERRORS, 'needs_ffmpeg'],
  example: { input: { message: 'Back on Monday', background: '#1f7a5c' } },
  brief: { text: ({ message_id, posted_at }) => `Posted at ${posted_at}, message id ${message_id}` },
  async draft({ message, media, caption, background, font, send_at }, { clock, uploads }) {
    const isText = media === undefined
    const others = isText ? { caption } : { background, font }
    if ((message !== undefined) !== isText || Object.values(others).some((value) => value !== undefined))
      fail('invalid_input', {
        detail:
          '"message" or "media" is required. "background" and "font" belong to "message", "caption" to "media".',
      })
    const post = {
      sendAtMs: demandFuture(send_at, clock.now()),
      endsAtMs: clock.now() + FILE_MS,
      to: { id: STATUS, name: 'Status updates' },
    }
    if (isText) {
      const look = { background: background ?? DEFAULT_COLOR, font: font ?? 0 }
      return { ...post, outgoing: { kind: 'status', text: message ?? '', ...look } }
    }
    const file = await toFile(media, { as: undefined, sounds: 'voice', withinMs: PREPARE_FILES_MS }, uploads)
    if (!IN_CHANNELS.has(file.as))
      fail('media_refused', {
        detail: 'Status updates show pictures, videos, GIFs and voice notes only.',
        hint: 'Nothing was posted. Post one of these, or a text.',
      })
    if (caption !== undefined && UNCAPTIONED.has(file.as))
      fail('invalid_input', { detail: '"caption": voice notes have no caption.' })
    return { ...post, outgoing: { ...file, caption } }
  },
  answer: (item) => ({ ok: true as const, message_id: keyOf(item), posted_at: timestampOf(item) }),
})

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
      fail('message_not_found', { detail: 'This is not the id of a status update of this account.' })
    granted.demandSeen(STATUS)
    const id = toKeyText(message_id)
    const keys = (await granted.reader().spellingsOf(id)).map(toMessageKey)
    await perform('delete_status', { keys }, granted)
    return { ok: true as const, message_id: id }
  },
})
