/** GET /api/export: the archive, or one chat of it, as a file that is written while it is read. */
import type { ServerResponse } from 'node:http'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Door } from '../../operations/door.ts'
import { chatIdInput } from '../../operations/inputs.ts'
import { parseInput } from '../../operations/parse-input.ts'
import { READING_ERRORS } from '../../operations/reading.ts'
import { callOf } from './calls.ts'
import { inputOf } from './input.ts'
import { turn, untilTaken } from './pace.ts'

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

export type ExportOptions = { door: Door; clock: Clock; log: Pick<Log, 'warn'> }

/** Adds the route. What fails once the answer has begun breaks the connection: a jsonl file without its end is cut off. */
export function addExport(server: FastifyInstance, { door, clock, log }: ExportOptions): void {
  server.get('/api/export', { exposeHeadRoute: false }, (request, reply) => {
    const { chat_id = null, format } = parseInput(EXPORT.input, inputOf(request))
    const { exporter } = door.admit(EXPORT, callOf(request, reply, 'rest'))
    const { messages, pieces } = exporter().export(chat_id, format)
    const day = new Date(clock.now()).toISOString().slice(0, 10)
    reply.hijack()
    const { raw } = reply
    for (const [name, value] of Object.entries({
      ...reply.getHeaders(),
      'content-type': TYPES[format],
      'cache-control': 'no-store',
      'content-disposition': `attachment; filename="whatsapp-${day}.${format === 'text' ? 'txt' : 'jsonl'}"`,
      'x-total-messages': messages,
    })) {
      if (value !== undefined) raw.setHeader(name, value)
    }
    raw.on('error', () => {})
    write(pieces, raw, clock).catch((error) => {
      log.warn({ request_id: request.id, code: 'internal_error', err: error }, 'an export failed')
      raw.destroy()
    })
  })
}

/** Nothing more is read of the archive while the reader has not taken what was written. */
async function write(pieces: Iterable<string>, raw: ServerResponse, clock: Clock): Promise<void> {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  for (const piece of pieces) {
    if (piece !== '' && !raw.write(piece)) await untilTaken(raw, gone.signal, clock)
    await turn()
    if (raw.destroyed) return
  }
  raw.end()
}
