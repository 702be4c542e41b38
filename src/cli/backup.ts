/** `whatsapp-mcp-api backup` and `restore`: the whole session directory as one encrypted file, while no server uses it. */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { KeyError, readKeyFile, requireKey } from '../archive-key.ts'
import type { Config } from '../config.ts'
import { toPath } from '../home.ts'
import { createLog } from '../log.ts'
import { makeFolder } from '../make-folder.ts'
import { type AuthDir, AuthDirError, markRestored, openAuthDir, placesIn } from '../session/auth-dir.ts'
import { BackupError, readBackup, writeBackup } from './backup-file.ts'
import { errnoOf } from './errno.ts'
import { CommandError, EXIT } from './exit-codes.ts'
import { nextStepOf } from './running.ts'
import { printable } from './terminal.ts'

const log = createLog({ level: 'warn', readable: true })

export type BackupFlags = { 'backup-key-file': string }

/**
 * Files of a process and not of the session: a server's lock, log and addresses, and Chromium's lock and version. Uploads are in the
 * backup, because held messages need them.
 */
const LEFT_OUT =
  /^\.whatsapp-mcp-api\/(?:server\.(?:lock|log)|address\.json)|\/(?:Singleton(?:Lock|Socket|Cookie)|RunningChromeVersion)$/
/** What the browser can fetch or make again. */
const CACHES =
  /^session-[^/]+\/(?:Default\/)?(?:Cache|Code Cache|GPUCache|\w*ShaderCache|\w*GraphiteCache|\w*Cache\/Cache_Data)$/

/** Writes the directory of the settings to a new file. Resolves with the exit code. */
export async function backup({ authDir }: Config, to: string, flags: BackupFlags): Promise<number> {
  const file = toPath(to)
  const key = keyOf(flags)
  if (!existsSync(placesIn(authDir).own))
    throw new CommandError(
      `${authDir} has no session.`,
      'Name its directory with --auth-dir.',
      EXIT.directory,
    )
  if (existsSync(file))
    throw new CommandError(`${file} exists already.`, 'Name a new file.', EXIT.wrongSetting)
  process.umask(0o077)
  await withLock(authDir, async () => {
    const part = `${file}.part`
    try {
      rmSync(part, { force: true })
      const isLeftOut = (path: string) => LEFT_OUT.test(path) || CACHES.test(path)
      await writeBackup(part, key, { folder: authDir, entries: entriesIn(authDir), isLeftOut })
      renameSync(part, file)
    } catch (cause) {
      rmSync(part, { force: true })
      if (cause instanceof BackupError) throw unreadable(cause)
      throw new CommandError(
        `${file} cannot be written (${errnoOf(cause) ?? cause}).`,
        'Name a file in a folder that you can write to, on a disk with enough space.',
        EXIT.failed,
        { cause },
      )
    }
  })
  const mib = (statSync(file).size / 2 ** 20).toFixed(1)
  process.stdout.write(
    `Wrote ${printable(file)} (${mib} MiB). Anyone who has this file and its key can use the account.\n`,
  )
  return EXIT.ok
}

/** Writes a backup into the directory of the settings, which has no session. Resolves with the exit code. */
export async function restore({ authDir }: Config, from: string, flags: BackupFlags): Promise<number> {
  const file = toPath(from)
  const key = keyOf(flags)
  process.umask(0o077)
  if (hasSession(authDir))
    throw new CommandError(
      `${authDir} has a session already.`,
      'Move it away, or name another directory with --auth-dir.',
      EXIT.directory,
    )
  // On the same disk, so that the entries can be moved.
  const aside = join(authDir, '.restoring')
  try {
    makeFolder(authDir, 0o700)
    rmSync(aside, { recursive: true, force: true })
    mkdirSync(aside, { mode: 0o700 })
    await readBackup(file, key, aside)
    markRestored(aside)
    // The folder with the marker of the session is the last: without it, there is none.
    for (const name of entriesIn(aside).reverse()) renameSync(join(aside, name), join(authDir, name))
  } catch (error) {
    throw explain(error, file, authDir)
  } finally {
    rmSync(aside, { recursive: true, force: true })
  }
  process.stdout.write(
    `Restored ${printable(authDir)}. Start the server here, and never again with the directory of which this is a copy: WhatsApp ends a session that it sees twice. What was scheduled is sent at its time, also if you cancelled it after the backup: see "whatsapp-mcp-api outbox list".\n`,
  )
  return EXIT.ok
}

function hasSession(authDir: string): boolean {
  try {
    return existsSync(authDir) && entriesIn(authDir).length > 0
  } catch (cause) {
    throw new CommandError(
      `${authDir} cannot be read as a directory (${errnoOf(cause) ?? cause}).`,
      'Move it away, or name another directory with --auth-dir.',
      EXIT.directory,
      { cause },
    )
  }
}

/** The entries of a session directory: our folder first, and the profiles. A directory may hold other things too. */
function entriesIn(authDir: string): string[] {
  const ours = basename(placesIn(authDir).own)
  const names = readdirSync(authDir)
  const profiles = names.filter((name) => /^session-[\w-]+(?:\.unlinked)?$/.test(name)).sort()
  return [...names.filter((name) => name === ours), ...profiles]
}

function keyOf({ 'backup-key-file': file }: BackupFlags): string {
  if (file === '')
    throw new CommandError(
      'A backup is encrypted, and no key was named.',
      'Make one with: openssl rand -base64 32 > backup.key. Then add --backup-key-file backup.key. Keep the key, in another place.',
      EXIT.wrongSetting,
    )
  try {
    return requireKey(readKeyFile(toPath(file), log), file)
  } catch (error) {
    if (error instanceof KeyError) throw new CommandError(error.message, error.hint, EXIT.wrongSetting)
    throw error
  }
}

/** Runs `work` while no server can use the directory. */
async function withLock(authDir: string, work: () => Promise<void>): Promise<void> {
  let held: AuthDir | null = null
  try {
    held = await openAuthDir(authDir, log)
    await work()
  } catch (error) {
    if (error instanceof AuthDirError)
      throw new CommandError(error.message, nextStepOf(error), EXIT.directory, { cause: error })
    throw error
  } finally {
    held?.release()
  }
}

function unreadable({ cause }: BackupError): CommandError {
  return new CommandError(
    `${Object(cause).path} cannot be read (${errnoOf(cause)}).`,
    'No backup was written. If it is a link, its target must exist: mount its disk, or delete the link.',
    EXIT.failed,
    { cause },
  )
}

function explain(cause: unknown, file: string, authDir: string): CommandError {
  if (!(cause instanceof BackupError))
    return new CommandError(
      `${file} cannot be restored into ${authDir} (${errnoOf(cause) ?? cause}).`,
      'Nothing was changed, unless the disk became full. Check that the file exists, and that there is enough space.',
      EXIT.failed,
      { cause },
    )
  return cause.code === 'not_a_backup'
    ? new CommandError(
        `${file} is not a backup.`,
        'Create one with: whatsapp-mcp-api backup FILE.',
        EXIT.failed,
      )
    : new CommandError(
        `${file} is damaged, or this is not its key.`,
        'Nothing was changed. Use the key that the backup was made with, or another backup.',
        EXIT.failed,
      )
}
