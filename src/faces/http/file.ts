/** Serves rows that give a file. The file is written while it is read. */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import type { Log } from '../../log.ts'
import type { Door } from '../../operations/door.ts'
import type { FileRow } from '../../operations/operation.ts'
import { parseInput } from '../../operations/parse-input.ts'
import { callOf } from './calls.ts'
import { inputOf } from './input.ts'
import { untilTaken } from './pace.ts'

export type FileOptions = { door: Door; clock: Clock; log: Pick<Log, 'warn'> }

/**
 * Responds with the file of this row. An error after the response has begun closes the connection, so the client receives an
 * incomplete file.
 * @throws AppError `invalid_input`, like {@link Door.admit}, the row's own codes
 */
export async function serveFile(
  row: FileRow,
  request: FastifyRequest,
  reply: FastifyReply,
  { door, clock, log }: FileOptions,
): Promise<void> {
  const input = parseInput(row.input, inputOf(request))
  const file = await row.run(input, door.admit(row, callOf(request, reply, 'rest')))
  reply.hijack()
  const { raw } = reply
  for (const [name, value] of Object.entries({
    ...reply.getHeaders(),
    'content-type': `${file.type}; charset=utf-8`,
    'cache-control': 'no-store',
    'content-disposition': `attachment; filename="${file.filename}"`,
    ...file.headers,
  })) {
    if (value !== undefined) raw.setHeader(name, value)
  }
  raw.on('error', () => {})
  write(file.pieces, raw, clock).catch((error) => {
    log.warn({ request_id: request.id, code: 'internal_error', err: error }, 'the file cannot be written')
    raw.destroy()
  })
}

/** Writes the pieces. Reads the archive only as fast as the client reads. */
async function write(pieces: AsyncIterable<string>, raw: ServerResponse, clock: Clock): Promise<void> {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  for await (const piece of pieces) {
    if (piece !== '' && !raw.write(piece)) await untilTaken(raw, gone.signal, clock)
    if (raw.destroyed) return
  }
  raw.end()
}
