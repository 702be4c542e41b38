/** The row that exports the archive as a file. */
import { z } from 'zod'
import { chatIdInput } from './inputs.ts'
import { defineFile } from './operation.ts'
import { READING_ERRORS } from './reading.ts'

const TYPES = { jsonl: 'application/jsonl', text: 'text/plain' } as const

export const exportArchive = defineFile({
  name: 'export_archive',
  title: 'Export the archive',
  tag: 'archive',
  description:
    'Returns everything that the archive holds, or one chat, as a file. jsonl: one line of JSON each for the archive, every person, chat and message (with earlier texts, reactions and all details), and a last line that marks the file as complete; `archive import` reads it. text: one line per message, for people. The header X-Total-Messages is the number of messages. Meant for backups and moves. To read messages, use {{read_messages}}.',
  routes: ['GET /api/export'],
  input: z.strictObject({
    chat_id: chatIdInput.optional().describe('Only this chat. Default: everything.'),
    format: z.enum(['jsonl', 'text']).default('jsonl').describe('jsonl or text. Default jsonl.'),
  }),
  types: Object.values(TYPES),
  headers: {
    'X-Total-Messages': { description: 'Number of messages in the file.', schema: { type: 'integer' } },
  },
  errors: [...READING_ERRORS, 'chat_not_found'],
  example: { input: { chat_id: '15551234567@c.us', format: 'text' } },
  async run({ chat_id = null, format }, granted) {
    const { messages, pieces } = await granted.export(chat_id, format)
    const day = new Date(granted.clock.now()).toISOString().slice(0, 10)
    return {
      filename: `whatsapp-${day}.${format === 'text' ? 'txt' : 'jsonl'}`,
      type: `${TYPES[format]}; charset=utf-8`,
      headers: { 'x-total-messages': messages },
      pieces,
    }
  },
})
