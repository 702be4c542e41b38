/** Opens files of the one directory that the owner set for files to send. */
import { constants } from 'node:fs'
import { type FileHandle, open, readlink, realpath } from 'node:fs/promises'
import { join, relative, sep } from 'node:path'
import { AppError, fail } from '../errors.ts'
import type { OpenedBody } from './uploads.ts'

/**
 * Opens a file inside `dir` by its relative name. `..` and links may be part of the name, but cannot lead out of the directory.
 * Close the stream.
 * @throws AppError `file_not_found` for everything but an ordinary file inside; `invalid_input` if there is no directory (`''`)
 */
export async function openOwned(dir: string, name: string): Promise<OpenedBody> {
  if (dir === '')
    fail('invalid_input', {
      detail: '"media.file": this server sends no files by name.',
      hint: 'Set WHATSAPP_FILES_DIR to a directory and restart the server, or upload the file.',
    })
  let file: FileHandle | null = null
  try {
    const root = await realpath(dir)
    const path = await realpath(join(root, name))
    if (!isInside(root, path)) fail('file_not_found')
    // Not through a link that appeared since, and without waiting for the writer of a pipe.
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    const opened = await readlink(`/proc/self/fd/${file.fd}`).catch(() => path)
    const stats = await file.stat()
    if (!isInside(root, opened) || !stats.isFile()) fail('file_not_found')
    const stream = file.createReadStream()
    file = null
    return { stream, length: stats.size, type: undefined }
  } catch (error) {
    if (error instanceof AppError) throw error
    return fail('file_not_found', { cause: error })
  } finally {
    await file?.close()
  }
}

function isInside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way !== '' && way !== '..' && !way.startsWith(`..${sep}`) && !way.includes('\0')
}
