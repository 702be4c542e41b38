/** The operation that fetches messages from WhatsApp that the archive does not have yet. */
import { z } from 'zod'
import { facts } from './brief.ts'
import { chatIdInput, whole } from './inputs.ts'
import { defineOperation } from './operation.ts'
import { READING_ERRORS } from './reading.ts'

export const loadEarlier = defineOperation({
  name: 'load_earlier',
  title: 'Load earlier messages',
  tag: 'messages',
  description:
    'Fetches messages of one chat from WhatsApp that the archive does not have yet: those of its newest gap, else those before its oldest message. Needs a connection and can take some seconds. Use it if a chat has gaps or history_complete is false, then read the chat again with {{read_messages}}. history_complete: true means that WhatsApp Web has nothing older, or that the settings keep nothing older.',
  effect: 'write',
  scope: 'manage',
  toolset: 'core',
  needs: 'ready',
  uses: ['read_history'],
  routes: ['POST /api/chats/{chat_id}/load-earlier'],
  input: z.strictObject({
    chat_id: chatIdInput,
    count: whole(1, 500).default(50).describe('Maximum number of messages to fetch, 1 to 500. Default 50.'),
  }),
  output: z.object({
    ok: z.literal(true),
    added: z.int().describe('Number of messages that were added to the archive.'),
    history_complete: z.boolean(),
  }),
  errors: [
    ...READING_ERRORS,
    'chat_not_found',
    'not_connected',
    'logout_in_progress',
    'shutting_down',
    'whatsapp_error',
    'not_supported_by_whatsapp_web',
    'whatsapp_timeout',
  ],
  limitMs: 30_000,
  example: { input: { chat_id: '15551234567@c.us' } },
  brief: {
    text: ({ added, history_complete }) =>
      facts({
        'messages added': added,
        [history_complete ? 'WhatsApp Web has no older messages' : 'WhatsApp may have older messages']: true,
      }),
  },
  async run({ chat_id, count }, { loadEarlier }) {
    const { added, complete } = await loadEarlier(chat_id, count)
    return { ok: true as const, added, history_complete: complete }
  },
})
