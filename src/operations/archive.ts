/** Operations on the archive: statistics, and forgetting a chat. */
import { statSync } from 'node:fs'
import { z } from 'zod'
import { CHAT_KINDS } from '../model/chat.ts'
import { detail } from '../model/fields.ts'
import { facts, lines, pageLines } from './brief.ts'
import { chatIdInput } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok, READING_ERRORS, staleness, staleSince } from './reading.ts'

export const getArchiveStats = defineOperation({
  name: 'get_archive_stats',
  title: 'Archive statistics',
  tag: 'archive',
  description:
    'Returns the size of the local archive: how many messages, chats and people it holds, by kind of chat, the oldest and newest message, and the size of its file. For the chats themselves, use {{list_chats}}. {{get_status}} says whether the archive has a problem.',
  effect: 'read',
  scope: 'read',
  toolset: 'chats',
  needs: 'nothing',
  routes: ['GET /api/archive'],
  input: z.strictObject({}),
  output: z.object({
    ok,
    file: detail(z.string().describe('Absolute path.')),
    size_bytes: z.int().describe('Size on disk, including the log file beside it.'),
    messages: z.int(),
    chats: z.int(),
    people: z.int(),
    reactions: z.int(),
    revisions: z.int().describe('Texts of messages before they were edited or deleted.'),
    events: z.int(),
    gaps: z.int().describe('Ranges of messages that are known to be missing.'),
    oldest_at: z.string().nullable().describe('Time of the oldest message, ISO 8601 UTC.'),
    newest_at: z.string().nullable(),
    by_kind: z.array(z.object({ kind: z.enum(CHAT_KINDS), chats: z.int(), messages: z.int() })),
    stale_since: staleSince,
  }),
  errors: [...READING_ERRORS],
  example: { input: {} },
  brief: {
    text: ({ by_kind, oldest_at, newest_at, stale_since, ...counts }) =>
      lines(
        facts(counts),
        facts({ 'oldest message': oldest_at, newest: newest_at }),
        by_kind.map(({ kind, chats, messages }) => `${kind}: ${facts({ chats, messages })}`),
        pageLines({ stale_since }),
      ),
  },
  async run(_, { reader, status, staleSince }) {
    const counts = await reader().countAll()
    const file = status().archive?.file ?? ''
    const sizeOf = (path: string) => statSync(path, { throwIfNoEntry: false })?.size ?? 0
    return {
      ok: true as const,
      file,
      size_bytes: sizeOf(file) + sizeOf(`${file}-wal`),
      ...counts,
      ...staleness(staleSince),
    }
  },
})

export const forgetChat = defineOperation({
  name: 'forget_chat',
  // It cannot be undone, and a message could persuade an agent to do it. The owner uses REST or the command line.
  tool: null,
  title: 'Forget a chat',
  tag: 'archive',
  description:
    'Deletes all messages of one chat from the local archive for good, with their earlier texts, reactions and events. Nothing is deleted on WhatsApp, and the deleted messages are not fetched again. New messages of the chat are stored as before; to store none, set WHATSAPP_NEVER_STORE. A very large chat can return still_forgetting: send the request again. The chat stays in the list.',
  effect: 'destroy',
  scope: 'manage',
  toolset: 'chats',
  needs: 'nothing',
  routes: ['DELETE /api/chats/{chat_id}/messages'],
  input: z.strictObject({ chat_id: chatIdInput }),
  output: z.object({
    ok: z.literal(true),
    forgotten: z.int().describe('Number of messages that this request deleted.'),
  }),
  errors: [...READING_ERRORS, 'chat_not_found', 'still_forgetting'],
  limitMs: 60_000,
  // About 50,000 messages take this long.
  lateCode: 'still_forgetting',
  example: { input: { chat_id: '15551234567@c.us' } },
  run: async ({ chat_id }, { forget }) => ({
    ok: true as const,
    forgotten: await forget(chat_id),
  }),
})
