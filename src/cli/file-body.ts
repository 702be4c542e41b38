/** A file as the body of a request. */
import { createReadStream, openSync, statSync } from 'node:fs'
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
 * input. If reading fails, the request ends with a CommandError that says so.
 * @param type its media type
 * @throws CommandError if the file cannot be read
 */
export function fileBody(file: string, type: string): ApiRequest & { duplex: 'half' } {
  const { source, of }: Opened = file === '-' ? { source: process.stdin, of: '' } : openFile(file)
  const progress = createProgress((bytes) => `${mebibytes(bytes)}${of} MiB uploaded`)
  let sent = 0
  const counted = new Transform({
    transform(chunk: Buffer, _, done) {
      sent += chunk.length
      progress(sent)
      done(null, chunk)
    },
  })
  const failure = new AbortController()
  source.once('error', (error) => {
    // First: the request then ends with this reason, and not as a lost connection.
    failure.abort(unreadable(file, errnoOf(error) ?? String(error), error))
    counted.destroy()
  })
  return {
    signal: failure.signal,
    body: Readable.toWeb(source.pipe(counted)) as RequestInit['body'],
    headers: { 'content-type': type },
    duplex: 'half',
    isOnce: true,
  }
}

/** `of`: the size, as the progress shows it. */
type Opened = { source: Readable; of: string }

/** @throws CommandError if the file cannot be opened */
function openFile(file: string): Opened {
  const path = toPath(file)
  try {
    // A pipe would block the opening.
    const stats = statSync(path)
    if (stats.isFile())
      return {
        source: createReadStream(path, { fd: openSync(path, 'r') }),
        of: ` of ${mebibytes(stats.size)}`,
      }
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
