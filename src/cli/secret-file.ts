/** Writes a new secret to a file that only the owner can read, or to standard output. */
import { existsSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { codeOf } from '../error-code.ts'
import { toPath } from '../home.ts'
import { deleteOnSignal } from './delete-on-signal.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { jsonLines, printable } from './terminal.ts'

const ONCE = 'Standard output has the secret. It is not shown again.\n'

type SecretFlags = { out: string; json: boolean }

/**
 * Makes a secret. A file is created before the request, so that no secret is made that cannot be stored, and takes its name
 * after it, so that readers find a whole secret at any time. Standard output has only the secret, so that it can be
 * redirected; standard error has the rest. Resolves with the exit code.
 * @param textOf renders the response for people, on standard error
 * @param make requests the secret
 */
export async function withSecret<Done extends object>(
  { out, json }: SecretFlags,
  textOf: (done: Done) => string,
  make: () => Promise<Done & { secret: string }>,
): Promise<number> {
  const file = out === '' ? null : toPath(out)
  const fresh = `${file}.new`
  if (file !== null) createFile(fresh)
  const done = await make().catch((error) => {
    if (file !== null) rmSync(fresh, { force: true })
    throw error
  })
  const { secret, ...rest } = done
  if (file !== null) {
    try {
      writeFileSync(fresh, `${secret}\n`)
      renameSync(fresh, file)
    } catch (error) {
      // The secret exists, and the server never shows it again.
      process.stdout.write(`${secret}\n`)
      throw unwritable(out, `cannot be written (${codeOf(error)}): standard output has the secret`)
    }
  }
  const answer = file === null ? { ...rest, secret } : rest
  if (json) process.stdout.write(jsonLines(answer))
  else if (file === null) process.stdout.write(`${secret}\n`)
  process.stderr.write(`${textOf(done)}${file === null ? ONCE : `The secret is in ${printable(file)}.\n`}`)
  return EXIT.ok
}

/** Does nothing without a name. @throws CommandError if the file exists already */
export function demandNewFile(out: string): void {
  if (out !== '' && existsSync(toPath(out))) throw unwritable(out, 'exists already')
}

function createFile(file: string): void {
  try {
    writeFileSync(file, '', { mode: 0o600, flag: 'wx' })
    deleteOnSignal(file)
  } catch (error) {
    throw unwritable(
      file,
      codeOf(error) === 'EEXIST' ? 'exists already' : `cannot be written (${codeOf(error)})`,
    )
  }
}

function unwritable(file: string, why: string): CommandError {
  return new CommandError(`${printable(file)} ${why}.`, 'Name another file with --out.', EXIT.wrongSetting)
}
