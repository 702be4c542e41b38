/** `whatsapp-mcp-api call`: any operation of the running server. */
import { openApi, type Server } from './client.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { fileBody } from './file-body.ts'
import { readable } from './readable.ts'
import { requireTarget, saveBody } from './save-body.ts'
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
  if (operation.gives === 'text/event-stream' && flags.out !== '')
    throw new CommandError(
      `${id} returns a stream that does not end.`,
      'Leave out --out, or follow the events with: whatsapp-mcp-api watch --json',
      EXIT.wrongSetting,
    )
  const target = operation.gives === 'application/json' ? null : requireTarget(flags.out)
  const bytes = operation.takesBytes ? fileBody(flags.file, flags.type) : {}
  const answer = await askOperation(api, operation, fields, bytes)
  if (operation.gives === 'application/json') {
    const data: unknown = await answer.json()
    process.stdout.write(flags.json ? jsonLines(data) : readable(data))
  } else await saveBody(answer, target, { what: `download from ${server.url}` })
  return EXIT.ok
}
