/** Serves rows that give a file. The file is written while it is read. */
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Clock } from '../../clock.ts'
import { fail, toAppError } from '../../errors.ts'
import type { Log } from '../../log.ts'
import type { Door } from '../../operations/door.ts'
import type { FileAnswer, FileRow } from '../../operations/operation.ts'
import { callOf } from './calls.ts'
import { inputOf } from './input.ts'
import { waitUntilRead } from './pace.ts'
import { attachment, wantedOf } from './ranges.ts'

export type FileOptions = { door: Door; clock: Clock; log: Pick<Log, 'warn'> }

/**
 * Responds with the file of this row. An error after the response has begun closes the connection, so the client receives an
 * incomplete file.
 * @throws AppError `invalid_input`, like {@link Door.enter}, the row's own codes
 */
export async function serveFile(
  row: FileRow,
  request: FastifyRequest,
  reply: FastifyReply,
  { door, clock, log }: FileOptions,
): Promise<void> {
  const file = await door.enter(row, inputOf(request), callOf(request, reply, 'rest'), row.run)
  const part = 'read' in file ? partOf(file, request, reply) : { status: 200, pieces: file.pieces }
  reply.hijack()
  const { raw } = reply
  raw.statusCode = part.status
  const headers = {
    // A document from another person must not run as a page of this server.
    'content-security-policy': "sandbox; default-src 'none'",
    'cache-control': 'no-store',
    'content-type': file.type,
    'content-disposition': attachment(file.filename),
    ...file.headers,
  }
  for (const [name, value] of Object.entries({ ...headers, ...reply.getHeaders() })) {
    if (value !== undefined) raw.setHeader(name, value)
  }
  raw.on('error', () => {})
  const written = write(request.method === 'HEAD' ? nothing() : part.pieces, raw, clock).catch((error) => {
    const { code } = toAppError(error)
    log.warn({ request_id: request.id, code, err: error }, 'the file cannot be written')
    raw.destroy()
  })
  if ('close' in file) void written.finally(file.close)
}

type Ranged = Extract<FileAnswer, { read: unknown }>

/**
 * The part of the file that this request wants, with the headers that say which.
 * @throws AppError `range_not_satisfiable`
 */
function partOf(file: Ranged, request: FastifyRequest, reply: FastifyReply) {
  const { sizeBytes, version } = file
  const etag = version === null ? null : `"${version}"`
  const wanted = wantedOf(request, sizeBytes, etag)
  // Kept by the client, and checked with this server each time: the media may be forgotten meanwhile.
  reply.header('accept-ranges', 'bytes').header('cache-control', 'private, no-cache')
  if (etag !== null) reply.header('etag', etag)
  if (wanted === 'unchanged') return { status: 304, pieces: nothing() }
  if (wanted === 'unsatisfiable') {
    file.close()
    reply.header('content-range', `bytes */${sizeBytes}`)
    return fail('range_not_satisfiable')
  }
  const { from, to } = wanted === 'all' ? { from: 0, to: sizeBytes } : wanted
  reply.header('content-length', to - from)
  if (wanted !== 'all') reply.header('content-range', `bytes ${from}-${to - 1}/${sizeBytes}`)
  return { status: wanted === 'all' ? 200 : 206, pieces: file.read(from, to) }
}

async function* nothing(): AsyncGenerator<string> {}

/** Writes the pieces. Reads the archive only as fast as the client reads. */
async function write(
  pieces: AsyncIterable<string | Uint8Array>,
  raw: ServerResponse,
  clock: Clock,
): Promise<void> {
  const gone = new AbortController()
  raw.once('close', () => gone.abort())
  for await (const piece of pieces) {
    if (piece.length > 0 && !raw.write(piece)) await waitUntilRead(raw, gone.signal, clock)
    if (raw.destroyed) return
  }
  raw.end()
}
