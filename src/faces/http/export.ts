/** GET /api/export: the archive, or one chat of it, as a file that is written while it is read. */
import { Readable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Door } from '../../operations/door.ts'
import { chatIdInput } from '../../operations/inputs.ts'
import { parseInput } from '../../operations/parse-input.ts'
import { READING_ERRORS } from '../../operations/reading.ts'
import { callOf } from './calls.ts'

/** Up to so many bytes wait for a slow reader; nothing more is read of the archive meanwhile. */
const AHEAD_BYTES = 64 * 1024

const TYPES = { jsonl: 'application/jsonl; charset=utf-8', text: 'text/plain; charset=utf-8' } as const

/** The route as it is described beside the operations. */
export const EXPORT = {
  name: 'export_archive',
  title: 'Export the archive',
  tag: 'archive',
  scope: 'read',
  needs: 'nothing',
  description:
    'Everything that the archive holds, or one chat, as a file. jsonl: a line of JSON each for the archive itself, every person, chat and message (with what it said before, reactions and all details), and an end, which says that the file is whole; whatsapp-mcp-api archive import reads it again. text: a line each message, for people. The header X-Total-Messages says how many messages follow. Meant for backups and moves; for reading, read_messages fits better.',
  routes: ['GET /api/export'],
  input: z.strictObject({
    chat_id: chatIdInput.optional().describe('Only this chat. Default: everything.'),
    format: z.enum(['jsonl', 'text']).default('jsonl').describe('jsonl or text. Default jsonl.'),
  }),
  output: z.string(),
  errors: [...READING_ERRORS, 'chat_not_found'],
  example: { input: { chat_id: '15551234567@c.us', format: 'text' } },
} as const

/** Adds the route. What fails once the answer has begun breaks the connection: a jsonl file without its end is cut off. */
export function addExport(server: FastifyInstance, door: Door): void {
  server.get('/api/export', { exposeHeadRoute: false }, async (request, reply) => {
    const { chat_id = null, format } = parseInput(EXPORT.input, request.query)
    const { exporter } = door.admit(EXPORT, callOf(request, reply, 'rest'))
    const { messages, pieces } = exporter().export(chat_id, format)
    const day = new Date().toISOString().slice(0, 10)
    return reply
      .headers({
        'cache-control': 'no-store',
        'content-disposition': `attachment; filename="whatsapp-${day}.${format === 'text' ? 'txt' : 'jsonl'}"`,
        'x-total-messages': messages,
      })
      .type(TYPES[format])
      .send(Readable.from(inTurns(pieces), { objectMode: false, highWaterMark: AHEAD_BYTES }))
  })
}

/** Between two pieces others get their turn. */
async function* inTurns(pieces: Iterable<string>): AsyncGenerator<string> {
  for (const piece of pieces) {
    if (piece !== '') yield piece
    await turn()
  }
}
