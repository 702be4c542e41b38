/** `whatsapp-mcp-api call`: any operation of the running server. */
import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { ReadableStream } from 'node:stream/web'
import { toPath } from '../home.ts'
import { openApi, type Server } from './client.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { fileBody } from './file-body.ts'
import { readable } from './readable.ts'
import { askOperation, findOperation, readOperations } from './server-operations.ts'
import { jsonLines } from './terminal.ts'

type CallFlags = { json: boolean; file: string; out: string; type: string }

/** Calls the operation with these fields and prints what it returns. Resolves with the exit code. */
export async function callOperation(
  server: Server,
  { id, fields, ...flags }: CallFlags & { id: string; fields: Readonly<Record<string, string | null>> },
): Promise<number> {
  const api = openApi(server)
  const operation = findOperation(await readOperations(api), id)
  if (operation.takesBytes !== (flags.file !== ''))
    throw new CommandError(
      operation.takesBytes ? `${id} takes a file.` : `${id} takes no file.`,
      operation.takesBytes ? 'Name it with --file FILE.' : 'Leave out --file.',
      EXIT.wrongSetting,
    )
  const bytes = operation.takesBytes ? fileBody(flags.file, flags.type) : {}
  const answer = await askOperation(api, operation, fields, bytes)
  if (operation.gives === 'application/json') {
    const data: unknown = await answer.json()
    process.stdout.write(flags.json ? jsonLines(data) : readable(data))
  } else await save(answer, flags.out)
  return EXIT.ok
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
