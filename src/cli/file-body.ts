/** A file as the body of a request. */
import { createReadStream, statSync } from 'node:fs'
import { Readable, Transform } from 'node:stream'
import { toPath } from '../home.ts'
import type { ApiRequest } from './client.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { createProgress } from './progress.ts'

/** The longest upload. */
export const UPLOAD_MS = 30 * 60_000

/**
 * Returns the request whose body is the bytes of this file, read as they are sent. Shows the progress. `-` reads standard
 * input.
 * @param type its media type
 * @throws CommandError if the file cannot be read
 */
export function fileBody(file: string, type: string): ApiRequest & { duplex: 'half' } {
  const of = file === '-' ? '' : sizeOf(file)
  const source: Readable = file === '-' ? process.stdin : createReadStream(toPath(file))
  const progress = createProgress((bytes) => `${mebibytes(bytes)}${of} MiB uploaded`)
  let sent = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      sent += chunk.length
      progress(sent)
      done(null, chunk)
    },
  })
  source.once('error', (error) => counted.destroy(error))
  return {
    body: Readable.toWeb(source.pipe(counted)) as RequestInit['body'],
    headers: { 'content-type': type },
    duplex: 'half',
    isOnce: true,
  }
}

/** @throws CommandError if there is no such file */
function sizeOf(file: string): string {
  try {
    const stats = statSync(toPath(file))
    if (stats.isFile()) return ` of ${mebibytes(stats.size)}`
  } catch (error) {
    throw unreadable(file, errnoOf(error) ?? String(error), error)
  }
  throw unreadable(file, 'not a regular file')
}

function unreadable(file: string, why: string, cause?: unknown): CommandError {
  const options = cause === undefined ? {} : { cause }
  return new CommandError(
    `${file} cannot be read (${why}).`,
    'Name a file with --file FILE; - reads standard input.',
    EXIT.wrongSetting,
    options,
  )
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1)
}
