/** Runs a command that is one operation of the running server. */
import { openApi, type Server } from './client.ts'
import { isConfirmed } from './consent.ts'
import { EXIT } from './exit-codes.ts'
import { findChat } from './find-chat.ts'
import { LINES, type Shows } from './lines.ts'
import { readable } from './readable.ts'
import { demandNewFile, withSecret } from './secret-file.ts'
import { askOperation, findOperation, readOperations } from './server-operations.ts'
import { jsonLines, printable } from './terminal.ts'

export type OperationRun = {
  /** Name of the operation. */
  id: string
  fields: Readonly<Record<string, string>>
  /** How its output is shown to people. Default: as lines `name: value`. */
  shows: Shows | undefined
  /** Set if its output has a secret: a new one needs a new file. */
  secret: 'new' | 'replaced' | undefined
  /** What to ask first; null: nothing. */
  question: string | null
  /** The command line that confirms. */
  line: string
  json: boolean
  /** True: ids are shown too. */
  ids: boolean
  /** File for the secret; empty: standard output. */
  out: string
}

/** Calls the operation and prints what it returns. A chat can be named by its whole name. Resolves with the exit code. */
export async function runOperation(server: Server, run: OperationRun): Promise<number> {
  const { id, fields, shows, question } = run
  if (question !== null && !(await isConfirmed(run.line, () => printable(question)))) return EXIT.failed
  const api = openApi(server)
  const operation = findOperation(await readOperations(api), id)
  const { chat_id: chat } = fields
  const resolved = chat === undefined ? fields : { ...fields, chat_id: await findChat(api, chat) }
  const ask = async () => (await askOperation(api, operation, resolved)).json()
  const textOf = (output: unknown) =>
    shows === undefined ? readable(output) : LINES[shows](output, { ids: run.ids })
  if (run.secret === 'new') demandNewFile(run.out)
  if (run.secret !== undefined) {
    return withSecret(run, textOf, ask as () => Promise<{ secret: string }>)
  }
  const output: unknown = await ask()
  process.stdout.write(run.json ? jsonLines(output) : textOf(output))
  // Operations that deliver an event return whether they did.
  return Object(output).delivered === false ? EXIT.failed : EXIT.ok
}
