/** `whatsapp-mcp-api archive encrypt`, `change-key` and `decrypt`: work on every archive of a directory and its control database, while no server uses them. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { firstLine, KeyError, readArchiveKey, readKeyFile, requireKey } from '../archive-key.ts'
import type { Config, KeySource } from '../config.ts'
import { AppError } from '../errors.ts'
import { toPath } from '../home.ts'
import { createLog } from '../log.ts'
import { AuthDirError, openAuthDir, placesIn } from '../session/auth-dir.ts'
import {
  type ChangeOptions,
  changeArchiveKey,
  decryptArchive,
  encryptArchive,
  type KeyStep,
} from '../store/change-key.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { nextStepOf } from './running.ts'
import { jsonLines } from './terminal.ts'

/** The log of a command is for people, so it is readable even in a pipe. */
const log = createLog({ level: 'warn', readable: true })

/** Encrypts plain databases with the key of the settings. Resolves with the exit code. */
export function encrypt(config: Config, flags: { json: boolean }): Promise<number> {
  return overArchives(config, flags, 'encrypted', async () => {
    const secret = await keyOf(config)
    return (file, options) => encryptArchive(file, secret, options)
  })
}

export type NewKey = { 'new-key-file': string; 'new-key-command': string; json: boolean }

/** Replaces the key of the settings with a new key. Resolves with the exit code. */
export function changeKey(config: Config, flags: NewKey): Promise<number> {
  return overArchives(config, flags, 'encrypted with the new key', async () => {
    const from = await keyOf(config)
    const to = await newKeyOf(flags)
    return (file, options) => changeArchiveKey(file, { from, to, ...options })
  })
}

/** Decrypts encrypted databases. Resolves with the exit code. */
export function decrypt(config: Config, flags: { json: boolean }): Promise<number> {
  return overArchives(config, flags, 'plain', async () => {
    const secret = await keyOf(config)
    return (file, options) => decryptArchive(file, secret, options)
  })
}

/** Changes one database. Returns false if no change was needed. */
type Change = (file: string, options: ChangeOptions) => boolean

/**
 * Changes every archive of the directory and the control database, and prints what was done.
 * @param state what they are afterwards, such as `encrypted`
 * @param prepare reads the keys, before the directory is locked
 */
async function overArchives(
  { authDir }: Config,
  { json }: { json: boolean },
  state: string,
  prepare: () => Promise<Change>,
): Promise<number> {
  process.umask(0o077)
  const { archives: folder, control } = placesIn(authDir)
  if (!existsSync(folder)) {
    throw new CommandError(
      `${authDir} contains no archive.`,
      'Set WHATSAPP_AUTH_DIR (--auth-dir) to the session directory. If a key is set, a new archive is encrypted from the start.',
      EXIT.directory,
    )
  }
  let current = folder
  try {
    const change = await prepare()
    const { release } = await openAuthDir(authDir, log)
    try {
      const archives = archivesIn(authDir)
      const changeOne = (file: string, options: ChangeOptions) => {
        current = file
        const name = basename(file)
        const changed = change(file, { ...options, onStep: (step) => report(name, step, json) })
        if (!json) process.stdout.write(`${name}: ${changed ? `now ${state}` : `already ${state}`}\n`)
        return { file, changed }
      }
      const done = archives.map((file) => changeOne(file, {}))
      const own = existsSync(control) ? changeOne(control, { contents: 'control' }) : null
      if (json) process.stdout.write(jsonLines({ ok: true, archives: done, control: own }))
      else if (done.length === 0) process.stdout.write('No archive exists yet.\n')
      return EXIT.ok
    } finally {
      release()
    }
  } catch (error) {
    throw toCommandError(error, basename(current))
  }
}

/** Returns the archives of every account. */
function archivesIn(authDir: string): string[] {
  const { archives, accounts } = placesIn(authDir)
  const others = existsSync(accounts) ? readdirSync(accounts).map((id) => join(accounts, id, 'archives')) : []
  return [archives, ...others].filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /^\w+\.db$/.test(name))
      .map((name) => join(folder, name)),
  )
}

function toCommandError(error: unknown, archive: string): unknown {
  if (error instanceof KeyError) return new CommandError(error.message, error.hint, EXIT.wrongSetting)
  if (error instanceof AuthDirError) return new CommandError(error.message, nextStepOf(error), EXIT.directory)
  if (error instanceof AppError) {
    // Each database is either unchanged or done; the next run continues.
    return new CommandError(`${archive}: ${error.message} (${error.code})`, error.hint, EXIT.failed, {
      cause: error,
    })
  }
  return error
}

/** Prints the progress of long steps on a terminal. */
function report(name: string, step: KeyStep, json: boolean): void {
  if (json || process.stderr.isTTY !== true) return
  const says: Partial<Record<KeyStep, string>> = {
    copied: 'copied; verifying the copy',
    verified: 'the copy is complete',
  }
  const text = says[step]
  if (text !== undefined) process.stderr.write(`${name}: ${text}\n`)
}

async function keyOf({ archiveKey }: Config): Promise<string> {
  const key = await readArchiveKey(archiveKey, log)
  delete process.env.WHATSAPP_ARCHIVE_KEY
  if (key !== null) return key
  throw new KeyError(
    'No key is set.',
    'Set WHATSAPP_ARCHIVE_KEY_FILE, WHATSAPP_ARCHIVE_KEY_COMMAND or WHATSAPP_ARCHIVE_KEY. Generate a key with: openssl rand -base64 32',
  )
}

async function newKeyOf(flags: NewKey): Promise<string> {
  const { 'new-key-file': file, 'new-key-command': command } = flags
  if ((file === '') === (command === '')) {
    throw new CommandError(
      'change-key requires a new key.',
      `Set one of --new-key-file FILE (- reads standard input) and --new-key-command COMMAND. See whatsapp-mcp-api archive change-key --help.`,
      EXIT.wrongSetting,
    )
  }
  if (file === '-') return requireKey(firstLine(readFileSync(0, 'utf8')), 'The first line of standard input')
  if (file !== '') return requireKey(readKeyFile(toPath(file), log), file)
  const source: KeySource = { command }
  return (await readArchiveKey(source, log)) ?? ''
}
