/** `whatsapp-mcp-api call`: any operation of the running server. */
import { createReadStream, createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { toPath } from '../home.ts'
import { type Asked, openApi, type Server } from './client.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { readable } from './readable.ts'
import { findOperation, readOperations, requestOf } from './server-operations.ts'

/** The longest operation, which forgets a large chat, and the longest wait for events respond within a minute. */
const LIMIT_MS = 70_000

type CallFlags = { json: boolean; file: string; out: string; type: string }

/** Calls the operation with these fields and prints what it returns. Resolves with the exit code. */
export async function callOperation(
  server: Server,
  { id, fields, ...flags }: CallFlags & { id: string; fields: Readonly<Record<string, string | null>> },
): Promise<number> {
  const api = openApi(server)
  const operation = findOperation(await readOperations(api), id)
  const { method, path, body } = requestOf(operation, fields)
  if (operation.takesBytes !== (flags.file !== ''))
    throw new CommandError(
      operation.takesBytes ? `${id} takes a file.` : `${id} takes no file.`,
      operation.takesBytes ? 'Name it with --file FILE.' : 'Leave out --file.',
      EXIT.wrongSetting,
    )
  const answer = await api.request(path, LIMIT_MS, {
    method,
    ...(body === null ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    ...(operation.takesBytes ? bytesOf(flags.file, flags.type) : {}),
  })
  if (operation.gives === 'application/json') {
    const data: unknown = await answer.json()
    process.stdout.write(flags.json ? `${JSON.stringify(data, null, 2)}\n` : readable(data))
  } else await save(answer, flags.out)
  return EXIT.ok
}

function bytesOf(file: string, type: string): Asked & { duplex: 'half' } {
  const stream = file === '-' ? process.stdin : createReadStream(toPath(file))
  return {
    body: Readable.toWeb(stream) as RequestInit['body'],
    headers: { 'content-type': type },
    duplex: 'half',
  }
}

/** Writes the bytes to this file, or to standard output. */
async function save(answer: Response, file: string): Promise<void> {
  if (answer.body === null) return
  const bytes = Readable.fromWeb(answer.body as ReadableStream)
  try {
    if (file !== '') await pipeline(bytes, createWriteStream(toPath(file), { mode: 0o600 }))
    else await pipeline(bytes, process.stdout, { end: false })
  } catch (error) {
    throw new CommandError(
      `The file could not be written (${errnoOf(error) ?? error}).`,
      'Name a file that can be written: --out FILE.',
      EXIT.failed,
      { cause: error },
    )
  }
}
