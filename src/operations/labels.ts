/** Operations on the labels of a business account. */
import { z } from 'zod'
import { detail, writtenByPeople } from '../model/fields.ts'
import { lines, named } from './brief.ts'
import { demandChat } from './chat-changes.ts'
import { chatIdInput } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { ok, onePage } from './reading.ts'
import { ASKING_ERRORS, CHANGE, perform } from './tasks.ts'

const Label = z.object({
  id: z.string(),
  name: writtenByPeople(z.string()),
  color: detail(z.string().nullable().describe('#rrggbb; null: it has none.')),
})

export const listLabels = defineOperation({
  name: 'list_labels',
  title: 'List labels',
  description:
    'Lists the labels of a business account, or those of one chat (chat_id). Other accounts have none: not_supported_by_account. To label a chat, use {{set_chat_labels}}.',
  tag: 'chats',
  toolset: 'chats',
  needs: 'ready',
  scope: 'read',
  effect: 'read',
  uses: ['read_labels'],
  routes: ['GET /api/labels'],
  input: z.strictObject({ chat_id: chatIdInput.optional() }),
  output: z.object({ ok, count: z.int(), labels: z.array(Label), next_cursor: onePage }),
  errors: [...ASKING_ERRORS, 'chat_not_found', 'not_supported_by_account'],
  limitMs: 30_000,
  example: { input: {} },
  brief: { text: ({ count, labels }) => lines(`${count} labels`, labels.map(named)) },
  async run({ chat_id }, granted) {
    const chat = chat_id === undefined ? null : await demandChat(chat_id, granted)
    const labels = await perform('read_labels', { chat }, granted)
    return { ok: true as const, count: labels.length, labels, next_cursor: null }
  },
})

export const setChatLabels = defineOperation({
  ...CHANGE,
  name: 'set_chat_labels',
  title: 'Set the labels of a chat',
  description:
    'Sets all labels of a chat of a business account: labels that are left out are removed, and [] removes all. Only the owner sees labels. Find the ids with {{list_labels}}.',
  tag: 'chats',
  toolset: 'chats',
  scope: 'manage',
  effect: 'write',
  repeatable: true,
  uses: ['set_labels'],
  routes: ['PUT /api/chats/{chat_id}/labels'],
  input: z.strictObject({
    chat_id: chatIdInput,
    labels: z
      .array(z.string().min(1).max(40))
      .max(100)
      .transform((labels) => [...new Set(labels)])
      .describe('Ids of all labels that the chat has then.'),
  }),
  output: z.object({ ok, chat_id: z.string(), labels: z.array(Label) }),
  errors: [...CHANGE.errors, 'not_supported_by_account'],
  example: { input: { chat_id: '15551234567@c.us', labels: [] } },
  brief: {
    text: ({ chat_id, labels }) => lines(`${labels.length} labels on ${chat_id}`, labels.map(named)),
  },
  async run({ chat_id, labels }, granted) {
    const chat = await demandChat(chat_id, granted)
    return {
      ok: true as const,
      chat_id: chat,
      labels: await perform('set_labels', { chat, labels }, granted),
    }
  },
})
