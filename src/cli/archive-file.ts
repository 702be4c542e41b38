/** `whatsapp-mcp-api archive import` and `verify`: on the archive itself, while no server uses its directory. */
import { existsSync } from 'node:fs'
import { KeyError, readArchiveKey } from '../archive-key.ts'
import { systemClock } from '../clock.ts'
import type { Config } from '../config.ts'
import { AppError } from '../errors.ts'
import { toPath } from '../home.ts'
import { createLog } from '../log.ts'
import { counted } from '../model/counted.ts'
import { toJid } from '../model/ids.ts'
import { openRegular, UnfitFileError } from '../read-file.ts'
import { type AuthDir, AuthDirError, openAuthDir, placesIn } from '../session/auth-dir.ts'
import { importArchive } from '../session/import-archive.ts'
import type { Flaw } from '../store/flaw.ts'
import { ImportError } from '../store/import-header.ts'
import { openArchive } from '../store/unlock.ts'
import { verify } from '../store/verify.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { createProgress } from './progress.ts'
import { nextStepOf } from './running.ts'
import { plain } from './terminal.ts'

/** A command's words are for people, also through a pipe. */
const log = createLog({ level: 'warn', readable: true })

/** Read an exported file into the directory's archive; resolves with the exit code. */
export async function importFile(config: Config, from: string, { json }: { json: boolean }): Promise<number> {
  const file = openExport(toPath(from))
  const done = await withDirectory(config, (authDir, secret) =>
    importArchive({
      authDir,
      from: file,
      secret,
      keep: config.keep,
      clock: systemClock,
      onProgress: createProgress((messages) => `${messages} messages imported`),
    }),
  )
  const left = done.left === 0 ? '' : ` ${done.left} were left out: by the settings they are not to be kept.`
  process.stdout.write(
    json
      ? `${JSON.stringify({ ok: true, ...done }, null, 2)}\n`
      : `Imported ${counted(done.messages, 'message')} into ${done.file}.${left}\n`,
  )
  return EXIT.ok
}

/** Look through the directory's archive, and name everything that is wrong; resolves with the exit code. */
export async function verifyArchive(config: Config, { json }: { json: boolean }): Promise<number> {
  if (!existsSync(placesIn(config.authDir).own)) throw noArchive(config)
  const { file, flaws } = await withDirectory(config, async (authDir, secret) => {
    const account = authDir.account()
    const archive = account === null ? null : authDir.archiveOf(toJid(account))
    if (archive === null || !existsSync(archive)) throw noArchive(config)
    return { file: archive, flaws: flawsOf(archive, secret) }
  })
  const isFine = flaws.length === 0
  if (json) process.stdout.write(`${JSON.stringify({ ok: isFine, file, flaws }, null, 2)}\n`)
  else {
    const lines = flaws.map(({ check, says }) => `${check.padEnd(16)} ${plain(says)}\n`)
    process.stdout.write(isFine ? `Nothing is wrong with ${file}.\n` : lines.join(''))
  }
  if (!isFine && !json) {
    const next = flaws.every(({ check }) => check === 'search')
      ? `Only the search index of ${file} is not as it should be. It is made anew when the server runs; nothing is lost.`
      : `${file} is not as it should be. Put a backup in its place, or move it away: what WhatsApp Web still has is then fetched anew.`
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

/** With the directory held by us, so that no server begins to use it. */
async function withDirectory<T>(
  config: Config,
  work: (authDir: AuthDir, secret: string | null) => Promise<T>,
): Promise<T> {
  process.umask(0o077)
  let authDir: AuthDir | null = null
  try {
    const secret = await readArchiveKey(config.archiveKey, log)
    authDir = await openAuthDir(config.authDir, log)
    return await work(authDir, secret)
  } catch (error) {
    throw toCommandError(error)
  } finally {
    authDir?.release()
  }
}

/** What to do where a file cannot be imported. */
const NEXT: Record<ImportError['code'], string> = {
  not_an_export: 'Make one with: whatsapp-mcp-api archive export --out FILE (in jsonl).',
  newer_format: 'Update whatsapp-mcp-api to the version that wrote it, or newer.',
  other_account: 'Two accounts are never mixed: import it into another directory (--auth-dir).',
  archive_not_empty:
    'An import goes into an empty archive only: name another directory (--auth-dir), or move that file away.',
  invalid_line: 'Nothing was changed. Export it again, or correct that line.',
  cut_short: 'Nothing was changed. Export it again, or copy it again.',
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

function openExport(file: string): number {
  try {
    return openRegular(file)
  } catch (error) {
    const says =
      error instanceof UnfitFileError ? error.message : `cannot be read (${errnoOf(error) ?? error})`
    throw new CommandError(
      `${file} ${says}.`,
      'Name a file that "whatsapp-mcp-api archive export" wrote.',
      EXIT.wrongSetting,
      { cause: error },
    )
  }
}

function noArchive({ authDir }: Config): CommandError {
  return new CommandError(
    `There is no archive in ${authDir}.`,
    'Name the directory of the session in WHATSAPP_AUTH_DIR (--auth-dir).',
    EXIT.directory,
  )
}
