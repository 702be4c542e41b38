/** Serves rows that take the bytes of a file. The file is stored while it arrives. */
import type { FastifyReply, FastifyRequest } from 'fastify'
import { fail } from '../../errors.ts'
import type { Door } from '../../operations/door.ts'
import type { UploadRow } from '../../operations/operation.ts'
import { callOf } from './calls.ts'
import { inputOf } from './input.ts'

/** The whole body must arrive within this time. A client that sends nothing is disconnected much earlier (server.ts). */
export const UPLOAD_MS = 600_000

/**
 * Returns the response of this row.
 * @throws AppError `unsupported_media_type`, `invalid_input`, like {@link Door.enter}, the row's own codes
 */
export async function serveUpload(
  row: UploadRow,
  request: FastifyRequest,
  reply: FastifyReply,
  door: Door,
): Promise<unknown> {
  const { 'content-type': type, 'content-encoding': encoding, 'content-length': length } = request.headers
  if (type?.trim().toLowerCase().startsWith('multipart/') || encoding !== undefined) {
    fail('unsupported_media_type', {
      detail: `The body is ${encoding === undefined ? 'a multipart form' : 'encoded'}. It must be the bytes of one file.`,
      hint: 'Send the file itself: curl -T photo.jpg.',
    })
  }
  const body = {
    // The connection stays open for the response.
    stream: request.raw.iterator({ destroyOnReturn: false }),
    length: length === undefined ? null : Number(length),
    type,
  }
  const call = callOf(request, reply, 'rest')
  return door.enter(row, inputOf(request), call, async (input, granted) => {
    const stored = row.output.parse(await row.run(input, granted, body))
    // The key is checked last: only now are the bytes known, which are part of the input.
    const { sha256, mimetype } = stored
    await door.once(row, { ...Object(input), sha256, mimetype }, call, async () => stored)
    // Not what `once` returns: a repeated upload has the same id but is kept longer than the first response says.
    return stored
  })
}
