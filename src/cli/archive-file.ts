/** `whatsapp-mcp-api archive import` and `verify`: open the archive file itself, while no server uses the directory. */
import { existsSync } from 'node:fs'
import { KeyError, readArchiveKey } from '../archive-key.ts'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { toPath } from '../home.ts'
import { createLog } from '../log.ts'
import { counted } from '../model/counted.ts'
import { type AccountId, DEFAULT_ACCOUNT, toJid } from '../model/ids.ts'
import { openRegular, UnfitFileError } from '../read-file.ts'
import type { AccountDir } from '../session/account-dir.ts'
import { type AuthDir, AuthDirError, openAuthDir, placesIn, placesOf } from '../session/auth-dir.ts'
import { importArchive } from '../session/import-archive.ts'
import type { Flaw } from '../store/flaw.ts'
import { ImportError } from '../store/import-header.ts'
import { openArchive } from '../store/unlock.ts'
import { verify } from '../store/verify.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { createProgress } from './progress.ts'
import { nextStepOf } from './running.ts'
import { jsonLines, printable } from './terminal.ts'

/** The log of a command is for people, so it is readable even in a pipe. */
const log = createLog({ level: 'warn', readable: true })

type FileFlags = { json: boolean; account: AccountId }

/** Imports an exported file into the directory's archive. Resolves with the exit code. */
export async function importFile(
  config: Config,
  from: string,
  { json, account }: FileFlags,
): Promise<number> {
  const fd = openExport(toPath(from))
  const done = await withDirectory(config, account, (authDir, secret) =>
    importArchive({
      authDir,
      from: fd,
      secret,
      keep: config.keep,
      clock: systemClock,
      onProgress: createProgress((messages) => `${messages} messages imported`),
    }),
  )
  const left = done.left === 0 ? '' : ` Skipped ${done.left} that the settings exclude.`
  process.stdout.write(
    json
      ? jsonLines({ ok: true, ...done })
      : `Imported ${counted(done.messages, 'message')} into ${done.file}.${left}\n`,
  )
  return EXIT.ok
}

/** Checks the directory's archive and prints each error. Resolves with the exit code. */
export async function verifyArchive(config: Config, { json, account }: FileFlags): Promise<number> {
  if (!existsSync(placesIn(config.authDir).own)) throw noArchive(config)
  const { file, flaws } = await withDirectory(config, account, async (authDir, secret) => {
    const wid = authDir.account()
    const archive = wid === null ? null : authDir.archiveOf(toJid(wid))
    if (archive === null || !existsSync(archive)) throw noArchive(config)
    return { file: archive, flaws: flawsOf(archive, secret) }
  })
  const isFine = flaws.length === 0
  if (json) process.stdout.write(jsonLines({ ok: isFine, file, flaws }))
  else {
    const lines = flaws.map(({ check, says }) => `${check.padEnd(16)} ${printable(says)}\n`)
    process.stdout.write(isFine ? `${file} has no errors.\n` : lines.join(''))
  }
  if (!isFine && !json) {
    const next = flaws.every(({ check }) => check === 'search')
      ? `Only the search index of ${file} has errors. No messages are lost. The server rebuilds the index when it runs.`
      : `${file} has errors. Replace it with a backup, or move it away: the server then fetches what WhatsApp Web still has.`
    process.stderr.write(`${next}\n`)
  }
  return isFine ? EXIT.ok : EXIT.failed
}

function flawsOf(file: string, secret: string | null): Flaw[] {
  try {
    const store = openArchive(file, secret)
    try {
      return verify(store.db)
    } finally {
      store.close()
    }
  } catch (error) {
    if (error instanceof AppError && error.code === 'archive_damaged')
      return [{ check: 'file', rows: 1, says: `${error.message} (${error.code})` }]
    throw error
  }
}

/** Runs `work` while this process holds the directory's lock, so that no server can use the directory. */
async function withDirectory<T>(
  config: Config,
  account: AccountId,
  work: (authDir: AccountDir, secret: string | null) => Promise<T>,
): Promise<T> {
  process.umask(0o077)
  let authDir: AuthDir | null = null
  try {
    const secret = await readArchiveKey(config.archiveKey, log)
    authDir = await openAuthDir(config.authDir, log)
    return await work(dirOf(authDir, account), secret)
  } catch (error) {
    throw toCommandError(error)
  } finally {
    authDir?.release()
  }
}

/** Returns the directory of the account. @throws CommandError if the account was never added */
function dirOf(authDir: AuthDir, account: AccountId): AccountDir {
  if (account === DEFAULT_ACCOUNT) return authDir
  if (existsSync(placesOf(authDir.path, account).own)) return authDir.of(account)
  throw new CommandError(
    `${authDir.path} has no account ${account}.`,
    'Add it to the running server first: whatsapp-mcp-api accounts add ID.',
    EXIT.wrongSetting,
  )
}

/** The next step for each import error. */
const NEXT: Record<ImportError['code'], string> = {
  not_an_export: 'Create an export with: whatsapp-mcp-api archive export --out FILE (format jsonl).',
  newer_format: 'Update whatsapp-mcp-api to the version that wrote the export, or a newer one.',
  other_account: 'Import the file into another directory (--auth-dir). An archive holds one account.',
  archive_not_empty: 'Choose another directory (--auth-dir), or move the archive file away.',
  invalid_line: 'Nothing was changed. Export again, or correct the line.',
  cut_short: 'Nothing was changed. Export again, or copy the file again.',
}

function toCommandError(error: unknown): unknown {
  if (error instanceof ImportError)
    return new CommandError(`${error.message} (${error.code})`, NEXT[error.code], EXIT.failed, {
      cause: error,
    })
  if (error instanceof KeyError) return new CommandError(error.message, error.hint, EXIT.wrongSetting)
  if (error instanceof AuthDirError) return new CommandError(error.message, nextStepOf(error), EXIT.directory)
  if (error instanceof AppError)
    return new CommandError(`${error.message} (${error.code})`, error.hint, EXIT.failed, { cause: error })
  return error
}

/** Returns the file descriptor. @throws CommandError if the file cannot be read */
function openExport(file: string): number {
  try {
    return openRegular(file)
  } catch (error) {
    const says =
      error instanceof UnfitFileError ? error.message : `cannot be read (${errnoOf(error) ?? error})`
    throw new CommandError(
      `${file} ${says}.`,
      'Name an export file of "whatsapp-mcp-api archive export".',
      EXIT.wrongSetting,
      { cause: error },
    )
  }
}

function noArchive({ authDir }: Config): CommandError {
  return new CommandError(
    `${authDir} contains no archive.`,
    'Set WHATSAPP_AUTH_DIR (--auth-dir) to the session directory.',
    EXIT.directory,
  )
}
